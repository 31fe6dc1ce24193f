"""The control plane's part about invoices.

GET    /_simulator/invoices?limit=50    the last ones: number, kind, state (waiting, held, sending, mailed, failed),
                                        external_id, amazon_order_id, purchase_order_number, total_minor, …
GET    /_simulator/invoices/{number}.pdf        the paper, as it should be
POST   /_simulator/invoices/{number}/send       {error?}: one more mail of it; `error` is one of invoicing.ERRORS
POST   /_simulator/invoices/{number}/hold       never mailed, if it was not yet: the Document API is the only way
POST   /_simulator/orders/{externalId}/invoice  {error?}: the same for all invoices of an order, due or not
POST   /_simulator/invoices/mail        what waits goes now, not with the next tick
"""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.amazon_business import invoicing, mailing
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.mailing import Postman
from local.simulators.amazon_business.store import Store


def routes(store: Store, gate: Gate, postman: Postman) -> list[Route]:
    """To be asked before those of `control`: an order's `invoice` is no step."""
    control = _InvoiceControl(store, gate, postman)
    return [
        Route("/_simulator/invoices", control.listed, methods=["GET"]),
        Route("/_simulator/invoices/mail", control.mail, methods=["POST"]),
        Route("/_simulator/invoices/{number}.pdf", control.pdf, methods=["GET"]),
        Route("/_simulator/invoices/{number}/send", control.send, methods=["POST"]),
        Route("/_simulator/invoices/{number}/hold", control.hold, methods=["POST"]),
        Route("/_simulator/orders/{external_id}/invoice", control.send, methods=["POST"]),
    ]


class _InvoiceControl:
    def __init__(self, store: Store, gate: Gate, postman: Postman) -> None:
        self._store = store
        self._gate = gate
        self._postman = postman

    async def listed(self, request: Request) -> Response:
        limit = request.query_params.get("limit", "50")
        rows = self._store.all(
            "select i.number, i.kind, i.state, i.external_id, i.corrects, i.issued_at, i.due_at,"
            " o.purchase_order_number, min(l.amazon_order_id) as amazon_order_id, sum(l.quantity) as units,"
            " sum(l.principal_minor + l.shipping_minor + l.tax_minor) as total_minor,"
            " (select count(*) from invoice_mails m where m.number = i.number and m.sent_at is not null) as mails"
            " from invoices i join orders o using (external_id) join invoice_lines l using (number)"
            " group by i.number order by i.issued_at desc, i.number limit ?",
            int(limit) if limit.isdigit() else 50,
        )
        return JSONResponse({"invoices": [dict(row) for row in rows], "errors": invoicing.ERRORS})

    async def mail(self, _: Request) -> Response:
        return JSONResponse({"sent": await self._postman.send_due()})

    async def pdf(self, request: Request) -> Response:
        try:
            order, layout = invoicing.paper(self._store, self._gate, request.path_params["number"])
        except KeyError:
            return JSONResponse({"error": "no such invoice"}, 404)
        return Response(invoicing.drawn(order, layout), media_type="application/pdf")

    async def send(self, request: Request) -> Response:
        try:
            body: Any = json.loads(await request.body() or b"{}")
        except ValueError:
            body = None
        error = body.get("error") if isinstance(body, dict) else body
        if not isinstance(body, dict) or error not in (None, *invoicing.ERRORS):
            return JSONResponse({"error": f"error is one of {', '.join(invoicing.ERRORS)}"}, 400)
        numbers = self._numbers(request)
        if not numbers:
            return JSONResponse({"error": "no such invoice"}, 404)
        with self._store.transaction():
            for number in numbers:
                mailing.put(self._store, number, error)
                self._store.run(
                    "update invoices set state = 'sending', due_at = min(due_at, ?) where number = ?",
                    self._gate.now().isoformat(),
                    number,
                )
        return JSONResponse({"numbers": numbers})

    async def hold(self, request: Request) -> Response:
        numbers = self._numbers(request)
        if not numbers:
            return JSONResponse({"error": "no such invoice"}, 404)
        with self._store.transaction():
            self._store.run("delete from invoice_mails where number = ? and sent_at is null", numbers[0])
            self._store.run("update invoices set state = 'held' where number = ? and state <> 'mailed'", numbers[0])
        return Response(status_code=204)

    def _numbers(self, request: Request) -> list[str]:
        if external_id := request.path_params.get("external_id"):
            rows = self._store.all("select number from invoices where external_id = ? order by issued_at", external_id)
        else:
            rows = self._store.all("select number from invoices where number = ?", request.path_params["number"])
        return [str(row["number"]) for row in rows]

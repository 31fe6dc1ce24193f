"""The control plane, for seeds, demonstrations and tests: health, credentials, settings, faults, orders, products.

GET    /_simulator/health
PUT    /_simulator/credentials {client_id, client_secret, refresh_token, buyer_email, buying_group}
GET    /_simulator/settings             PUT {name: value, …}
GET    /_simulator/faults               PUT {operation, kind, times}  (times null: until taken away; 0: take it away);
                                        `met` counts those of the setting faults_percent
DELETE /_simulator/faults
GET    /_simulator/orders?limit=100     the last orders, newest first, with their lines
POST   /_simulator/orders/{externalId}/ship    {units: {line: n}?, packages: n?}; without a body all that waits
POST   /_simulator/orders/{externalId}/cancel  {units: {line: n}?}
POST   /_simulator/orders/{externalId}/{step}  every package that can: out-for-delivery, deliver, delay {days?},
                                               undeliverable, pickup, customer-action, return, refund
POST   /_simulator/packages/{shipmentId}/{packageId}/{step}
POST   /_simulator/transactions                a charge or refund made up: {type, amount_minor, order_id?,
                                               purchase_order_number?, asin?, quantity?, transaction_id?}
POST   /_simulator/notices/send                pushes and hints go out now, not with the next tick
GET    /_simulator/products             asin, kind, category, scenario, title, prices, stock
PUT    /_simulator/products/{asin} {price_minor?, list_price_minor?, stock?, promise_days?}
"""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.amazon_business import deliveries, reconciling
from local.simulators.amazon_business.errors import Answer
from local.simulators.amazon_business.gate import KINDS, Gate
from local.simulators.amazon_business.settings import DEFAULTS, PUBLISHED_RATES, problem
from local.simulators.amazon_business.shelf import CHANGEABLE
from local.simulators.amazon_business.store import Store
from local.simulators.amazon_business.telling import Messenger

OPERATIONS = (*PUBLISHED_RATES, "trialOrder", "charge", "invoice", "token", "*")


def routes(store: Store, gate: Gate, messenger: Messenger) -> list[Route]:
    """The control plane's routes."""
    control = _Control(store, gate, messenger)
    return [
        Route("/_simulator/health", control.health, methods=["GET"]),
        Route("/_simulator/credentials", control.credentials, methods=["PUT"]),
        Route("/_simulator/settings", control.settings, methods=["GET", "PUT"]),
        Route("/_simulator/faults", control.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/_simulator/orders", control.orders, methods=["GET"]),
        Route("/_simulator/orders/{external_id}/{step}", control.order_step, methods=["POST"]),
        Route("/_simulator/packages/{shipment_id}/{package_id}/{step}", control.package_step, methods=["POST"]),
        Route("/_simulator/notices/send", control.send_notices, methods=["POST"]),
        Route("/_simulator/transactions", control.transaction, methods=["POST"]),
        Route("/_simulator/products", control.products, methods=["GET"]),
        Route("/_simulator/products/{asin}", control.product, methods=["PUT"]),
    ]


class _Control:
    def __init__(self, store: Store, gate: Gate, messenger: Messenger) -> None:
        self._store = store
        self._gate = gate
        self._messenger = messenger

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "now": self._gate.now().isoformat()})

    async def credentials(self, request: Request) -> Response:
        body = await _body(request)
        names = ("client_id", "client_secret", "refresh_token", "buyer_email", "buying_group")
        if set(body) != set(names) or not all(isinstance(body[name], str) and body[name] for name in names):
            return _wrong(f"exactly {', '.join(names)}")
        with self._store.transaction():
            self._store.run("delete from credentials")
            self._store.run("delete from tokens")
            self._store.run("insert into credentials values (1, ?, ?, ?, ?, ?)", *(body[name] for name in names))
        return Response(status_code=204)

    async def settings(self, request: Request) -> Response:
        if request.method == "PUT":
            body = await _body(request)
            for name, value in body.items():
                wrong = problem(name, value)
                if wrong:
                    return _wrong(wrong)
            if "rates" in body:
                body["rates"] = {**self._store.read_settings().get("rates", {}), **body["rates"]}
            self._store.run_many(
                "insert into settings(name, value) values (?, ?)"
                " on conflict (name) do update set value = excluded.value",
                [(name, json.dumps(value)) for name, value in body.items()],
            )
            self._gate.refill()
        told = {**DEFAULTS, **self._store.read_settings(), "rates": self._gate.rates()}
        return JSONResponse({**told, "push_secret": "set" if told["push_secret"] else ""})

    async def faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._store.run("delete from faults")
        if request.method == "PUT":
            body = await _body(request)
            operation, kind, times = body.get("operation"), body.get("kind"), body.get("times", 1)
            if operation not in OPERATIONS:
                return _wrong(f"operation is one of {', '.join(OPERATIONS)}")
            if kind not in KINDS:
                return _wrong(f"kind is one of {', '.join(KINDS)}")
            if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 0):
                return _wrong("times is a number or null")
            self._store.run("delete from faults where operation = ? and kind = ?", operation, kind)
            if times != 0:
                self._store.run("insert into faults(operation, kind, times) values (?, ?, ?)", operation, kind, times)
        return JSONResponse(
            {
                "faults": [dict(row) for row in self._store.all("select operation, kind, times from faults")],
                "operations": OPERATIONS,
                "kinds": KINDS,
                "met": self._gate.met,
            }
        )

    async def orders(self, request: Request) -> Response:
        limit = request.query_params.get("limit", "100")
        rows = self._store.all(
            "select external_id, purchase_order_number, accepted, placed_at, shipped_at, charged_minor, currency"
            " from orders order by placed_at desc, external_id desc limit ?",
            int(limit) if limit.isdigit() else 100,
        )
        return JSONResponse(
            {
                "orders": [
                    {
                        **dict(row),
                        "lines": [
                            dict(line)
                            for line in self._store.all(
                                "select * from order_lines where external_id = ? order by line_external_id",
                                row["external_id"],
                            )
                        ],
                        "packages": deliveries.described(self._store, row["external_id"]),
                        "waiting": deliveries.waiting(self._store, row["external_id"]) if row["accepted"] else 0,
                    }
                    for row in rows
                ]
            }
        )

    async def order_step(self, request: Request) -> Response:
        external_id, step, body = *(request.path_params[name] for name in ("external_id", "step")), await _body(request)
        units = body.get("units")
        if units is not None and not (isinstance(units, dict) and all(map(_is_count, units.values()))):
            return _wrong("units: {line: number}")
        packages, days = body.get("packages", 1), body.get("days", 2)
        if not _is_count(packages) or not _is_count(days):
            return _wrong("packages and days are numbers")
        try:
            if step == "ship":
                shipments = deliveries.ship(self._store, self._gate, external_id, units, packages)
                return JSONResponse({"shipments": shipments})
            if step == "cancel":
                deliveries.cancel(self._store, self._gate, external_id, units)
            elif step in deliveries.STEPS:
                deliveries.step_order(self._store, self._gate, external_id, deliveries.STEPS[step], days)
            else:
                return JSONResponse({"error": "no such step"}, 404)
        except Answer as answer:
            return JSONResponse(answer.body(), answer.status)
        return Response(status_code=204)

    async def package_step(self, request: Request) -> Response:
        path, body = request.path_params, await _body(request)
        if path["step"] not in deliveries.STEPS:
            return JSONResponse({"error": "no such step"}, 404)
        days = body.get("days", 2)
        if not _is_count(days):
            return _wrong("days is a number")
        try:
            deliveries.step(
                self._store,
                self._gate,
                path["shipment_id"],
                path["package_id"],
                deliveries.STEPS[path["step"]],
                days=days,
            )
        except Answer as answer:
            return JSONResponse(answer.body(), answer.status)
        return Response(status_code=204)

    async def transaction(self, request: Request) -> Response:
        try:
            name = reconciling.by_hand(self._store, self._gate, await _body(request))
        except Answer as answer:
            return JSONResponse(answer.body(), answer.status)
        return JSONResponse({"transaction_id": name})

    async def send_notices(self, _: Request) -> Response:
        return JSONResponse({"sent": await self._messenger.send_all()})

    async def products(self, _: Request) -> Response:
        rows = self._store.all(
            "select asin, kind, parent, category, scenario, title, brand, price_minor, list_price_minor, stock"
            " from products order by popularity"
        )
        return JSONResponse({"products": [dict(row) for row in rows]})

    async def product(self, request: Request) -> Response:
        body, asin = await _body(request), request.path_params["asin"]
        if not body or not set(body) <= set(CHANGEABLE):
            return _wrong(f"some of {', '.join(CHANGEABLE)}")
        if any(
            not (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
            and not (name == "stock" and value is None)
            for name, value in body.items()
        ):
            return _wrong("whole numbers, 0 or more")
        if self._store.one("select 1 from products where asin = ?", asin) is None:
            return JSONResponse({"error": "no such product"}, 404)
        for name, value in body.items():
            self._store.run(f"update products set {name} = ? where asin = ?", value, asin)  # noqa: S608 - CHANGEABLE
        return Response(status_code=204)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _wrong(message: str) -> Response:
    return JSONResponse({"error": message}, 400)

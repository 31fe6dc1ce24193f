"""Serves the back room on the loopback, from a thread of `make run`."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from local import trace
from local.connected import Connected
from local.plug.plug import Plug
from local.seed import SIMULATORS
from local.status import clock, faults, invoices, lake, orders, page, plug, readings, reconciliation
from local.status.forms import HOSTS, Refused, form, from_another_page
from local.status.frame import Said, answer

KEPT = 20


class StatusServer:
    """The page's server; `start` returns when it answers. Without `supply` no plug can be pulled."""

    def __init__(self, cloud: Connected, supply: Plug | None = None) -> None:
        config = uvicorn.Config(
            create_app(cloud, supply),
            host="127.0.0.1",
            port=cloud.ports.status,
            log_level="error",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="status-page", daemon=True)

    def start(self) -> None:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.02)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(3)


def create_app(cloud: Connected, supply: Plug | None = None) -> Starlette:
    """The page's application: reading is free, every change is a form's POST."""
    doors = _Doors(cloud, supply)
    return Starlette(
        routes=[
            Route("/", doors.show),
            Route("/status.json", doors.show_json),
            Route("/redemptions/{redemption_id}", doors.show_trace),
            Route("/clock", doors.turn_clock, methods=["POST"]),
            Route("/orders/{external_id}/{step}", doors.move_order, methods=["POST"]),
            Route("/invoices/{number}/{way}", doors.mail_invoice, methods=["POST"]),
            Route("/reconciliation", doors.reconcile, methods=["POST"]),
            Route("/lake", doors.run_night, methods=["POST"]),
            Route("/faults/off", doors.switch_all_off, methods=["POST"]),
            Route("/faults/{simulator}", doors.switch_fault, methods=["POST"]),
            Route("/faults/{simulator}/off", doors.switch_off, methods=["POST"]),
            *plug.routes(supply),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
    )


class _Doors:
    def __init__(self, cloud: Connected, supply: Plug | None) -> None:
        self._cloud = cloud
        self._supply = supply
        # What was done, until the page that follows has told it.
        self._said: dict[str, Said] = {}

    # ---- reading -------------------------------------------------------------------------------------------------

    async def show(self, request: Request) -> Response:
        said = self._said.pop(request.query_params.get("said", ""), None)
        return await self._page(said, request.query_params.get("execution", ""))

    async def show_json(self, request: Request) -> Response:
        reading = await self._read(request.query_params.get("execution", ""))
        return Response(page.as_json(reading), media_type="application/json")

    async def show_trace(self, request: Request) -> Response:
        try:
            redemption_id = UUID(request.path_params["redemption_id"])
            entries = await run_in_threadpool(trace.trace, self._cloud, redemption_id)
        except (ValueError, trace.UnknownRedemption) as error:
            return PlainTextResponse(f"{error}\n", 404)
        except Exception as error:
            return PlainTextResponse(f"It cannot be read now: {type(error).__name__}: {error}\n", 409)
        return PlainTextResponse("\n".join(trace.text(entries)) + "\n")

    # ---- doing ---------------------------------------------------------------------------------------------------

    async def turn_clock(self, request: Request) -> Response:
        given = await form(request)
        turn = partial(clock.turn, self._cloud, given.get("amount", ""), given.get("unit", ""))
        return await self._do(request, "clock", turn)

    async def move_order(self, request: Request) -> Response:
        external_id, step = request.path_params["external_id"], request.path_params["step"]
        try:
            # Orders' names begin with a redemption's id; nothing else gets into the address.
            UUID(external_id[:36])
        except ValueError:
            return PlainTextResponse("There is no such order.\n", 404)
        return await self._do(request, "orders", partial(orders.move, self._cloud, external_id, step))

    async def mail_invoice(self, request: Request) -> Response:
        number, way = request.path_params["number"], request.path_params["way"]
        if not invoices.NUMBER.fullmatch(number):
            return PlainTextResponse("There is no such invoice.\n", 404)
        return await self._do(request, "invoices", partial(invoices.send, self._cloud, number, way))

    async def reconcile(self, request: Request) -> Response:
        return await self._do(request, "reconciliation", partial(reconciliation.begin, self._cloud))

    async def run_night(self, request: Request) -> Response:
        return await self._do(request, "lake", partial(lake.begin, self._cloud))

    async def switch_fault(self, request: Request) -> Response:
        given, name = await form(request), request.path_params["simulator"]
        if name not in SIMULATORS:
            return PlainTextResponse("There is no such stand-in.\n", 404)
        return await self._do(request, "faults", partial(faults.switch, self._cloud, name, given))

    async def switch_off(self, request: Request) -> Response:
        name = request.path_params["simulator"]
        if name not in SIMULATORS:
            return PlainTextResponse("There is no such stand-in.\n", 404)
        return await self._do(request, "faults", partial(faults.clear, self._cloud, (name,)))

    async def switch_all_off(self, request: Request) -> Response:
        return await self._do(request, "faults", partial(faults.clear, self._cloud, SIMULATORS))

    async def _do(self, request: Request, section: str, work: Callable[[], str]) -> Response:
        """Do it and lead back to the section with what was said; a refusal and a part that is down are said at once."""
        if foreign := from_another_page(request):
            return foreign
        try:
            said = Said(await run_in_threadpool(work), section)
        except Refused as refused:
            return await self._page(Said(str(refused), section, good=False), status=400)
        except Exception as error:  # a part may be down in many ways
            words = f"The part that does this does not answer ({type(error).__name__}); Parts says which one is down."
            return await self._page(Said(words, section, good=False), status=409)
        name = secrets.token_urlsafe(6)
        self._said[name] = said
        for old in list(self._said)[:-KEPT]:
            self._said.pop(old, None)
        return RedirectResponse(f"/?said={name}#{section}", 303)

    async def _page(self, said: Said | None = None, execution: str = "", status: int = 200) -> Response:
        return answer(page.page(await self._read(execution), said, execution), status)

    async def _read(self, execution: str = "") -> readings.Reading:
        return await run_in_threadpool(readings.read, self._cloud, self._supply, execution)

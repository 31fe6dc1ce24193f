"""Serves the status page on the loopback, from a thread of `make run`."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from local import trace
from local.clock import Clock, ClockRefused
from local.connected import Connected
from local.plug.plug import Plug
from local.seed import SIMULATORS
from local.status import orders, page, plug, readings, reconciliation
from local.status.forms import form, from_another_page


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
            Route("/reconciliation", doors.reconcile, methods=["POST"]),
            Route("/faults/{simulator}", doors.switch_fault, methods=["POST"]),
            Route("/faults/{simulator}/off", doors.switch_off, methods=["POST"]),
            *plug.routes(supply),
        ]
    )


class _Doors:
    def __init__(self, cloud: Connected, supply: Plug | None) -> None:
        self._cloud = cloud
        self._supply = supply

    async def show(self, _: Request) -> Response:
        return await self._page()

    async def show_json(self, _: Request) -> Response:
        return Response(page.as_json(await self._read()), media_type="application/json")

    async def show_trace(self, request: Request) -> Response:
        try:
            redemption_id = UUID(request.path_params["redemption_id"])
            entries = await run_in_threadpool(trace.trace, self._cloud, redemption_id)
        except (ValueError, trace.UnknownRedemption) as error:
            return PlainTextResponse(f"{error}\n", 404)
        return PlainTextResponse("\n".join(trace.text(entries)) + "\n")

    async def turn_clock(self, request: Request) -> Response:
        if foreign := from_another_page(request):
            return foreign
        given = await form(request)
        try:
            amount, unit = int(given.get("amount", "")), given.get("unit", "")
            await run_in_threadpool(Clock(self._cloud).advance, amount, unit)
        except (ValueError, ClockRefused) as error:
            return await self._page(str(error), 400)
        return RedirectResponse("/", 303)

    async def move_order(self, request: Request) -> Response:
        if foreign := from_another_page(request):
            return foreign
        try:
            # Orders' names begin with a redemption's id; nothing else gets into the address.
            UUID(request.path_params["external_id"][:36])
        except ValueError:
            return PlainTextResponse("no such order\n", 404)
        external_id, step = request.path_params["external_id"], request.path_params["step"]
        if problem := await run_in_threadpool(orders.move, self._cloud, external_id, step):
            return await self._page(problem, 400)
        return RedirectResponse("/", 303)

    async def reconcile(self, request: Request) -> Response:
        if foreign := from_another_page(request):
            return foreign
        await run_in_threadpool(reconciliation.begin, self._cloud)
        return RedirectResponse("/", 303)

    async def switch_fault(self, request: Request) -> Response:
        if foreign := from_another_page(request):
            return foreign
        given, name = await form(request), request.path_params["simulator"]
        if name not in SIMULATORS:
            return PlainTextResponse("no such simulator\n", 404)
        times = given.get("times", "")
        fault: dict[str, Any] = {"operation": given.get("operation"), "kind": given.get("kind")}
        fault["times"] = int(times) if times.isdecimal() else times
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.put(f"{self._cloud.simulator(name)}/_simulator/faults", json=fault)
        if answer.status_code >= 400:
            return await self._page(f"{name} refuses: {answer.text}", 400)
        return RedirectResponse("/", 303)

    async def switch_off(self, request: Request) -> Response:
        if foreign := from_another_page(request):
            return foreign
        if request.path_params["simulator"] not in SIMULATORS:
            return PlainTextResponse("no such simulator\n", 404)
        async with httpx.AsyncClient(timeout=5) as client:
            await client.delete(f"{self._cloud.simulator(request.path_params['simulator'])}/_simulator/faults")
        return RedirectResponse("/", 303)

    async def _page(self, notice: str = "", status: int = 200) -> Response:
        return HTMLResponse(page.page(await self._read(), notice), status)

    async def _read(self) -> readings.Reading:
        return await run_in_threadpool(readings.read, self._cloud, self._supply)

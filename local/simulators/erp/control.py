"""The control plane: faults, settings, vendors and periods go in, what was booked comes out. Loopback only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.amazon_pay.control import KINDS, shown_rows
from local.simulators.erp import books
from local.simulators.erp.files import DEFAULT_SETTINGS, File, now
from local.simulators.erp.refusals import ApiError

TABLES = ("documents", "entries", "vendors", "periods", "requests")
FAULTS = tuple(kind for kind in KINDS if kind not in ("duplicate", "simulation"))


def routes(file: File) -> list[Route]:
    """All below /_simulator."""
    plane = Plane(file)
    return [
        Route("/_simulator/health", plane.health, methods=["GET"]),
        Route("/_simulator/faults", plane.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/_simulator/credentials", plane.credentials, methods=["PUT"]),
        Route("/_simulator/settings", plane.settings, methods=["GET", "PUT"]),
        Route("/_simulator/vendors", plane.vendors, methods=["GET", "PUT"]),
        Route("/_simulator/periods", plane.periods, methods=["GET", "PUT"]),
        Route("/_simulator/documents/{id}/rejection", plane.rejection, methods=["POST"]),
        Route("/_simulator/{table:str}", plane.rows, methods=["GET"]),
    ]


class Plane:
    """Handlers over one file."""

    def __init__(self, file: File) -> None:
        self._file = file

    async def health(self, _: Request) -> Response:
        """Alive, and what time it is here."""
        return JSONResponse({"status": "ok", "now": now()})

    async def faults(self, request: Request) -> Response:
        """PUT {"operation", "kind", "times"} adds one; DELETE forgets all."""
        if request.method == "PUT":
            given = await _object(request)
            kind, operation, number = given.get("kind"), given.get("operation", "*"), given.get("times", 1)
            if kind not in FAULTS or not isinstance(operation, str) or not isinstance(number, int):
                return _no(f"kind must be one of {', '.join(FAULTS)}")
            await self._run(
                "insert into faults(operation, kind, code, times) values (?, ?, null, ?)", operation, kind, number
            )
        elif request.method == "DELETE":
            await self._run("delete from faults")
        return JSONResponse(await self._all("select operation, kind, times from faults where times > 0"))

    async def credentials(self, request: Request) -> Response:
        """PUT {"token"} lets its bearer in."""
        token = (await _object(request)).get("token")
        if not isinstance(token, str) or not token.strip():
            return _no("token is needed")
        await self._run("insert or replace into credentials values (?)", token)
        return JSONResponse({"registered": True})

    async def settings(self, request: Request) -> Response:
        """PUT changes some of: pending_seconds (null: posts at once), hold_seconds, vendors_must_be_known."""
        if request.method == "PUT":
            given = await _object(request)
            if not given.keys() <= DEFAULT_SETTINGS.keys():
                return _no(f"settings are {', '.join(DEFAULT_SETTINGS)}")
            for name, value in given.items():
                await self._run("insert or replace into settings values (?, ?)", name, json.dumps(value))
        return JSONResponse(await run_in_threadpool(self._file.settings))

    async def vendors(self, request: Request) -> Response:
        """PUT {"name", "state"}: active, blocked or unknown."""
        if request.method == "PUT":
            given = await _object(request)
            name, state = given.get("name"), given.get("state", "active")
            if not isinstance(name, str) or state not in ("active", "blocked", "unknown"):
                return _no("name, and state active, blocked or unknown")
            await self._run("delete from vendors where name = ?", name)
            if state != "unknown":
                await self._run("insert into vendors values (?, ?)", name, state)
        return JSONResponse(await self._all("select * from vendors order by name"))

    async def periods(self, request: Request) -> Response:
        """PUT {"month": "YYYY-MM", "state"}: open or locked."""
        if request.method == "PUT":
            given = await _object(request)
            month, state = str(given.get("month")), given.get("state")
            if not re.fullmatch(r"\d{4}-\d{2}", month) or state not in ("open", "locked"):
                return _no("month like 2026-11, and state open or locked")
            await self._run("insert or replace into periods values (?, ?)", month, state)
        return JSONResponse(await self._all("select * from periods order by month"))

    async def rejection(self, request: Request) -> Response:
        """POST {"reason"}: somebody there says no to one that is pending."""
        reason, document_id = str((await _object(request)).get("reason", "rejected")), request.path_params["id"]
        return await self._change(lambda file: books.reject(file, document_id, reason))

    async def rows(self, request: Request) -> Response:
        """The newest rows of a table, without bodies; `?limit=` fewer of them."""
        table = request.path_params["table"]
        if table not in TABLES:
            return _no("no such table", 404)
        await self._change(lambda _: {})
        rows = await self._all(f"select * from {table} order by rowid desc limit {shown_rows(request)}")  # noqa: S608
        return JSONResponse([{name: value for name, value in row.items() if name != "body"} for row in rows])

    async def _change(self, change: Callable[[File], dict[str, Any]]) -> Response:
        def work() -> Response:
            with self._file.transaction():
                books.advance(self._file)
                try:
                    return JSONResponse(change(self._file))
                except ApiError as refused:
                    return JSONResponse(refused.document, refused.status)

        return await run_in_threadpool(work)

    async def _run(self, statement: str, *arguments: Any) -> None:
        await run_in_threadpool(self._file.run, statement, *arguments)

    async def _all(self, statement: str) -> list[dict[str, Any]]:
        return await run_in_threadpool(self._file.all, statement)


async def _object(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _no(detail: str, status: int = 422) -> Response:
    return JSONResponse({"detail": detail}, status)

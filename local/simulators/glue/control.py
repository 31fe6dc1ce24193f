"""The control plane: faults and settings go in, what happened comes out. Loopback only, not signed."""

from __future__ import annotations

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators import clock
from local.simulators.amazon_pay.control import shown_rows
from local.simulators.glue.files import DEFAULT_SETTINGS, OPERATIONS, File

# What each does is said in the package's first lines.
KINDS = (
    "throttle", "limit", "access_denied", "error_500", "timeout_before", "timeout_after_commit", "reset", "malformed",
    "fail_run", "kill_run", "time_out", "slow",
)  # fmt: skip
COLUMNS = {
    "runs": "run_id, job, attempt, state, message, arguments, timeout_minutes, fault, told, started_at, changed_at,"
    " ended_at",
    "requests": "sequence, at, operation, run_id, status, code, fault",
}


def routes(file: File) -> list[Route]:
    """All below /_simulator."""
    plane = Plane(file)
    return [
        Route("/_simulator/health", plane.health, methods=["GET"]),
        Route("/_simulator/faults", plane.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/_simulator/settings", plane.settings, methods=["GET", "PUT"]),
        Route("/_simulator/{table:str}", plane.rows, methods=["GET"]),
    ]


class Plane:
    """Handlers over one file."""

    def __init__(self, file: File) -> None:
        self._file = file

    async def health(self, _: Request) -> Response:
        """Alive, and what time it is here."""
        return JSONResponse({"status": "ok", "now": clock.now().isoformat()})

    async def faults(self, request: Request) -> Response:
        """PUT {"operation", "kind", "times", "code"?} adds one; DELETE forgets all."""
        if request.method == "PUT":
            given = await _object(request)
            kind, operation, number = given.get("kind"), given.get("operation", "*"), given.get("times", 1)
            if kind not in KINDS or operation not in (*OPERATIONS, "*") or not isinstance(number, int):
                return _no(f"kind must be one of {', '.join(KINDS)}; operation one of {', '.join(OPERATIONS)}, *")
            code = given.get("code")
            await self._run(
                "insert into faults(operation, kind, code, times) values (?, ?, ?, ?)", operation, kind, code, number
            )
        elif request.method == "DELETE":
            await self._run("delete from faults")
        return JSONResponse(await self._all("select operation, kind, code, times from faults where times > 0"))

    async def settings(self, request: Request) -> Response:
        """PUT changes some of: start_seconds, slow_seconds, hold_seconds, page_size."""
        if request.method == "PUT":
            given = await _object(request)
            if not given.keys() <= DEFAULT_SETTINGS.keys():
                return _no(f"settings are {', '.join(DEFAULT_SETTINGS)}")
            for name, value in given.items():
                await self._run("insert or replace into settings values (?, ?)", name, json.dumps(value))
        return JSONResponse(await run_in_threadpool(self._file.settings))

    async def rows(self, request: Request) -> Response:
        """The newest runs or requests; `?limit=` fewer of them."""
        table = request.path_params["table"]
        if table not in COLUMNS:
            return _no("no such table", 404)
        statement = f"select {COLUMNS[table]} from {table} order by rowid desc limit {shown_rows(request)}"  # noqa: S608
        return JSONResponse(await self._all(statement))

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

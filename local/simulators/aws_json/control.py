"""The control plane: faults and settings go in, what happened comes out. Loopback only, not signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators import clock
from local.simulators.amazon_pay.control import shown_rows
from local.simulators.aws_json.files import File


@dataclass(frozen=True)
class Plane:
    """Handlers over one file.

    `kinds`: of faults. `shown`: the columns of a table, by its name. `wrong`: what is wrong with a fault's kind and
    code, or nothing.
    """

    file: File
    kinds: Collection[str]
    operations: Collection[str]
    shown: dict[str, str]
    wrong: Callable[[str, Any], str | None] = lambda kind, code: None

    def routes(self) -> list[Route]:
        """All below /_simulator."""
        return [
            Route("/_simulator/health", self.health, methods=["GET"]),
            Route("/_simulator/faults", self.faults, methods=["GET", "PUT", "DELETE"]),
            Route("/_simulator/settings", self.settings, methods=["GET", "PUT"]),
            Route("/_simulator/{table:str}", self.rows, methods=["GET"]),
        ]

    async def health(self, _: Request) -> Response:
        """Alive, and what time it is here."""
        return JSONResponse({"status": "ok", "now": clock.now().isoformat()})

    async def faults(self, request: Request) -> Response:
        """PUT {"operation", "kind", "times", "code"?} adds one; DELETE forgets all."""
        if request.method == "PUT":
            given = await _object(request)
            kind, operation, number = given.get("kind"), given.get("operation", "*"), given.get("times", 1)
            if kind not in self.kinds or operation not in (*self.operations, "*") or not isinstance(number, int):
                kinds, operations = ", ".join(self.kinds), ", ".join(self.operations)
                return _no(f"kind must be one of {kinds}; operation one of {operations}, *")
            code = given.get("code")
            if problem := self.wrong(str(kind), code):
                return _no(problem)
            await self._run(
                "insert into faults(operation, kind, code, times) values (?, ?, ?, ?)", operation, kind, code, number
            )
        elif request.method == "DELETE":
            await self._run("delete from faults")
        return JSONResponse(await self._all("select operation, kind, code, times from faults where times > 0"))

    async def settings(self, request: Request) -> Response:
        """PUT changes some of those that the file has."""
        if request.method == "PUT":
            given = await _object(request)
            if not given.keys() <= self.file.defaults.keys():
                return _no(f"settings are {', '.join(self.file.defaults)}")
            for name, value in given.items():
                await self._run("insert or replace into settings values (?, ?)", name, json.dumps(value))
        return JSONResponse(await run_in_threadpool(self.file.settings))

    async def rows(self, request: Request) -> Response:
        """The newest rows of a table; `?limit=` fewer of them."""
        table = request.path_params["table"]
        if table == "requests":
            columns = f"sequence, at, operation, {self.file.subject}, status, code, fault"
        elif table in self.shown:
            columns = self.shown[table]
        else:
            return _no("no such table", 404)
        statement = f"select {columns} from {table} order by rowid desc limit {shown_rows(request)}"  # noqa: S608
        return JSONResponse(await self._all(statement))

    async def _run(self, statement: str, *arguments: Any) -> None:
        await run_in_threadpool(self.file.run, statement, *arguments)

    async def _all(self, statement: str) -> list[dict[str, Any]]:
        return await run_in_threadpool(self.file.all, statement)


async def _object(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _no(detail: str, status: int = 422) -> Response:
    return JSONResponse({"detail": detail}, status)

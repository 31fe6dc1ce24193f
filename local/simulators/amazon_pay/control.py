"""The control plane: faults, settings and keys go in, what happened comes out. Loopback only, not signed."""

from __future__ import annotations

import json
import random
from typing import Any

from cryptography.hazmat.primitives import serialization
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.amazon_pay import times
from local.simulators.amazon_pay.files import DEFAULT_SETTINGS, File

# What each does: see the names' handling in app.py. `simulation` needs a `code`, e.g. SoftDeclined.
KINDS = (
    "error_500", "error_503", "error_429", "timeout_before", "timeout_after_commit", "reset_before", "reset",
    "error_500_after_commit", "duplicate", "malformed", "simulation",
)  # fmt: skip
# What the setting `faults_percent` draws from, one as often as the other.
BY_CHANCE = ("error_500", "error_429", "timeout_after_commit")
SHOWN_ROWS = 500


def routes(file: File) -> list[Route]:
    """All below /_simulator."""
    plane = Plane(file)
    return [
        Route("/_simulator/health", plane.health, methods=["GET"]),
        Route("/_simulator/faults", plane.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/_simulator/credentials", plane.credentials, methods=["PUT"]),
        Route("/_simulator/settings", plane.settings, methods=["GET", "PUT"]),
        Route("/_simulator/chargebacks", plane.chargeback, methods=["POST"]),
        Route("/_simulator/{table:str}", plane.rows, methods=["GET"]),
    ]


def take_fault(file: File, operation: str) -> dict[str, Any] | None:
    """The oldest fault that waits for this operation, used up by one."""
    with file.transaction():
        fault = file.one(
            "select * from faults where operation in (?, '*') and times > 0 order by fault_id limit 1", operation
        )
        if fault is not None:
            file.run("update faults set times = times - 1 where fault_id = ?", fault["fault_id"])
    return fault


def by_chance(percent: float) -> str | None:
    """A fault for so many of a hundred calls; what was met is in the log of requests."""
    share = percent / 100 / len(BY_CHANCE)
    number = int(random.random() / share) if share else len(BY_CHANCE)
    return BY_CHANCE[number] if number < len(BY_CHANCE) else None


class Plane:
    """Handlers over one file."""

    def __init__(self, file: File) -> None:
        self._file = file

    async def health(self, _: Request) -> Response:
        """Alive, and what time it is here."""
        return JSONResponse({"status": "ok", "now": times.stored(times.now())})

    async def faults(self, request: Request) -> Response:
        """PUT {"operation", "kind", "times", "code"?} adds one; DELETE forgets all."""
        if request.method == "PUT":
            given = await _object(request)
            kind, operation, number = given.get("kind"), given.get("operation", "*"), given.get("times", 1)
            if kind not in KINDS or not isinstance(operation, str) or not isinstance(number, int):
                return _no(f"kind must be one of {', '.join(KINDS)}")
            if kind == "simulation" and not isinstance(given.get("code"), str):
                return _no("simulation needs a code")
            await self._run(
                "insert into faults(operation, kind, code, times) values (?, ?, ?, ?)",
                operation,
                kind,
                given.get("code"),
                number,
            )
        elif request.method == "DELETE":
            await self._run("delete from faults")
        return JSONResponse(await self._all("select operation, kind, code, times from faults where times > 0"))

    async def credentials(self, request: Request) -> Response:
        """PUT {"public_key_id", "public_key_pem"} registers a merchant's key."""
        given = await _object(request)
        try:
            serialization.load_pem_public_key(str(given["public_key_pem"]).encode())
            public_key_id = str(given["public_key_id"])
        except (KeyError, ValueError):
            return _no("public_key_id and public_key_pem are needed")
        await self._run("insert or replace into credentials values (?, ?)", public_key_id, given["public_key_pem"])
        return JSONResponse({"public_key_id": public_key_id})

    async def settings(self, request: Request) -> Response:
        """PUT changes some of: rates (live, sandbox, off, or {operation: {burst, per_second}}), skew_seconds (null is
        off), pending_seconds, hold_seconds, webhook_url, public_url, faults_percent (500, 429, or done and no
        answer)."""
        if request.method == "PUT":
            given = await _object(request)
            if not given.keys() <= DEFAULT_SETTINGS.keys():
                return _no(f"settings are {', '.join(DEFAULT_SETTINGS)}")
            for name, value in given.items():
                await self._run("insert or replace into settings values (?, ?)", name, json.dumps(value))
        return JSONResponse(await run_in_threadpool(self._file.settings))

    async def chargeback(self, request: Request) -> Response:
        """POST {"charge_id"}: the member's bank takes money back, and the merchant is told."""
        given = await _object(request)
        await self._run(
            "insert into notices(object_type, object_id, permission_id)"
            " select 'CHARGEBACK', 'CB-' || charge_id, permission_id from charges where charge_id = ?",
            given.get("charge_id"),
        )
        return JSONResponse({})

    async def rows(self, request: Request) -> Response:
        """The newest sessions, charges, permissions, refunds or requests; `?limit=` fewer of them."""
        table = request.path_params["table"]
        if table not in ("sessions", "charges", "permissions", "refunds", "requests", "notices"):
            return _no("no such table", 404)
        await run_in_threadpool(self._advance)
        limit = shown_rows(request)
        rows = await self._all(f"select * from {table} order by rowid desc limit {limit}")  # noqa: S608
        for row in rows:
            row.pop("document", None)
        return JSONResponse(rows)

    def _advance(self) -> None:
        with self._file.transaction() as file:
            times.advance(file, file.settings())

    async def _run(self, statement: str, *arguments: Any) -> None:
        await run_in_threadpool(self._file.run, statement, *arguments)

    async def _all(self, statement: str) -> list[dict[str, Any]]:
        return await run_in_threadpool(self._file.all, statement)


def shown_rows(request: Request) -> int:
    """How many rows somebody asks for, at most SHOWN_ROWS."""
    asked = request.query_params.get("limit", "")
    return min(int(asked), SHOWN_ROWS) if asked.isdecimal() else SHOWN_ROWS


async def _object(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _no(detail: str, status: int = 422) -> Response:
    return JSONResponse({"detail": detail}, status)

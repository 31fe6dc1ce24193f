"""The control plane: faults, settings, keys and disputes go in, what happened comes out. Loopback only, not signed."""

from __future__ import annotations

import json
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.amazon_pay.control import KINDS, shown_rows
from local.simulators.stripe import events, objects
from local.simulators.stripe.files import DEFAULT_SETTINGS, File
from local.simulators.stripe.refusals import ApiError

TABLES = ("sessions", "intents", "refunds", "disputes", "events", "requests")


def routes(file: File) -> list[Route]:
    """All below /_simulator."""
    plane = Plane(file)
    return [
        Route("/_simulator/health", plane.health, methods=["GET"]),
        Route("/_simulator/faults", plane.faults, methods=["GET", "PUT", "DELETE"]),
        Route("/_simulator/credentials", plane.credentials, methods=["PUT"]),
        Route("/_simulator/settings", plane.settings, methods=["GET", "PUT"]),
        Route("/_simulator/disputes", plane.dispute, methods=["POST"]),
        Route("/_simulator/disputes/{id}", plane.close_dispute, methods=["POST"]),
        Route("/_simulator/refunds/{id}/failure", plane.fail_refund, methods=["POST"]),
        Route("/_simulator/events/{id}", plane.send_again, methods=["POST"]),
        Route("/_simulator/{table:str}", plane.rows, methods=["GET"]),
    ]


class Plane:
    """Handlers over one file."""

    def __init__(self, file: File) -> None:
        self._file = file

    async def health(self, _: Request) -> Response:
        """Alive, and what time it is here."""
        return JSONResponse({"status": "ok", "now": objects.now()})

    async def faults(self, request: Request) -> Response:
        """PUT {"operation", "kind", "times", "code"?} adds one; DELETE forgets all."""
        if request.method == "PUT":
            given = await _object(request)
            kind, operation, number = given.get("kind"), given.get("operation", "*"), given.get("times", 1)
            if kind not in KINDS or not isinstance(operation, str) or not isinstance(number, int):
                return _no(f"kind must be one of {', '.join(KINDS)}")
            await self._run(
                "insert into faults(operation, kind, code, times) values (?, ?, ?, ?)",
                operation,
                kind,
                given.get("code"),
                number,
            )
        elif request.method == "DELETE":
            await self._run("delete from faults")
        rows = await run_in_threadpool(
            self._file.all, "select operation, kind, code, times from faults where times > 0"
        )
        return JSONResponse(rows)

    async def credentials(self, request: Request) -> Response:
        """PUT {"api_key"} registers a merchant's key; {"webhook_secret"} what events are signed with."""
        given = await _object(request)
        if not str(given.get("api_key", "")).startswith("sk_test_"):
            return _no("api_key is needed: sk_test_…")
        await self._run("insert or replace into credentials values (?)", given["api_key"])
        if given.get("webhook_secret"):
            await self._run(
                "insert or replace into settings values ('webhook_secret', ?)", json.dumps(given["webhook_secret"])
            )
        return JSONResponse({"registered": True})

    async def settings(self, request: Request) -> Response:
        """PUT changes some of: multicapture, refund_seconds, hold_seconds, webhook_url, webhook_secret."""
        if request.method == "PUT":
            given = await _object(request)
            if not given.keys() <= DEFAULT_SETTINGS.keys():
                return _no(f"settings are {', '.join(DEFAULT_SETTINGS)}")
            for name, value in given.items():
                await self._run("insert or replace into settings values (?, ?)", name, json.dumps(value))
        return JSONResponse(await run_in_threadpool(self._file.settings))

    async def dispute(self, request: Request) -> Response:
        """POST {"payment_intent", "amount"}: the member's bank takes money back."""
        given = await _object(request)
        return await self._change(
            lambda file: objects.dispute(file, str(given.get("payment_intent")), int(given.get("amount", 0)))
        )

    async def close_dispute(self, request: Request) -> Response:
        """POST {"status": "won" or "lost"}."""
        given, dispute_id = await _object(request), request.path_params["id"]
        return await self._change(lambda file: objects.close_dispute(file, dispute_id, str(given.get("status"))))

    async def fail_refund(self, request: Request) -> Response:
        """POST {"reason"}: a refund that had succeeded comes back."""
        given, refund_id = await _object(request), request.path_params["id"]
        return await self._change(
            lambda file: objects.fail_refund(file, refund_id, str(given.get("reason", "lost_or_stolen_card")))
        )

    async def send_again(self, request: Request) -> Response:
        """POST: deliver an event once more; the merchant's HTTP status."""
        status = await run_in_threadpool(events.send, self._file, request.path_params["id"])
        return JSONResponse({"status": status})

    async def rows(self, request: Request) -> Response:
        """The newest rows of a table; `?limit=` fewer of them."""
        table = request.path_params["table"]
        if table not in TABLES:
            return _no("no such table", 404)
        await self._change(lambda file: {})
        rows = await run_in_threadpool(
            self._file.all,
            f"select * from {table} order by rowid desc limit {shown_rows(request)}",  # noqa: S608
        )
        return JSONResponse(rows)

    async def _change(self, change: Any) -> Response:
        def work() -> Response:
            with self._file.transaction() as file:
                objects.advance(file)
                try:
                    return JSONResponse(change(file))
                except ApiError as refused:
                    return JSONResponse(refused.document, refused.status)

        return await run_in_threadpool(work)

    async def _run(self, statement: str, *arguments: Any) -> None:
        await run_in_threadpool(self._file.run, statement, *arguments)


async def _object(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _no(detail: str, status: int = 422) -> Response:
    return JSONResponse({"detail": detail}, status)

"""The stand-in's door: token, faults, then the document; every call leaves a log row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from local.simulators.amazon_pay.app import Cut
from local.simulators.amazon_pay.control import take_fault
from local.simulators.erp import books, control, pages
from local.simulators.erp.books import Reply
from local.simulators.erp.files import File, now
from local.simulators.erp.refusals import ApiError

LARGEST_BODY_BYTES = 4_000_000
FORMATS = {"application/json": "json", "application/xml": "ubl"}
KINDS = {"postInvoice": "invoice", "postCreditMemo": "credit_memo", "postJournal": "journal"}
ROUTES = (
    ("POST", "/invoices", "postInvoice"),
    ("POST", "/credit-memos", "postCreditMemo"),
    ("POST", "/journals", "postJournal"),
    ("POST", "/validations", "validate"),
    ("GET", "/documents/{id}", "getDocument"),
)
WAIT_SECONDS = "2"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read completely."""

    operation: str
    object_id: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return unquote(self.headers.get("idempotency-key", ""))

    @property
    def format(self) -> str | None:
        return FORMATS.get(self.headers.get("content-type", "").partition(";")[0].strip())


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    stand_in = StandIn(File(database))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        stand_in.file.close()

    routes = [Route(path, stand_in.endpoint(name), methods=[method]) for method, path, name in ROUTES]
    shown = [
        Route("/", stand_in.page, methods=["GET"]),
        Route("/_simulator/documents/{id}/body", stand_in.body, methods=["GET"]),
    ]
    return Starlette(routes=[*routes, *shown, *control.routes(stand_in.file)], lifespan=lifespan)


class StandIn:
    """All requests share one file."""

    def __init__(self, file: File) -> None:
        self.file = file

    def endpoint(self, operation: str) -> Callable[[Request], Any]:
        """An operation's handler."""

        async def handle(request: Request) -> Response:
            headers = {name.lower(): value for name, value in request.headers.items()}
            call = Call(operation, request.path_params.get("id", ""), headers, await request.body())
            fault = await run_in_threadpool(take_fault, self.file, operation)
            kind = fault["kind"] if fault else None
            if kind in ("timeout_before", "reset_before"):
                await self._log(call, 0, None, kind)
                return await self._hold(request) if kind == "timeout_before" else Cut()
            if kind in ("error_500", "error_503"):
                return await self._answer(call, (int(kind[-3:]), {"code": "failure"}), kind)
            if kind == "error_429":
                return await self._answer(call, (429, {"code": "too_many"}), kind)
            reply = await run_in_threadpool(self._process, call)
            response = await self._answer(call, reply, kind)
            match kind:
                case "timeout_after_commit":
                    return await self._hold(request)
                case "reset":
                    return Cut()
                case "error_500_after_commit":
                    return JSONResponse({"code": "failure"}, 500)
                case "malformed":
                    return Response("<html>", 200, media_type="text/html")
            return response

        return handle

    async def page(self, _: Request) -> Response:
        """What was booked, to be read."""

        def shown() -> str:
            with self.file.transaction() as file:
                books.advance(file)
                return pages.books(file)

        return HTMLResponse(await run_in_threadpool(shown))

    async def body(self, request: Request) -> Response:
        """A document as it was sent."""
        row = await run_in_threadpool(
            self.file.one, "select format, body from documents where document_id = ?", request.path_params["id"]
        )
        if row is None:
            return JSONResponse({"code": "unknown_document"}, 404)
        return Response(row["body"], media_type="application/json" if row["format"] == "json" else "application/xml")

    def _process(self, call: Call) -> Reply:
        with self.file.transaction() as file:
            try:
                books.advance(file)
                return self._operate(file, call)
            except ApiError as refused:
                return refused.status, refused.document

    def _operate(self, file: File, call: Call) -> Reply:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or file.one("select 1 from credentials where token = ?", token) is None:
            raise ApiError(401, "unknown_token", "Authorization", "That token opens nothing here.")
        if call.operation == "getDocument":
            return books.standing(file, call.object_id)
        if len(call.body) > LARGEST_BODY_BYTES:
            raise ApiError(413, "too_large", "", "That is more than a document.")
        if call.format is None or (call.operation == "postJournal" and call.format != "json"):
            raise ApiError(415, "format", "Content-Type", "application/json, or application/xml for UBL.")
        if call.operation == "validate":
            return books.look_at(call.format, call.body)
        return books.take(file, KINDS[call.operation], call.format, call.key, call.body)

    async def _answer(self, call: Call, reply: Reply, fault: str | None) -> Response:
        status, document = reply
        await self._log(call, status, document, fault)
        return JSONResponse(document, status, {"Retry-After": WAIT_SECONDS} if status in (429, 503) else {})

    async def _hold(self, request: Request) -> Response:
        """Say nothing until the caller gives up."""
        seconds = float((await run_in_threadpool(self.file.settings))["hold_seconds"])
        for _ in range(int(seconds / 0.02)):
            if await request.is_disconnected():
                break
            await asyncio.sleep(0.02)
        return Cut()

    async def _log(self, call: Call, status: int, document: dict[str, Any] | None, fault: str | None) -> None:
        document = document or {}
        await run_in_threadpool(
            self.file.run,
            "insert into requests(at, operation, object_id, status, code, idempotency_key, fault)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            now(), call.operation, call.object_id or document.get("document_id"), status, document.get("code"),
            call.key or None, fault,
        )  # fmt: skip

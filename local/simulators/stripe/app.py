"""The stand-in's door: key, faults, idempotency, then the operation; every call leaves a log row."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from local.simulators import clock
from local.simulators.amazon_pay.app import Cut
from local.simulators.amazon_pay.control import take_fault
from local.simulators.stripe import control, forms, listing, objects, pages
from local.simulators.stripe.events import Sender
from local.simulators.stripe.files import File
from local.simulators.stripe.refusals import ApiError

KEYS_LIVE = timedelta(hours=24)
LARGEST_BODY_BYTES = 64_000

type Reply = tuple[int, dict[str, Any]]

ROUTES = (
    ("POST", "/v1/checkout/sessions", "createSession"),
    ("GET", "/v1/checkout/sessions/{id}", "getSession"),
    ("POST", "/v1/checkout/sessions/{id}/expire", "expireSession"),
    ("GET", "/v1/payment_intents", "listIntents"),
    ("GET", "/v1/payment_intents/{id}", "getIntent"),
    ("POST", "/v1/payment_intents/{id}/capture", "captureIntent"),
    ("POST", "/v1/payment_intents/{id}/cancel", "cancelIntent"),
    ("POST", "/v1/refunds", "createRefund"),
    ("GET", "/v1/refunds", "listRefunds"),
    ("GET", "/v1/refunds/{id}", "getRefund"),
    ("GET", "/v1/disputes/{id}", "getDispute"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the merchant, read completely."""

    operation: str
    object_id: str
    method: str
    path: str
    headers: dict[str, str]
    text: str
    public_url: str

    @property
    def key(self) -> str | None:
        return self.headers.get("idempotency-key") if self.method == "POST" else None


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    stand_in = StandIn(File(database))
    sender = Sender(stand_in.file)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sender.start()
        yield
        sender.stop()
        stand_in.file.close()

    routes = [Route(path, stand_in.endpoint(name), methods=[method]) for method, path, name in ROUTES]
    page = Route("/c/pay/{id}", stand_in.page, methods=["GET", "POST"])
    return Starlette(routes=[*routes, page, *control.routes(stand_in.file)], lifespan=lifespan)


class StandIn:
    """All requests share one file."""

    def __init__(self, file: File) -> None:
        self.file = file

    def endpoint(self, operation: str) -> Callable[[Request], Any]:
        """An operation's handler."""

        async def handle(request: Request) -> Response:
            call = await _read(request, operation)
            fault = await run_in_threadpool(take_fault, self.file, operation)
            kind = fault["kind"] if fault else None
            if kind == "timeout_before":
                return await self._hold(request, call, kind)
            if kind == "reset_before":
                await self._log(call, 0, None, kind)
                return Cut()
            if kind in ("error_500", "error_503"):
                return await self._answer(call, (int(kind[-3:]), _failure("api_error")), kind)
            if kind == "error_429":
                return await self._answer(call, (429, _failure("rate_limit_error", "rate_limit")), kind)
            code = fault["code"] if fault else None
            reply, replayed = await run_in_threadpool(self._process, call, code, kind)
            if kind == "duplicate":
                reply, replayed = await run_in_threadpool(self._process, call, code, kind)
            response = await self._answer(call, reply, kind, replayed=replayed)
            match kind:
                case "timeout_after_commit":
                    return await self._hold(request, call, kind)
                case "reset":
                    return Cut()
                case "error_500_after_commit":
                    return JSONResponse(_failure("api_error"), 500)
                case "malformed":
                    return Response("<html>", 200, media_type="text/html")
            return response

        return handle

    async def page(self, request: Request) -> Response:
        """The member's page: shown, or decided by a form with `decision` pay, decline or abandon."""
        session_id = request.path_params["id"]
        decision = parse_qs((await request.body()).decode(errors="replace")).get("decision", [""])[0]

        def decide() -> Response:
            with self.file.transaction() as file:
                objects.advance(file)
                row = file.one("select * from sessions where session_id = ?", session_id)
                if row is None:
                    return HTMLResponse(pages.missing(), 404)
                if row["status"] != "open":
                    return HTMLResponse(pages.over(row), 200 if request.method == "GET" else 409)
                urls = json.loads(row["document"])
                match decision if request.method == "POST" else "show":
                    case "pay":
                        objects.pay(file, row, None)
                        return RedirectResponse(urls["success_url"], 303)
                    case "decline":
                        objects.pay(file, row, "insufficient_funds")
                        return HTMLResponse(pages.approval(row, declined=True), 402)
                    case "abandon":
                        return RedirectResponse(urls["cancel_url"], 303)
                    case "show":
                        return HTMLResponse(pages.approval(row))
                return HTMLResponse(pages.approval(row), 422)

        return await run_in_threadpool(decide)

    def _process(self, call: Call, code: str | None, kind: str | None) -> tuple[Reply, bool]:
        with self.file.transaction() as file:
            try:
                _check_key(file, call)
                objects.advance(file)
                return self._once(file, call, code, kind)
            except ApiError as refused:
                return (refused.status, refused.document), False

    def _once(self, file: File, call: Call, code: str | None, kind: str | None) -> tuple[Reply, bool]:
        if call.key is None:
            return _operate(file, call, code), False
        if len(call.key) > 255:
            raise ApiError(400, "invalid_request_error", "idempotency_key_too_long")
        fingerprint = hashlib.sha256(f"{call.path}\n{call.text}".encode()).hexdigest()
        oldest = objects.stored(clock.now() - KEYS_LIVE)
        file.run("delete from replies where created_at < ?", oldest)
        before = file.one("select * from replies where idempotency_key = ?", call.key)
        if before is not None:
            if before["fingerprint"] != fingerprint:
                raise ApiError(400, "idempotency_error", None)
            return (before["status"], json.loads(before["document"])), True
        try:
            reply = _operate(file, call, code)
        except ApiError as refused:
            reply = refused.status, refused.document
        # What a key once answered it answers for a day, a failure too.
        kept = (500, _failure("api_error")) if kind == "error_500_after_commit" else reply
        file.run(
            "insert into replies values (?, ?, ?, ?, ?)",
            call.key,
            fingerprint,
            kept[0],
            json.dumps(kept[1]),
            objects.now(),
        )
        return reply, False

    async def _answer(self, call: Call, reply: Reply, fault: str | None, *, replayed: bool = False) -> Response:
        status, document = reply
        await self._log(call, status, document, fault)
        headers = {"request-id": f"req_{secrets.token_hex(7)}"}
        if replayed:
            headers["idempotent-replayed"] = "true"
        return JSONResponse(document, status, headers)

    async def _hold(self, request: Request, call: Call, kind: str) -> Response:
        """Say nothing until the caller gives up."""
        if kind == "timeout_before":
            await self._log(call, 0, None, kind)
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
            objects.now(),
            call.operation,
            call.object_id or document.get("id"),
            status,
            (document.get("error") or {}).get("code"),
            call.key,
            fault,
        )


def _operate(file: File, call: Call, code: str | None) -> Reply:
    form = forms.parse(call.text)
    expanded = bool(form.get("expand"))
    match call.operation:
        case "createSession":
            return 200, objects.create_session(file, form, call.public_url)
        case "getSession":
            return 200, objects.shown_session(file, objects.session(file, call.object_id), expanded=expanded)
        case "expireSession":
            objects.expire(file, objects.session(file, call.object_id))
            return 200, objects.shown_session(file, objects.session(file, call.object_id))
        case "listIntents":
            return 200, listing.intents(file, form)
        case "getIntent":
            return 200, objects.shown_intent(file, objects.intent(file, call.object_id), expanded=expanded)
        case "captureIntent":
            return 200, objects.capture(file, call.object_id, form, code)
        case "cancelIntent":
            return 200, objects.cancel(file, call.object_id, form)
        case "createRefund":
            return 200, objects.create_refund(file, form, code)
        case "listRefunds":
            return 200, objects.list_refunds(file, form)
        case "getRefund":
            return 200, objects.shown_refund(objects.refund(file, call.object_id))
        case "getDispute":
            return 200, objects.shown_dispute(file, call.object_id)
    raise ApiError(404, "invalid_request_error", "resource_missing")


def _check_key(file: File, call: Call) -> None:
    scheme, _, rest = call.headers.get("authorization", "").partition(" ")
    key = rest
    if scheme == "Basic":
        key = base64.b64decode(rest or "").decode(errors="replace").partition(":")[0]
    if file.one("select 1 as known from credentials where api_key = ?", key) is None:
        raise ApiError(401, "invalid_request_error", "api_key_invalid")


async def _read(request: Request, operation: str) -> Call:
    body = await request.body()
    kind = request.headers.get("content-type", "")
    text = request.scope["query_string"].decode() if request.method == "GET" else body.decode(errors="replace")
    if request.method == "POST" and body and not kind.startswith("application/x-www-form-urlencoded"):
        text = "not_a_form"
    return Call(
        operation=operation,
        object_id=request.path_params.get("id", ""),
        method=request.method,
        path=request.url.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        text=text if len(body) <= LARGEST_BODY_BYTES else "too_large",
        public_url=f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}",
    )


def _failure(kind: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"type": kind, "code": code, "message": kind}}

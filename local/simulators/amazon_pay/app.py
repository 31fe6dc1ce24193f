"""The stand-in's door: throttle, signature, idempotency, faults, then the operation; every call leaves a log row."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local.simulators.amazon_pay import charges, control, notices, pages, sessions, signatures, times
from local.simulators.amazon_pay.files import File
from local.simulators.amazon_pay.refusals import ApiError
from local.simulators.amazon_pay.throttles import Throttles

KEY = re.compile(r"[A-Za-z0-9_-]{1,32}")
LARGEST_BODY_BYTES = 64_000

type Reply = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the merchant, read completely."""

    operation: str
    object_id: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    public_url: str

    @property
    def key(self) -> str | None:
        return self.headers.get("x-amz-pay-idempotency-key")


ROUTES = (
    ("POST", "/v2/checkoutSessions", "createCheckoutSession"),
    ("GET", "/v2/checkoutSessions/{id}", "getCheckoutSession"),
    ("PATCH", "/v2/checkoutSessions/{id}", "updateCheckoutSession"),
    ("POST", "/v2/checkoutSessions/{id}/complete", "completeCheckoutSession"),
    ("GET", "/v2/chargePermissions/{id}", "getChargePermission"),
    ("DELETE", "/v2/chargePermissions/{id}/close", "closeChargePermission"),
    ("POST", "/v2/charges", "createCharge"),
    ("GET", "/v2/charges/{id}", "getCharge"),
    ("POST", "/v2/charges/{id}/capture", "captureCharge"),
    ("DELETE", "/v2/charges/{id}/cancel", "cancelCharge"),
    ("POST", "/v2/refunds", "createRefund"),
    ("GET", "/v2/refunds/{id}", "getRefund"),
)


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    stand_in = StandIn(File(database))
    sender = notices.Sender(stand_in.file)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sender.start()
        yield
        sender.stop()
        stand_in.file.close()

    routes = [Route(path, stand_in.endpoint(name), methods=[method]) for method, path, name in ROUTES]
    page = Route("/checkout/{id}", stand_in.page, methods=["GET", "POST"])
    certificate = Route(f"/{notices.CERTIFICATE}", stand_in.certificate, methods=["GET"])
    return Starlette(routes=[*routes, page, certificate, *control.routes(stand_in.file)], lifespan=lifespan)


class Cut(Response):
    """An answer that breaks off: the caller cannot know what happened."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


class StandIn:
    """All requests share one file and one set of buckets."""

    def __init__(self, file: File) -> None:
        self.file = file
        self._throttles = Throttles()

    def endpoint(self, operation: str) -> Callable[[Request], Any]:
        """An operation's handler."""

        async def handle(request: Request) -> Response:
            call = await _read(request, operation)
            settings = await run_in_threadpool(self.file.settings)
            fault = await run_in_threadpool(control.take_fault, self.file, operation)
            kind = fault["kind"] if fault else control.by_chance(settings["faults_percent"])
            if kind == "timeout_before":
                await self._log(call, 0, None, kind)
                return await _hold(request, settings)
            if kind == "reset_before":
                await self._log(call, 0, None, kind)
                return Cut()
            if kind == "error_500":
                return await self._answer(call, (500, _refusal("InternalServerError")), kind)
            if kind == "error_503":
                return await self._answer(call, (503, _refusal("ServiceUnavailable")), kind)
            if kind == "error_429" or not self._throttles.admit(operation, settings["rates"]):
                return await self._answer(call, (429, _refusal("TooManyRequests")), kind)
            code = fault["code"] if fault else None
            reply = await run_in_threadpool(self._process, call, settings, code)
            if kind == "duplicate":
                reply = await run_in_threadpool(self._process, call, settings, code)
            response = await self._answer(call, reply, kind)
            match kind:
                case "timeout_after_commit":
                    return await _hold(request, settings)
                case "reset":
                    return Cut()
                case "error_500_after_commit":
                    return JSONResponse(_refusal("InternalServerError"), 500)
                case "malformed":
                    return Response("<html>", 200, media_type="text/html")
            return response

        return handle

    async def certificate(self, _: Request) -> Response:
        """What notices are signed with."""
        _, pem = await run_in_threadpool(notices.keys, self.file)
        return Response(pem, media_type="application/x-pem-file")

    async def page(self, request: Request) -> Response:
        """The member's page: shown, or decided by a form with `decision` pay, decline or abandon (and `card`)."""
        session_id = request.path_params["id"]
        form = parse_qs((await request.body()).decode(errors="replace"))
        decision, card = form.get("decision", [""])[0], form.get("card", ["1111"])[0]

        def decide() -> Response:
            with self.file.transaction() as file:
                times.advance(file, file.settings())
                session = file.one("select * from sessions where session_id = ?", session_id)
                if session is None:
                    return HTMLResponse(pages.missing(), 404)
                if session["state"] != "Open":
                    return HTMLResponse(pages.over(session), 200 if request.method == "GET" else 409)
                if request.method == "GET":
                    return HTMLResponse(pages.approval(session))
                if decision == "abandon":
                    return RedirectResponse(sessions.abandon(file, session_id), 303)
                if decision not in ("pay", "decline") or card not in sessions.CARDS:
                    return HTMLResponse(pages.approval(session), 422)
                url = sessions.approve(file, session_id, "3434" if decision == "decline" else card)
                return RedirectResponse(url, 303)

        return await run_in_threadpool(decide)

    def _process(self, call: Call, settings: dict[str, Any], code: str | None) -> Reply:
        with self.file.transaction() as file:
            try:
                public_key_id = signatures.check(
                    call.method,
                    call.path,
                    call.query,
                    call.headers,
                    call.body,
                    lambda name: _public_key(file, name),
                    settings["skew_seconds"],
                )
                code = code or _simulation_code(call, public_key_id)
                times.advance(file, settings)
                return self._once(file, call, code)
            except ApiError as refused:
                return refused.status, _refusal(refused.reason, refused.message)

    def _once(self, file: File, call: Call, code: str | None) -> Reply:
        if call.method != "POST":
            return _operate(file, call, code)
        if call.key is None:
            raise ApiError(400, "MissingHeader", "x-amz-pay-idempotency-key")
        if not KEY.fullmatch(call.key):
            raise ApiError(400, "InvalidHeaderValue", "x-amz-pay-idempotency-key")
        fingerprint = hashlib.sha256(call.path.encode() + b"\n" + call.body).hexdigest()
        before = file.one("select * from replies where idempotency_key = ?", call.key)
        if before is not None:
            if before["fingerprint"] != fingerprint:
                raise ApiError(400, "DuplicateIdempotencyKey")
            return before["status"], json.loads(before["document"])
        try:
            reply = _operate(file, call, code)
        except ApiError as refused:
            reply = refused.status, _refusal(refused.reason, refused.message)
        file.run("insert into replies values (?, ?, ?, ?)", call.key, fingerprint, reply[0], json.dumps(reply[1]))
        return reply

    async def _answer(self, call: Call, reply: Reply, fault: str | None) -> Response:
        status, document = reply
        await self._log(call, status, document, fault)
        headers = {"x-amz-pay-request-id": hashlib.sha256(repr(call.headers).encode()).hexdigest()[:16]}
        return JSONResponse(document, status, headers)

    async def _log(self, call: Call, status: int, document: dict[str, Any] | None, fault: str | None) -> None:
        document = document or {}
        object_id = call.object_id or next(
            (document[name] for name in ("refundId", "chargeId", "checkoutSessionId") if document.get(name)), None
        )
        await run_in_threadpool(
            self.file.run,
            "insert into requests(at, operation, object_id, status, reason_code, idempotency_key, fault)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            times.stored(times.now()),
            call.operation,
            object_id,
            status,
            document.get("reasonCode"),
            call.key,
            fault,
        )


def _operate(file: File, call: Call, code: str | None) -> Reply:
    match call.operation:
        case "createCheckoutSession":
            return sessions.create(file, call.body, call.public_url)
        case "getCheckoutSession":
            return 200, sessions.shown(file, sessions.found(file, call.object_id))
        case "updateCheckoutSession":
            return sessions.update(file, call.object_id, call.body)
        case "completeCheckoutSession":
            return sessions.complete(file, call.object_id, call.body, code)
        case "getChargePermission":
            return 200, charges.shown_permission(file, charges.permission(file, call.object_id))
        case "closeChargePermission":
            return charges.close(file, call.object_id, call.body, code)
        case "createCharge":
            return charges.create(file, call.body, code)
        case "getCharge":
            return 200, charges.shown(charges.charge(file, call.object_id))
        case "captureCharge":
            return charges.capture(file, call.object_id, call.body, code)
        case "cancelCharge":
            return charges.cancel(file, call.object_id, call.body)
        case "createRefund":
            return charges.create_refund(file, call.body, code)
        case "getRefund":
            return 200, charges.shown_refund(charges.refund(file, call.object_id))
    raise ApiError(405, "UnsupportedOperation")


async def _read(request: Request, operation: str) -> Call:
    body = await request.body()
    if len(body) > LARGEST_BODY_BYTES:
        body = b""  # the signature will not match
    return Call(
        operation=operation,
        object_id=request.path_params.get("id", ""),
        method=request.method,
        path=request.scope["raw_path"].decode(),
        query=request.scope["query_string"].decode(),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        public_url=f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}",
    )


async def _hold(request: Request, settings: dict[str, Any]) -> Response:
    """Say nothing until the caller gives up."""
    for _ in range(int(float(settings["hold_seconds"]) / 0.02)):
        if await request.is_disconnected():
            break
        await asyncio.sleep(0.02)
    return Cut()


def _simulation_code(call: Call, public_key_id: str) -> str | None:
    code = call.headers.get("x-amz-pay-simulation-code")
    if code is not None and not public_key_id.upper().startswith("SANDBOX"):
        raise ApiError(400, "InvalidSandboxSimulationSpecified")
    return code


def _public_key(file: File, public_key_id: str) -> str | None:
    row = file.one("select public_key_pem from credentials where public_key_id = ?", public_key_id)
    return row["public_key_pem"] if row else None


def _refusal(reason: str, message: str = "") -> dict[str, Any]:
    return {"reasonCode": reason, "message": message or reason}

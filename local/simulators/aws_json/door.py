"""A stand-in's door: off or on, protocol, signature, faults, rates, then the operation; each call leaves a log row."""

from __future__ import annotations

import asyncio
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.amazon_pay.app import Cut
from local.simulators.amazon_pay.control import take_fault
from local.simulators.amazon_pay.throttles import Throttles
from local.simulators.aws_json.files import File, now
from local.simulators.aws_json.refusals import Refused

JSON = "application/x-amz-json-1.1"
SWITCHED_OFF = {"__type": "ServiceUnavailableException", "Message": "The service is switched off."}


@dataclass(slots=True)
class Call:
    """One request that came in. `subject`: the id of what it is about, for the log, once that is known."""

    operation: str
    settings: dict[str, Any]
    fault: dict[str, Any] | None
    subject: str | None = None

    @property
    def kind(self) -> str | None:
        """The fault's."""
        return self.fault["kind"] if self.fault else None


class Door[Own: File](ABC):
    """All requests share one file; a service says what it is called and how it refuses, and does its operations.

    `refusing`: the errors' names of the faults that only refuse. `throttled`: of a call above the rates. `too_large`,
    `no_object`: the error of such a body, its name and, if it is not the usual one, its message.
    """

    target: ClassVar[str]
    operations: ClassVar[Collection[str]]
    refused: ClassVar[type[Refused]]
    refusing: ClassVar[dict[str, str]]
    throttled: ClassVar[str] = "ThrottlingException"
    largest_body_bytes: ClassVar[int]
    too_large: ClassVar[tuple[str, ...]]
    no_object: ClassVar[tuple[str, ...]]

    def __init__(self, file: Own) -> None:
        self._file = file
        self._throttles = Throttles()

    @abstractmethod
    def _do(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        """The operation's answer. Raises Refused."""

    def _unknown(self, _operation: str) -> Refused:
        return self.refused("UnknownOperationException")

    async def handle(self, request: Request) -> Response:
        """One operation."""
        operation = request.headers.get("x-amz-target", "").removeprefix(self.target)
        settings = await run_in_threadpool(self._file.settings)
        if settings["off"]:
            return await self._away(operation, settings)
        if "cbor" in request.headers.get("content-type", ""):
            return await cbor(request)
        if operation not in self.operations:
            return _answer(400, self._unknown(operation).document)
        body = await self._body(request)
        call = Call(operation, settings, await run_in_threadpool(take_fault, self._file, operation))
        if call.kind == "timeout_before":
            await self._log(call, 0, {})
            return await _hold(request, settings)
        status, document = await run_in_threadpool(self._reply, request, call, body)
        lost = call.kind in ("timeout_after_commit", "reset")
        await self._log(call, 0 if lost else status, document)
        if call.kind == "timeout_after_commit":
            return await _hold(request, settings)
        if call.kind == "reset":
            return Cut()
        malformed = call.kind == "malformed"
        return Response("<html>", 200, media_type="text/html") if malformed else _answer(status, document)

    def _reply(self, request: Request, call: Call, body: bytes | None) -> tuple[int, dict[str, Any]]:
        try:
            if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
                raise self.refused("MissingAuthenticationTokenException")
            if refusing := self.refusing.get(call.kind or ""):
                raise self.refused(refusing)
            if not self._throttles.admit(call.operation, call.settings.get("rates", "off")):
                raise self.refused(self.throttled)
            return 200, self._do(call, self._given(body))
        except Refused as refused:
            return refused.status, refused.document

    async def _away(self, operation: str, settings: dict[str, Any]) -> Response:
        await self._log(Call(operation, settings, None), 503, SWITCHED_OFF)
        return _answer(503, SWITCHED_OFF)

    def _given(self, body: bytes | None) -> dict[str, Any]:
        if body is None:
            raise self.refused(*self.too_large)
        try:
            given = json.loads(body)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise self.refused(*self.no_object)
        return given

    async def _body(self, request: Request) -> bytes | None:
        """None when it is too large."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.largest_body_bytes:
                return None
        return body

    async def _log(self, call: Call, status: int, document: dict[str, Any]) -> None:
        await run_in_threadpool(
            self._file.run,
            f"insert into requests(at, operation, {self._file.subject}, status, code, fault) values (?, ?, ?, ?, ?, ?)",  # noqa: S608
            *(now(), call.operation, call.subject, status, document.get("__type"), call.kind),
        )


def application(
    door: Door[Any], control: list[Route], *, start: Callable[[], None], stop: Callable[[], None]
) -> Starlette:
    """The door and its control plane, from `start` to `stop`."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        start()
        yield
        await run_in_threadpool(stop)

    routes = [
        Route("/", door.handle, methods=["POST"]),
        Route("/service/{rest:path}", cbor, methods=["POST"]),
        *control,
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def cbor(_: Request) -> Response:
    """The other protocol of the SDKs."""
    refusal = {"__type": "UnsupportedMediaType", "Message": "This stand-in speaks awsJson1_1, not rpcv2Cbor."}
    return JSONResponse(refusal, 415)


def _answer(status: int, document: dict[str, Any]) -> Response:
    headers = {"x-amzn-requestid": secrets.token_hex(16)}
    return Response(json.dumps(document), status, headers, media_type=JSON)


async def _hold(request: Request, settings: dict[str, Any]) -> Response:
    """Say nothing until the caller gives up."""
    for _ in range(int(float(settings["hold_seconds"]) / 0.02)):
        if await request.is_disconnected():
            break
        await asyncio.sleep(0.02)
    return Cut()

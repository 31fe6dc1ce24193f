"""The stand-in's door: protocol, signature, faults, rates, then the operation; every call leaves a log row."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators import clock
from local.simulators.amazon_pay.app import Cut
from local.simulators.amazon_pay.control import take_fault
from local.simulators.amazon_pay.throttles import Throttles
from local.simulators.textract import control, jobs, objects, validation
from local.simulators.textract.documents import Unreadable, read
from local.simulators.textract.files import PUBLISHED, File
from local.simulators.textract.refusals import Refused

# Ten megabytes of document in base64, and the rest of a request.
LARGEST_BODY_BYTES = 15 * 1024 * 1024
TARGET = "Textract."
JSON = "application/x-amz-json-1.1"
REFUSING = {
    "throttle": "ThrottlingException",
    "throughput": "ProvisionedThroughputExceededException",
    "limit": "LimitExceededException",
    "access_denied": "AccessDeniedException",
    "error_500": "InternalServerError",
}

type Reply = tuple[int, dict[str, Any]]


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    file = File(database)
    worker = jobs.Worker(file)
    stand_in = StandIn(file, worker)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker.start()
        yield
        worker.stop()
        file.close()

    routes = [
        Route("/", stand_in.handle, methods=["POST"]),
        Route("/service/{rest:path}", cbor, methods=["POST"]),
        *control.routes(file),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def cbor(_: Request) -> Response:
    """The other protocol of the service."""
    refusal = {"__type": "UnsupportedMediaType", "Message": "This stand-in speaks awsJson1_1, not rpcv2Cbor."}
    return JSONResponse(refusal, 415)


class StandIn:
    """All requests share one file and one set of buckets."""

    def __init__(self, file: File, worker: jobs.Worker) -> None:
        self._file, self._worker = file, worker
        self._throttles = Throttles()

    async def handle(self, request: Request) -> Response:
        """One operation."""
        if "cbor" in request.headers.get("content-type", ""):
            return await cbor(request)
        operation = request.headers.get("x-amz-target", "").removeprefix(TARGET)
        if operation not in PUBLISHED:
            return self._answer((400, Refused("UnknownOperationException").document))
        body = await _body(request)
        settings = await run_in_threadpool(self._file.settings)
        fault = await run_in_threadpool(take_fault, self._file, operation)
        kind = fault["kind"] if fault else None
        if kind == "timeout_before":
            await self._log(operation, (0, {}), None, kind)
            return await _hold(request, settings)
        reply, job_id = await run_in_threadpool(self._reply, request, operation, body, settings, fault)
        lost = kind in ("timeout_after_commit", "reset")
        await self._log(operation, (0, reply[1]) if lost else reply, job_id, kind)
        if kind == "timeout_after_commit":
            return await _hold(request, settings)
        if kind == "reset":
            return Cut()
        return Response("<html>", 200, media_type="text/html") if kind == "malformed" else self._answer(reply)

    def _reply(
        self,
        request: Request,
        operation: str,
        body: bytes | None,
        settings: dict[str, Any],
        fault: dict[str, Any] | None,
    ) -> tuple[Reply, str | None]:
        job_id = None
        try:
            if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
                raise Refused("MissingAuthenticationTokenException")
            if fault and fault["kind"] in REFUSING:
                raise Refused(REFUSING[fault["kind"]])
            if not self._throttles.admit(operation, settings["rates"]):
                raise Refused("ProvisionedThroughputExceededException")
            given = _given(body)
            match operation:
                case "AnalyzeExpense":
                    return (200, self._analyze(given, settings, fault)), None
                case "StartExpenseAnalysis":
                    place, token, tag = validation.start(given)
                    job_id = jobs.start(self._file, place, token, tag, fault)
                    self._worker.wake()
                    return (200, {"JobId": job_id}), job_id
            job_id, most, page = validation.get(given)
            return (200, jobs.get(self._file, job_id, most, page)), job_id
        except Refused as refused:
            return (refused.status, refused.document), job_id

    def _analyze(self, given: dict[str, Any], settings: dict[str, Any], fault: dict[str, Any] | None) -> dict[str, Any]:
        document = validation.synchronous(given)
        content = document if isinstance(document, bytes) else objects.content(document, synchronous=True)
        try:
            result = read(content, seconds=float(settings["document_seconds"]), one_page=True)
        except Unreadable as refused:
            raise Refused(refused.code, refused.message) from None
        if result["failed"]:
            raise Refused("BadDocumentException")
        if fault and fault["kind"] == "smudge":
            result["documents"] = jobs.smudged(result["documents"], fault["code"])
        return {"DocumentMetadata": {"Pages": result["pages"]}, "ExpenseDocuments": result["documents"]}

    def _answer(self, reply: Reply) -> Response:
        status, document = reply
        headers = {"x-amzn-requestid": secrets.token_hex(16)}
        return Response(json.dumps(document), status, headers, media_type=JSON)

    async def _log(self, operation: str, reply: Reply, job_id: str | None, fault: str | None) -> None:
        await run_in_threadpool(
            self._file.run,
            "insert into requests(at, operation, job_id, status, code, fault) values (?, ?, ?, ?, ?, ?)",
            *(jobs.stored(clock.now()), operation, job_id, reply[0], reply[1].get("__type"), fault),
        )


async def _body(request: Request) -> bytes | None:
    """None when it is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            return None
    return body


def _given(body: bytes | None) -> dict[str, Any]:
    if body is None:
        raise Refused("DocumentTooLargeException")
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Refused("InvalidParameterException")
    return given


async def _hold(request: Request, settings: dict[str, Any]) -> Response:
    """Say nothing until the caller gives up."""
    for _ in range(int(float(settings["hold_seconds"]) / 0.02)):
        if await request.is_disconnected():
            break
        await asyncio.sleep(0.02)
    return Cut()

"""The stand-in's door: protocol, signature, faults, rates, then the operation; every call leaves a log row."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from analytics.warehouse.engine import Warehouse
from local.simulators import clock
from local.simulators.amazon_pay.app import Cut
from local.simulators.amazon_pay.control import take_fault
from local.simulators.amazon_pay.throttles import Throttles
from local.simulators.redshift import answers, control, objects, runs, validation
from local.simulators.redshift.files import PUBLISHED, File, now
from local.simulators.redshift.refusals import Refused, wrong

# Forty statements of 100 kB, and the rest of a request.
LARGEST_BODY_BYTES = 5 * 1024 * 1024
TARGET = "RedshiftData."
JSON = "application/x-amz-json-1.1"
REFUSING = {
    "throttle": "ThrottlingException",
    "access_denied": "AccessDeniedException",
    "error_500": "InternalServerException",
    "limit": "ActiveStatementsExceededException",
}

type Reply = tuple[int, dict[str, Any]]


def create_app(database: Path) -> Starlette:
    """The stand-in on its own files."""
    file = File(database)
    warehouse = Warehouse(
        database.with_suffix(".duckdb"), fetch=objects.fetch, now=lambda: clock.now().replace(tzinfo=None)
    )
    running = runs.Runs(file, warehouse)
    stand_in = StandIn(file, running)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running.start()
        yield
        await run_in_threadpool(running.stop)
        warehouse.close()
        file.close()

    routes = [
        Route("/", stand_in.handle, methods=["POST"]),
        Route("/service/{rest:path}", cbor, methods=["POST"]),
        *control.routes(file),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def cbor(_: Request) -> Response:
    """The other protocol of the SDKs."""
    refusal = {"__type": "UnsupportedMediaType", "Message": "This stand-in speaks awsJson1_1, not rpcv2Cbor."}
    return JSONResponse(refusal, 415)


class StandIn:
    """All requests share one file and one warehouse."""

    def __init__(self, file: File, running: runs.Runs) -> None:
        self._file, self._runs = file, running
        self._throttles = Throttles()

    async def handle(self, request: Request) -> Response:
        """One operation."""
        if "cbor" in request.headers.get("content-type", ""):
            return await cbor(request)
        operation = request.headers.get("x-amz-target", "").removeprefix(TARGET)
        if operation == "GetStatementResultV2":
            return _answer((400, wrong("GetStatementResultV2 is not offered by this stand-in: JSON only").document))
        if operation not in PUBLISHED:
            return _answer((400, Refused("UnknownOperationException").document))
        body = await _body(request)
        settings = await run_in_threadpool(self._file.settings)
        fault = await run_in_threadpool(take_fault, self._file, operation)
        kind = fault["kind"] if fault else None
        if kind == "timeout_before":
            await self._log(operation, (0, {}), None, kind)
            return await _hold(request, settings)
        reply, statement_id = await run_in_threadpool(self._reply, request, operation, body, settings, fault)
        lost = kind in ("timeout_after_commit", "reset")
        await self._log(operation, (0, reply[1]) if lost else reply, statement_id, kind)
        if kind == "timeout_after_commit":
            return await _hold(request, settings)
        if kind == "reset":
            return Cut()
        return Response("<html>", 200, media_type="text/html") if kind == "malformed" else _answer(reply)

    def _reply(
        self,
        request: Request,
        operation: str,
        body: bytes | None,
        settings: dict[str, Any],
        fault: dict[str, Any] | None,
    ) -> tuple[Reply, str | None]:
        statement_id = None
        try:
            if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
                raise Refused("MissingAuthenticationTokenException")
            if fault and fault["kind"] in REFUSING:
                raise Refused(REFUSING[fault["kind"]])
            if not self._throttles.admit(operation, settings["rates"]):
                raise Refused("ThrottlingException")
            given = _given(body)
            if operation == "ListStatements":
                return (200, answers.listed(self._file, *validation.listing(given))), None
            if operation in ("ExecuteStatement", "BatchExecuteStatement"):
                asked = validation.submission(operation, given)
                row = runs.submit(self._file, asked, fault)
                statement_id = row["id"]
                self._runs.wake()
                return (200, self._begun(row, asked.wait_seconds)), statement_id
            statement_id, number = validation.identified(given, *_members(operation))
            return (200, self._of_one(operation, statement_id, number, given)), statement_id
        except Refused as refused:
            return (refused.status, refused.document), statement_id

    def _begun(self, row: dict[str, Any], seconds: int) -> dict[str, Any]:
        row = self._waited(row["id"], seconds)
        answer = answers.submitted(row)
        if seconds and row["status"] == "FINISHED":
            answer["HasResultSet"] = any(part["has_result"] for part in runs.parts(self._file, row["id"]))
        return answer

    def _of_one(self, operation: str, statement_id: str, number: int | None, given: dict[str, Any]) -> dict[str, Any]:
        row = self._waited(statement_id, validation.wait(given))
        match operation:
            case "DescribeStatement":
                return answers.described(row, runs.parts(self._file, statement_id))
            case "CancelStatement":
                return {"Status": self._runs.cancel(row)}
        return answers.result(self._file, row, number, validation.page(given))

    def _waited(self, statement_id: str, seconds: int) -> dict[str, Any]:
        """The statement's row once it is over, or when the seconds are."""
        until = time.monotonic() + seconds
        while True:
            row = runs.found(self._file, statement_id)
            if row["status"] not in runs.OPEN or time.monotonic() >= until:
                return row
            time.sleep(0.02)

    async def _log(self, operation: str, reply: Reply, statement_id: str | None, fault: str | None) -> None:
        await run_in_threadpool(
            self._file.run,
            "insert into requests(at, operation, statement_id, status, code, fault) values (?, ?, ?, ?, ?, ?)",
            *(now(), operation, statement_id, reply[0], reply[1].get("__type"), fault),
        )


def _members(operation: str) -> tuple[str, ...]:
    """What a request about one statement may have beside its id."""
    known = {"CancelStatement": (), "DescribeStatement": ("WaitTimeSeconds",)}
    return known.get(operation, ("WaitTimeSeconds", "NextToken"))


def _answer(reply: Reply) -> Response:
    status, document = reply
    headers = {"x-amzn-requestid": secrets.token_hex(16)}
    return Response(json.dumps(document), status, headers, media_type=JSON)


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
        raise wrong("The request is too large")
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise wrong("The request is no JSON object")
    return given


async def _hold(request: Request, settings: dict[str, Any]) -> Response:
    """Say nothing until the caller gives up."""
    for _ in range(int(float(settings["hold_seconds"]) / 0.02)):
        if await request.is_disconnected():
            break
        await asyncio.sleep(0.02)
    return Cut()

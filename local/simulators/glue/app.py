"""The stand-in's door: protocol, signature, faults, then the operation; every call leaves a log row."""

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
from starlette.responses import Response
from starlette.routing import Route

from local.simulators import clock
from local.simulators.amazon_pay.app import Cut
from local.simulators.amazon_pay.control import take_fault
from local.simulators.glue import control, jobs, runs
from local.simulators.glue.files import OPERATIONS, File
from local.simulators.glue.refusals import Refused

LARGEST_BODY_BYTES = 1024 * 1024
TARGET = "AWSGlue."
JSON = "application/x-amz-json-1.1"
REFUSING = {
    "throttle": "ThrottlingException",
    "limit": "ResourceNumberLimitExceededException",
    "access_denied": "AccessDeniedException",
    "error_500": "InternalServiceException",
}
# What each operation takes; anything else is refused by name.
TAKES = {
    "StartJobRun": {"JobName", "Arguments", "Timeout", "WorkerType", "NumberOfWorkers", "JobRunQueuingEnabled"},
    "GetJobRun": {"JobName", "RunId", "PredecessorsIncluded"},
    "GetJobRuns": {"JobName", "NextToken", "MaxResults"},
    "BatchStopJobRun": {"JobName", "JobRunIds"},
}

type Reply = tuple[int, dict[str, Any]]


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    file = File(database)
    worker = runs.Worker(file)
    stand_in = StandIn(file, worker)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker.start()
        yield
        worker.stop()
        file.close()

    routes = [Route("/", stand_in.handle, methods=["POST"]), *control.routes(file)]
    return Starlette(routes=routes, lifespan=lifespan)


class StandIn:
    """All requests share one file and one set of runs."""

    def __init__(self, file: File, worker: runs.Worker) -> None:
        self._file, self._worker = file, worker

    async def handle(self, request: Request) -> Response:
        """One operation."""
        operation = request.headers.get("x-amz-target", "").removeprefix(TARGET)
        if operation not in OPERATIONS:
            return self._answer((400, Refused("UnknownOperationException").document))
        body = await request.body()
        settings = await run_in_threadpool(self._file.settings)
        fault = await run_in_threadpool(take_fault, self._file, operation)
        kind = fault["kind"] if fault else None
        if kind == "timeout_before":
            await self._log(operation, (0, {}), None, kind)
            return await _hold(request, settings)
        reply, run_id = await run_in_threadpool(self._reply, request, operation, body, fault)
        lost = kind in ("timeout_after_commit", "reset")
        await self._log(operation, (0, reply[1]) if lost else reply, run_id, kind)
        if kind == "timeout_after_commit":
            return await _hold(request, settings)
        if kind == "reset":
            return Cut()
        return Response("<html>", 200, media_type="text/html") if kind == "malformed" else self._answer(reply)

    def _reply(
        self, request: Request, operation: str, body: bytes, fault: dict[str, Any] | None
    ) -> tuple[Reply, str | None]:
        try:
            if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
                raise Refused("MissingAuthenticationTokenException")
            if fault and fault["kind"] in REFUSING:
                raise Refused(REFUSING[fault["kind"]])
            given = _given(operation, body)
            document = getattr(self, f"_{operation}")(given, fault)
            return (200, document), document.get("JobRunId") or given.get("RunId")
        except Refused as refused:
            return (refused.status, refused.document), None

    def _StartJobRun(self, given: dict[str, Any], fault: dict[str, Any] | None) -> dict[str, Any]:  # noqa: N802
        arguments = given.get("Arguments") or {}
        if not all(isinstance(one, str) for pair in arguments.items() for one in pair):
            raise Refused("InvalidInputException", "Arguments are text by text")
        run_id = runs.start(self._file, jobs.job(given["JobName"]), given, fault)
        self._worker.follow(run_id)
        return {"JobRunId": run_id}

    def _GetJobRun(self, given: dict[str, Any], _: Any) -> dict[str, Any]:  # noqa: N802
        if not isinstance(given.get("RunId"), str):
            raise Refused("InvalidInputException", "RunId is missing")
        return {"JobRun": runs.told(runs.get(self._file, given["JobName"], given["RunId"]))}

    def _GetJobRuns(self, given: dict[str, Any], _: Any) -> dict[str, Any]:  # noqa: N802
        token, most = given.get("NextToken"), given.get("MaxResults")
        limit = min(int(most or 200), int(self._file.settings()["page_size"]))
        if (token is not None and not str(token).isdecimal()) or limit < 1:
            raise Refused("InvalidInputException")
        first = int(token or 0)
        rows = self._file.all(
            "select * from runs where job = ? order by started_at desc, rowid desc limit ? offset ?",
            *(given["JobName"], limit + 1, first),
        )
        more = {"NextToken": str(first + limit)} if len(rows) > limit else {}
        return {"JobRuns": [runs.told(row) for row in rows[:limit]], **more}

    def _BatchStopJobRun(self, given: dict[str, Any], _: Any) -> dict[str, Any]:  # noqa: N802
        asked = given.get("JobRunIds")
        if not isinstance(asked, list) or not 1 <= len(asked) <= 25:
            raise Refused("InvalidInputException", "JobRunIds are 1 to 25")
        stopped, errors = [], []
        for run_id in asked:
            name = {"JobName": given["JobName"], "JobRunId": run_id}
            try:
                ended = runs.get(self._file, given["JobName"], run_id)["ended_at"]
                problem = "InvalidInputException" if ended else ""
            except Refused as refused:
                problem = refused.code
            if problem:
                errors.append({**name, "ErrorDetail": {"ErrorCode": problem, "ErrorMessage": "It cannot be stopped."}})
            else:
                self._worker.halt(run_id)
                stopped.append(name)
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def _answer(self, reply: Reply) -> Response:
        status, document = reply
        headers = {"x-amzn-requestid": secrets.token_hex(16)}
        return Response(json.dumps(document), status, headers, media_type=JSON)

    async def _log(self, operation: str, reply: Reply, run_id: str | None, fault: str | None) -> None:
        await run_in_threadpool(
            self._file.run,
            "insert into requests(at, operation, run_id, status, code, fault) values (?, ?, ?, ?, ?, ?)",
            *(runs.stored(clock.now()), operation, run_id, reply[0], reply[1].get("__type"), fault),
        )


def _given(operation: str, body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body) if len(body) <= LARGEST_BODY_BYTES else None
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Refused("InvalidInputException")
    if strange := given.keys() - TAKES[operation]:
        raise Refused("InvalidInputException", f"This stand-in does not take {', '.join(sorted(strange))}")
    if not isinstance(given.get("JobName"), str) or not given["JobName"]:
        raise Refused("InvalidInputException", "JobName is missing")
    return given


async def _hold(request: Request, settings: dict[str, Any]) -> Response:
    """Say nothing until the caller gives up."""
    for _ in range(int(float(settings["hold_seconds"]) / 0.02)):
        if await request.is_disconnected():
            break
        await asyncio.sleep(0.02)
    return Cut()

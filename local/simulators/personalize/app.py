"""The three services at one door: what is made, events as they happen, and what is asked while a member waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.simulators.amazon_pay.control import take_fault
from local.simulators.aws_json.door import SWITCHED_OFF, Call, Door, application
from local.simulators.aws_json.files import now
from local.simulators.personalize import control, shapes
from local.simulators.personalize.answers import Answers
from local.simulators.personalize.files import File
from local.simulators.personalize.jobs import Worker
from local.simulators.personalize.kinds import LISTED, OPERATIONS
from local.simulators.personalize.refusals import Refused, invalid
from local.simulators.personalize.resources import Resources

# What only refuses, as all three services name it.
REFUSING = {
    "throttle": "ThrottlingException",
    "access_denied": "AccessDeniedException",
    "limit": "LimitExceededException",
    "error_500": "InternalServerException",
}


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file."""
    file = File(database)
    worker = Worker(file)
    answers = Answers(file)
    rest = [
        _route(file, "/events", "PutEvents", shapes.EVENTS, answers.put_events),
        _route(file, "/recommendations", "GetRecommendations", shapes.RUNTIME, answers.recommendations),
        _route(file, "/personalize-ranking", "GetPersonalizedRanking", shapes.RUNTIME, answers.ranking),
    ]

    def stop() -> None:
        worker.stop()
        file.close()

    routes = [*rest, *control.plane(file).routes()]
    return application(StandIn(file, Resources(file, worker)), routes, start=worker.start, stop=stop)


class StandIn(Door[File]):
    """What is created and described."""

    target = "AmazonPersonalize."
    operations = OPERATIONS
    refused = Refused
    refusing: ClassVar = REFUSING
    largest_body_bytes = 1024 * 1024
    too_large = no_object = ("InvalidInputException",)

    def __init__(self, file: File, resources: Resources) -> None:
        super().__init__(file)
        self._resources = resources

    def _do(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        shapes.check(shapes.CONTROL, call.operation, given)
        document = self._done(call, given)
        call.subject = next((value for name, value in (document | given).items() if name.endswith("Arn")), None)
        return document

    def _done(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        if call.operation == "UpdateCampaign":
            return self._resources.update_campaign(given)
        if call.operation.startswith("Create"):
            return self._resources.create(call.operation.removeprefix("Create"), given, call.kind)
        if call.operation.startswith("Describe"):
            return self._resources.describe(call.operation.removeprefix("Describe"), given)
        (word,) = (one for one in LISTED if call.operation == f"List{one}s")
        return self._resources.listed(word, given)


def _route(
    file: File, path: str, operation: str, service: str, do: Callable[[dict[str, Any]], dict[str, Any]]
) -> Route:
    async def handle(request: Request) -> Response:
        if (await run_in_threadpool(file.settings))["off"]:
            return JSONResponse({"message": SWITCHED_OFF["Message"]}, 503)
        body = await request.body()
        fault = await run_in_threadpool(take_fault, file, operation)
        if fault and fault["kind"] in ("timeout_before", "timeout_after_commit", "reset", "malformed"):
            return Response("<html>", 200, media_type="text/html")
        status, document = await run_in_threadpool(reply, request, body, fault["kind"] if fault else None)
        code = document.get("__type")
        await run_in_threadpool(
            file.run,
            "insert into requests(at, operation, arn, status, code, fault) values (?, ?, ?, ?, ?, ?)",
            *(now(), operation, None, status, code, fault["kind"] if fault else None),
        )
        headers = {"x-amzn-errortype": code} if code else {}
        return JSONResponse({"message": document["Message"]} if code else document, status, headers)

    def reply(request: Request, body: bytes, kind: str | None) -> tuple[int, dict[str, Any]]:
        try:
            if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
                raise Refused("MissingAuthenticationTokenException")
            if kind in REFUSING:
                raise Refused(REFUSING[kind])
            try:
                given = json.loads(body)
            except ValueError:
                raise invalid("The body is no JSON") from None
            shapes.check(service, operation, given)
            return 200, do(given)
        except Refused as refused:
            return 404 if refused.code == "ResourceNotFoundException" else refused.status, refused.document

    return Route(path, handle, methods=["POST"])

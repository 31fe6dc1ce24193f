"""Answers to the state machine: a task token is told success or failure once, and late answers are nobody's error."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from containers.telemetry import Telemetry

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.2
CAUSE_LIMIT = 256

# The machine stopped waiting: it timed out, was stopped, or was answered before. The row says what happened.
NOBODY_WAITS = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class StepFunctions(Protocol):
    """The three calls of boto3's `stepfunctions` client that a worker needs."""

    def send_task_success(self, *, taskToken: str, output: str) -> Any: ...  # noqa: N803
    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> Any: ...  # noqa: N803
    def send_task_heartbeat(self, *, taskToken: str) -> Any: ...  # noqa: N803


class Answered(StrEnum):
    """What became of an answer."""

    DELIVERED = "delivered"
    NOBODY_WAITS = "nobody_waits"


class Callbacks:
    """Sends answers with a few retries. What still fails is raised: the caller keeps the answer and comes back."""

    def __init__(
        self, client: StepFunctions, telemetry: Telemetry, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._telemetry = telemetry
        self._pause = pause

    def success(self, task_token: str, output: Mapping[str, Any]) -> Answered:
        """Output holds ids and amounts only."""
        text = json.dumps(output, default=str)
        return self._send(lambda: self._client.send_task_success(taskToken=task_token, output=text))

    def failure(self, task_token: str, error: str, cause: str) -> Answered:
        """`error` is a name the machine catches, e.g. PaymentDeclined; `cause` a code, never free text from outside."""
        return self._send(
            lambda: self._client.send_task_failure(taskToken=task_token, error=error, cause=cause[:CAUSE_LIMIT])
        )

    def heartbeat(self, task_token: str) -> Answered:
        """Tell the machine that its task is alive."""
        return self._send(lambda: self._client.send_task_heartbeat(taskToken=task_token))

    def _send(self, call: Callable[[], Any]) -> Answered:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                call()
                return Answered.DELIVERED
            except Exception as error:
                if _code(error) in NOBODY_WAITS:
                    self._telemetry.log("nobody waits for this answer", reason=_code(error))
                    return Answered.NOBODY_WAITS
                if attempt == ATTEMPTS:
                    raise
                self._pause(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
        raise AssertionError("unreachable")


def _code(error: Exception) -> str:
    # botocore's ClientError carries the service's error name here; importing botocore for it is not worth it.
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        return str(response.get("Error", {}).get("Code", ""))
    return ""

"""A conformance case: a small state machine, what its tasks do, and how it must end on AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.faults.interpreter import DEFINITION

# Placeholders of a case's function and queue, as the product's own definition has them.
FUNCTION, QUEUE = "${Function}", "${Queue}"
ATTEMPT = "{% $states.context.State.RetryCount %}"


@dataclass(frozen=True)
class Ending:
    """`status` as DescribeExecution has it, with the output or the error; the states entered, in order."""

    status: str
    visited: tuple[str, ...]
    output: Any = None
    error: str | None = None


@dataclass(frozen=True)
class Case:
    """`rule` is its name. `ending` is AWS's; `locally` the local cloud's where that is known to differ, with the reason
    in `differs`."""

    rule: str
    definition: dict[str, Any]
    ending: Ending
    input: Any = field(default_factory=dict)
    locally: Ending | None = None
    differs: str = ""


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    """A definition that starts at its first state. A state that says nothing about it goes on to the next one; the last
    one ends."""
    names = list(states)
    for name, following in zip(names, [*names[1:], None], strict=True):
        state = states[name]
        if state["Type"] in ("Pass", "Task", "Wait") and not {"Next", "End"} & set(state):
            state |= {"Next": following} if following else {"End": True}
    return {"QueryLanguage": "JSONata", "StartAt": names[0], "States": states}


def call(*script: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A function's task; a step of its script each attempt. Its output is the function's answer."""
    arguments = {"FunctionName": FUNCTION, "Payload": {"script": list(script), "attempt": ATTEMPT}}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": arguments,
        "Output": "{% $states.result.Payload %}",
        **fields,
    }


def ask(*script: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A worker's task, behind a queue; a step of its script each attempt."""
    body = {"script": list(script), "attempt": ATTEMPT, "task_token": "{% $states.context.Task.Token %}"}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": QUEUE, "MessageBody": body},
        **fields,
    }


def again(*errors: str, attempts: int, backoff: float = 1) -> dict[str, Any]:
    return {"ErrorEquals": list(errors), "IntervalSeconds": 1, "MaxAttempts": attempts, "BackoffRate": backoff}


def caught(*errors: str, to: str, **fields: Any) -> dict[str, Any]:
    return {"ErrorEquals": list(errors), "Next": to, **fields}


def when(condition: str, to: str, **fields: Any) -> dict[str, Any]:
    return {"Condition": f"{{% {condition} %}}", "Next": to, **fields}


def succeeded(visited: str, output: Any) -> Ending:
    """`visited` are names parted by spaces."""
    return Ending("SUCCEEDED", tuple(visited.split()), output)


def failed(visited: str, error: str | None) -> Ending:
    return Ending("FAILED", tuple(visited.split()), error=error)


def product() -> dict[str, Any]:
    """The product's own definition with a case's function and queue in it."""
    text = json.dumps(DEFINITION)
    for own in ("${EngineStepFunction}", "${OrderInformationFunction}"):
        text = text.replace(own, FUNCTION)
    for own in ("${PaymentsQueueUrl}", "${OrdersQueueUrl}"):
        text = text.replace(own, QUEUE)
    definition: dict[str, Any] = json.loads(text)
    return definition

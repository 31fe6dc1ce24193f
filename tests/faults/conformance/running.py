"""Runs a case on the interpreter, and all cases together on the local cloud."""

from __future__ import annotations

import heapq
import itertools
import json
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from local.connected import Connected
from tests.faults.conformance import scripted
from tests.faults.conformance.case import FUNCTION, QUEUE, Case, Ending
from tests.faults.interpreter import Execution, TaskFailed
from tests.local.probe import ROLE, deploy

STACK = "conformance"
LONGEST_SECONDS = 90


# ---- on the interpreter ----------------------------------------------------------------------------------------------


def on_interpreter(case: Case) -> Ending:
    """Time passes only as far as somebody waits for it."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    answers: list[tuple[datetime, int, str, dict[str, Any]]] = []
    numbers = itertools.count()

    def function(event: dict[str, Any]) -> Any:
        if "outlast" in scripted.step_of(event):
            raise TaskFailed("States.Timeout", "as the script says")
        return scripted.handler(event, None)

    def send(_queue: str, body: dict[str, Any]) -> None:
        for after, step in _answers(body):
            heapq.heappush(answers, (now + timedelta(seconds=after), next(numbers), body["task_token"], step))

    execution = Execution(
        case.definition, {FUNCTION: function}, send, lambda: now, case.input, str(uuid.uuid4()), Random(0)
    )
    execution.run()
    while not execution.ended:
        due = execution.due()
        assert due is not None
        if answers and answers[0][0] <= due:
            now, _, token, step = heapq.heappop(answers)
            if "fail" in step:
                execution.fail(token, step["fail"], step.get("cause", ""))
            else:
                execution.succeed(token, step["success"])
        else:
            now = due
        execution.run()
    if execution.failed is not None:
        return Ending("FAILED", tuple(execution.visited), error=execution.failed or None)
    return Ending("SUCCEEDED", tuple(execution.visited), execution.output)


def _answers(body: dict[str, Any]) -> Iterable[tuple[float, dict[str, Any]]]:
    """What a worker answers to a message, and after how many seconds."""
    step = scripted.step_of(body)
    if "ignore" in step:
        return
    yield step.get("after", 0), step
    if "again" in step:
        yield step.get("after", 0) + 0.1, {"success": step["again"]}


# ---- on the local cloud ----------------------------------------------------------------------------------------------


def on_local_cloud(cloud: Connected, cases: Iterable[Case]) -> dict[str, Ending]:
    """How each case ends there, by its rule. All of them run at once."""
    assert deploy(cloud, STACK, _template()) == "CREATE_COMPLETE"
    described = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
    batch = _Batch(cloud, outputs["Queue"], outputs["Function"])
    try:
        for number, case in enumerate(cases):
            batch.start(number, case)
        return batch.finish()
    finally:
        for machine in batch.machines:
            cloud.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
        cloud.client("cloudformation").delete_stack(StackName=STACK)


@dataclass
class _Batch:
    cloud: Connected
    queue: str
    function: str
    machines: list[str] = field(default_factory=list)
    running: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[float, int, str, dict[str, Any]]] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)

    def start(self, number: int, case: Case) -> None:
        states = self.cloud.client("stepfunctions")
        text = json.dumps(case.definition).replace(FUNCTION, self.function).replace(QUEUE, self.queue)
        machine = states.create_state_machine(name=f"{STACK}-{number}", definition=text, roleArn=ROLE)
        self.machines.append(machine["stateMachineArn"])
        started = states.start_execution(stateMachineArn=self.machines[-1], input=json.dumps(case.input))
        self.running[case.rule] = started["executionArn"]

    def finish(self) -> dict[str, Ending]:
        """Answers the workers' messages until the last execution has ended."""
        endings: dict[str, Ending] = {}
        deadline = time.monotonic() + LONGEST_SECONDS
        while self.running:
            assert time.monotonic() < deadline, f"still running: {sorted(self.running)}"
            self._receive()
            while self.answers and self.answers[0][0] <= time.monotonic():
                self._answer(*heapq.heappop(self.answers)[2:])
            for rule, arn in list(self.running.items()):
                if ending := self._ending(arn):
                    endings[rule] = ending
                    del self.running[rule]
            time.sleep(0.1)
        return endings

    def _receive(self) -> None:
        queue = self.cloud.client("sqs")
        received = queue.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        for message in received.get("Messages", []):
            queue.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            for after, step in _answers(body):
                at = time.monotonic() + after
                heapq.heappush(self.answers, (at, next(self.numbers), body["task_token"], step))

    def _answer(self, token: str, step: dict[str, Any]) -> None:
        states = self.cloud.client("stepfunctions")
        # Whom nobody waits for is told so: AWS says TaskTimedOut, the local cloud TaskDoesNotExist.
        with suppress(states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist):
            if "fail" in step:
                states.send_task_failure(taskToken=token, error=step["fail"], cause=step.get("cause", ""))
            else:
                states.send_task_success(taskToken=token, output=json.dumps(step["success"]))

    def _ending(self, arn: str) -> Ending | None:
        states = self.cloud.client("stepfunctions")
        described = states.describe_execution(executionArn=arn)
        if described["status"] == "RUNNING":
            return None
        history = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        entered = [one["stateEnteredEventDetails"]["name"] for one in history if "stateEnteredEventDetails" in one]
        if described["status"] == "FAILED":
            return Ending("FAILED", tuple(entered), error=described.get("error"))
        return Ending(described["status"], tuple(entered), json.loads(described["output"]))


def _template() -> dict[str, Any]:
    function = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": ROLE,
        "Timeout": 20,
        "Code": {"ZipFile": Path(scripted.__file__).read_text(encoding="utf-8")},
    }
    return {
        "Resources": {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Queue": {"Type": "AWS::SQS::Queue"},
        },
        "Outputs": {"Function": {"Value": {"Ref": "Function"}}, "Queue": {"Value": {"Ref": "Queue"}}},
    }

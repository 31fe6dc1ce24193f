"""One execution of a Step Functions state machine on a virtual clock: the part of the Amazon States Language that the
engine's definition uses, in JSONata, as AWS documents it. What it does not know it refuses (`Unsupported`).

Known: Pass, Task (lambda:invoke, sqs:sendMessage with and without a task token), Choice, Wait (Seconds), Succeed,
Fail; Arguments, Assign, Output, Retry, Catch, TimeoutSeconds.
`tests/faults/conformance` holds it against the local cloud.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.expressions import QueryFailed, value_of

DEFINITION: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "stacks" / "loyalty_engine.asl.json").read_text(encoding="utf-8")
)

_ALWAYS = frozenset({"Type", "Comment", "QueryLanguage"})
_ON = frozenset({"Next", "End", "Assign", "Output"})
_FIELDS: dict[str, frozenset[str]] = {
    "Pass": _ALWAYS | _ON,
    "Task": _ALWAYS | _ON | {"Resource", "Arguments", "TimeoutSeconds", "Retry", "Catch"},
    "Choice": _ALWAYS | {"Choices", "Default", "Assign", "Output"},
    "Wait": _ALWAYS | _ON | {"Seconds"},
    "Succeed": _ALWAYS | {"Output"},
    "Fail": _ALWAYS | {"Error", "Cause"},
}
# Step Functions' own default where a task names no limit, and the longest Wait.
_LONGEST_SECONDS = 99_999_999
# Errors that no States.ALL meets.
_FATAL = frozenset({"States.Runtime", "States.DataLimitExceeded"})


class Unsupported(Exception):
    """The definition uses something that this interpreter does not know."""


class TaskFailed(Exception):
    """A task's error by a name that no Python class can have, such as "States.Timeout" or "Lambda.Unknown"."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@dataclass
class Execution:
    """One execution, about to enter its first state.

    `functions` by FunctionName: each takes the payload and returns the answer; what it raises is the task's error,
    named by its class (or by TaskFailed). Each is called `invocations` times, as Lambda may do; the last answer counts.
    `send(queue, body)` delivers to a worker; TaskFailed says that it was not sent. `now` is the virtual clock (UTC).
    `random` draws the retries' jitter. `name` makes its task tokens unlike every other execution's.
    """

    definition: Mapping[str, Any] = field(repr=False)
    functions: Mapping[str, Callable[[dict[str, Any]], Any]]
    send: Callable[[str, dict[str, Any]], None]
    now: Callable[[], datetime]
    input: Any
    name: str
    random: Random
    invocations: int = 1

    # How far it is: the state it is in, those it has entered, all payloads, messages and answers of its tasks.
    state: str = ""
    visited: list[str] = field(default_factory=list)
    payloads: list[Any] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    # The token that a worker has to answer with.
    token: str | None = None
    # What came of it: `failed` names the error ("" for a Fail state without one).
    ended: bool = False
    failed: str | None = None
    cause: str | None = None
    output: Any = None

    _current: Any = None
    _context: dict[str, Any] = field(default_factory=dict)
    _due: datetime | None = None
    _answer: Callable[[], None] | None = None
    _tokens: int = 0
    _retries: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.definition.get("QueryLanguage") != "JSONata" or "TimeoutSeconds" in self.definition:
            raise Unsupported("a definition in another query language than JSONata, or with a time limit of its own")
        self._current = self.input
        self._context["Execution"] = {
            "Id": f"arn:aws:states:::execution:{self.name}",
            "Input": self.input,
            "Name": self.name,
            "StartTime": _stamp(self.now()),
        }
        self._enter(self.definition["StartAt"])

    # ---- driving it ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Goes on until it waits or has ended. Before it is `due` it does nothing."""
        while not self.ended:
            if self._answer is not None:
                answer, self._answer = self._answer, None
                answer()
            elif self._due is None:
                self._step()
            elif self.now() < self._due:
                return
            else:
                self._fall_due()

    def due(self) -> datetime | None:
        """When it wants `run` again: at once (as before its first state and after an answer), or at the end of a Wait,
        of the pause before a retry, or of its task's time limit. None once it has ended."""
        if self.ended:
            return None
        return self.now() if self._due is None or self._answer is not None else self._due

    @property
    def waiting(self) -> str | None:
        """The state (a Wait, or a task between two attempts) that nothing but time leads on."""
        return self.state if self._due is not None and self.token is None and self._answer is None else None

    def succeed(self, token: str, output: Any) -> bool:
        """A worker's answer; `run` goes on with it. One nobody waits for (late, unknown) changes nothing: False."""
        return self._answered(token, lambda: self._attempt(lambda: self._leave(output)))

    def fail(self, token: str, error: str, cause: str = "") -> bool:
        """A worker's failure, as `succeed`."""
        return self._answered(token, lambda: self._recover(error, cause))

    def _answered(self, token: str, answer: Callable[[], None]) -> bool:
        if token != self.token or self._due is None or self.now() >= self._due:
            return False
        self.token, self._answer = None, answer
        return True

    # ---- states ----------------------------------------------------------------------------------------------------

    def _enter(self, name: str) -> None:
        """The state is next; nothing of it has happened yet."""
        self.state, self._due, self._retries = name, None, {}

    def _step(self) -> None:
        state = self.definition["States"][self.state]
        kind = state["Type"]
        if unknown := state.keys() - _FIELDS.get(kind, _ALWAYS):
            raise Unsupported(f"{self.state}: {kind} with {sorted(unknown)}")
        self.visited.append(self.state)
        self._context = {
            "Execution": self._context["Execution"],
            "State": {"Name": self.state, "EnteredTime": _stamp(self.now()), "RetryCount": 0},
        }
        self._attempt(lambda: self._start(kind, state))

    def _start(self, kind: str, state: Mapping[str, Any]) -> None:
        match kind:
            case "Task":
                self._start_task(state)
            case "Choice":
                self._choose(state)
            case "Pass":
                self._leave(self._current)
            case "Wait":
                self._due = self.now() + timedelta(seconds=self._seconds(state["Seconds"]))
            case "Succeed":
                self._end(None, None, self._value(state["Output"]) if "Output" in state else self._current)
            case "Fail":
                self._end(self._value(state.get("Error", "")), self._value(state.get("Cause", "")))
            case _:
                raise Unsupported(f"{self.state}: states of type {kind}")

    def _choose(self, state: Mapping[str, Any]) -> None:
        for rule in state["Choices"]:
            chosen = self._value(rule["Condition"])
            if type(chosen) is not bool:
                raise QueryFailed(f"{rule['Condition']!r} is neither true nor false")
            if chosen:
                self._go(rule, rule["Next"], self._current)
                return
        if "Default" in state:
            self._go(state, state["Default"], self._current)
        else:
            self._end("States.NoChoiceMatched", f"No rule of {self.state} matches and it has no Default")

    def _fall_due(self) -> None:
        """Time has passed: of a task that nobody has answered, of the pause before a retry, or of a Wait."""
        state = self.definition["States"][self.state]
        self._due = None
        if self.token is not None:
            self.token = None
            self._recover("States.Timeout", "")
        elif state["Type"] == "Task":
            entered = self._context["State"]
            self._context = {**self._context, "State": {**entered, "RetryCount": entered["RetryCount"] + 1}}
            self._attempt(lambda: self._start_task(state))
        else:
            self._attempt(lambda: self._leave(self._current))

    # ---- tasks -----------------------------------------------------------------------------------------------------

    def _attempt(self, part: Callable[[], None]) -> None:
        """A part of a state whose expressions may fail: in a task that is an error like any other."""
        try:
            part()
        except QueryFailed as failure:
            self._recover("States.QueryEvaluationError", str(failure))

    def _start_task(self, state: Mapping[str, Any]) -> None:
        limit_seconds = self._seconds(state.get("TimeoutSeconds", _LONGEST_SECONDS))
        try:
            match state["Resource"]:
                case "arn:aws:states:::lambda:invoke":
                    self._leave(self._invoke(self._value(state["Arguments"])))
                case "arn:aws:states:::sqs:sendMessage":
                    self._leave(self._send(self._value(state["Arguments"])))
                case "arn:aws:states:::sqs:sendMessage.waitForTaskToken":
                    self._tokens += 1
                    token = f"{self.name}/{self._tokens}"
                    self._context = {**self._context, "Task": {"Token": token}}
                    message = self._value(state["Arguments"])
                    # Before the message goes out: whoever gets it may answer at once.
                    self.token, self._due = token, self.now() + timedelta(seconds=limit_seconds)
                    self._send(message)
                case other:
                    raise Unsupported(f"{self.state}: {other}")
        except TaskFailed as failure:
            self.token = None
            self._recover(failure.error, failure.cause)

    def _send(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.payloads.append(arguments["MessageBody"])
        self.send(arguments["QueueUrl"], arguments["MessageBody"])
        return {"MessageId": f"{self.name}/{len(self.payloads)}"}

    def _invoke(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        function, payload = self.functions[arguments["FunctionName"]], arguments["Payload"]
        self.payloads.append(payload)
        try:
            for _ in range(self.invocations):
                answer = function(payload)
        except TaskFailed:
            raise
        except Exception as error:
            name = type(error).__name__
            raise TaskFailed(name, json.dumps({"errorMessage": str(error), "errorType": name})) from error
        # A handler's answer travels as JSON: what is not JSON is found here.
        answer = json.loads(json.dumps(answer))
        self.payloads.append(answer)
        return {"ExecutedVersion": "$LATEST", "Payload": answer, "StatusCode": 200}

    def _recover(self, error: str, cause: str) -> None:
        """Try again, or catch, or end. The first retrier that names the error decides, also when it is exhausted."""
        state = self.definition["States"][self.state]
        for number, retrier in enumerate(state.get("Retry", ())):
            if _meets(retrier["ErrorEquals"], error):
                done = self._retries.get(number, 0)
                if done < retrier.get("MaxAttempts", 3):
                    self._retries[number] = done + 1
                    self._due = self.now() + self._pause(retrier, done)
                    return
                break
        for catcher in state.get("Catch", ()):
            if _meets(catcher["ErrorEquals"], error):
                error_output = {"Error": error, "Cause": cause}
                try:
                    self._go(catcher, catcher["Next"], error_output, {"errorOutput": error_output})
                except QueryFailed as failure:
                    self._end("States.QueryEvaluationError", str(failure))
                return
        self._end(error, cause)

    def _pause(self, retrier: Mapping[str, Any], done: int) -> timedelta:
        seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** min(done, 60)
        seconds = min(seconds, retrier.get("MaxDelaySeconds", _LONGEST_SECONDS))
        if retrier.get("JitterStrategy", "NONE") == "FULL":
            seconds = self.random.uniform(0, seconds)
        return timedelta(seconds=seconds)

    # ---- leaving a state -------------------------------------------------------------------------------------------

    def _leave(self, result: Any) -> None:
        state = self.definition["States"][self.state]
        self._go(state, state.get("Next"), result, {"result": result} if state["Type"] == "Task" else {})

    def _go(
        self, how: Mapping[str, Any], target: str | None, output: Any, named: Mapping[str, Any] | None = None
    ) -> None:
        """To `target`, or to the end. Assign and Output both see the variables as they were on entering the state."""
        if "Output" in how:
            output = self._value(how["Output"], named)
        if "Assign" in how:
            self.variables = {**self.variables, **self._value(how["Assign"], named)}
        if target is None:
            self._end(None, None, output)
        else:
            self._current = output
            self._enter(target)

    def _end(self, error: str | None, cause: str | None, output: Any = None) -> None:
        self.ended, self.failed, self.cause, self.output = True, error, cause, output
        self.token = self._due = None

    # ---- expressions -----------------------------------------------------------------------------------------------

    def _value(self, template: Any, named: Mapping[str, Any] | None = None) -> Any:
        states = {"input": self._current, "context": self._context, **(named or {})}
        return value_of(template, {**self.variables, "states": states})

    def _seconds(self, template: Any) -> int:
        seconds = template if type(template) is int else self._value(template)
        if type(seconds) not in (int, float) or seconds != int(seconds) or not 0 <= seconds <= _LONGEST_SECONDS:
            raise QueryFailed(f"{template!r} is not a number of seconds: {seconds!r}")
        return int(seconds)


def _meets(names: list[str], error: str) -> bool:
    """Does a Retry or Catch entry of these names apply to the error?"""
    if error in names:
        return True
    if error in _FATAL:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error != "States.Timeout")


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

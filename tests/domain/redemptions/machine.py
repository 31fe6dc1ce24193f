"""Runs the real state machine definition: small steps, no waiting, only the expressions that the definition uses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

DEFINITION = json.loads((Path(__file__).parents[3] / "stacks" / "loyalty_engine.asl.json").read_text())

_PATH = re.compile(r"^\$([a-z_]+)((?:\.[A-Za-z_]+)*)$")
_EQUALS = re.compile(r"^(\$[A-Za-z_.]+) = '([a-z_]+)'$")
_IN = re.compile(r"^(\$[A-Za-z_.]+) in \[([^]]*)\]$")


class TaskFailed(Exception):
    """A task's error, by name."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class Execution:
    """One execution. `functions` by the definition's placeholders; `send(queue, message)` delivers to a worker.

    `run` goes on until a task waits for its token, the end, or with `waits` a Wait state (else it walks over those).
    """

    functions: dict[str, Callable[[dict[str, Any]], Any]]
    send: Callable[[str, dict[str, Any]], None]
    input: dict[str, Any]
    invocations: int = 1
    waits: bool = False
    state: str = DEFINITION["StartAt"]
    visited: list[str] = field(default_factory=list)
    payloads: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    current: Any = None
    token: str | None = None
    waiting: str | None = None
    ended: bool = False
    failed: str | None = None

    def __post_init__(self) -> None:
        self.current = self.input

    def run(self) -> None:
        while not self.ended and self.token is None:
            state = DEFINITION["States"][self.state]
            if state["Type"] == "Wait" and self.waits and self.waiting != self.state:
                self.waiting = self.state
                return
            self.waiting = None
            self.visited.append(self.state)
            self._enter(state)

    def succeed(self, token: str, output: dict[str, Any]) -> None:
        """The worker's answer. An answer nobody waits for changes nothing."""
        if token == self.token:
            self.token = None
            self._leave(DEFINITION["States"][self.state], output)
            self.run()

    def fail(self, token: str, error: str) -> None:
        if token == self.token:
            self.token = None
            self._catch(DEFINITION["States"][self.state], error)
            self.run()

    def time_out(self) -> None:
        """The task's TimeoutSeconds are over."""
        assert self.token is not None
        self.fail(self.token, "States.Timeout")

    def _enter(self, state: dict[str, Any]) -> None:
        kind = state["Type"]
        if kind == "Succeed":
            self.ended = True
        elif kind == "Wait":
            self.state = state["Next"]
        elif kind == "Choice":
            chosen = next(
                (c for c in state["Choices"] if self._value(c["Condition"], None)), {"Next": state["Default"]}
            )
            self._assign(chosen.get("Assign", {}), None)
            self.state = chosen["Next"]
        elif state["Resource"].endswith("waitForTaskToken"):
            self.token = str(uuid4())
            arguments = self._value(state["Arguments"], None)
            self.payloads.append(arguments["MessageBody"])
            self.send(arguments["QueueUrl"], arguments["MessageBody"])
        else:
            self._invoke(state)

    def _invoke(self, state: dict[str, Any]) -> None:
        arguments = self._value(state["Arguments"], None)
        self.payloads.append(arguments["Payload"])
        function = self.functions[arguments["FunctionName"]]
        attempts = 3
        while True:
            try:
                # Lambda may run an invocation more than once; the state machine takes one answer.
                answer = [function(arguments["Payload"]) for _ in range(self.invocations)][-1]
                break
            except Exception as error:
                attempts -= 1
                name = type(error).__name__
                if attempts == 0 or not any(
                    name in retrier["ErrorEquals"] or "States.ALL" in retrier["ErrorEquals"]
                    for retrier in state["Retry"]
                ):
                    self._catch(state, name)
                    return
        self.payloads.append(answer)
        self._leave(state, {"Payload": answer})

    def _leave(self, state: dict[str, Any], result: Any) -> None:
        self._assign(state.get("Assign", {}), result)
        self.current = self._value(state["Output"], result) if "Output" in state else result
        self.state = state["Next"]

    def _catch(self, state: dict[str, Any], error: str) -> None:
        for catcher in state.get("Catch", []):
            if error in catcher["ErrorEquals"] or "States.ALL" in catcher["ErrorEquals"]:
                self._assign(catcher.get("Assign", {}), None)
                self.current = catcher["Output"]
                self.state = catcher["Next"]
                return
        self.ended, self.failed = True, error

    def _assign(self, values: dict[str, Any], result: Any) -> None:
        self.variables.update(self._value(values, result))

    def _value(self, template: Any, result: Any) -> Any:
        if isinstance(template, dict):
            return {name: self._value(value, result) for name, value in template.items()}
        if isinstance(template, str) and template.startswith("{%"):
            return self._expression(template[2:-2].strip(), result)
        return template

    def _expression(self, text: str, result: Any) -> Any:
        if equals := _EQUALS.match(text):
            return self._expression(equals[1], result) == equals[2]
        if inside := _IN.match(text):
            return self._expression(inside[1], result) in [item.strip(" '") for item in inside[2].split(",")]
        path = _PATH.match(text)
        assert path, f"the test's interpreter does not know {text!r}"
        names = path[2].split(".")[1:]
        if path[1] != "states":
            value = self.variables[path[1]]
        else:
            context = {"Execution": {"Input": self.input}, "Task": {"Token": self.token}}
            value = {"input": self.current, "result": result, "context": context}
        for name in names:
            value = value[name]
        return value

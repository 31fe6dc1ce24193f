"""What no other cloud can be asked about: the virtual clock, pauses, tokens, refusals, and the short way to a value."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.faults import expressions
from tests.faults.conformance.case import FUNCTION, ask, call, caught, machine
from tests.faults.expressions import compiled
from tests.faults.interpreter import DEFINITION, Execution, TaskFailed, Unsupported


class World:
    """One execution, its clock and its messages. Its function always fails, unless `answer` is given."""

    def __init__(self, definition: dict[str, Any], *, seed: int = 0, answer: Any = None, **settings: Any) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.messages: list[dict[str, Any]] = []
        self.calls = 0
        self.answer = answer
        self.execution = Execution(
            definition,
            {FUNCTION: self._function},
            lambda _queue, body: self.messages.append(body),
            lambda: self.now,
            {},
            "name",
            Random(seed),
            **settings,
        )

    def _function(self, _payload: dict[str, Any]) -> Any:
        self.calls += 1
        if self.answer is None:
            raise TaskFailed("Busy")
        return self.answer

    def pauses(self) -> list[float]:
        """How long each pause was, in seconds, until the end."""
        found = []
        self.execution.run()
        while due := self.execution.due():
            found.append((due - self.now).total_seconds())
            self.now = due
            self.execution.run()
        return found


def busy(**retrier: Any) -> dict[str, Any]:
    return machine(Call=call({}, Retry=[{"ErrorEquals": ["Busy"], **retrier}]))


def test_pauses_grow_to_their_limit() -> None:
    limited = busy(IntervalSeconds=1, BackoffRate=2, MaxDelaySeconds=5, MaxAttempts=5)
    assert World(limited).pauses() == [1, 2, 4, 5, 5]
    assert World(busy()).pauses() == [1, 2, 4], "three attempts after 1 s, doubled, where nothing is said"


def test_jitter_is_at_most_the_pause_and_the_same_for_a_seed() -> None:
    full = busy(IntervalSeconds=10, BackoffRate=1, MaxAttempts=50, JitterStrategy="FULL")
    first, again, other = World(full, seed=1).pauses(), World(full, seed=1).pauses(), World(full, seed=2).pauses()
    assert first == again != other
    assert 0 <= min(first) < 2
    assert 8 < max(first) <= 10


def test_before_it_is_due_nothing_happens() -> None:
    world = World(machine(Wait={"Type": "Wait", "Seconds": 60}, End={"Type": "Succeed"}))
    assert world.execution.due() == world.now, "at once"
    world.execution.run()
    assert (world.execution.waiting, world.execution.due()) == ("Wait", world.now + timedelta(seconds=60))
    world.now += timedelta(seconds=59)
    world.execution.run()
    assert not world.execution.ended
    world.now += timedelta(seconds=1)
    world.execution.run()
    assert world.execution.ended
    assert world.execution.due() is None


def test_an_answer_is_taken_at_once_and_carried_on_by_the_next_run() -> None:
    world = World(machine(Ask=ask({}, TimeoutSeconds=60), End={"Type": "Succeed"}))
    world.execution.run()
    token = world.messages[0]["task_token"]
    assert world.execution.waiting is None, "somebody may answer"
    assert world.execution.succeed(token, "done")
    assert not world.execution.fail(token, "Second"), "it has been answered"
    assert not world.execution.ended
    assert world.execution.due() == world.now
    world.execution.run()
    assert (world.execution.ended, world.execution.failed, world.execution.output) == (True, None, "done")


def test_after_its_time_an_answer_is_late_even_if_nobody_has_looked() -> None:
    world = World(machine(Ask=ask({}, TimeoutSeconds=60), End={"Type": "Succeed"}))
    world.execution.run()
    world.now += timedelta(seconds=60)
    assert not world.execution.succeed(world.messages[0]["task_token"], "late")
    world.execution.run()
    assert world.execution.failed == "States.Timeout"


def test_each_attempt_has_a_token_of_its_own() -> None:
    world = World(machine(Ask=ask({}, {}, Retry=[{"ErrorEquals": ["Busy"]}])))
    world.execution.run()
    first = world.messages[0]["task_token"]
    assert world.execution.fail(first, "Busy")
    world.execution.run()
    assert not world.execution.succeed(first, "late"), "between two attempts nobody waits"
    world.now += timedelta(seconds=1)
    world.execution.run()
    second = world.messages[1]["task_token"]
    assert second != first
    assert not world.execution.succeed(first, "late")
    assert world.execution.succeed(second, "in time")


def test_a_message_that_cannot_be_sent_is_an_error_of_the_task() -> None:
    world = World(machine(Ask=ask({}, Catch=[caught("SQS.SdkClientException", to="End")]), End={"Type": "Succeed"}))

    def refuses(_queue: str, _body: dict[str, Any]) -> None:
        raise TaskFailed("SQS.SdkClientException")

    world.execution.send = refuses
    world.execution.run()
    assert world.execution.visited == ["Ask", "End"]
    assert world.execution.token is None


def test_a_function_is_invoked_as_often_as_is_said_and_answers_once() -> None:
    world = World(machine(Call=call({})), answer={"a": 1}, invocations=3)
    world.execution.run()
    assert (world.calls, world.execution.output) == (3, {"a": 1})


def test_an_answer_that_is_no_json_is_a_mistake_and_no_error_of_the_task() -> None:
    world = World(machine(Call=call({}, Retry=[{"ErrorEquals": ["States.ALL"]}])), answer=datetime.now(UTC))
    with pytest.raises(TypeError):
        world.execution.run()


@pytest.mark.parametrize(
    "definition",
    [
        {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
        {"QueryLanguage": "JSONata", "TimeoutSeconds": 5, "StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
        machine(A={"Type": "Parallel", "Branches": [], "End": True}),
        machine(A={"Type": "Map", "End": True}),
        machine(A={"Type": "Wait", "Timestamp": "2026-01-01T00:00:00Z"}),
        machine(A=ask({}, HeartbeatSeconds=5)),
        machine(A=call({}, Resource="arn:aws:states:::lambda:invoke.waitForTaskToken")),
        machine(A={"Type": "Pass", "Result": 1}),
    ],
)
def test_what_it_does_not_know_it_refuses(definition: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        World(definition).execution.run()


def test_the_products_definition_is_known_to_the_last_field() -> None:
    for name in DEFINITION["States"]:
        execution = World({**DEFINITION, "StartAt": name}).execution
        with suppress(KeyError):  # its functions are not here
            execution.run()


@pytest.mark.parametrize("path", ["$states.input.a", "$states.input.a.b", "$a", "$a.b.c", "$states.none.a", "$none"])
@pytest.mark.parametrize(
    "value",
    [None, True, 0, 1.5, "", "x", [], [1], [[1]], {}, {"b": None}, {"b": [{"c": 1}, {"c": [2]}]}, {"b": {"c": 1}}],
)
def test_the_short_way_to_a_value_and_the_librarys_are_one(path: str, value: Any) -> None:
    bindings = {"a": value, "states": {"input": {"a": value}}}
    short, library = compiled(f"{{% {path} %}}"), expressions._by_library(path)
    assert short is not None
    assert short(bindings) == library(bindings)
    equals = compiled(f"{{% {path} = 'x' %}}")
    assert equals is not None
    assert equals(bindings) == expressions._by_library(f"{path} = 'x'")(bindings)


@pytest.mark.parametrize("error", ["States.DataLimitExceeded", "States.Runtime"])
def test_what_no_execution_survives_is_met_by_its_own_name_only(error: str) -> None:
    for names, outcome in ((["States.ALL"], error), (["States.TaskFailed"], error), ([error], None)):
        world = World(machine(Call=call({}, Catch=[caught(*names, to="End")]), End={"Type": "Succeed"}))

        def fails(_payload: dict[str, Any]) -> Any:
            raise TaskFailed(error)

        world.execution.functions = {FUNCTION: fails}
        world.execution.run()
        assert world.execution.failed == outcome

"""What must be true of the state machine's definition whatever happens while it runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.interpreter import DEFINITION

STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
CALLBACKS = {name: state for name, state in TASKS.items() if state["Resource"].endswith("waitForTaskToken")}
# From here on an order may exist.
PIVOT = "Place"


def targets(state: dict[str, Any], *, caught: bool = True) -> set[str]:
    found = {state[key] for key in ("Next", "Default") if key in state}
    found |= {choice["Next"] for choice in state.get("Choices", [])}
    return found | ({catcher["Next"] for catcher in state.get("Catch", [])} if caught else set())


def reachable(start: str, *, without: frozenset[str] = frozenset(), caught: bool = True) -> set[str]:
    found, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name not in found and name not in without:
            found.add(name)
            todo += targets(STATES[name], caught=caught)
    return found


def test_every_state_can_be_reached_and_every_target_exists() -> None:
    assert reachable(DEFINITION["StartAt"]) == set(STATES)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_time_limit_that_every_interpreter_understands(name: str) -> None:
    assert isinstance(TASKS[name]["TimeoutSeconds"], int)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_tried_again_when_aws_or_the_database_is_away(name: str) -> None:
    retriers = TASKS[name]["Retry"]
    assert retriers
    for retrier in retriers:
        assert {"MaxDelaySeconds", "JitterStrategy", "MaxAttempts", "BackoffRate"} <= set(retrier)
    if name not in CALLBACKS:
        assert "DatabaseUnavailable" in retriers[0]["ErrorEquals"]
    if any("States.ALL" in retrier["ErrorEquals"] for retrier in retriers):
        assert retriers[-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize("name", CALLBACKS)
def test_every_task_of_a_service_catches_whatever_may_happen(name: str) -> None:
    assert CALLBACKS[name]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize("name", ["Begin", "Screen", "LookAtScreening", "Authorise", "Go", PIVOT])
def test_what_fails_up_to_the_pivot_asks_the_orders_own_row_whether_it_may_go_back(name: str) -> None:
    assert STATES[name]["Catch"][-1]["Next"] == "TurnBack"


def test_the_way_back_voids_before_it_releases() -> None:
    assert STATES["VoidIfMoney"]["Choices"][0]["Next"] == "Void"
    assert targets(STATES["Void"], caught=False) == {"Release"}
    assert reachable("VoidIfMoney") == {"VoidIfMoney", "Void", "ReviewVoidBack", "Release", "Done"}


def test_after_the_answer_there_is_no_way_to_release() -> None:
    assert "Release" not in reachable("Settle")
    assert "TurnBack" not in reachable("Settle")


def test_nothing_is_captured_before_it_is_settled() -> None:
    assert "Capture" not in reachable(
        DEFINITION["StartAt"], without=frozenset({"Settle", "Enter", "Screened", "Gone", "TurnedBack"})
    )


def test_whoever_waits_for_a_confirmation_looks_and_only_looking_leads_on() -> None:
    assert targets(STATES["AwaitScreening"]) == {"LookAtScreening"}
    assert targets(STATES["LookAtScreening"], caught=False) == {"Screened"}
    assert {name for name, state in STATES.items() if "AwaitScreening" in targets(state)} == {
        "Enter",
        "Screened",
        "Gone",
    }


@pytest.mark.parametrize("name", TASKS)
def test_payloads_hold_ids_only(name: str) -> None:
    arguments = TASKS[name]["Arguments"]
    payload = arguments.get("Payload") or arguments["MessageBody"]
    assert set(payload) <= {"action", "program_id", "redemption_id", "correlation_id", "reason", "task", "task_token"}


@pytest.mark.parametrize("name", STATES)
def test_nothing_is_used_that_the_local_cloud_does_otherwise_than_aws(name: str) -> None:
    """tests/faults/conformance has the differences."""
    state = STATES[name]
    if state["Type"] in ("Choice", "Succeed"):
        assert not {"Output", "Assign"} & set(state)
    for part in (state, *state.get("Choices", []), *state.get("Catch", [])):
        assigned = part.get("Assign", {})
        assert not any(f"${variable}" in str(value) for variable in assigned for value in assigned.values())
    for choice in state.get("Choices", []):
        condition = choice["Condition"]
        assert " = " in condition or " in [" in condition or condition == "{% $money %}", "true or false"

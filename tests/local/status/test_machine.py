"""The state machine drawn: every state of the definition, and the way that a history tells."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.status import graph, machine

REPOSITORY = Path(__file__).resolve().parents[3]
DEFINITION = (REPOSITORY / "stacks" / "loyalty_engine.asl.json").read_text()
STATES = machine.states(DEFINITION)
NAMES = [state["name"] for state in STATES]
NAME = "0192f8a0-1111-7000-8000-000000000001"


class History:
    """Events as Step Functions tells them, a second apart."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.add("ExecutionStarted")

    def add(self, kind: str, key: str = "", **details: str) -> History:
        at = datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=len(self.events))
        self.events.append({"type": kind, "timestamp": at, **({f"{key}EventDetails": details} if key else {})})
        return self

    def enter(self, name: str) -> History:
        kind = json.loads(DEFINITION)["States"][name]["Type"]
        return self.add(f"{kind}StateEntered", "stateEntered", name=name)

    def leave(self, name: str) -> History:
        kind = json.loads(DEFINITION)["States"][name]["Type"]
        return self.add(f"{kind}StateExited", "stateExited", name=name)

    def through(self, *names: str) -> History:
        for name in names:
            self.enter(name).leave(name)
        return self

    def fail(self, error: str) -> History:
        return self.add("TaskFailed", "taskFailed", error=error, cause="because")


def shown(history: History) -> dict[str, Any]:
    return {"name": NAME, "status": "RUNNING", **machine.way(history.events)}


def classes(drawn: str) -> dict[str, str]:
    """The mark of each state in the picture."""
    return {name: mark for mark, name in re.findall(r'<g class="(\w+)" id="state-(\w+)">', drawn)}


def test_every_state_of_the_definition_is_in_the_picture_in_its_order() -> None:
    drawn = graph.draw(STATES, None)
    assert list(classes(drawn)) == list(json.loads(DEFINITION)["States"])
    assert all(f">{name}</text>" in drawn for name in NAMES)
    assert set(classes(drawn).values()) == {"ahead"}


def test_every_transition_of_the_definition_is_an_arc_once() -> None:
    drawn = graph.draw(STATES, None)
    arcs = re.findall(r"<title>(\w+) → (\w+)</title>", drawn)
    assert len(arcs) == len(set(arcs))
    assert {("Begin", "Enter"), ("Place", "TurnBack"), ("VoidIfMoney", "Release"), ("Looked", "WaitForAnswer")} <= set(
        arcs
    )
    assert {name for arc in arcs for name in arc} == set(NAMES)


def test_states_passed_are_full_and_the_one_it_is_at_is_marked() -> None:
    now = shown(History().through("Begin", "Enter", "ReleaseDelay").enter("Screen"))
    marks = classes(graph.draw(STATES, now))
    assert {name for name, mark in marks.items() if mark == "passed"} == {"Begin", "Enter", "ReleaseDelay"}
    assert marks["Screen"] == "now"
    assert marks["Place"] == "ahead"
    assert "3 states passed, it is here: Screen" in graph.told(now)


def test_the_way_it_went_is_drawn_through() -> None:
    drawn = graph.draw(STATES, shown(History().through("Begin", "Enter").enter("Place")))
    way = re.findall(r'<path class="way"[^>]*><title>(\w+) → (\w+)</title>', drawn)
    assert sorted(way) == [("Begin", "Enter"), ("Enter", "Place")]


def test_a_step_that_failed_and_led_elsewhere_is_crossed_with_its_error() -> None:
    history = History().through("Begin", "Enter").enter("Authorise").fail("PaymentDeclined").leave("Authorise")
    now = shown(history.enter("TurnBack"))
    drawn = graph.draw(STATES, now)
    assert classes(drawn)["Authorise"] == "failed"
    assert classes(drawn)["TurnBack"] == "now"
    assert "PaymentDeclined" in drawn
    assert now["errors"] == {"Authorise": "PaymentDeclined"}


def test_a_step_that_failed_and_was_tried_again_well_has_passed() -> None:
    history = History().enter("Begin").fail("DatabaseUnavailable").add("TaskScheduled").add("TaskSucceeded")
    assert shown(history.leave("Begin"))["marks"] == {"Begin": "passed"}


def test_an_execution_that_died_is_crossed_where_it_died() -> None:
    died = History().through("Begin").enter("Enter").add("ExecutionFailed", "executionFailed", error="States.Runtime")
    assert shown(died)["marks"] == {"Begin": "passed", "Enter": "failed"}
    assert shown(died)["errors"] == {"Enter": "States.Runtime"}
    stopped = History().enter("ReleaseDelay").add("ExecutionAborted")
    assert shown(stopped)["marks"] == {"ReleaseDelay": "failed"}


def test_a_state_that_was_visited_again_counts_its_visits_and_forgets_the_old_error() -> None:
    history = History().enter("Look").fail("Lambda.Unknown").leave("Look").through("Looked", "WaitForAnswer")
    now = shown(history.enter("Look"))
    assert now["marks"]["Look"] == "now"
    assert "×2" in graph.draw(STATES, now)


def test_one_that_came_to_its_end_has_nothing_left_to_mark() -> None:
    marks = shown(History().through("Begin", "Enter", "Close", "Done").add("ExecutionSucceeded"))["marks"]
    assert set(marks.values()) == {"passed"}


def test_the_list_says_which_is_looked_at_and_which_is_a_second_attempt() -> None:
    listed = [
        {"name": NAME, "status": "RUNNING", "started": "", "title": "A <kettle>"},
        {"name": f"{NAME}-2", "status": "FAILED", "started": "", "title": ""},
    ]
    chosen = shown(History().enter("Begin"))
    html = machine.show({"states": STATES, "executions": listed, "shown": chosen, "missing": ""})
    assert f'<a href="/?execution={NAME}#machine" aria-current="true">A &lt;kettle&gt;' in html
    assert html.count("aria-current") == 1
    assert "(again, 2)" in html
    assert "Begin, now" in html


def test_before_the_first_redemption_the_machine_is_shown_all_the_same() -> None:
    html = machine.show({"states": STATES, "executions": [], "shown": None, "missing": ""})
    assert "No execution yet" in html
    assert "state-VoidIfMoney" in html


@pytest.mark.parametrize("name", ["x", "../../etc", f"{NAME}-99999", f"{NAME}\n", "a" * 400])
def test_what_cannot_be_an_executions_name_is_not_asked_for(name: str) -> None:
    assert machine.NAME.fullmatch(name) is None

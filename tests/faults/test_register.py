"""Every fault and every invariant has a name here, and what is said to reach it really is there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.faults.named_faults import FAULTS
from tests.faults.named_invariants import INVARIANTS
from tests.faults.register import Entry, count, exists, pending, reached, table
from tests.faults.scenarios import SCENARIOS


@pytest.mark.parametrize(("entries", "letter", "number"), [(FAULTS, "F", 60), (INVARIANTS, "I", 22)])
def test_the_list_is_whole(entries: Mapping[str, Entry], letter: str, number: int) -> None:
    assert list(entries) == [f"{letter}{one}" for one in range(1, number + 1)]


def test_every_scenario_of_the_storm_is_of_a_fault() -> None:
    assert {key for entry in FAULTS.values() for key in entry.storm} == set(SCENARIOS)


@pytest.mark.parametrize("name", [*FAULTS, *INVARIANTS])
def test_what_reaches_it_is_there_or_the_reason_why_nothing_does(name: str) -> None:
    entry = {**FAULTS, **INVARIANTS}[name]
    assert [test for test in entry.tests if not exists(test)] == []
    assert [bool(entry.tests or entry.storm), bool(entry.pending), bool(entry.aws)].count(True) == 1
    if entry.pending:
        issue, _, reason = entry.pending.partition(": ")
        assert issue.isdigit()
        assert reason


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert exists("faults/test_register::test_a_test_that_is_not_there_is_noticed")
    assert exists("local/test_emulator::TestStateMachines::test_http_invoke_answers_with_status_and_parsed_body")
    assert not exists("faults/test_register::test_that_nobody_wrote")
    assert not exists("faults/test_of_nothing::test_that_nobody_wrote")


def test_the_table_counts_what_is_reached() -> None:
    entries = {"F1": reached("one", "a::test_a", "a::test_b"), "F2": pending("two", "6: later")}
    lines = list(table(entries))
    assert count(entries) == 1
    assert lines[0].split(maxsplit=2) == ["F1", "one", "2 tests"]
    assert lines[1].endswith("pending: issue 6: later")
    assert lines[2] == "1/2"

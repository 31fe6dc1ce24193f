"""What changed, and what follows when two people changed the same version."""

from __future__ import annotations

from typing import Any

from loyalty.programme.comparing import Change, Conflict, changes, merged

SPRING = {"code": "spring", "budget_minor": 100, "state": "running"}
SUMMER = {"code": "summer", "budget_minor": 500, "state": "draft"}


def together(base: Any, mine: Any, theirs: Any) -> tuple[Any, list[Conflict]]:
    conflicts: list[Conflict] = []
    return merged(base, mine, theirs, "campaigns", conflicts), conflicts


def test_a_changed_field_is_named_by_its_path_with_what_it_was() -> None:
    assert list(changes({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})) == [Change("a.c", 2, 3)]
    assert list(changes({"a": 1}, {"b": [1]})) == [Change("a", 1, None), Change("b", None, [1])]
    assert list(changes({"a": 1}, {"a": 1})) == []


def test_entries_with_a_code_are_compared_by_it_wherever_they_stand() -> None:
    before, after = {"campaigns": [SPRING, SUMMER]}, {"campaigns": [SUMMER | {"state": "running"}, SPRING]}
    assert list(changes(before, after)) == [
        Change("campaigns.summer.state", "draft", "running"),
        Change("campaigns.order", ["spring", "summer"], ["summer", "spring"]),
    ]
    assert list(changes(before, {"campaigns": [SPRING]})) == [Change("campaigns.summer", SUMMER, None)]


def test_a_list_without_codes_is_one_value() -> None:
    assert list(changes({"hidden": ["A", "B"]}, {"hidden": ["B"]})) == [Change("hidden", ["A", "B"], ["B"])]


def test_fields_that_only_one_side_changed_come_together() -> None:
    mine, theirs = [SPRING | {"budget_minor": 200}, SUMMER], [SPRING | {"state": "paused"}, SUMMER]
    assert together([SPRING, SUMMER], mine, theirs) == (
        [SPRING | {"budget_minor": 200, "state": "paused"}, SUMMER],
        [],
    )


def test_what_one_side_added_or_removed_stays_so() -> None:
    autumn = {"code": "autumn", "budget_minor": 1, "state": "draft"}
    assert together([SPRING, SUMMER], [SUMMER], [SPRING, SUMMER, autumn]) == ([SUMMER, autumn], [])


def test_a_field_that_both_changed_is_a_conflict_and_mine_until_it_is_saved_again() -> None:
    mine, theirs = [SPRING | {"budget_minor": 200}], [SPRING | {"budget_minor": 300}]
    assert together([SPRING], mine, theirs) == (mine, [Conflict("campaigns.spring.budget_minor", 200, 300)])


def test_what_one_removed_and_the_other_changed_is_a_conflict() -> None:
    assert together([SPRING], [], [SPRING | {"state": "paused"}]) == (
        [],
        [Conflict("campaigns.spring", None, SPRING | {"state": "paused"})],
    )


def test_both_saying_the_same_is_no_conflict() -> None:
    same = [SPRING | {"budget_minor": 9}]
    assert together([SPRING], same, same) == (same, [])

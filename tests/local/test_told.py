"""When a redemption counts as lost, and when as doubled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from local import told
from local.told import Told

KEY = "01a2019d-0000-7000-8000-000000000000"


def _told(**changes: Any) -> Told:
    known = {"accepted": True, "closed": True, "status": "completed", "points_spent": 500}
    return Told("M1", KEY, 500, 0, **{**known, **changes})


def _row(**changes: Any) -> dict[str, Any]:
    ended = {
        "key": KEY, "number": "M1", "state": "closed", "outcome": "completed", "points": 500, "money_minor": 0,
        "settled_points": 500, "released_points": 0, "accepted_money_minor": 0,
    }  # fmt: skip
    return {**ended, **changes}


def _lost(one: Told, row: dict[str, Any] | None, orders: int = 1) -> list[str]:
    return list(told._missing(one, row, Counter({KEY: orders})))


def _doubled(
    one: Told | None, row: dict[str, Any], *, held: int = 500, orders: int = 1, taken: int = 0, bound: int = 0
) -> list[str]:
    return list(told._surplus(one, row, held, orders, (taken, bound)))


def test_one_that_ended_as_its_member_was_told_is_neither() -> None:
    assert _lost(_told(), _row()) == []
    assert _doubled(_told(), _row()) == []


@pytest.mark.parametrize(
    ("one", "row", "orders"),
    [
        (_told(), None, 1),
        (_told(), _row(state="ordering", outcome=None), 1),
        (_told(closed=False), _row(), 1),
        (_told(points_spent=400), _row(), 1),
        (_told(), _row(), 0),
    ],
)
def test_accepted_and_not_there_or_not_as_told_is_lost(one: Told, row: dict[str, Any] | None, orders: int) -> None:
    assert len(_lost(one, row, orders)) == 1


def test_one_that_nobody_was_told_of_may_be_there_or_not() -> None:
    unheard = _told(accepted=False, closed=False)
    assert _lost(unheard, None) == []
    assert _lost(unheard, _row()) == []


@pytest.mark.parametrize(
    ("one", "row", "more"),
    [
        (None, _row(), {}),
        (_told(accepted=False, refused="quote-used"), _row(), {}),
        (_told(), _row(points=600), {"held": 600}),
        (_told(), _row(), {"held": 1000}),
        (_told(), _row(), {"orders": 2}),
        (_told(), _row(outcome="rejected"), {"orders": 1}),
        (_told(), _row(), {"taken": 100, "bound": 0}),
        (_told(), _row(), {"bound": 100}),
    ],
)
def test_more_than_was_asked_for_once_is_doubled(one: Told | None, row: dict[str, Any], more: dict[str, int]) -> None:
    assert len(_doubled(one, row, **more)) == 1

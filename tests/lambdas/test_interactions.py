"""The door for what members looked at: by the batch, their own, once; nonsense is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.domain.people import Somebody
from tests.domain.wishes.shelf import Shelf
from tests.lambdas.conftest import Doors, member_token

KINDS = {"orders": True, "points": True, "marketing": False}


@pytest.fixture
def shelf(doors: Doors) -> Iterator[Shelf]:
    with doors.database.owner() as owner:
        yield Shelf(doors.database, owner)


def view(asin: str, **other: Any) -> dict[str, Any]:
    return {"key": str(uuid4()), "asin": asin, "came_from": "category", **other}


def test_a_batch_is_noted_once_and_what_is_unknown_is_counted(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody]
) -> None:
    token = member_token(somebody(claimed=True).subject)
    body = {"views": [view(shelf.product()), view(shelf.product(), came_from="home"), view("B0NOWHERE0")]}
    for recorded in (2, 0):
        answer = doors("member_api", "POST", "/me/views", body, token=token)
        assert (answer.status, answer.body) == (200, {"wanted": True, "recorded": recorded, "unknown": 1})


def test_whoever_turned_it_off_on_the_preferences_page_has_nothing_noted(
    doors: Doors, shelf: Shelf, somebody: Callable[..., Somebody]
) -> None:
    token, body = member_token(somebody(claimed=True).subject), {"views": [view(shelf.product())]}
    stands = doors("member_api", "GET", "/me/preferences", token=token).body["personalisation"]
    assert stands == {"wanted": True, "source": "default", "since": None}
    chosen = {"language": "en", "email": KINDS, "sms": KINDS}
    left = doors("member_api", "PUT", "/me/preferences", chosen, token=token).body["personalisation"]
    assert left == stands
    turned = {**chosen, "personalisation": False}
    off = doors("member_api", "PUT", "/me/preferences", turned, token=token).body["personalisation"]
    assert (off["wanted"], off["source"]) == (False, "member")
    answer = doors("member_api", "POST", "/me/views", body, token=token)
    assert (answer.status, answer.body) == (200, {"wanted": False, "recorded": 0, "unknown": 0})


@pytest.mark.parametrize(
    ("views", "field"),
    [
        ([], "views"),
        ([view("B000000001") for _ in range(21)], "views"),
        ([view("b0")], "views[0].asin"),
        ([view("B000000001", came_from="nowhere")], "views[0].came_from"),
        ([view("B000000001", key="once")], "views[0].key"),
        ([view("B000000001", seen_at="2026-01-01T00:00:00Z")], "views[0].seen_at"),
        ("B000000001", "views"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(
    doors: Doors, somebody: Callable[..., Somebody], views: Any, field: str
) -> None:
    answer = doors(
        "member_api", "POST", "/me/views", {"views": views}, token=member_token(somebody(claimed=True).subject)
    )
    assert answer.status == 400
    assert field in [error["field"] for error in answer.body["errors"]]


def test_whoever_has_no_membership_looks_at_nothing(doors: Doors, shelf: Shelf) -> None:
    body = {"views": [view(shelf.product())]}
    answer = doors("member_api", "POST", "/me/views", body, token=member_token("nobody"))
    assert (answer.status, answer.body["code"]) == (403, "not-claimed")

"""Members are told of a product's outlook what the last nights said, and nothing that is old or not likely."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from loyalty.database import Connection
from loyalty.demand import labels
from tests.conftest import TestDatabase
from tests.domain.wishes.shelf import Shelf, shelf_of


@pytest.fixture(scope="module")
def shelf(database: TestDatabase) -> Iterator[Shelf]:
    with database.owner() as owner:
        yield shelf_of(database, owner)


@pytest.fixture
def member_api(shelf: Shelf) -> Iterator[Connection]:
    with shelf.database.connect("member_api") as connection:
        yield connection


def outlook(
    shelf: Shelf,
    asin: str,
    *by_day: float,
    cause: str = "out_of_stock",
    back: tuple[int, int] | None = None,
    first: int = 0,
) -> str:
    """Of this product, as a night says it: `back` and `first` in days from today."""
    shelf.owner.execute(
        "insert into demand.outlook(program_id, asin, first_on, probability, by_day, cause, is_out, back_from,"
        " back_until, members_disappointed, run_id)"
        " select 1, %s, d + %s::integer, 0.5, %s::real[], %s, %s, d + %s::integer, d + %s::integer, 1, 'night'"
        " from (select (clock.now() at time zone 'UTC')::date as d) as today",
        (asin, first, list(by_day), cause, back is not None, *(back or (None, None))),
    )
    return asin


def told(shelf: Shelf, connection: Connection, asin: str, *, there: bool = True, kind: str = "STANDARD") -> Any:
    """The label, its days counted from today."""
    card = {"asin": asin, "kind": kind, "points": 5 if there else None}
    (found,) = labels.beside(connection, 1, [card])
    assert {name: found[name] for name in card} == card
    if found["outlook"] is None or found["outlook"]["state"] != "back":
        return found["outlook"] and found["outlook"]["state"]
    row = shelf.owner.execute("select (clock.now() at time zone 'UTC')::date as today").fetchone()
    assert row is not None
    return tuple((found["outlook"][name] - row["today"]).days for name in ("back_from", "back_until"))


def test_what_cannot_be_had_is_likely_back_between_two_days(shelf: Shelf, member_api: Connection) -> None:
    asin = outlook(shelf, shelf.product(), 1, 1, back=(3, 9))
    assert told(shelf, member_api, asin, there=False) == (3, 9)
    assert told(shelf, member_api, outlook(shelf, shelf.product(), 1, back=(-2, 4)), there=False) == (0, 4)


def test_who_cannot_say_when_says_nothing(shelf: Shelf, member_api: Connection) -> None:
    for asin in (
        shelf.product(),
        "B0NOTHERE0",
        outlook(shelf, shelf.product(), 1),
        outlook(shelf, shelf.product(), 1, back=(-5, -1)),
        outlook(shelf, shelf.product(), 1, back=(1, 2), first=-4),
        outlook(shelf, shelf.product(), 1, back=(1, 2), first=2),
    ):
        assert told(shelf, member_api, asin, there=False) is None


def test_what_is_there_may_soon_be_gone_or_come_late_if_that_is_likely_within_a_week(
    shelf: Shelf, member_api: Connection
) -> None:
    soon, late = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), (*[0.1] * 7, 0.9, 0.9)
    assert told(shelf, member_api, outlook(shelf, shelf.product(), *soon)) == "going"
    assert told(shelf, member_api, outlook(shelf, shelf.product(), *soon, cause="below_floor")) == "going"
    assert told(shelf, member_api, outlook(shelf, shelf.product(), *soon, cause="slow")) == "slow"
    assert told(shelf, member_api, outlook(shelf, shelf.product(), *late)) is None
    assert told(shelf, member_api, outlook(shelf, shelf.product(), *late, first=-2)) == "going", "nearer by two days"
    assert told(shelf, member_api, outlook(shelf, shelf.product(), 0.9, 0.1, 0.1, first=-1)) is None, (
        "that was yesterday"
    )
    assert told(shelf, member_api, outlook(shelf, shelf.product())) is None


def test_what_was_out_in_the_night_and_is_there_again_is_not_said_to_go(shelf: Shelf, member_api: Connection) -> None:
    assert told(shelf, member_api, outlook(shelf, shelf.product(), 1.0, 0.9, back=(2, 3))) is None
    assert told(shelf, member_api, outlook(shelf, shelf.product(), 1.0, 0.9, cause="below_floor", back=(2, 3))) is None
    late = outlook(shelf, shelf.product(), 1.0, 0.9, cause="slow", back=(2, 3))
    assert told(shelf, member_api, late) == "slow", "it can be had all the while"


def test_the_shelf_knows_better_than_the_night_whether_it_can_be_had_now(shelf: Shelf, member_api: Connection) -> None:
    asin = outlook(shelf, shelf.product(), 0.9, 0.1, back=(3, 9), cause="gone")
    assert told(shelf, member_api, asin) is None
    assert told(shelf, member_api, outlook(shelf, shelf.product(), 0.9), there=False) is None


def test_of_a_parent_is_told_what_holds_for_all_of_its_kinds(shelf: Shelf, member_api: Connection) -> None:
    parent = shelf.product(kind="VARIATION_PARENT")
    red, blue = (shelf.product(kind="VARIATION_CHILD", parent=parent) for _ in range(2))
    outlook(shelf, red, 0.9)
    assert told(shelf, member_api, parent, kind="VARIATION_PARENT") is None
    outlook(shelf, blue, 0.9)
    assert told(shelf, member_api, parent, kind="VARIATION_PARENT") == "going"
    out = shelf.product(kind="VARIATION_PARENT")
    for back in ((5, 6), (2, 8)):
        outlook(shelf, shelf.product(kind="VARIATION_CHILD", parent=out), 0.9, back=back)
    assert told(shelf, member_api, out, there=False, kind="VARIATION_PARENT") == (2, 8)


def test_no_programme_is_told_anothers_outlook(shelf: Shelf, member_api: Connection) -> None:
    asin = outlook(shelf, shelf.product(), 0.9)
    (found,) = labels.beside(member_api, 2, [{"asin": asin, "kind": "STANDARD", "points": 5}])
    assert found["outlook"] is None
    assert labels.beside(member_api, 1, []) == []

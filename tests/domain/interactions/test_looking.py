"""What a member looks at is kept for a year, once, of who wants it; who wants it no more is forgotten at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from loyalty.database import Connection
from loyalty.interactions import personalisation, viewing
from loyalty.interactions.viewing import Recorded, View
from loyalty.privacy import retention
from tests.conftest import TestDatabase
from tests.domain.wishes.shelf import Shelf, shelf_of

YEAR = next(rule for rule in retention.RETENTION if rule.name == "catalogue_views").days


@pytest.fixture(scope="module")
def shelf(database: TestDatabase) -> Iterator[Shelf]:
    with database.owner() as owner:
        yield shelf_of(database, owner)


@pytest.fixture
def member_api(shelf: Shelf) -> Iterator[Connection]:
    with shelf.database.connect("member_api") as connection:
        yield connection


def look(connection: Connection, member: int, *asins: str, key: UUID | None = None, program_id: int = 1) -> Recorded:
    views = [View(key or uuid4(), asin, "search") for asin in asins]
    return viewing.record(connection, program_id, member, views)


def seen(shelf: Shelf, member: int) -> list[Any]:
    rows = shelf.owner.execute(
        "select v.asin from interactions.viewer as w"
        " join interactions.catalogue_view as v using (program_id, viewer_key) where w.member_id = %s"
        " order by v.seen_at, v.asin",
        (member,),
    ).fetchall()
    return [row["asin"] for row in rows]


def in_the_lake(shelf: Shelf) -> set[str]:
    """Keys that the lake knows a member of."""
    return {row["viewer_key"] for row in shelf.owner.execute("select viewer_key from lake.viewer").fetchall()}


def keys(shelf: Shelf, member: int) -> set[str]:
    rows = shelf.owner.execute(
        "select viewer_key::text as key from interactions.viewer where member_id = %s", (member,)
    ).fetchall()
    return {row["key"] for row in rows}


def abroad(shelf: Shelf) -> int:
    member = shelf.member()
    shelf.owner.execute("update members.member set country = 'DE' where member_id = %s", (member,))
    return member


def remove_old(shelf: Shelf) -> None:
    assert YEAR is not None
    for _ in range(3):
        shelf.owner.execute("select privacy.remove_old('catalogue_views', %s, 100)", (YEAR,))


def test_a_page_that_was_open_is_kept_with_our_time_and_counts_once(shelf: Shelf, member_api: Connection) -> None:
    member, kettle, lamp, key = shelf.member(), shelf.product(), shelf.product(), uuid4()
    assert look(member_api, member, kettle, key=key) == Recorded(True, 1, 0)
    assert look(member_api, member, kettle, key=key) == Recorded(True, 0, 0)
    assert look(member_api, member, lamp, lamp, "B0NOWHERE0") == Recorded(True, 2, 1)
    assert seen(shelf, member) == [kettle, lamp, lamp]
    row = shelf.owner.execute(
        "select came_from, seen_at <= clock.now() as ours from interactions.catalogue_view where event_key = %s", (key,)
    ).fetchone()
    assert row == {"came_from": "search", "ours": True}


def test_another_programmes_product_is_unknown(shelf: Shelf, member_api: Connection) -> None:
    theirs = shelf.product(program_id=2)
    assert look(member_api, shelf.member(), theirs) == Recorded(True, 0, 1)
    assert look(member_api, shelf.member(program_id=2), theirs, program_id=2) == Recorded(True, 1, 0)


def test_of_a_day_no_more_is_kept_than_anybody_reads(
    shelf: Shelf, member_api: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewing, "MOST_A_DAY", 3)
    member, kettle, lamp = shelf.member(), shelf.product(), shelf.product()
    assert look(member_api, member, kettle, kettle).recorded == 2
    assert look(member_api, member, kettle, lamp).recorded == 1
    assert seen(shelf, member) == [kettle] * 3


def test_nothing_is_kept_of_who_has_to_be_asked_first_and_was_not(shelf: Shelf, member_api: Connection) -> None:
    member, kettle = abroad(shelf), shelf.product()
    assert look(member_api, member, kettle) == Recorded(False, 0, 0)
    stands = personalisation.of(member_api, 1, member)
    assert (stands.wanted, stands.source, stands.since) == (False, "default", None)
    personalisation.choose(member_api, 1, member, True)
    assert look(member_api, member, kettle).recorded == 1


def test_whoever_wants_it_no_more_is_forgotten_at_once_and_is_somebody_else_later(
    shelf: Shelf, member_api: Connection
) -> None:
    member, other, kettle = shelf.member(), shelf.member(), shelf.product()
    look(member_api, member, kettle)
    look(member_api, other, kettle)
    before = keys(shelf, member)
    assert before <= in_the_lake(shelf)
    for _ in range(2):
        personalisation.choose(member_api, 1, member, False)
    assert look(member_api, member, kettle) == Recorded(False, 0, 0)
    assert seen(shelf, member) == []
    assert not before & in_the_lake(shelf)
    assert seen(shelf, other) == [kettle]
    stands = personalisation.of(member_api, 1, member)
    assert (stands.wanted, stands.source) == (False, "member")
    personalisation.choose(member_api, 1, member, True)
    look(member_api, member, kettle)
    assert not before & keys(shelf, member)
    rows = shelf.owner.execute(
        "select wanted from interactions.choice where member_id = %s order by entry", (member,)
    ).fetchall()
    assert [row["wanted"] for row in rows] == [False, True]


def test_a_page_that_is_being_noted_does_not_outlive_the_choice(shelf: Shelf, member_api: Connection) -> None:
    member, kettle = shelf.member(), shelf.product()

    def choose() -> None:
        with shelf.database.connect("member_api") as connection:
            personalisation.choose(connection, 1, member, False)

    with member_api.transaction():
        look(member_api, member, kettle)
        choosing = threading.Thread(target=choose)
        choosing.start()
        choosing.join(0.1)
        assert choosing.is_alive()
    choosing.join(10)
    assert seen(shelf, member) == []


def test_under_a_legal_hold_nothing_goes_and_nobody_is_told(shelf: Shelf, member_api: Connection) -> None:
    member, kettle, hold = shelf.member(), shelf.product(), uuid4()
    look(member_api, member, kettle)
    shelf.owner.execute("select members.place_hold(1, %s, %s, 'court', 'staff')", (hold, member))
    personalisation.choose(member_api, 1, member, False)
    remove_old(shelf)
    assert seen(shelf, member) == [kettle]
    assert not keys(shelf, member) & in_the_lake(shelf)
    assert not personalisation.of(member_api, 1, member).wanted
    shelf.owner.execute("select members.lift_hold(1, %s, 'staff')", (hold,))
    remove_old(shelf)
    assert (seen(shelf, member), keys(shelf, member)) == ([], set())


def test_two_memberships_that_become_one_keep_both_unless_the_person_said_no_last(
    shelf: Shelf, member_api: Connection
) -> None:
    kettle, lamp = shelf.product(), shelf.product()
    for refused, kept in ((False, [kettle, lamp]), (True, [])):
        survivor, duplicate = shelf.member(), shelf.member()
        if refused:
            personalisation.choose(member_api, 1, survivor, True)
            personalisation.choose(member_api, 1, duplicate, False)
        look(member_api, survivor, kettle)
        shelf.later("1 minute")
        look(member_api, duplicate, lamp)
        shelf.owner.execute("select interactions.hand_on(1, %s, %s)", (duplicate, survivor))
        assert (seen(shelf, survivor), keys(shelf, duplicate)) == (kept, set())
        assert personalisation.of(member_api, 1, survivor).wanted is not refused


def test_nothing_is_noted_of_a_membership_that_ended(shelf: Shelf, member_api: Connection) -> None:
    member = shelf.member()
    shelf.owner.execute("update members.member set state = 'closed' where member_id = %s", (member,))
    assert look(member_api, member, shelf.product()) == Recorded(False, 0, 0)
    assert keys(shelf, member) == set()


@pytest.mark.parametrize("call", ["forget(1, 1)", "hand_on(1, 1, 2)", "remove_old(clock.now(), 1)"])
def test_no_door_reaches_what_only_other_rooms_do(shelf: Shelf, member_api: Connection, call: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        member_api.execute(f"select interactions.{call}".encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        member_api.execute("select from interactions.catalogue_view")


def test_after_a_year_it_goes_and_the_lake_does_not_know_either_whose_it_was(
    fresh_database: TestDatabase,
) -> None:
    with fresh_database.owner() as owner, fresh_database.connect("member_api") as member_api:
        shelf = shelf_of(fresh_database, owner)
        member, kettle, lamp = shelf.member(), shelf.product(), shelf.product()
        look(member_api, member, kettle)
        (first,) = keys(shelf, member)
        shelf.later("89 days")
        look(member_api, member, lamp)
        assert keys(shelf, member) == {first}
        shelf.later("2 days")
        look(member_api, member, lamp)
        assert len(keys(shelf, member)) == 2
        shelf.later("280 days")
        remove_old(shelf)
        assert seen(shelf, member) == [lamp, lamp]
        shelf.later("90 days")
        remove_old(shelf)
        assert seen(shelf, member) == []
        assert first not in keys(shelf, member)

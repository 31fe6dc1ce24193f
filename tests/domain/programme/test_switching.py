"""Switches: at once, by whom and why, for the same members every time, and left alone by a roll-back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loyalty.catalogue import browsing
from loyalty.database import Connection
from loyalty.programme import publishing, reading, switching
from loyalty.programme.schema.features import Features, Rollout, in_share
from loyalty.programme.switching import State
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.people import published


@pytest.fixture
def owner(fresh_database: TestDatabase) -> Iterator[Connection]:
    with fresh_database.owner() as connection:
        published(connection)
        yield connection


def turn(owner: Connection, feature: str, *, on: bool = False, share: int | None = None, why: str = "it breaks") -> int:
    return switching.switch(owner, 1, feature, on=on, share_percent=share, actor="staff:1", why=why)


def state(owner: Connection, feature: str) -> State:
    return next(one for one in switching.states(owner, 1) if one.feature == feature)


def test_everything_is_on_until_somebody_switches_it(owner: Connection) -> None:
    assert [(one.feature, one.on, one.share_percent) for one in switching.states(owner, 1)] == [
        ("redemption", True, 100),
        ("money", True, 100),
        ("personal", True, 100),
        ("search", True, None),
        ("simulation", True, None),
        ("invoice_posting", True, None),
    ]
    assert switching.history(owner, 1) == []


def test_a_switching_is_a_version_with_who_and_why_and_can_be_undone(owner: Connection) -> None:
    off = turn(owner, "redemption", why="wrong prices")
    back = turn(owner, "redemption", on=True, why="right again")
    newest, before = switching.history(owner, 1)
    assert (newest.version, newest.why, newest.before.on, newest.after.on) == (back, "right again", False, True)
    assert (before.version, before.by, before.why) == (off, "staff:1", "wrong prices")
    assert state(owner, "redemption") == State("redemption", True, 100)


def test_who_gives_it_to_more_does_not_put_back_what_was_stopped_meanwhile(owner: Connection) -> None:
    turn(owner, "redemption", on=True, share=10)
    seen = (True, 10)
    turn(owner, "redemption", why="wrong prices")

    def more(seen: tuple[bool, int | None]) -> int:
        return switching.switch(
            owner, 1, "redemption", on=True, share_percent=20, actor="staff:2", why="it goes well", seen=seen
        )

    with pytest.raises(Refusal) as refused:
        more(seen)
    assert (refused.value.kind, refused.value.code) == (Kind.CONFLICT, "switched-meanwhile")
    assert state(owner, "redemption") == State("redemption", False, 10)
    more((False, 10))
    assert state(owner, "redemption") == State("redemption", True, 20)


def test_a_switching_that_changes_nothing_is_no_version(owner: Connection) -> None:
    with pytest.raises(Refusal) as refused:
        turn(owner, "search", on=True)
    assert (refused.value.kind, refused.value.code) == (Kind.CONFLICT, "nothing-changed")


@pytest.mark.parametrize(
    ("feature", "share", "field"), [("search", 50, "share_percent"), ("nonsense", None, "feature")]
)
def test_what_cannot_be_switched_so_is_refused_by_its_field(
    owner: Connection, feature: str, share: int | None, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        turn(owner, feature, share=share)
    assert refused.value.field == field


def test_rolling_back_leaves_what_is_off_off(owner: Connection) -> None:
    before = reading.current(owner, 1).version
    turn(owner, "redemption")
    document = reading.current(owner, 1).document
    dearer = document.model_copy(update={"pricing": document.pricing.model_copy(update={"quote_minutes": 9})})
    publishing.publish(owner, 1, dearer, based_on=before + 1, actor="test", why="test")
    publishing.restore(owner, 1, before, "staff:2", "other prices again")
    assert reading.current(owner, 1).document.pricing.quote_minutes != 9
    assert not state(owner, "redemption").on


def test_other_changes_are_not_told_as_switchings(owner: Connection) -> None:
    document = reading.current(owner, 1).document
    other = document.model_copy(update={"pricing": document.pricing.model_copy(update={"quote_minutes": 9})})
    publishing.publish(owner, 1, other, based_on=1, actor="test", why="test")
    assert switching.history(owner, 1) == []


def test_nobody_is_told_to_have_switched_what_was_off_long_before(owner: Connection) -> None:
    turn(owner, "redemption", why="wrong prices")
    owner.execute(
        "do $$ declare c record; begin for n in 1..505 loop select * into c from programme.current(1);"
        " perform programme.publish(1, c.version, c.document, 'somebody', 'a price'); end loop; end $$"
    )
    assert switching.history(owner, 1) == []
    turn(owner, "redemption", on=True, why="right again")
    assert [(one.by, one.why) for one in switching.history(owner, 1)] == [("staff:1", "right again")]


def test_a_document_from_before_there_were_switches_has_everything_on(owner: Connection) -> None:
    row = owner.execute("select programme.feature_on('{}', 'redemption', 7) as on").fetchone()
    assert row == {"on": True}


@pytest.mark.parametrize("share", [0, 1, 37, 99, 100])
def test_the_database_and_the_document_pick_the_same_members(owner: Connection, share: int) -> None:
    turn(owner, "money", on=True, share=share) if share < 100 else None
    features = reading.current(owner, 1).document.features
    rows = owner.execute(
        "select n as member_id, programme.feature_on(v.document, 'money', n) as on"
        " from programme.current(1) v, generate_series(1, 400) n"
    ).fetchall()
    assert [row["on"] for row in rows] == [features.on("money", row["member_id"]) for row in rows]
    assert 400 * share // 100 - 60 <= sum(row["on"] for row in rows) <= 400 * share // 100 + 60


def test_who_has_it_keeps_it_when_more_get_it_and_features_pick_differently() -> None:
    few = {member for member in range(1_000) if in_share("money", member, 20)}
    more = {member for member in range(1_000) if in_share("money", member, 60)}
    assert few < more
    assert few != {member for member in range(1_000) if in_share("personal", member, 20)}


def test_off_is_off_whatever_the_share() -> None:
    features = Features(money=Rollout(on=False, share_percent=100))
    assert not any(features.on("money", member) for member in range(50))


def test_a_search_is_refused_while_it_is_off_also_on_an_earlier_versions_pages(owner: Connection) -> None:
    version = reading.current(owner, 1).version
    words = browsing.Asked(search="lamp")
    browsing.page(owner, 1, version, words)
    turn(owner, "search")
    for one in (version, version + 1):
        with pytest.raises(Refusal) as refused:
            browsing.page(owner, 1, one, words)
        assert refused.value.code == "search-off"
        browsing.page(owner, 1, one, browsing.Asked())

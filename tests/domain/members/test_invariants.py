"""The auditor sees a member without an account, and the other things that must not be."""

from __future__ import annotations

from tests.conftest import TestDatabase
from tests.domain.people import published, somebody


def violated(database: TestDatabase) -> list[str]:
    with database.connect("auditor") as auditor:
        rows = auditor.execute("select name from members.invariants where violations > 0 order by 1").fetchall()
    return [row["name"][:2] for row in rows]


def test_what_must_not_be_is_seen(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as owner:
        published(owner)
        jane = somebody(owner)
        assert violated(fresh_database) == []
        for state in ("applied", "waiting"):
            owner.execute(
                "insert into members.adjustment"
                " values (1, clock.new_id(), %s, 5, null, 'x', null, %s, '', 'a', clock.now())",
                (jane.member_id, state),
            )
        owner.execute("delete from points.member where member_id = %s", (jane.member_id,))
        owner.execute("select points.open_account(1, 999)")
    assert violated(fresh_database) == ["M1", "M2", "M3", "M4"]


def test_points_given_past_the_adjustments_are_seen(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as owner:
        published(owner)
        jane = somebody(owner)
        owner.execute(
            "select points.adjust(1, %s, clock.new_id(), 5, null, 'x', '', 'a', null)",
            (jane.member_id,),
        )
    assert violated(fresh_database) == ["M5"]

"""Time and ids come from the database's clock."""

from __future__ import annotations

from tests.conftest import TestDatabase


def test_an_id_is_a_uuid7_that_carries_its_instant(database: TestDatabase) -> None:
    with database.connect("member_api") as connection:
        row = connection.execute(
            "with minted as (select clock.new_id() as id) select id, clock.instant_of(id) as instant,"
            " clock.now() as now, clock.key_is_fresh(id) as fresh from minted"
        ).fetchone()
    assert row is not None
    assert row["id"].version == 7
    assert abs((row["now"] - row["instant"]).total_seconds()) < 0.002
    assert row["fresh"]


def test_ids_are_unique_and_sort_after_the_first_id_of_their_instant(database: TestDatabase) -> None:
    with database.connect("member_api") as connection:
        row = connection.execute(
            "select count(distinct id) as ids,"
            " bool_and(id >= clock.first_id(date_trunc('hour', clock.now()))) as after,"
            " bool_and(id < clock.first_id(clock.now() + interval '1 second')) as before"
            " from (select clock.new_id() as id from generate_series(1, 5000)) minted"
        ).fetchone()
    assert row == {"ids": 5000, "after": True, "before": True}


def test_a_key_older_than_two_days_or_from_the_future_is_not_fresh(fresh_database: TestDatabase) -> None:
    with fresh_database.connect("member_api") as connection:
        minted = connection.execute("select clock.new_id() as id").fetchone()
        assert minted is not None
        fresh_database.shift_clock("49 hours")
        assert connection.execute("select clock.key_is_fresh(%s) as fresh", (minted["id"],)).fetchone() == {
            "fresh": False
        }
        fresh_database.shift_clock("-50 hours")
        assert connection.execute("select clock.key_is_fresh(%s) as fresh", (minted["id"],)).fetchone() == {
            "fresh": False
        }

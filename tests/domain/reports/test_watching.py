"""What must wake somebody is measured: months without a partition, months that do not close, posting that stopped."""

from __future__ import annotations

import psycopg
import pytest

from loyalty.points import closing
from loyalty.reports.watching import Watched, watch
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.reports.conftest import Books


def test_all_is_well_while_the_sweeper_works(books: Books, fresh_database: TestDatabase) -> None:
    books.buy(books.member(), 10)
    books.post()
    books.roll_up()
    with fresh_database.connect("sweeper") as sweeper:
        assert watch(sweeper) == Watched(0, 0, 0, 0, 0)


def test_a_missing_month_is_seen_two_months_before_it_is_needed(books: Books) -> None:
    books.connection.execute("alter table points.journal detach partition points.journal_202705")
    assert watch(books.connection).months_missing == 1
    books.connection.execute("drop table points.journal_202705")
    books.connection.execute("call points.ensure_partitions()")
    assert watch(books.connection).months_missing == 0
    books.connection.execute("alter table points.journal detach partition points.journal_202706")
    assert watch(books.connection).months_missing == 0  # the sweeper has time until it is the next but one
    books.connection.execute("update clock.setting set shift = shift + interval '45 days'")
    assert watch(books.connection).months_missing == 1


def test_a_month_without_a_partition_takes_no_points(books: Books) -> None:
    member = books.member()
    books.buy(member, 10)
    books.connection.execute("update clock.setting set shift = shift + interval '5 months'")
    with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
        books.buy(member, 10)
    books.connection.execute("call points.ensure_partitions()")
    books.buy(member, 10)


def test_posting_that_stopped_is_seen_by_its_oldest_row(books: Books, fresh_database: TestDatabase) -> None:
    member = books.member()
    with fresh_database.owner() as hanging:
        hanging.execute("begin")
        hanging.execute("select pg_current_xact_id()")
        books.buy(member, 10)
        books.turn_clock("20 minutes")
        books.buy(member, 10)
        closing.roll_up(books.connection)
        books.connection.execute("select reports.post(1000)")
        found = watch(books.connection)
        assert 1200 <= found.unposted_seconds < 1300
        assert 1200 <= found.unrolled_seconds < 1300
        hanging.execute("rollback")
    books.post()
    books.roll_up()
    assert watch(books.connection) == Watched(0, 0, 0, 0, 0)


def test_a_month_that_does_not_close_is_late_and_one_that_does_not_add_up_refused(books: Books) -> None:
    member = books.member()
    books.buy(member, 10)
    books.roll_up()
    books.turn_clock("23 days")  # 2 April
    assert watch(books.connection).closes_late == 1
    books.connection.execute("alter table points.journal disable trigger user")
    books.connection.execute("update points.journal set actor = 'x'")
    with pytest.raises(closing.MonthRefusedError, match="1/2027-03"):
        closing.close_months(books.connection)
    found = watch(books.connection)
    assert (found.closes_late, found.closes_refused) == (1, 1)
    books.connection.execute("update points.journal set actor = 'test'")
    books.connection.execute("alter table points.journal enable trigger user")
    books.turn_clock("2 hours")
    assert closing.close_months(books.connection) == 1
    found = watch(books.connection)
    assert (found.closes_late, found.closes_refused) == (0, 0)
    assert Book(books.connection).violations() == {}

"""A month is closed once, with every member's balance, and only if it follows from the one before."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from loyalty.points import closing
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.points.test_rollup import some_history


def month(book: Book, back: int = 1) -> date:
    value = book.value(
        "select (date_trunc('month', points.today(1)::timestamp) - make_interval(months => %s))::date", back
    )
    return date.fromisoformat(str(value))


def next_month(book: Book, *, alone: bool = True) -> None:
    book.turn_clock(
        str(book.value("select date_trunc('month', clock.now()) + interval '1 month 2 hours' - clock.now()"))
    )
    if alone:
        book.roll_up()
    else:
        closing.roll_up(book.connection)


def close(book: Book, which: date) -> str:
    return str(book.value("select points.close_month(1, %s, 'test')", which))


def snapshot(book: Book, which: date, member: int) -> dict[str, Any]:
    row = book.connection.execute(
        "select available, held, pending, debt, sequence from points.month_balance"
        " where program_id = 1 and month = %s and member_id = %s",
        (which, member),
    ).fetchone()
    assert row is not None
    return row


def test_every_members_balance_at_the_end_of_the_month_is_kept(fresh_book: Book) -> None:
    book = fresh_book
    rich, idle = book.member((None, 100)), book.member()
    book.hold(rich, 30)
    next_month(book)
    book.accrue(rich, 5)
    book.roll_up()
    assert close(book, month(book)) == "closed"
    assert snapshot(book, month(book), rich) == {"available": 70, "held": 30, "pending": 0, "debt": 0, "sequence": 2}
    assert snapshot(book, month(book), idle)["sequence"] == 0
    row = book.connection.execute("select * from points.month_close").fetchone()
    assert row is not None
    assert (row["members"], row["entries"], row["available"], row["held"]) == (2, 2, 70, 30)
    assert len(row["head"]) == 32


def test_months_close_one_after_the_other_over_any_history(fresh_book: Book) -> None:
    book = fresh_book
    for seed in range(4):
        some_history(book, seed, 30)
        next_month(book)
    closed = []
    while done := closing.close_months(book.connection):
        closed.append(done)
    months = int(book.value("select count(*) from points.month_close where state = 'closed'"))
    assert months == sum(closed) >= 4
    rows = book.value("select sum(entries) from points.month_close")
    assert rows == book.value(
        "select count(*) from points.journal where created_at < (select max(until) from points.month_close)"
    )


def test_a_closed_month_stays_as_it_is(fresh_book: Book) -> None:
    book = fresh_book
    book.member((None, 100))
    next_month(book)
    assert close(book, month(book)) == "closed"
    assert close(book, month(book)) == "already_closed"
    for change in (
        "update points.month_balance set available = 1",
        "delete from points.month_balance",
        "truncate points.month_balance",
        "update points.month_close set available = 1",
        "delete from points.month_close",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            book.connection.execute(change.encode())


def test_a_month_is_not_closed_before_its_end_nor_before_the_one_before_it(fresh_book: Book) -> None:
    book = fresh_book
    book.member((None, 100))
    assert close(book, month(book, 0)) == "too_early"
    next_month(book)
    next_month(book)
    assert close(book, month(book)) == "earlier_open"
    assert close(book, month(book, 2)) == "closed"
    assert close(book, month(book)) == "closed"


def test_a_month_with_a_transaction_under_way_waits(fresh_book: Book, fresh_database: TestDatabase) -> None:
    book = fresh_book
    member = book.member((None, 100))
    with fresh_database.owner() as slow:
        slow.execute("begin")
        slow.execute("select pg_current_xact_id()")
        book.accrue(member, 1)
        next_month(book, alone=False)
        assert close(book, month(book)) == "not_rolled_up"
        slow.execute("rollback")
    book.roll_up()
    assert close(book, month(book)) == "closed"


TAMPERING = {
    "update points.journal set amount = amount + 1 where sequence = 1": {"chain", "sums", "rollup"},
    "update points.journal set actor = 'x' where sequence = 2": {"chain"},
    "delete from points.journal where sequence = 1": {"chain", "sums", "rollup"},
    "update points.journal set available_after = 1 where sequence = 2": {"chain", "sums", "rollup"},
}


@pytest.mark.parametrize("tampering", TAMPERING)
def test_a_month_that_does_not_add_up_is_refused_and_says_why(fresh_database: TestDatabase, tampering: str) -> None:
    with fresh_database.owner() as connection:
        book = Book(connection)
        member = book.member((None, 100))
        book.hold(member, 10)
        next_month(book)
        connection.execute("alter table points.journal disable trigger user")
        connection.execute(tampering.encode())
        connection.execute("alter table points.journal enable trigger user")
        assert close(book, month(book)) == "refused"
        found = book.value("select violations from points.month_close where state = 'refused'")
        assert set(found) <= TAMPERING[tampering]
        assert "chain" in found
        assert book.value("select count(*) from points.month_balance") == 0
        assert closing.close_months(connection) == 0  # not again within the hour
        book.turn_clock("61 minutes")
        with pytest.raises(closing.MonthRefusedError, match="1/"):
            closing.close_months(connection)


def test_a_month_refused_once_closes_when_it_is_right_again(fresh_book: Book) -> None:
    book = fresh_book
    book.member((None, 100))
    next_month(book)
    book.connection.execute("update points.rollup set amount = amount + 1")
    assert close(book, month(book)) == "refused"
    book.connection.execute("update points.rollup set amount = amount - 1")
    assert close(book, month(book)) == "closed"


def test_the_sweeper_closes_months_by_itself(fresh_database: TestDatabase, fresh_book: Book) -> None:
    fresh_book.member((None, 100))
    next_month(fresh_book)
    with fresh_database.connect("sweeper") as connection:
        assert closing.close_months(connection) == 1
        assert closing.close_months(connection) == 0


def test_without_its_partition_nothing_is_written_in_a_month_and_with_it_all_goes_on(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((None, 10))
    book.connection.execute("update clock.setting set shift = interval '4 months 3 days'")
    for operation in (lambda: book.hold(member, 1), lambda: book.accrue(member, 1), lambda: book.adjust(member, 1)):
        with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
            operation()
    assert book.row(member)["version"] == 1
    book.connection.execute("call points.ensure_partitions()")
    assert book.hold(member, 1).done


def test_a_closed_month_can_be_verified_again_and_tampering_is_found(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((None, 100))
    next_month(book)
    which = month(book)
    assert closing.verify(book.connection, 1, which) is None
    assert close(book, which) == "closed"
    book.hold(member, 30)  # what comes later changes nothing
    assert closing.verify(book.connection, 1, which) == {}
    assert [(row["month"], row["state"]) for row in closing.closes(book.connection, 1)] == [(which, "closed")]
    assert closing.closes(book.connection, 2) == []
    for table, change, undo, rules in (
        ("points.month_balance", "available = 99", "available = 100", {"sums", "rollup", "head"}),
        ("points.month_close", "head = '\\x00'", "head = (select sha256(int8send(member_id) || chain)"
         " from points.month_balance)", {"head"}),
        ("points.journal", "actor = 'x'", "actor = 'test'", {"chain"}),
    ):  # fmt: skip
        book.connection.execute(f"alter table {table} disable trigger user".encode())
        narrowed = " where sequence = 1" if table == "points.journal" else ""
        book.connection.execute(f"update {table} set {change}{narrowed}".encode())
        assert set(closing.verify(book.connection, 1, which) or ()) == rules, table
        book.connection.execute(f"update {table} set {undo}{narrowed}".encode())
        assert closing.verify(book.connection, 1, which) == {}
        book.connection.execute(f"alter table {table} enable trigger user".encode())

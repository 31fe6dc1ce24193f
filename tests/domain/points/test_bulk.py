"""Many accruals at once follow the same rules, each for itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from loyalty.points import ledger
from loyalty.points.ledger import Accrual, Status
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book


def accrual(book: Book, member_id: int, amount: int = 10, days: int | None = 90) -> Accrual:
    op_id = book.new_id()
    return Accrual(
        member_id=member_id,
        op_id=op_id,
        amount=amount,
        expires_on=None if days is None else book.day(days),
        occurred_at=book.now(),
        partner="shop",
        partner_reference=f"basket-{op_id}",
        funder="shop",
        unit_cost_micros=5000,
    )


def accrue_many(book: Book, *accruals: Accrual) -> list[Status]:
    return ledger.accrue_many(book.connection, 1, "shop", "shop", 5000, "importer", accruals)


def test_rows_are_answered_in_their_order_and_a_bad_one_leaves_the_others_alone(book: Book) -> None:
    one, two = book.member(), book.member()
    rows = [
        accrual(book, two, 5),
        accrual(book, one, 0),
        accrual(book, -1),
        accrual(book, one, 7, days=-1),
        accrual(book, one, 2**64),
        accrual(book, one, 11),
        accrual(book, one, 13, days=None),
    ]
    statuses = accrue_many(book, *rows)
    invalid, ok = Status.INVALID, Status.OK
    assert statuses == [ok, invalid, Status.UNKNOWN_MEMBER, invalid, invalid, ok, ok]
    assert book.lots(one) == {book.day(90): 11, None: 13}
    assert book.lots(two) == {book.day(90): 5}


def test_rows_known_from_before_or_from_the_same_file_are_replays_or_key_reuse(book: Book) -> None:
    member, other = book.member(), book.member()
    first = accrual(book, member)
    twin = replace(first, op_id=book.new_id())
    different = replace(first, op_id=book.new_id(), amount=11)
    elsewhere = replace(first, op_id=book.new_id(), member_id=other)
    # References are taken in their order.
    same_key = replace(first, partner_reference=f"{first.partner_reference}-later")
    statuses = accrue_many(book, first, twin, different, elsewhere, same_key)
    assert statuses == [Status.OK, Status.REPLAY, Status.KEY_REUSE, Status.KEY_REUSE, Status.KEY_REUSE]
    assert accrue_many(book, twin, different) == [Status.REPLAY, Status.KEY_REUSE]
    assert accrue_many(book, first, first) == [Status.REPLAY, Status.REPLAY]
    assert ledger.accrue(book.connection, 1, first, "partner").status is Status.REPLAY
    assert book.row(member) == {"available": 10, "held": 0, "pending": 0, "debt": 0, "version": 1}


def test_a_key_of_another_operation_is_key_reuse(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.hold(member, 10).op_id
    assert accrue_many(book, replace(accrual(book, member), op_id=hold)) == [Status.KEY_REUSE]


def test_bulk_points_pay_debt_first(book: Book) -> None:
    member, basket = book.member(), f"basket-{book.new_id()}"
    book.accrue(member, 20, reference=basket)
    book.hold(member, 17)
    book.reverse(basket, 20)
    assert book.row(member)["debt"] == 17
    assert accrue_many(book, accrual(book, member, 15), accrual(book, member, 15)) == [Status.OK] * 2
    assert book.row(member)["debt"] == 0
    assert book.lots(member) == {book.day(90): 13}


def test_bulk_points_find_lapsed_ones_gone(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member()
    first = accrual(book, member, 10, days=1)
    assert accrue_many(book, first) == [Status.OK]
    book.turn_clock("3 days")
    assert accrue_many(book, first, accrual(book, member, 5)) == [Status.REPLAY, Status.OK]
    assert [row["kind"] for row in book.journal(member)] == ["accrue", "expire", "accrue"]
    assert book.lots(member) == {book.day(90): 5}


def test_more_than_a_member_can_have_is_invalid(book: Book) -> None:
    member = book.member((None, 2**53 - 10))
    statuses = accrue_many(book, accrual(book, member, 5), accrual(book, member, 5))
    assert sorted(statuses) == [Status.INVALID, Status.OK]


def test_an_empty_file_is_fine(book: Book) -> None:
    assert accrue_many(book) == []


def test_a_thousand_rows_as_the_importer(book: Book, database: TestDatabase) -> None:
    members = [book.member() for _ in range(20)]
    rows = [accrual(book, members[i % 20], 1 + i, days=30 * (i % 5) + 30) for i in range(1000)]
    with database.connect("importer") as connection:
        assert set(ledger.accrue_many(connection, 1, "shop", "shop", 5000, "importer", rows)) == {Status.OK}
    assert sum(book.row(member)["available"] for member in members) == sum(range(1, 1001))


def test_bulk_points_wait_for_their_own_day_and_some_not_at_all(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member()
    rows = [
        replace(accrual(book, member, 10), pending_until=book.now() + timedelta(days=7)),
        accrual(book, member, 20),
        replace(accrual(book, member, 30), pending_until=book.now() + timedelta(days=9)),
    ]
    assert accrue_many(book, *rows) == [Status.OK] * 3
    assert accrue_many(book, *rows) == [Status.REPLAY] * 3
    assert book.row(member) == {"available": 20, "held": 0, "pending": 40, "debt": 0, "version": 3}
    book.turn_clock("8 days")
    assert book.value("select points.mature_due(100, 'sweeper')") == 1
    assert (book.row(member)["available"], book.row(member)["pending"]) == (30, 30)
    book.turn_clock("2 days")
    assert book.value("select points.mature_due(100, 'sweeper')") == 1
    assert book.lots(member) == {rows[0].expires_on: 60}

"""What members and staff read is theirs, complete and in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from loyalty.points import ledger
from loyalty.points.ledger import Balance, DebtPolicy, Lot, Reversal, Status
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.points.test_bulk import accrual


def test_a_balance_says_what_can_be_spent_and_what_expires_next(book: Book, database: TestDatabase) -> None:
    soon = book.day(10)
    member = book.member((None, 5), (soon, 100), (book.day(20), 7))
    book.hold(member, 30)
    with database.connect("member_api") as connection:
        assert ledger.balance(connection, 1, member) == Balance(82, 30, 0, 0, 4, soon, 70)
        assert ledger.lots(connection, 1, member) == [Lot(soon, 70), Lot(book.day(20), 7), Lot(None, 5)]
        assert ledger.balance(connection, 2, member) is None
        assert ledger.lots(connection, 2, member) == []
        assert ledger.statement(connection, 2, member) == []


def test_an_empty_account_has_a_balance_of_nothing(book: Book) -> None:
    assert ledger.balance(book.connection, 1, book.member()) == Balance(0, 0, 0, 0, 0, None, 0)
    assert ledger.balance(book.connection, 1, -1) is None


def test_what_lapsed_but_is_not_written_off_is_no_balance_and_the_next_day_to_lapse_has_all_its_lots(
    fresh_book: Book,
) -> None:
    book = fresh_book
    member = book.member((book.day(3), 10), (book.day(5), 20), (book.day(34), 7), (book.day(60), 4))
    hold = book.hold(member, 30).op_id
    book.turn_clock("6 days")
    book.release(member, hold, 20, "member", return_days=28)  # returned until the day that the third lot lapses on
    assert ledger.balance(book.connection, 1, member) == Balance(31, 10, 0, 0, 6, book.day(28), 27)
    book.turn_clock("29 days")
    assert ledger.balance(book.connection, 1, member) == Balance(4, 10, 0, 0, 6, book.day(25), 4)
    book.turn_clock("29 days")
    assert ledger.balance(book.connection, 1, member) == Balance(0, 10, 0, 0, 6, None, 0)


def test_points_without_expiry_never_expire_next(book: Book) -> None:
    assert ledger.balance(book.connection, 1, book.member((None, 5))) == Balance(5, 0, 0, 0, 1, None, 0)


def test_a_statement_is_paged_newest_first_without_gap_or_repeat(book: Book) -> None:
    member = book.member(*[(None, amount) for amount in range(1, 26)])
    seen: list[int] = []
    before = None
    while page := ledger.statement(book.connection, 1, member, before, 10):
        seen += [line.sequence for line in page]
        before = page[-1].sequence
    assert seen == list(range(25, 0, -1))


def test_a_statement_says_when_where_and_from_which_lots(book: Book) -> None:
    member = book.member()
    earned = accrual(book, member, 100)
    ledger.accrue(book.connection, 1, earned, "partner")
    book.hold(member, 40)
    held, accrued = ledger.statement(book.connection, 1, member)
    assert (accrued.kind, accrued.amount, accrued.available_after) == ("accrue", 100, 100)
    assert (accrued.partner, accrued.partner_reference) == ("shop", earned.partner_reference)
    assert accrued.occurred_at == earned.occurred_at
    assert (held.kind, held.amount, held.available_after, held.held_after) == ("hold", -40, 60, 40)
    assert held.lots == [{"expires_on": book.day(90).isoformat(), "amount": 40}]
    assert (accrued.available_change, held.available_change) == (100, -40)


def test_a_statement_says_what_each_row_made_of_the_available_points_and_whose_hold_it_was(book: Book) -> None:
    member = book.member()
    ledger.accrue(book.connection, 1, accrual(book, member, 100), "partner")
    hold = book.hold(member, 40).op_id
    book.call("settle", 1, member, book.new_id(), hold, 30, "test")
    book.call("release", 1, member, book.new_id(), hold, 10, "ours", 30, "test")
    told = [(row.kind, row.available_change, row.hold) for row in ledger.statement(book.connection, 1, member)]
    assert told == [("release", 10, hold), ("settle", 0, hold), ("hold", -40, hold), ("accrue", 100, None)]


def test_the_typed_calls_of_the_doors_work_as_their_roles(book: Book, database: TestDatabase) -> None:
    member = book.member()
    earned = accrual(book, member, 100)
    reversal = Reversal(book.new_id(), "shop", earned.partner_reference, "return-1", 30, DebtPolicy.DEBT)
    with database.connect("partner_api") as connection:
        assert ledger.accrue(connection, 1, earned, "partner").done
        assert ledger.reverse_accrual(connection, 1, reversal, "partner").available == 70
        assert ledger.reverse_accrual(connection, 1, reversal, "partner").status is Status.REPLAY
        too_much = replace(accrual(book, member), amount=2**70)
        assert ledger.accrue(connection, 1, too_much, "partner").status is Status.INVALID


def test_two_requests_have_the_same_hash_only_if_they_are_the_same() -> None:
    instant = datetime(2026, 11, 22, 12, tzinfo=UTC)
    elsewhere = instant.astimezone(timezone(timedelta(hours=5)))
    key = UUID("01a20162-ba41-70e8-8fff-2f5338f98642")
    first = ledger.request_hash("accrue", {"a": 1, "b": instant, "c": key})
    assert first == ledger.request_hash("accrue", {"c": key, "b": elsewhere, "a": 1})
    for other in ({"a": "1", "b": instant, "c": key}, {"a": 1, "b": instant}, {"a": 2, "b": instant, "c": key}):
        assert ledger.request_hash("accrue", other) != first
    assert ledger.request_hash("adjust", {"a": 1, "b": instant, "c": key}) != first

"""A statement in parts, at any instant, and by kind and time: it is always the journal that speaks."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.points import ledger
from loyalty.points.ledger import BalanceAt
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book


def busy_member(book: Book, rows: int, seed: int) -> int:
    """A member with that many operations at uneven times, some booked out of order as waiting ones are."""
    chance = random.Random(seed)
    member = book.member((None, 10_000))
    for _ in range(rows):
        shift = chance.choice(["0", "1 second", "90 seconds", "2 hours", "1 day", "-200 seconds", "-30 seconds"])
        book.turn_clock(shift)
        hold = book.hold(member, chance.randint(1, 5)).op_id
        if chance.random() < 0.6:
            book.release(member, hold, 1)
    return member


def replayed(rows: list[dict[str, Any]], at: datetime) -> BalanceAt:
    """The journal from its beginning to the first row booked after the instant."""
    now = {1: 0, 2: 0, 3: 0, 4: 0}
    sequence, chain = 0, b""
    for row in rows:
        if row["created_at"] > at:
            break
        for account, amount in ((row["dr"], -row["amount"]), (row["cr"], row["amount"])):
            if account in now:
                now[account] += amount
        sequence, chain = row["sequence"], row["chain"]
    return BalanceAt(now[1], now[2], now[3], -now[4], sequence, chain)


@pytest.mark.parametrize("lengths", [(0, 1, 12, 19, 20, 21, 40, 150), pytest.param((600,), marks=pytest.mark.large)])
def test_the_balance_of_any_instant_is_the_replay_of_the_journal_until_then(
    fresh_book: Book, lengths: tuple[int, ...]
) -> None:
    book = fresh_book
    chance = random.Random(15)
    for length in lengths:
        member = busy_member(book, length, seed=length)
        rows = book.journal(member)
        first, last = rows[0]["created_at"], max(row["created_at"] for row in rows)
        instants = [chance.choice(rows)["created_at"] + timedelta(seconds=chance.randint(-1, 1)) for _ in range(30)]
        instants += [first + (last - first) * chance.random() for _ in range(30)]
        instants += [first - timedelta(days=9), last + timedelta(days=9), first, last]
        for at in instants:
            assert ledger.balance_at(book.connection, 1, member, at) == replayed(rows, at), at


def test_a_balance_before_everything_is_nothing_and_nobody_has_none(book: Book) -> None:
    assert ledger.balance_at(book.connection, 1, book.member(), book.now()) == BalanceAt(0, 0, 0, 0, 0, b"")
    assert ledger.balance_at(book.connection, 1, -1, book.now()) is None
    assert ledger.balance_at(book.connection, 2, book.member((None, 5)), book.now()) is None


def test_the_balance_now_is_the_last_rows(book: Book) -> None:
    member = book.member((None, 5), (None, 7))
    last = book.journal(member)[-1]
    now = ledger.balance_at(book.connection, 1, member, book.now())
    assert now == BalanceAt(12, 0, 0, 0, last["sequence"], last["chain"])


def test_a_statement_is_filtered_by_kind_and_pages_stay_full(book: Book) -> None:
    member = book.member(*[(None, amount) for amount in range(1, 13)])
    for _ in range(12):
        book.hold(member, 1)
    page = ledger.statement(book.connection, 1, member, None, 10, kinds=["accrue"])
    assert [line.sequence for line in page] == list(range(12, 2, -1))
    rest = ledger.statement(book.connection, 1, member, page[-1].sequence, 10, kinds=["accrue"])
    assert [line.sequence for line in rest] == [2, 1]
    both = ledger.statement(book.connection, 1, member, None, 100, kinds=["accrue", "hold"])
    assert len(both) == 24
    assert ledger.statement(book.connection, 1, member, kinds=["settle"]) == []


def test_a_statement_is_filtered_by_when_it_happened_not_by_when_it_was_booked(book: Book) -> None:
    member, now = book.member(), book.now()
    for days in (30, 20, 10):
        key = book.new_id()
        book.call(
            "accrue", 1, member, key, days, None, now - timedelta(days=days), "shop", str(key), "shop", 0, b"x", "test"
        )
    happened = {
        days: [line.amount for line in ledger.statement(book.connection, 1, member, **bounds)]
        for days, bounds in {
            "all": {},
            "from": {"from_": now - timedelta(days=20)},
            "to": {"to": now - timedelta(days=20)},
            "both": {"from_": now - timedelta(days=25), "to": now - timedelta(days=15)},
            "none": {"from_": now},
        }.items()
    }
    assert happened == {"all": [10, 20, 30], "from": [10, 20], "to": [30], "both": [20], "none": []}


def test_the_doors_read_a_past_balance_of_their_own_programme_only(book: Book, database: TestDatabase) -> None:
    member = book.member((None, 5))
    with database.connect("member_api") as connection:
        mine = ledger.balance_at(connection, 1, member, book.now())
        assert mine is not None
        assert mine.available == 5
        assert ledger.balance_at(connection, 2, member, book.now()) is None

"""Figures of this moment are the books' and the ledger's; the past can be worked out again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from loyalty.reports import position
from loyalty.reports.rates import AccountingModel
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.reports import reference
from tests.domain.reports.conftest import NOON, Books
from tests.domain.reports.test_books import FIRST, TODAY, expected, random_history

RATE = reference.Rate(date(2027, 1, 1), 4000, 2000, 3000, (8000, 7500, 6000))


def now(books: Books) -> position.Position:
    return position.position(books.connection, 1)


def account(found: position.Position, name: str) -> tuple[int, int]:
    """(exact micros, posted minor)."""
    (one,) = [one for one in found.accounts if one["account"] == name]
    return one["balance_micros"], one["balance_minor"]


def test_the_position_has_what_was_committed_a_moment_ago(books: Books) -> None:
    books.rate(accounts={"deferred_revenue": "2400"})
    member = books.member()
    books.buy(member, 1000)
    books.redeem(member, 400)
    found = now(books)  # nobody has posted anything
    assert account(found, "deferred_revenue") == (-2_000_000, -200)
    assert account(found, "redemption_revenue") == (-1_600_000, -160)
    assert account(found, "redeemed_undelivered") == (0, 0)
    assert account(found, "redemption_liability") == (-1_440_000, -144)  # 600 × 0.003 × 80 %
    assert account(found, "rewards_payable") == (-1_200_000, -120)
    assert [one["code"] for one in found.accounts if one["account"] == "deferred_revenue"] == ["2400"]
    assert (found.waiting, found.ledger_points, found.books_points) == (0, 600, 600)
    assert position.agreement(found) == "agrees"
    assert found.lot_months == [
        {
            "lot_month": "2027-03-01", "funder": "brand", "net": 1000, "redeemed": 400, "lapsed": 0, "outstanding": 600,
            "expected": 400, "deferred_micros": 2_000_000, "cost_micros": 1_440_000,
        }
    ]  # fmt: skip


def test_a_transaction_that_still_runs_delays_no_figure_and_is_counted_once_later(
    books: Books, fresh_database: TestDatabase
) -> None:
    books.rate()
    first, second = books.member(), books.member()
    with fresh_database.owner() as slow:
        slow.execute("begin")
        Book(slow).accrue(first, 5)
        books.buy(second, 7)
        assert (now(books).books_points, now(books).ledger_points) == (7, 7)
        slow.execute("commit")
    assert (now(books).books_points, now(books).waiting) == (12, 0)
    books.post()
    assert now(books).books_points == 12


def test_too_much_that_waits_is_said_and_not_posted(books: Books) -> None:
    books.rate()
    books.buy(books.member(), 7)
    books.connection.execute("select reports.catch_up(1, 0)")
    assert books.value("select waiting from reports.state(1)") == 1
    figures = books.connection.execute("select * from reports.points_now(1)").fetchone()
    assert figures == {"ledger": 7, "owed": 0, "books": 0}


@pytest.mark.parametrize("seed", [3, 31])
def test_over_any_history_the_position_is_points_times_rates(books: Books, seed: int) -> None:
    books.rate()
    random_history(books, seed, 100, locking=True)
    found = now(books)
    assert position.agreement(found) == "agrees"
    for model, name, debits, credits in (
        (AccountingModel.DEFERRED_REVENUE, "deferred_revenue", (*reference.TAKEN, "redeemed", "breakage"),
         ("opened", "granted", "restored")),
        (AccountingModel.REDEMPTION_COST, "redemption_liability", ("used",), ("estimated", "restored")),
    ):  # fmt: skip
        sums = expected(books, model, [RATE], books.today())
        exact = sum(micros for (event, _), micros in sums.items() if event in debits) - sum(
            micros for (event, _), micros in sums.items() if event in credits
        )
        # `expected` leaves out what is below a cent.
        assert abs(account(found, name)[0] - exact) < 10_000 * 3 * 8
    left = {"deferred": "deferred_micros", "cost": "cost_micros"}
    totals = {what: sum(one[field] for one in found.lot_months) for what, field in left.items()}
    assert -totals["deferred"] == account(found, "deferred_revenue")[0]
    assert -totals["cost"] == account(found, "redemption_liability")[0]
    liability = position.liability(books.connection, 1)
    assert sum(month["points"] for month in liability.months) == liability.books_points == found.books_points
    assert sum(month["deferred_minor"] for month in liability.months) == totals["deferred"] // 10_000
    assert sum(month["cost_minor"] for month in liability.months) == totals["cost"] // 10_000
    assert liability.owed_points == books.value("select sum(debt) from points.member")


def test_the_liability_is_by_the_month_in_which_points_lapse(books: Books) -> None:
    books.rate()
    member = books.member()
    books.buy(member, 300, expires_on=date(2027, 4, 10))
    books.buy(member, 200, expires_on=date(2027, 4, 30))
    books.buy(member, 100, pending_until=NOON + timedelta(days=9), expires_on=date(2028, 1, 31))
    books.buy(member, 50, datetime(2027, 1, 1, tzinfo=UTC))
    books.hold(member, 250)
    found = position.liability(books.connection, 1)
    assert found.months == [
        {"month": "2027-04-01", "points": 500, "deferred_minor": 200, "cost_minor": 120},
        {"month": "2028-01-01", "points": 100, "deferred_minor": 40, "cost_minor": 24},
        {"month": None, "points": 50, "deferred_minor": 20, "cost_minor": 9},
    ]
    assert position.agreement(found) == "agrees"


def test_without_a_rate_there_are_points_and_no_money(books: Books) -> None:
    books.buy(books.member(), 300, expires_on=date(2027, 4, 10))
    assert now(books).accounts == []
    assert (now(books).currency, now(books).books_points) == (None, 300)
    (month,) = position.liability(books.connection, 1).months
    assert month == {"month": "2027-04-01", "points": 300, "deferred_minor": None, "cost_minor": None}


def test_locked_days_can_be_worked_out_again_to_the_same_hash(books: Books) -> None:
    books.rate()
    books.rate(applies_from=date(2027, 2, 1), point_value_micros=5153, breakage_basis_points=1733)
    random_history(books, 32, 120, locking=True)
    last = books.today() - timedelta(days=1)
    days: list[Any] = []
    for first in (date(2026, 12, 15), *(date(2027, month, 1) for month in range(1, 8))):
        days += position.verify(books.connection, 1, first, min(last, first + timedelta(days=30)))
    assert len(days) > 20
    assert all(day.unaltered and day.reproduced for day in days)


def test_an_altered_line_and_an_altered_movement_are_told_apart(books: Books) -> None:
    books.rate()
    books.buy(books.member(), 1000, NOON - timedelta(days=20))
    books.lock(date(2027, 2, 28))
    day = TODAY - timedelta(days=20)

    def verified() -> tuple[bool, bool]:
        (found,) = position.verify(books.connection, 1, day, day)
        return found.unaltered, found.reproduced

    assert verified() == (True, True)
    for table, change, undo, what in (
        ("line", "credit_code = 'elsewhere'", "credit_code = 'deferred_revenue'", (False, True)),
        ("movement", "points = 999", "points = 1000", (True, False)),
    ):
        books.connection.execute(f"alter table reports.{table} disable trigger user".encode())
        books.connection.execute(f"update reports.{table} set {change}".encode())
        assert verified() == what
        books.connection.execute(f"update reports.{table} set {undo}".encode())
    assert position.verify(books.connection, 1, FIRST, date(2026, 12, 31)) == []

"""A locked day never changes; what comes late counts on the next open one; the same points have the same hash."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from loyalty.refusal import Refusal
from loyalty.reports import journal, rates
from tests.conftest import TestDatabase, _clone
from tests.domain.reports.conftest import NOON, Books, proposal
from tests.domain.reports.test_books import FIRST, TODAY, random_history

YESTERDAY = TODAY - timedelta(days=1)
FEBRUARY = date(2027, 2, 28)


def test_a_late_event_leaves_locked_days_alone_and_counts_on_the_first_open_day(books: Books) -> None:
    books.rate()
    member = books.member()
    books.buy(member, 1000, NOON - timedelta(days=20))
    books.lock(FEBRUARY)
    before = books.read(FIRST, FEBRUARY)
    books.buy(member, 500, NOON - timedelta(days=20))
    books.post()
    assert books.read(FIRST, FEBRUARY) == before
    late = books.read(FEBRUARY + timedelta(days=1), TODAY)["days"]
    assert [(day["day"], day["lines"][0]["amount_minor"]) for day in late] == [("2027-03-01", 200)]
    month = books.value("select lot_month from reports.movement where day = '2027-03-01'")
    assert month == date(2027, 2, 1)  # the purchase keeps its month, and so its rate


def test_not_even_the_owner_changes_a_locked_day(books: Books) -> None:
    books.rate()
    books.buy(books.member(), 1000, NOON - timedelta(days=20))
    books.lock(FEBRUARY)
    for change in (
        "update reports.movement set points = 1",
        "delete from reports.movement",
        "insert into reports.movement values (1, '2027-02-01', 'x', '2027-02-01', 'opened', 1)",
        "update reports.funding set issued = 1",
        "update reports.day set lines = 0",
        "delete from reports.line",
        "truncate reports.line",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation):
            books.connection.execute(change.encode())


def test_a_tampered_day_is_found_out_in_the_database_and_in_the_file(books: Books) -> None:
    books.rate()
    books.buy(books.member(), 1000, NOON - timedelta(days=20))
    books.lock(FEBRUARY)
    document = json.loads(journal.to_json(books.read(FIRST, FEBRUARY)))
    assert journal.altered(document) == []
    day = next(day for day in document["days"] if day["lines"])
    day["lines"][0]["amount_minor"] += 1
    assert journal.altered(document) == [day["day"]]
    books.connection.execute("alter table reports.line disable trigger user")
    books.connection.execute("update reports.line set credit_code = 'elsewhere'")
    assert books.broken() == {"B3 locked days are as they were written": 1}
    books.connection.execute("update reports.line set credit_code = 'deferred_revenue'")


@pytest.mark.large
def test_the_same_points_and_rates_have_the_same_hashes_however_they_are_locked(
    books: Books, postgres_port: int
) -> None:
    def hashes(one: Books, steps: Callable[[], None]) -> list[str]:
        one.rate()
        random_history(one, 5, 60)
        steps()
        return [
            day["content_hash"] for day in one.read(FIRST, one.today() - timedelta(days=1))["days"] if day["locked"]
        ]

    def in_steps() -> None:
        books.lock(FEBRUARY)
        books.turn_clock("0")
        books.lock(books.today() - timedelta(days=1))

    first = hashes(books, in_steps)
    clones = _clone(postgres_port)
    other = next(clones)
    with other.owner() as connection:
        again = Books(connection)
        second = hashes(again, lambda: again.lock(again.today() - timedelta(days=1)))
    next(clones, None)
    assert len(first) > 30
    assert first == second


def test_the_journal_is_a_file_with_the_general_ledgers_own_codes(books: Books) -> None:
    books.rate(accounts={"sales": "4000", "deferred_revenue": "2400"})
    books.buy(books.member(), 1001, NOON - timedelta(days=1))
    books.lock(YESTERDAY)
    rows = list(csv.DictReader(io.StringIO(journal.to_csv(books.read(YESTERDAY, YESTERDAY)))))
    assert [(row["debit"], row["credit"], row["amount"], row["currency"], row["state"]) for row in rows] == [
        ("4000", "2400", "4.00", "USD", "locked")
    ]
    assert len(rows[0]["content_hash"]) == 64


@pytest.mark.parametrize(
    ("prepare", "through", "code"),
    [
        (lambda books: books.rate(), TODAY, "too-early"),
        (lambda books: None, YESTERDAY, "no-rate"),
        (lambda books: books.rate(), date(2020, 1, 1), "nothing-to-lock"),
        (lambda books: (books.rate(), books.lock(YESTERDAY)), YESTERDAY, "already-locked"),
    ],
)
def test_what_cannot_be_locked_says_why(
    books: Books, prepare: Callable[[Books], Any], through: date, code: str
) -> None:
    books.buy(books.member(), 10, NOON - timedelta(days=9))
    prepare(books)
    with pytest.raises(Refusal) as refusal:
        books.lock(through)
    assert refusal.value.code == code


def test_years_are_locked_in_steps(books: Books) -> None:
    books.rate()
    books.buy(books.member(), 1000, NOON - timedelta(days=500))
    with pytest.raises(Refusal, match="too-long"):
        books.lock(YESTERDAY)
    books.lock(TODAY - timedelta(days=200))
    books.lock(YESTERDAY)


def test_days_of_a_transaction_that_still_runs_are_not_locked(books: Books, fresh_database: TestDatabase) -> None:
    books.rate()
    member = books.member()
    with fresh_database.owner() as slow:
        slow.execute("begin")
        slow.execute("select pg_current_xact_id()")
        books.buy(member, 10, NOON - timedelta(days=9))
        with pytest.raises(Refusal) as refusal:
            journal.lock(books.connection, 1, YESTERDAY, "finance")
        assert (refusal.value.code, refusal.value.retry_after_seconds) == ("not-posted", 60)
        slow.execute("rollback")
    books.lock(YESTERDAY)


def test_a_rate_needs_two_people(books: Books) -> None:
    version = rates.propose(books.connection, 1, proposal(), "author")
    with pytest.raises(Refusal, match="same-person"):
        rates.approve(books.connection, 1, version, "author")
    rates.approve(books.connection, 1, version, "approver")
    rates.approve(books.connection, 1, version, "approver")
    with pytest.raises(Refusal, match="already-approved"):
        rates.approve(books.connection, 1, version, "third")
    with pytest.raises(Refusal, match="rate-not-found"):
        rates.approve(books.connection, 1, 99, "approver")
    assert [row["approved_by"] for row in rates.versions(books.connection, 1)] == ["approver"]


def test_an_approved_rate_stays_and_later_ones_neither_overtake_nor_change_the_model(books: Books) -> None:
    books.rate(applies_from=date(2027, 2, 1))
    for change in ("update reports.rate set cost_micros = 1", "delete from reports.rate"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            books.connection.execute(change.encode())
    with pytest.raises(Refusal, match="not-after"):
        books.rate(applies_from=date(2027, 2, 1))
    with pytest.raises(Refusal, match="model-changed"):
        books.rate(applies_from=date(2027, 4, 1), accounting_model=rates.AccountingModel.REDEMPTION_COST)
    with pytest.raises(Refusal, match="model-changed"):
        books.rate(applies_from=date(2027, 4, 1), recognise_at=rates.RecogniseAt.DELIVERY)
    books.buy(books.member(), 10, NOON - timedelta(days=9))
    books.lock(YESTERDAY)
    with pytest.raises(Refusal, match="month-locked"):
        books.rate(applies_from=date(2027, 3, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"breakage_basis_points": 10_000},
        {"breakage_basis_points": -1},
        {"curve": ()},
        {"curve": (10_001,)},
        {"applies_from": date(2027, 1, 2)},
        {"sales_micros": 0},
        {"cost_micros": -1},
        {"cost_micros": 2**70},
        {"currency": "usd"},
        {"accounts": {"deferred": "2400"}},
        {"accounts": {"sales": ""}},
        {"accounts": {"sales": "4000\n"}},
        {"accounts": {"sales": 4000}},
    ],
)
def test_a_rate_out_of_bounds_is_refused(books: Books, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="rate-out-of-bounds"):
        rates.propose(books.connection, 1, proposal(**wrong), "author")


def test_the_same_proposal_again_is_the_same_version(books: Books) -> None:
    first = rates.propose(books.connection, 1, proposal(), "author")
    assert rates.propose(books.connection, 1, proposal(), "author") == first
    assert rates.propose(books.connection, 1, proposal(), "somebody else") == first + 1
    assert rates.propose(books.connection, 1, proposal(cost_micros=1), "author") == first + 2
    rates.approve(books.connection, 1, first + 2, "approver")
    assert rates.propose(books.connection, 1, proposal(cost_micros=1), "author") == first + 3


def test_the_deferred_part_is_by_relative_selling_prices_less_breakage(books: Books) -> None:
    version = rates.propose(
        books.connection, 1, proposal(point_value_micros=5000, sales_micros=100_000, breakage_basis_points=2000), "a"
    )
    row = rates.versions(books.connection, 1)[0]
    assert (row["version"], row["deferred_micros"]) == (version, 3846)  # 4000 × 100000 / 104000

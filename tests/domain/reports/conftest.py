"""Books of their own, in programme 1, at noon of 10 March 2027 UTC; all checks hold after each test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from loyalty.database import Connection
from loyalty.points.ledger import Outcome
from loyalty.reports import journal, rates
from loyalty.reports.rates import AccountingModel, Proposal, RecogniseAt
from tests.conftest import TestDatabase
from tests.domain.people import changed_points
from tests.domain.points.conftest import HASH, Book

NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)


class Books(Book):
    """A ledger whose finance works."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.set_clock(NOON)

    def set_clock(self, at: datetime) -> None:
        # One transaction: the clock is its beginning.
        self.connection.execute("update clock.setting set shift = %s::timestamptz - (clock.now() - shift)", (at,))
        self.connection.execute("call points.ensure_partitions()")

    def rate(self, **changes: Any) -> int:
        """An approved version: 4,000 millionths deferred a point unless changed; returns its number."""
        version = rates.propose(self.connection, self.program, proposal(**changes), "author")
        rates.approve(self.connection, self.program, version, "approver")
        return version

    def buy(
        self, member_id: int, amount: int, occurred_at: datetime | None = None, *, funder: str = "brand",
        unit_cost_micros: int = 5000, expires_on: date | None = None, pending_until: datetime | None = None,
    ) -> Outcome:  # fmt: skip
        """An accrual whose reference is its operation's id."""
        op = self.new_id()
        outcome = self.call(
            "accrue", self.program, member_id, op, amount, expires_on, occurred_at or self.now(), "shop", str(op),
            funder, unit_cost_micros, HASH, "test", pending_until,
        )  # fmt: skip
        assert outcome.done
        return outcome

    def transfers_on(self) -> None:
        changed_points(self.connection, transfers_enabled=True, transfer_daily_limit=10**6, time_zone="UTC")

    def give(self, giver: int, receiver: int, amount: int) -> Outcome:
        return self.call("transfer", self.program, giver, receiver, self.new_id(), amount, "test")

    def redeem(self, member_id: int, amount: int) -> UUID:
        held = self.hold(member_id, amount)
        assert self.settle(member_id, held.op_id, amount).done
        return held.op_id

    def deliver(self, redemption_id: UUID, amount: int, delivery_id: UUID | None = None) -> str:
        return str(
            self.value(
                "select reports.deliver(1, %s, %s, %s, clock.now(), 'test')",
                delivery_id or self.new_id(), redemption_id, amount,
            )
        )  # fmt: skip

    def post(self) -> None:
        """What the worker posts once nobody is in its way."""
        self.others_end()
        journal.post(self.connection)

    def lock(self, through: date) -> None:
        self.others_end()
        journal.lock(self.connection, self.program, through, "finance")

    def read(self, first: date, last: date, book: str | None = None) -> dict[str, Any]:
        return journal.read(self.connection, self.program, first, last, book)

    def amounts(self, first: date, last: date, book: str | None = None) -> dict[tuple[str, str, str], int]:
        """Minor units by (event, debit, credit) over a span."""
        found: dict[tuple[str, str, str], int] = {}
        for day in self.read(first, last, book)["days"]:
            for line in day["lines"]:
                key = (line["event"], line["debit_account"], line["credit_account"])
                found[key] = found.get(key, 0) + line["amount_minor"]
        return found

    def broken(self) -> dict[str, int]:
        rows = self.connection.execute("select * from reports.check_books()").fetchall()
        assert len(rows) == 11
        return {row["name"]: row["violations"] for row in rows if row["violations"]}


def proposal(**changes: Any) -> Proposal:
    values: dict[str, Any] = {
        "applies_from": date(2027, 1, 1),
        "accounting_model": AccountingModel.DEFERRED_REVENUE,
        "recognise_at": RecogniseAt.SETTLEMENT,
        "currency": "USD",
        "point_value_micros": 5000,
        "sales_micros": 1_000_000_000_000,  # so large that nothing of the point's value goes to the goods
        "breakage_basis_points": 2000,
        "cost_micros": 3000,
        "curve": (8000, 7500, 6000),
        "note": "test",
    }
    return Proposal(**{**values, **changes})


@pytest.fixture
def books(fresh_database: TestDatabase) -> Iterator[Books]:
    """The books of one test."""
    with fresh_database.owner() as connection:
        books = Books(connection)
        yield books
        books.post()
        assert books.broken() == {}
        assert books.violations() == {}

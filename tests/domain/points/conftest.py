"""A ledger to work on: each test makes members of its own, and the invariants hold after each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from loyalty.database import Connection
from loyalty.points import closing
from loyalty.points.ledger import Outcome, Status
from tests.conftest import TestDatabase
from tests.waiting import others_end

MEMBERS = count(1)
HASH = b"\x01"


class Book:
    """The ledger as its owner calls it (in production the rooms' functions do). One programme, `self.program`."""

    def __init__(self, connection: Connection, program: int = 1) -> None:
        self.connection = connection
        self.program = program

    def value(self, sql: str, *arguments: Any) -> Any:
        row = self.connection.execute(sql.encode(), arguments).fetchone()
        assert row is not None
        return next(iter(row.values()))

    def new_id(self) -> UUID:
        return UUID(str(self.value("select clock.new_id()")))

    def today(self) -> date:
        return self.now().date()

    def now(self) -> datetime:
        return datetime.fromisoformat(str(self.value("select clock.now()"))).astimezone(UTC)

    def day(self, days: int) -> date:
        """A date so many days from today."""
        return self.today() + timedelta(days=days)

    def member(self, *lots: tuple[date | None, int]) -> int:
        """A new member with these lots, given as (last good day, points)."""
        member_id = next(MEMBERS)
        self.connection.execute("select points.open_account(%s, %s)", (self.program, member_id))
        for expires_on, amount in lots:
            assert self.accrue(member_id, amount, expires_on).status is Status.OK
        return member_id

    def call(self, name: str, *arguments: Any) -> Outcome:
        marks = ", ".join(["%s"] * len(arguments))
        row = self.connection.execute(f"select * from points.{name}({marks})".encode(), arguments).fetchone()
        assert row is not None
        return Outcome(Status(row.pop("status")), **row)

    def accrue(
        self,
        member_id: int,
        amount: int,
        expires_on: date | None = None,
        *,
        reference: str | None = None,
        op_id: UUID | None = None,
        request_hash: bytes = HASH,
        pending_until: datetime | None = None,
    ) -> Outcome:
        op_id = op_id or self.new_id()
        return self.call(
            "accrue", self.program, member_id, op_id, amount, expires_on, self.now(), "shop", reference or str(op_id),
            "shop", 5000, request_hash, "test", pending_until,
        )  # fmt: skip

    def hold(
        self, member_id: int, amount: int | None, op_id: UUID | None = None, request_hash: bytes = HASH
    ) -> Outcome:
        lease = self.now() + timedelta(minutes=30)
        return self.call("hold", self.program, member_id, op_id or self.new_id(), amount, lease, request_hash, "test")

    def settle(self, member_id: int, hold_id: UUID, amount: int, op_id: UUID | None = None) -> Outcome:
        return self.call("settle", self.program, member_id, op_id or self.new_id(), hold_id, amount, "test")

    def release(
        self,
        member_id: int,
        hold_id: UUID,
        amount: int,
        caused_by: str = "member",
        op_id: UUID | None = None,
        return_days: int = 30,
    ) -> Outcome:
        return self.call(
            "release", self.program, member_id, op_id or self.new_id(), hold_id, amount, caused_by, return_days, "test"
        )

    def restore(
        self,
        member_id: int,
        hold_id: UUID,
        amount: int | None,
        caused_by: str = "member",
        *,
        event_key: str | None = None,
        op_id: UUID | None = None,
        return_days: int = 30,
    ) -> Outcome:
        op_id = op_id or self.new_id()
        return self.call(
            "restore", self.program, member_id, op_id, hold_id, event_key or str(op_id), amount, caused_by, return_days,
            "test",
        )  # fmt: skip

    def expire(self, member_id: int, op_id: UUID | None = None) -> Outcome:
        return self.call("expire_member", self.program, member_id, op_id or self.new_id(), "test")

    def adjust(
        self,
        member_id: int,
        amount: int,
        expires_on: date | None = None,
        op_id: UUID | None = None,
        request_hash: bytes = HASH,
    ) -> Outcome:
        return self.call(
            "adjust", self.program, member_id, op_id or self.new_id(), amount, expires_on, "goodwill", request_hash,
            "test", "second",
        )  # fmt: skip

    def reverse(
        self,
        reference: str,
        amount: int,
        *,
        reversal: str | None = None,
        policy: str = "debt",
        op_id: UUID | None = None,
        request_hash: bytes = HASH,
    ) -> Outcome:
        op_id = op_id or self.new_id()
        return self.call(
            "reverse_accrual", self.program, op_id, "shop", reference, reversal or str(op_id), amount, policy,
            request_hash, "test",
        )  # fmt: skip

    def others_end(self) -> None:
        """Wait for every transaction that runs now."""
        others_end(self.connection)

    def roll_up(self) -> int:
        """What the worker adds to the daily sums once nobody is in its way."""
        self.others_end()
        return closing.roll_up(self.connection)

    def call_count(self, duty: str) -> int:
        """Run a duty of the sweeper until nothing is left to do; how much it did."""
        total = 0
        while done := self.value(f"select points.{duty}(100, 'test')"):
            total += int(done)
        return total

    def lots(self, member_id: int) -> dict[date | None, int]:
        rows = self.connection.execute("select * from points.lots(%s, %s)", (self.program, member_id)).fetchall()
        return {row["expires_on"]: row["amount"] for row in rows}

    def row(self, member_id: int) -> dict[str, Any]:
        """The member's balances and version as stored."""
        row = self.connection.execute(
            "select available, held, pending, debt, version from points.member"
            " where program_id = %s and member_id = %s",
            (self.program, member_id),
        ).fetchone()
        assert row is not None
        return row

    def journal(self, member_id: int) -> list[dict[str, Any]]:
        """The member's rows, oldest first."""
        return self.connection.execute(
            "select * from points.journal where program_id = %s and member_id = %s order by sequence",
            (self.program, member_id),
        ).fetchall()

    def violations(self) -> dict[str, int]:
        rows = self.connection.execute("select name, violations from points.invariants").fetchall()
        assert len(rows) == 8
        return {row["name"]: row["violations"] for row in rows if row["violations"]}

    def turn_clock(self, interval: str) -> None:
        """Move the database's clock; the journal's months follow."""
        self.connection.execute("update clock.setting set shift = shift + %s::interval", (interval,))
        self.connection.execute("call points.ensure_partitions()")


@pytest.fixture
def book(database: TestDatabase) -> Iterator[Book]:
    """The module's ledger; its clock stands."""
    with database.owner() as connection:
        book = Book(connection)
        yield book
        assert book.violations() == {}


@pytest.fixture
def fresh_book(fresh_database: TestDatabase) -> Iterator[Book]:
    """A ledger of one test, whose clock it may turn."""
    with fresh_database.owner() as connection:
        book = Book(connection)
        yield book
        assert book.violations() == {}

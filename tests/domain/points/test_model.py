"""Any history ends, step by step, as the plain Python ledger says. LEDGER_EXAMPLES=10000 for a long run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from loyalty.points.ledger import Outcome
from tests.conftest import TestDatabase
from tests.domain.points import model
from tests.domain.points.conftest import Book
from tests.domain.points.model import NEVER, Answer

EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "40"))
AMOUNTS = st.integers(-1, 120)
DAYS = st.one_of(st.none(), st.integers(-1, 40))
# These refuse before the member is looked at, so they carry no balances.
BLIND = ("invalid", "unknown_accrual")


def digest(*request: object) -> bytes:
    return hashlib.sha256(repr(request).encode()).digest()


class LedgerMachine(RuleBasedStateMachine):
    """Every rule runs one operation on both ledgers and compares the answers."""

    book: Book
    ops = Bundle("ops")
    accruals = Bundle("accruals")
    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.book.connection.execute("update clock.setting set shift = interval '0'")
        self.member_id = self.book.member()
        self.start = self.book.today()
        self.shift = 0
        self.model = model.Member(self.start)
        self.references: dict[UUID, str] = {}

    def expires_on(self, days: int | None) -> date:
        return NEVER if days is None else self.model.today + timedelta(days=days)

    def compare(self, outcome: Outcome, answer: Answer) -> None:
        status, version, available, held, pending, debt, amount = answer
        assert outcome.status == status
        if status in ("ok", "replay"):
            real = (outcome.version, outcome.available, outcome.held, outcome.pending, outcome.debt, outcome.amount)
            assert real == (version, available, held, pending, debt, amount) or amount == 0
        elif status not in BLIND:
            assert (outcome.version, outcome.held, outcome.pending, outcome.debt) == (version, held, pending, debt)

    def _sql_date(self, expires_on: date) -> date | None:
        return None if expires_on == NEVER else expires_on

    @rule(target=accruals, amount=st.integers(1, 120), days=DAYS, pending=st.booleans())
    def accrue(self, amount: int, days: int | None, pending: bool) -> UUID | None:
        op, expires_on = self.book.new_id(), self.expires_on(days)
        until = self.book.now() + timedelta(days=7) if pending else None
        outcome = self.book.accrue(
            self.member_id, amount, self._sql_date(expires_on), op_id=op, request_hash=digest(amount),
            pending_until=until,
        )  # fmt: skip
        self.compare(outcome, self.model.accrue(op, amount, expires_on, pending))
        return op if op in self.model.accruals else None

    @rule(op=accruals, amount=st.integers(1, 120))
    def accrue_again(self, op: UUID | None, amount: int) -> None:
        if op is None:
            return
        outcome = self.book.accrue(self.member_id, amount, reference=str(op), request_hash=digest(amount))
        self.compare(outcome, self.model.accrue(op, amount, NEVER, False))

    @rule(op=accruals)
    def mature(self, op: UUID | None) -> None:
        if op is None:
            return
        key = self.book.new_id()
        self.compare(self.book.call("mature", 1, self.member_id, key, op, "test"), self.model.mature(key, op))

    @rule(target=ops, op=accruals, amount=AMOUNTS, policy=st.sampled_from(["debt", "write_off"]))
    def reverse(self, op: UUID | None, amount: int, policy: str) -> tuple[str, UUID, UUID, int] | None:
        if op is None:
            return None
        key = self.book.new_id()
        outcome = self.book.reverse(str(op), amount, policy=policy, op_id=key, request_hash=digest(amount))
        self.compare(outcome, self.model.reverse(key, op, amount, policy))
        return None

    @rule(target=holds, amount=AMOUNTS)
    def hold(self, amount: int) -> UUID:
        key = self.book.new_id()
        self.compare(self.book.hold(self.member_id, amount, key, digest(amount)), self.model.hold(key, amount))
        return key

    @rule(hold=holds, amount=AMOUNTS)
    def hold_again(self, hold: UUID, amount: int) -> None:
        self.compare(self.book.hold(self.member_id, amount, hold, digest(amount)), self.model.hold(hold, amount))

    @rule(target=ops, hold=holds, amount=AMOUNTS)
    def settle(self, hold: UUID, amount: int) -> tuple[str, UUID, UUID, int]:
        key = self.book.new_id()
        self.compare(self.book.settle(self.member_id, hold, amount, key), self.model.settle(key, hold, amount))
        return ("settle", key, hold, amount)

    @rule(
        target=ops, hold=holds, amount=AMOUNTS, caused_by=st.sampled_from(["member", "ours"]), days=st.integers(0, 30)
    )
    def release(self, hold: UUID, amount: int, caused_by: str, days: int) -> tuple[str, UUID, UUID, int]:
        key = self.book.new_id()
        outcome = self.book.release(self.member_id, hold, amount, caused_by, key, days)
        self.compare(outcome, self.model.release(key, hold, amount, caused_by, days))
        return (caused_by, key, hold, amount)

    @rule(op=ops, more=st.integers(0, 1))
    def resolve_again(self, op: tuple[str, UUID, UUID, int] | None, more: int) -> None:
        if op is None:
            return
        kind, key, hold, amount = op
        if kind == "settle":
            outcome = self.book.settle(self.member_id, hold, amount + more, key)
            answer = self.model.settle(key, hold, amount + more)
        else:
            outcome = self.book.release(self.member_id, hold, amount + more, kind, key)
            answer = self.model.release(key, hold, amount + more, kind, 30)
        self.compare(outcome, answer)

    @rule()
    def expire(self) -> None:
        key = self.book.new_id()
        self.compare(self.book.expire(self.member_id, key), self.model.expire(key))

    @rule(amount=st.integers(-60, 60), days=DAYS)
    def adjust(self, amount: int, days: int | None) -> None:
        key, expires_on = self.book.new_id(), self.expires_on(days)
        outcome = self.book.adjust(self.member_id, amount, self._sql_date(expires_on), key, digest(amount))
        self.compare(outcome, self.model.adjust(key, amount, expires_on))

    @rule(days=st.integers(1, 20))
    def time_passes(self, days: int) -> None:
        self.shift += days
        self.book.turn_clock(f"{days} days")
        self.model.today = self.start + timedelta(days=self.shift)

    @invariant()
    def both_ledgers_agree(self) -> None:
        row = self.book.row(self.member_id)
        assert (row["available"], row["held"], row["pending"], row["debt"], row["version"]) == (
            self.model.available, self.model.held, self.model.pending, self.model.debt, self.model.version,
        )  # fmt: skip
        stored = self.book.connection.execute(
            "select coalesce(points.lot_expires_on(l.key), %s) as expires_on, not points.lot_extended(l.key) as fresh,"
            " l.amount from points.member m, unnest(m.lot_keys, m.lot_amounts) as l(key, amount)"
            " where m.program_id = 1 and m.member_id = %s",
            (NEVER, self.member_id),
        ).fetchall()
        assert {(lot["expires_on"], lot["fresh"]): lot["amount"] for lot in stored} == self.model.lots

    def teardown(self) -> None:
        assert self.book.violations() == {}


@pytest.fixture(scope="module")
def machine(database: TestDatabase) -> Iterator[type[LedgerMachine]]:
    with database.owner() as connection:
        LedgerMachine.book = Book(connection)
        yield LedgerMachine


def test_any_history_ends_as_the_plain_ledger_says(machine: type[LedgerMachine]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

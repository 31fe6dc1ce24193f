"""Any history of two members, step by step on the SQL and on the plain Python ledger; what fails shrinks."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from psycopg.pq import TransactionStatus

from loyalty.points.ledger import Outcome
from proofs.ledger.calls import minted
from tests.domain.people import changed_points
from tests.domain.points import model
from tests.domain.points.conftest import Book
from tests.domain.points.model import NEVER, Answer

AMOUNTS = st.integers(-1, 120)
DAYS = st.one_of(st.none(), st.integers(-1, 40))
CAUSES = st.sampled_from(["member", "ours"])
# These refuse before the member is looked at, so they carry no balances.
BLIND = ("invalid", "unknown_accrual")
# One instant an example: the clock moves by whole days from here and no example sees midnight pass by itself.
NOON = time(12, tzinfo=UTC)

# The journal's months that exist before the first example: making them takes long, and so does every one too many.
MONTHS_AHEAD = 9
# What a member may give away in a day.
GIVEN_A_DAY = 150


def digest(*request: object) -> bytes:
    return hashlib.sha256(repr(request).encode()).digest()


class StandingBook(Book):
    """A ledger whose clock stands until it is turned: keys and times need not be asked for."""

    instant: datetime

    def new_id(self) -> UUID:
        return minted(int(self.instant.timestamp() * 1000))

    def now(self) -> datetime:
        return self.instant


class LedgerMachine(RuleBasedStateMachine):
    """Every rule runs one operation on both ledgers and compares the answers. `model` is the member whose turn it is.

    An example is a transaction that is rolled back: the next finds the ledger empty, however many came before, and the
    invariants at its end look at nothing but its own rows.
    """

    book: StandingBook
    steps = 0
    ops = Bundle("ops")
    accruals = Bundle("accruals")
    holds = Bundle("holds")
    restored = Bundle("restored")

    def __init__(self) -> None:
        super().__init__()
        self.example = self.book.connection.transaction(force_rollback=True)
        self.example.__enter__()
        noon = datetime.combine(datetime.now(UTC).date(), NOON)
        self.book.connection.execute("update clock.setting set shift = %s - transaction_timestamp()", (noon,))
        self.book.instant = noon
        self.start = noon.date()
        self.shift = 0
        self.member_id, self.other_id = self.book.member(), self.book.member()
        self.model, self.other = model.Member(self.start), model.Member(self.start)
        self.leases: dict[tuple[int, UUID], datetime] = {}

    def expires_on(self, days: int | None) -> date:
        return NEVER if days is None else self.model.today + timedelta(days=days)

    def compare(self, outcome: Outcome, answer: Answer) -> None:
        type(self).steps += 1
        status, version, available, held, pending, debt, amount = answer
        assert outcome.status == status, (outcome, answer)
        real = (outcome.version, outcome.available, outcome.held, outcome.pending, outcome.debt, outcome.amount)
        if status in ("ok", "replay"):
            assert real == (version, available, held, pending, debt, amount) or amount == 0, (outcome, answer)
        elif status not in BLIND:
            assert (real[0], *real[2:5]) == (version, held, pending, debt), (outcome, answer)

    @rule(target=accruals, amount=st.integers(1, 120), days=DAYS, pending=st.booleans())
    def accrue(self, amount: int, days: int | None, pending: bool) -> UUID | None:
        op, expires_on = self.book.new_id(), self.expires_on(days)
        outcome = self.book.accrue(
            self.member_id, amount, _sql_date(expires_on), op_id=op, request_hash=digest(amount),
            pending_until=self.book.now() + timedelta(days=7) if pending else None,
        )  # fmt: skip
        self.compare(outcome, self.model.accrue(op, amount, expires_on, pending))
        return op if op in self.model.accruals else None

    @rule()
    def the_other_members_turn(self) -> None:
        """What follows is about him, also with the first one's accruals, holds and keys."""
        self.member_id, self.other_id = self.other_id, self.member_id
        self.model, self.other = self.other, self.model

    @rule(op=accruals, amount=st.integers(1, 120))
    def accrue_again(self, op: UUID | None, amount: int) -> None:
        if op is None:
            return
        outcome = self.book.accrue(self.member_id, amount, reference=str(op), request_hash=digest(amount))
        if op in self.other.accruals:
            assert outcome.status == "key_reuse"
        else:
            self.compare(outcome, self.model.accrue(op, amount, NEVER, False))

    @rule(target=accruals, amounts=st.lists(st.integers(0, 40), min_size=1, max_size=3), days=DAYS, twice=st.booleans())
    def accrue_many(self, amounts: list[int], days: int | None, twice: bool) -> UUID | None:
        """The importer's path is accruals one by one; a row that stands twice in the file is its own replay."""
        ops, expires_on = [self.book.new_id() for _ in amounts], self.expires_on(days)
        rows = list(zip(ops, amounts, strict=True)) * (1 + twice)
        statuses = self._import(rows, expires_on)
        # What counts of a row that stands twice is for the references to say; points are posted as the file has them.
        expected = [self.model.accrue(op, amount, expires_on, False)[0] for op, amount in rows]
        assert sorted(statuses) == sorted(expected)
        return ops[0] if ops[0] in self.model.accruals else None

    @rule(op=accruals, amount=st.integers(1, 120))
    def import_again(self, op: UUID | None, amount: int) -> None:
        if op is None:
            return
        theirs = op in self.other.accruals
        expected = "key_reuse" if theirs else self.model.accrue(op, amount, NEVER, False)[0]
        assert self._import([(op, amount)], NEVER) == [expected]

    def _import(self, rows: list[tuple[UUID, int]], expires_on: date) -> list[str]:
        answers = self.book.connection.execute(
            "select status from points.accrue_many(1, 'shop', 'shop', 5000, 'importer', %s::bigint[], %s::uuid[],"
            " %s::bigint[], %s::date[], array_fill(clock.now(), array[%s]), %s::text[], %s::bytea[]) order by position",
            (
                [self.member_id] * len(rows),
                [op for op, _ in rows],
                [amount for _, amount in rows],
                [_sql_date(expires_on)] * len(rows),
                len(rows),
                [str(op) for op, _ in rows],
                [digest(amount) for _, amount in rows],
            ),
        ).fetchall()
        return [row["status"] for row in answers]

    @rule(op=accruals)
    def mature(self, op: UUID | None) -> None:
        if op is None:
            return
        key = self.book.new_id()
        self.compare(self.book.call("mature", 1, self.member_id, key, op, "test"), self.model.mature(key, op))
        again = self.book.call("mature", 1, self.member_id, key, op, "test")
        self.compare(again, self.model.mature(key, op))

    @rule(op=accruals, amount=AMOUNTS, policy=st.sampled_from(["debt", "write_off"]), twice=st.booleans())
    def reverse(self, op: UUID | None, amount: int, policy: str, twice: bool) -> None:
        if op is None:
            return
        key = self.book.new_id()
        buyer = self.model if op in self.model.accruals else self.other
        for _ in range(1 + twice):
            outcome = self.book.reverse(str(op), amount, policy=policy, op_id=key, request_hash=digest(amount))
            self.compare(outcome, buyer.reverse(key, op, amount, policy))

    @rule(target=holds, amount=AMOUNTS)
    def hold(self, amount: int) -> UUID:
        return self._hold(amount)

    def _hold(self, amount: int) -> UUID:
        key = self.book.new_id()
        answer = self.model.hold(key, amount)
        self.compare(self.book.hold(self.member_id, amount, key, digest(amount)), answer)
        if answer[0] == "ok":
            self.leases[self.member_id, key] = self.book.now() + timedelta(minutes=30)
        return key

    @rule(target=holds)
    def hold_all_there_is(self) -> UUID:
        """To the last point: what is one too many is found by chance only rarely."""
        good = sum(amount for (expires_on, _), amount in self.model.lots.items() if expires_on >= self.model.today)
        self._hold(good + 1)
        return self._hold(good)

    @rule(hold=holds, amount=AMOUNTS)
    def hold_again(self, hold: UUID, amount: int) -> None:
        fresh = hold not in self.model.answers
        answer = self.model.hold(hold, amount)
        self.compare(self.book.hold(self.member_id, amount, hold, digest(amount)), answer)
        if fresh and answer[0] == "ok":
            self.leases[self.member_id, hold] = self.book.now() + timedelta(minutes=30)

    @rule(hold=holds, minutes=st.integers(0, 100_000))
    def extend_lease(self, hold: UUID, minutes: int) -> None:
        until = self.book.now() + timedelta(minutes=minutes)
        extended = self.book.value("select points.extend_lease(1, %s, %s, %s)", self.member_id, hold, until)
        assert extended == self.model.extend_lease(hold)
        if extended:
            lease = self.leases[self.member_id, hold] = max(self.leases[self.member_id, hold], until)
            stored = self.book.value(
                "select lease_until from points.hold where member_id = %s and hold_id = %s", self.member_id, hold
            )
            assert stored == lease

    @rule(target=ops, hold=holds, amount=AMOUNTS)
    def settle(self, hold: UUID, amount: int) -> tuple[str, UUID, UUID, int]:
        return self._settle(hold, amount)

    def _settle(self, hold: UUID, amount: int) -> tuple[str, UUID, UUID, int]:
        key = self.book.new_id()
        self.compare(self.book.settle(self.member_id, hold, amount, key), self.model.settle(key, hold, amount))
        return ("settle", key, hold, amount)

    @rule(target=ops, hold=holds, amount=AMOUNTS, caused_by=CAUSES, days=st.integers(0, 30))
    def release(self, hold: UUID, amount: int, caused_by: str, days: int) -> tuple[str, UUID, UUID, int]:
        return self._release(hold, amount, caused_by, days)

    def _release(self, hold: UUID, amount: int, caused_by: str, days: int) -> tuple[str, UUID, UUID, int]:
        key = self.book.new_id()
        outcome = self.book.release(self.member_id, hold, amount, caused_by, key, days)
        self.compare(outcome, self.model.release(key, hold, amount, caused_by, days))
        return (caused_by, key, hold, amount)

    @rule(target=ops, hold=holds, caused_by=CAUSES, days=st.integers(0, 5))
    def release_all_there_is(self, hold: UUID, caused_by: str, days: int) -> tuple[str, UUID, UUID, int]:
        left = sum(self.model.holds.get(hold, {}).values())
        self._settle(hold, left + 1)
        return self._release(hold, left, caused_by, days)

    @rule(target=restored, hold=holds, amount=AMOUNTS, caused_by=CAUSES, days=st.integers(0, 30))
    def restore(self, hold: UUID, amount: int, caused_by: str, days: int) -> tuple[UUID, str, int, str]:
        return self._restore(hold, amount, caused_by, days)

    def _restore(self, hold: UUID, amount: int, caused_by: str, days: int) -> tuple[UUID, str, int, str]:
        key = self.book.new_id()
        outcome = self.book.restore(self.member_id, hold, amount, caused_by, op_id=key, return_days=days)
        self.compare(outcome, self.model.restore(key, hold, str(key), amount, caused_by, days))
        return (hold, str(key), amount, caused_by)

    @rule(target=restored, hold=holds, caused_by=CAUSES, days=st.integers(0, 5))
    def settle_and_restore_all_there_is(self, hold: UUID, caused_by: str, days: int) -> tuple[UUID, str, int, str]:
        self._settle(hold, sum(self.model.holds.get(hold, {}).values()))
        spent = sum(self.model.spent.get(hold, {}).values())
        self._restore(hold, spent + 1, caused_by, days)
        return self._restore(hold, spent, caused_by, days)

    @rule(event=restored, more=st.integers(0, 1))
    def restore_again(self, event: tuple[UUID, str, int, str], more: int) -> None:
        hold, name, amount, caused_by = event
        key = self.book.new_id()
        outcome = self.book.restore(self.member_id, hold, amount + more, caused_by, event_key=name, op_id=key)
        self.compare(outcome, self.model.restore(key, hold, name, amount + more, caused_by, 30))

    @rule(op=ops, more=st.integers(0, 1))
    def resolve_again(self, op: tuple[str, UUID, UUID, int], more: int) -> None:
        kind, key, hold, amount = op
        if kind == "settle":
            outcome = self.book.settle(self.member_id, hold, amount + more, key)
            answer = self.model.settle(key, hold, amount + more)
        else:
            outcome = self.book.release(self.member_id, hold, amount + more, kind, key)
            answer = self.model.release(key, hold, amount + more, kind, 30)
        self.compare(outcome, answer)

    @rule(twice=st.booleans())
    def expire(self, twice: bool) -> None:
        key = self.book.new_id()
        for _ in range(1 + twice):
            self.compare(self.book.expire(self.member_id, key), self.model.expire(key))

    @rule(amount=st.integers(-60, 60), days=DAYS, twice=st.booleans(), more=st.integers(0, 1))
    def adjust(self, amount: int, days: int | None, twice: bool, more: int) -> None:
        key, expires_on = self.book.new_id(), self.expires_on(days)
        for wanted in [amount, amount + more][: 1 + twice]:
            outcome = self.book.adjust(self.member_id, wanted, _sql_date(expires_on), key, digest(wanted))
            self.compare(outcome, self.model.adjust(key, wanted, expires_on))

    @rule(amount=AMOUNTS, twice=st.booleans(), more=st.integers(0, 1))
    def give(self, amount: int, twice: bool, more: int) -> None:
        key = self.book.new_id()
        for wanted in [amount, amount + more][: 1 + twice]:
            self._give(key, wanted)

    @rule()
    def give_all_there_is(self) -> None:
        good = sum(amount for (expires_on, _), amount in self.model.lots.items() if expires_on >= self.model.today)
        self._give(self.book.new_id(), good + 1)
        self._give(self.book.new_id(), good)

    def _give(self, key: UUID, amount: int) -> None:
        outcome = self.book.call("transfer", 1, self.member_id, self.other_id, key, amount, "test")
        self.compare(outcome, self.model.give(key, self.other, amount, GIVEN_A_DAY))

    @rule(days=st.integers(1, 20))
    def time_passes(self, days: int) -> None:
        self._pass(days)

    def _pass(self, days: int) -> None:
        self.shift += days
        if self.shift < MONTHS_AHEAD * 28:
            self.book.connection.execute("update clock.setting set shift = shift + make_interval(days => %s)", (days,))
        else:
            self.book.turn_clock(f"{days} days")
        self.model.today = self.other.today = self.start + timedelta(days=self.shift)
        self.book.instant = datetime.combine(self.model.today, NOON)

    @rule()
    def the_last_day_of_the_soonest_lot_comes(self) -> None:
        """And then the day after: where expiry is decided, and where chance seldom goes."""
        ahead = [(key[0] - self.model.today).days for lots in self._all_lots() for key in lots if key[0] != NEVER]
        days = min((days for days in ahead if 0 < days <= 60), default=0)
        self._pass(days or 1)

    def _all_lots(self) -> list[model.Lots]:
        return [self.model.lots, *self.model.holds.values()]

    @invariant()
    def both_ledgers_agree(self) -> None:
        rows = self.book.connection.execute(
            "select m.member_id, m.available, m.held, m.pending, m.debt, m.version,"
            " array(select coalesce(points.lot_expires_on(l.key), 'infinity')::text"
            "   || (not points.lot_extended(l.key))::text || ' ' || l.amount"
            "   from points.lot l where l.program_id = m.program_id and l.member_id = m.member_id) as lots,"
            " (select available from points.balance(1, m.member_id)) as good"
            " from points.member m where m.program_id = 1 and m.member_id in (%s, %s)",
            (self.member_id, self.other_id),
        ).fetchall()
        assert len(rows) == 2
        for row in rows:
            self._agree(row, self.model if row["member_id"] == self.member_id else self.other)

    def _agree(self, row: dict[str, Any], plain: model.Member) -> None:
        assert (row["version"], row["available"], row["held"], row["pending"], row["debt"]) == plain.stands
        ours = [
            f"{'infinity' if day == NEVER else day}{str(fresh).lower()} {amount}"
            for (day, fresh), amount in plain.lots.items()
        ]
        assert sorted(row["lots"]) == sorted(ours)
        assert row["good"] == sum(n for (day, _), n in plain.lots.items() if day >= plain.today)

    def teardown(self) -> None:
        try:
            if self.book.connection.info.transaction_status is not TransactionStatus.INERROR:
                assert self.book.violations() == {}
        finally:
            self.example.__exit__(None, None, None)


def _sql_date(expires_on: date) -> date | None:
    return None if expires_on == NEVER else expires_on


def run_histories(book: Book, examples: int, *, seed: int | None = None, shrink: bool = True) -> int:
    """Try so many histories of up to 30 steps; how many steps were compared. Raises the smallest failing one."""
    # The same few statements thousands of times: planned once.
    book.connection.prepare_threshold = 0
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    changed_points(book.connection, transfers_enabled=True, transfer_daily_limit=GIVEN_A_DAY, time_zone="UTC")
    for _ in range(MONTHS_AHEAD // 3):
        book.turn_clock("3 months")
    machine: Any = type("Machine", (LedgerMachine,), {"book": StandingBook(book.connection), "steps": 0})
    run_state_machine_as_test(
        machine if seed is None else seeded(seed)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            database=None,
            report_multiple_bugs=False,  # one story, told as shortly as it can be
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return int(machine.steps)

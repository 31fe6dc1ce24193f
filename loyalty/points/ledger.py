"""The points ledger from Python: one SQL function an operation. The rules are in database/points/1_lots.sql.

Amounts are points (1 to 2^53 - 1), times are timezone-aware, `op_id` is a UUIDv7. A rule that says no is a `Status`;
exceptions are the database's own (psycopg.Error), and then the same call with the same `op_id` finds out what happened.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from loyalty.database import Connection

# Every reader counts this far exactly, browsers included: 2^53 - 1. No balance goes beyond it.
MAXIMUM_POINTS = 9_007_199_254_740_991


class Status(StrEnum):
    """What became of an operation; only `OK` moved points, and `REPLAY` says it had moved them before."""

    OK = "ok"
    REPLAY = "replay"
    KEY_REUSE = "key_reuse"
    INSUFFICIENT = "insufficient"
    UNKNOWN_MEMBER = "unknown_member"
    UNKNOWN_ACCRUAL = "unknown_accrual"
    HOLD_NOT_OPEN = "hold_not_open"
    OVER_HOLD = "over_hold"
    OVER_SETTLED = "over_settled"
    OVER_ACCRUAL = "over_accrual"
    TRANSFERS_OFF = "transfers_off"
    SAME_MEMBER = "same_member"
    UNKNOWN_RECIPIENT = "unknown_recipient"
    IN_DEBT = "in_debt"
    OVER_LIMIT = "over_limit"
    VELOCITY = "velocity"
    INVALID = "invalid"


class DebtPolicy(StrEnum):
    """What becomes of taken-back points that the member has already spent."""

    DEBT = "debt"
    WRITE_OFF = "write_off"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An operation's answer: balances and version after it (None where there is no member to tell), its points."""

    status: Status
    op_id: UUID
    version: int | None
    available: int | None
    held: int | None
    pending: int | None
    debt: int | None
    amount: int

    @property
    def done(self) -> bool:
        """The points have moved, now or before."""
        return self.status in (Status.OK, Status.REPLAY)


@dataclass(frozen=True, slots=True)
class Accrual:
    """Points a partner grants for a purchase; known for ever by (programme, partner, partner_reference).

    `expires_on` is the last good day, None is never; `unit_cost_micros` is what the funder pays for one point, in
    millionths of the programme's currency; `pending_until` keeps the points from being spent before. `request_hash` is
    of what the partner sent (spend, not points): where it is None, the accrual's own facts are what must not change.
    """

    member_id: int
    op_id: UUID
    amount: int
    expires_on: date | None
    occurred_at: datetime
    partner: str
    partner_reference: str
    funder: str
    unit_cost_micros: int
    pending_until: datetime | None = None
    campaign: str | None = None
    request_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reversal:
    """A purchase, or a part of it, that came back; known for ever by its accrual and `reversal_reference`."""

    op_id: UUID
    partner: str
    partner_reference: str
    reversal_reference: str
    amount: int
    debt_policy: DebtPolicy


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member has now; `available` can be spent, `expires_next_amount` of it until `expires_next_on`."""

    available: int
    held: int
    pending: int
    debt: int
    version: int
    expires_next_on: date | None
    expires_next_amount: int


@dataclass(frozen=True, slots=True)
class BalanceAt:
    """What was booked at an instant, up to the row `sequence` whose link of the chain is `chain`."""

    available: int
    held: int
    pending: int
    debt: int
    sequence: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that lapse together after `expires_on` (None: never)."""

    expires_on: date | None
    amount: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One row of the journal as its member sees it; `dr` and `cr` are accounts of points.account."""

    sequence: int
    kind: str
    amount: int
    available_after: int
    held_after: int
    occurred_at: datetime
    created_at: datetime
    reference: str | None
    partner: str | None
    partner_reference: str | None
    lots: list[dict[str, Any]] | None
    op_id: UUID
    ref_op: UUID | None
    dr: int
    cr: int

    @property
    def available_change(self) -> int:
        """What it made of the available points; nothing where it moved others."""
        return abs(self.amount) * ((self.cr == _AVAILABLE) - (self.dr == _AVAILABLE))

    @property
    def hold(self) -> UUID | None:
        """The hold it made or touched: a redemption's id."""
        return self.op_id if self.kind == "hold" else self.ref_op if self.kind in _OF_A_HOLD else None


_AVAILABLE = 1
_OF_A_HOLD = ("settle", "release", "restore", "expire")


def request_hash(operation: str, request: Mapping[str, Any]) -> bytes:
    """SHA-256 of a request in canonical form: two requests are the same if and only if their hashes are."""
    canonical = json.dumps(
        {"operation": operation, "request": request},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_canonical,
    )
    return hashlib.sha256(canonical.encode()).digest()


def accrual_hash(accrual: Accrual) -> bytes:
    """The hash of what the partner said; the key we minted for it and our own prices are no part of it."""
    if accrual.request_hash is not None:
        return accrual.request_hash
    facts = ("member_id", "amount", "occurred_at", "partner", "partner_reference")
    return request_hash("accrue", {fact: getattr(accrual, fact) for fact in facts})


def accrue(connection: Connection, program_id: int, accrual: Accrual, actor: str) -> Outcome:
    """Grant points; pays debt first."""
    return _operation(
        connection,
        "accrue",
        program_id,
        accrual.member_id,
        accrual.op_id,
        in_range(accrual.amount),
        accrual.expires_on,
        accrual.occurred_at,
        accrual.partner,
        accrual.partner_reference,
        accrual.funder,
        accrual.unit_cost_micros,
        accrual_hash(accrual),
        actor,
        accrual.pending_until,
        accrual.campaign,
    )


def accrue_many(
    connection: Connection,
    program_id: int,
    partner: str,
    funder: str,
    unit_cost_micros: int,
    actor: str,
    accruals: Sequence[Accrual],
) -> list[Status]:
    """Grant many accruals of one partner in one transaction, each by itself ok or refused; answers in their order.

    Partner, funder and cost are taken from the arguments, not from the accruals; there is no campaign.
    """
    rows = connection.execute(
        'select "position", status from points.accrue_many('
        "%s, %s, %s, %s, %s, %s::bigint[], %s::uuid[], %s::bigint[], %s::date[], %s::timestamptz[], %s::text[],"
        " %s::bytea[], %s::timestamptz[])",
        (
            program_id,
            partner,
            funder,
            unit_cost_micros,
            actor,
            [accrual.member_id for accrual in accruals],
            [accrual.op_id for accrual in accruals],
            [in_range(accrual.amount) for accrual in accruals],
            [accrual.expires_on for accrual in accruals],
            [accrual.occurred_at for accrual in accruals],
            [accrual.partner_reference for accrual in accruals],
            [accrual_hash(accrual) for accrual in accruals],
            [accrual.pending_until for accrual in accruals],
        ),
    ).fetchall()
    return [Status(row["status"]) for row in sorted(rows, key=lambda row: int(row["position"]))]


def reverse_accrual(connection: Connection, program_id: int, reversal: Reversal, actor: str) -> Outcome:
    """Take back points of a purchase that came back: pending first, then its lot, then by the debt policy."""
    facts = ("partner", "partner_reference", "reversal_reference", "amount")
    return _operation(
        connection,
        "reverse_accrual",
        program_id,
        reversal.op_id,
        reversal.partner,
        reversal.partner_reference,
        reversal.reversal_reference,
        in_range(reversal.amount),
        reversal.debt_policy.value,
        request_hash("reverse_accrual", {fact: getattr(reversal, fact) for fact in facts}),
        actor,
    )


def mature_purchase(
    connection: Connection, program_id: int, op_id: UUID, partner: str, partner_reference: str, actor: str
) -> Outcome:
    """Make what waits of a purchase available before its day; again is the first answer, of nothing left is 0."""
    return _operation(connection, "mature_purchase", program_id, op_id, partner, partner_reference, actor)


def balance(connection: Connection, program_id: int, member_id: int) -> Balance | None:
    """The member's balance now, None if the programme has no such member."""
    row = connection.execute("select * from points.balance(%s, %s)", (program_id, member_id)).fetchone()
    return Balance(**row) if row else None


def lots(connection: Connection, program_id: int, member_id: int) -> list[Lot]:
    """The member's spendable points by expiry, soonest first."""
    rows = connection.execute("select * from points.lots(%s, %s)", (program_id, member_id)).fetchall()
    return [Lot(**row) for row in rows]


def balance_at(connection: Connection, program_id: int, member_id: int, at: datetime) -> BalanceAt | None:
    """The member's balances as booked at that instant, None if the programme has no such member."""
    row = connection.execute("select * from points.balance_at(%s, %s, %s)", (program_id, member_id, at)).fetchone()
    return BalanceAt(**row) if row else None


def statement(
    connection: Connection,
    program_id: int,
    member_id: int,
    before_sequence: int | None = None,
    page_size: int = 50,
    *,
    kinds: Sequence[str] | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
) -> list[StatementLine]:
    """A page of the member's journal, newest first; the next page is before the last line's sequence.

    Only these kinds, and only what happened from `from_` on and before `to`, where given.
    """
    rows = connection.execute(
        "select * from points.statement(%s, %s, %s, %s, %s::text[], %s, %s)",
        (program_id, member_id, before_sequence, page_size, kinds and list(kinds), from_, to),
    ).fetchall()
    return [StatementLine(**row) for row in rows]


def _operation(connection: Connection, name: str, *arguments: Any) -> Outcome:
    # `name` is one of this module's literals, never input.
    marks = ", ".join(["%s"] * len(arguments))
    row = connection.execute(f"select * from points.{name}({marks})".encode(), arguments).fetchone()  # noqa: S608
    assert row is not None
    return Outcome(Status(row.pop("status")), **row)


def in_range(amount: int) -> int:
    """The amount, or 0 (refused with a status) for what no bigint holds: to PostgreSQL that is another type."""
    return amount if -MAXIMUM_POINTS <= amount <= MAXIMUM_POINTS else 0


def _canonical(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID | date):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")

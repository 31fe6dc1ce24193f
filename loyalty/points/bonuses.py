"""Purchases with what campaigns add to them. The rules are in database/points/bonus.sql.

The purchase's own points never depend on a budget; a bonus is paid as far as budget and member's cap go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.points.ledger import Accrual, Outcome, Reversal, Status, accrual_hash, in_range, request_hash


@dataclass(frozen=True, slots=True)
class Bonus:
    """What became of a campaign's bonus: it promised `asked` points and `points` were moved."""

    campaign: str
    asked: int
    points: int


def accrue(
    connection: Connection, program_id: int, accrual: Accrual, wanted: Mapping[str, int], actor: str
) -> tuple[Outcome, tuple[Bonus, ...]]:
    """Grant a purchase's points, and of each campaign's `wanted` points what its budget can pay, at once."""
    return _told(
        connection,
        "select * from points.accrue_purchase(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)",
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
        json.dumps([{"campaign": campaign, "points": in_range(points)} for campaign, points in wanted.items()]),
    )


def accrue_many(
    connection: Connection,
    program_id: int,
    partner: str,
    funder: str,
    unit_cost_micros: int,
    actor: str,
    accruals: Sequence[Accrual],
    wanted: Sequence[Mapping[str, int]],
) -> list[tuple[Status, int]]:
    """Like ledger.accrue_many; `wanted[i]` are the bonuses of `accruals[i]`. Answers status and bonus paid."""
    asked = [(i, campaign, points) for i, each in enumerate(wanted, 1) for campaign, points in each.items()]
    rows = connection.execute(
        'select "position", status, bonus from points.accrue_purchases('
        "%s, %s, %s, %s, %s, %s::bigint[], %s::uuid[], %s::bigint[], %s::date[], %s::timestamptz[], %s::text[],"
        " %s::bytea[], %s::timestamptz[], %s::int[], %s::text[], %s::bigint[])",
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
            [position for position, _, _ in asked],
            [campaign for _, campaign, _ in asked],
            [in_range(points) for _, _, points in asked],
        ),
    ).fetchall()
    return [(Status(row["status"]), int(row["bonus"])) for row in rows]


def reverse(
    connection: Connection, program_id: int, reversal: Reversal, actor: str
) -> tuple[Outcome, tuple[Bonus, ...]]:
    """Take back points of a purchase, and of its bonuses in proportion; their money returns to the budgets."""
    facts = ("partner", "partner_reference", "reversal_reference", "amount")
    return _told(
        connection,
        "select * from points.reverse_purchase(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
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


def release(
    connection: Connection, program_id: int, op_id: UUID, partner: str, partner_reference: str, actor: str
) -> tuple[Outcome, tuple[Bonus, ...]]:
    """Make what waits of a purchase and its bonuses available before its day."""
    return _told(
        connection,
        "select * from points.release_purchase(%s, %s, %s, %s, %s)",
        program_id,
        op_id,
        partner,
        partner_reference,
        actor,
    )


def _told(connection: Connection, statement: str, *arguments: Any) -> tuple[Outcome, tuple[Bonus, ...]]:
    row = connection.execute(statement.encode(), arguments).fetchone()
    assert row is not None
    bonuses = tuple(Bonus(**bonus) for bonus in row.pop("bonuses"))
    return Outcome(Status(row.pop("status")), **row), bonuses

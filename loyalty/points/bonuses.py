"""Purchases with what campaigns add to them. The rules are in database/points/bonus.sql.

The purchase's own points never depend on a budget; a bonus is paid as far as budget and member's cap go. Purchases and
returns also move the counter of the member's level (database/tiers/3_counting.sql), in the same statement.
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


@dataclass(frozen=True, slots=True)
class Units:
    """What a purchase counts towards a level: points before the member's level multiplied them; what was spent."""

    base_points: int
    spend_minor: int


def accrue(
    connection: Connection, program_id: int, accrual: Accrual, wanted: Mapping[str, int], units: Units, actor: str
) -> tuple[Outcome, tuple[Bonus, ...]]:
    """Grant a purchase's points, and of each campaign's `wanted` points what its budget can pay, at once."""
    return _told(
        connection,
        "select status, op_id, version, available, held, pending, debt, amount, bonuses from tiers.accrue_purchase("
        "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s)",
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
        units.base_points,
        units.spend_minor,
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
    units: Sequence[Units],
) -> list[tuple[Status, int, str | None]]:
    """Like ledger.accrue_many; `wanted[i]` are the bonuses of `accruals[i]`, `units[i]` its units.

    Answers status, bonus paid, and the member's new level if these purchases made one.
    """
    asked = [(i, campaign, points) for i, each in enumerate(wanted, 1) for campaign, points in each.items()]
    rows = connection.execute(
        'select "position", status, bonus, tier from tiers.accrue_purchases('
        "%s, %s, %s, %s, %s, %s::bigint[], %s::uuid[], %s::bigint[], %s::date[], %s::timestamptz[], %s::text[],"
        " %s::bytea[], %s::timestamptz[], %s::int[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])",
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
            [each.base_points for each in units],
            [each.spend_minor for each in units],
        ),
    ).fetchall()
    return [(Status(row["status"]), int(row["bonus"]), row["tier"]) for row in rows]


def reverse(
    connection: Connection, program_id: int, reversal: Reversal, actor: str
) -> tuple[Outcome, tuple[Bonus, ...]]:
    """Take back points of a purchase, and of its bonuses in proportion; their money returns to the budgets."""
    facts = ("partner", "partner_reference", "reversal_reference", "amount")
    return _told(
        connection,
        "select * from tiers.reverse_purchase(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
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

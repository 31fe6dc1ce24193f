"""What a point is worth to the books: finance proposes a version, somebody else of finance approves it.

Rates are millionths of the currency's major unit a point (`*_micros`); shares are basis points.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import psycopg

from loyalty.currencies import minor_digits
from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal


class AccountingModel(StrEnum):
    """Which of the two books is posted."""

    DEFERRED_REVENUE = "deferred_revenue"
    REDEMPTION_COST = "redemption_cost"


class RecogniseAt(StrEnum):
    """When redeemed points become revenue."""

    SETTLEMENT = "settlement"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Rates from the first day of a month on. `curve` is by age in months, the last value for all older points;
    `accounts` gives the general ledger's code for our accounts."""

    applies_from: date
    accounting_model: AccountingModel
    currency: str
    point_value_micros: int
    sales_micros: int
    breakage_basis_points: int
    cost_micros: int
    curve: tuple[int, ...]
    note: str
    recognise_at: RecogniseAt = RecogniseAt.SETTLEMENT
    accounts: Mapping[str, str] = field(default_factory=dict)


REFUSALS = {
    "unknown_rate": (Kind.NOT_FOUND, "rate-not-found", "There is no such version."),
    "same_person": (Kind.FORBIDDEN, "same-person", "Whoever proposed a rate cannot approve it."),
    "already_approved": (Kind.CONFLICT, "already-approved", "Somebody else has approved this version."),
    "not_after": (Kind.CONFLICT, "not-after", "An approved version applies from that month or a later one."),
    "locked": (Kind.CONFLICT, "month-locked", "Days from that month on are locked."),
    "model_changed": (
        Kind.CONFLICT,
        "model-changed",
        "Accounting model, recognition and currency stay for the life of the books.",
    ),
}


def propose(connection: Connection, program_id: int, proposal: Proposal, actor: str) -> int:
    """Write a version down; it applies to nothing yet. Returns its number. Raises Refusal for what is out of bounds."""
    try:
        row = connection.execute(
            "select reports.propose_rate(%s, %s, %s, %s, %s, %s,"
            " %s::bigint, %s::bigint, %s::int, %s::bigint, %s::int[],"
            " %s, %s, %s) as version",
            (
                program_id,
                proposal.applies_from,
                proposal.accounting_model.value,
                proposal.recognise_at.value,
                proposal.currency,
                10 ** (6 - minor_digits(proposal.currency)),
                proposal.point_value_micros,
                proposal.sales_micros,
                proposal.breakage_basis_points,
                proposal.cost_micros,
                list(proposal.curve),
                json.dumps(dict(proposal.accounts)),
                proposal.note,
                actor,
            ),
        ).fetchone()
    except (psycopg.errors.CheckViolation, psycopg.errors.NumericValueOutOfRange) as error:
        raise Refusal(
            Kind.INVALID, "rate-out-of-bounds", "A value of the rate is out of bounds.", field="body"
        ) from error
    assert row is not None
    return int(row["version"])


def approve(connection: Connection, program_id: int, version: int, actor: str) -> None:
    """From its month on, the version applies. Raises Refusal: not found, same person, too late, another model."""
    row = connection.execute(
        "select reports.approve_rate(%s, %s, %s) as status", (program_id, version, actor)
    ).fetchone()
    assert row is not None
    if row["status"] in REFUSALS:
        raise Refusal(*REFUSALS[row["status"]])


def versions(connection: Connection, program_id: int) -> list[dict[str, Any]]:
    """All versions, newest first, with who proposed and who approved them."""
    return connection.execute("select * from reports.rates(%s)", (program_id,)).fetchall()

"""Where the books stand at this moment, what members could still spend, and whether locked days are what they were.

Amounts: `*_micros` in millionths of the currency, `*_minor` in its smallest unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from loyalty.database import Connection

type Agreement = Literal["agrees", "behind", "differs"]


@dataclass(frozen=True, slots=True)
class Position:
    """Both books now. `accounts` are debit less credit, exact and as posted; `waiting` rows are not in them yet."""

    at: datetime
    day: date
    locked_through: date | None
    waiting: int
    ledger_points: int
    owed_points: int
    books_points: int
    accounting_model: str | None
    currency: str | None
    rate_version: int | None
    accounts: list[dict[str, Any]]
    lot_months: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Liability:
    """Points that could still be spent, by the month in which they lapse, and their worth; None before any rate."""

    at: datetime
    waiting: int
    ledger_points: int
    owed_points: int
    books_points: int
    currency: str | None
    months: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Verified:
    """A locked day: its hash, whether the stored lines still have it, and whether a rerun gives it again."""

    day: date
    content_hash: str
    unaltered: bool
    reproduced: bool


def position(connection: Connection, program_id: int) -> Position:
    """The books now; what the worker has not posted is posted first, unless too much waits."""
    row = connection.execute("select * from reports.position(%s)", (program_id,)).fetchone()
    assert row is not None
    return Position(**row)


def liability(connection: Connection, program_id: int) -> Liability:
    """As `position`, by the month in which points lapse."""
    row = connection.execute("select * from reports.liability(%s)", (program_id,)).fetchone()
    assert row is not None
    return Liability(**row)


def agreement(figures: Position | Liability) -> Agreement:
    """Whether the books know exactly the points that rollup and tail say there are."""
    if figures.waiting:
        return "behind"
    return "agrees" if figures.ledger_points == figures.books_points else "differs"


def verify(connection: Connection, program_id: int, first: date, last: date) -> list[Verified]:
    """The locked ones among at most 31 days, worked out anew from movements and rates."""
    rows = connection.execute("select * from reports.rerun(%s, %s, %s)", (program_id, first, last)).fetchall()
    return [
        Verified(
            row["day"],
            row["content_hash"].hex(),
            row["content_hash"] == row["stored_hash"],
            row["content_hash"] == row["rerun_hash"],
        )
        for row in rows
    ]

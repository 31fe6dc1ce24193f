"""Warnings that members will not be able to have something: raised each night, ended when the risk is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal

# From where on a risk is worth a person's look: so probable, and so many members who go without.
LEAST_PROBABILITY = 0.4
LEAST_MEMBERS = 0.5
MOST = 500


@dataclass(frozen=True, slots=True)
class Alert:
    """A risk as it is now. `back_from` None: nobody can say when, or it is there."""

    alert_id: int
    asin: str
    cause: str
    raised_at: datetime
    probability: float
    members_disappointed: float
    is_out: bool
    back_from: date | None
    back_until: date | None


@dataclass(frozen=True, slots=True)
class Renewed:
    """Warnings that a night raised and ended."""

    raised: int
    ended: int


def renew(connection: Connection, program_id: int) -> Renewed:
    """After a night's outlooks are in: raise what is new, end what is over. Again changes nothing."""
    row = connection.execute(
        "select * from demand.warn(%s, %s, %s)", (program_id, LEAST_PROBABILITY, LEAST_MEMBERS)
    ).fetchone()
    assert row is not None
    return Renewed(row["raised"], row["ended"])


def open_of(connection: Connection, program_id: int, most: int = MOST) -> list[Alert]:
    """The open warnings, those that disappoint most members first."""
    rows = connection.execute("select * from demand.warnings(%s, %s)", (program_id, most)).fetchall()
    return [Alert(**row) for row in rows]


def dismiss(connection: Connection, program_id: int, alert_id: int, actor: str) -> None:
    """A person has seen it and wants no more of it while it lasts; again changes nothing. Raises Refusal: not found, or
    conflict (it is over)."""
    row = connection.execute("select demand.dismiss(%s, %s, %s) as outcome", (program_id, alert_id, actor)).fetchone()
    assert row is not None
    if row["outcome"] == "unknown":
        raise Refusal(Kind.NOT_FOUND, "no-such-alert", "There is no such warning.", field="alert_id")
    if row["outcome"] == "over":
        raise Refusal(Kind.CONFLICT, "alert-over", "This warning is over.")

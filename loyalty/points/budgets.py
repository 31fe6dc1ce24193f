"""What campaigns may cost, and what is left of it. The rules are in database/points/budget.sql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty.database import Connection


@dataclass(frozen=True, slots=True)
class Budget:
    """A campaign's money in minor units of `currency`: budget = spent + reserved (open quotes) + left.

    `exhausted`: it cannot pay for one more point or minor unit.
    """

    campaign: str
    funder: str
    currency: str
    budget_minor: int
    spent_minor: int
    reserved_minor: int
    left_minor: int
    exhausted: bool


def budgets_of(connection: Connection, program_id: int) -> list[Budget]:
    """Every budget the programme ever opened, also of campaigns that have left the document."""
    rows = connection.execute("select * from points.budgets(%s)", (program_id,)).fetchall()
    return [Budget(**row) for row in rows]


def exhausted(connection: Connection, program_id: int, campaigns: Sequence[str]) -> frozenset[str]:
    """Which of these campaigns can pay for no discount any more."""
    row = connection.execute(
        "select points.exhausted_campaigns(%s, %s::text[]) as codes", (program_id, list(campaigns))
    ).fetchone()
    assert row is not None
    return frozenset(row["codes"])

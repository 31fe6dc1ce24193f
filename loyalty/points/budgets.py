"""What campaigns may cost, and what is left of it. The rules are in database/points/budget.sql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from loyalty.database import Connection
from loyalty.programme import reading

type State = Literal["draft", "scheduled", "running", "paused", "ended", "exhausted", "removed"]


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


@dataclass(frozen=True, slots=True)
class CampaignMoney:
    """A campaign of the current document with its budget; `removed` if the document has it no longer."""

    budget: Budget
    state: State
    kind: Literal["bonus", "discount"] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    member_cap_points: int | None = None


def campaigns(connection: Connection, program_id: int) -> list[CampaignMoney]:
    """What every campaign costs, by code. Raises Refusal (unavailable) while nothing is published."""
    named = {campaign.code: campaign for campaign in reading.current(connection, program_id).document.campaigns}
    told = []
    for budget in budgets_of(connection, program_id):
        campaign = named.get(budget.campaign)
        if campaign is None:
            told.append(CampaignMoney(budget, "removed"))
            continue
        spent = budget.exhausted and campaign.state == "running"
        told.append(
            CampaignMoney(
                budget,
                "exhausted" if spent else campaign.state,
                "bonus" if campaign.earn_multiplier_percent is not None else "discount",
                campaign.starts_at,
                campaign.ends_at,
                campaign.member_cap_points,
            )
        )
    return told


def exhausted(connection: Connection, program_id: int, campaigns: Sequence[str]) -> frozenset[str]:
    """Which of these campaigns can pay for no discount any more."""
    row = connection.execute(
        "select points.exhausted_campaigns(%s, %s::text[]) as codes", (program_id, list(campaigns))
    ).fetchone()
    assert row is not None
    return frozenset(row["codes"])

"""Campaigns and their money: what each may cost, what it has cost, and whether anything is left."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from lambdas.http import Router, View
from lambdas.staff import staff
from loyalty.database import database
from loyalty.points import budgets

router = Router()


class CampaignView(View):
    """A campaign's money in minor units: budget = spent + reserved (promised in open quotes) + left.

    `state` is the document's, but `exhausted` for a running campaign that cannot pay any more, and `removed` for one
    that has left the document. `kind`: more points for purchases (`bonus`) or rewards for fewer points (`discount`).
    """

    campaign: str
    state: Literal["draft", "scheduled", "running", "paused", "ended", "exhausted", "removed"]
    kind: Literal["bonus", "discount"] | None
    starts_at: datetime | None
    ends_at: datetime | None
    funder: str
    currency: str
    budget_minor: int
    spent_minor: int
    reserved_minor: int
    left_minor: int
    member_cap_points: int | None


class Campaigns(View):
    """Every campaign that ever had a budget, by code."""

    campaigns: list[CampaignView]


@router.get("/campaigns", summary="What campaigns cost and what is left")
def get_campaigns() -> Campaigns:
    who = staff(router)
    found = budgets.campaigns(database().connection(), who.program_id)
    return Campaigns(
        campaigns=[
            CampaignView(
                campaign=one.budget.campaign,
                state=one.state,
                kind=one.kind,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                funder=one.budget.funder,
                currency=one.budget.currency,
                budget_minor=one.budget.budget_minor,
                spent_minor=one.budget.spent_minor,
                reserved_minor=one.budget.reserved_minor,
                left_minor=one.budget.left_minor,
                member_cap_points=one.member_cap_points,
            )
            for one in found
        ]
    )

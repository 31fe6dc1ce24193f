"""What a point is worth: exactly one factor applies to a product for a member."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Campaign


@dataclass(frozen=True, slots=True)
class Factor:
    """Points per major unit, and which rule said so; `campaign` is the code of a campaign that did."""

    points_per_major: int
    source: Literal["campaign", "category", "tier", "base"]
    campaign: str | None = field(default=None, compare=False)


def points_per_major(
    document: Programme,
    *,
    tier: str,
    category: str | None,
    campaigns: Iterable[Campaign],
    at: datetime,
    asin: str | None = None,
) -> Factor:
    """The factor: campaign, else category, else tier, else base. Of several campaigns the kindest to the member.

    `campaigns` are those the member takes part in; whether one is on at `at` and about this product is decided here.
    Without an `asin` no campaign for single products is.
    """
    offers = [
        (campaign.conversion_points_per_major, campaign.code)
        for campaign in campaigns
        if campaign.conversion_points_per_major is not None
        and campaign.applies(at)
        and campaign.scope.has(category, asin)
    ]
    if offers:
        kindest, code = min(offers)
        return Factor(kindest, "campaign", code)
    if category is not None and category in document.conversion.by_category:
        return Factor(document.conversion.by_category[category], "category")
    if tier in document.conversion.by_tier:
        return Factor(document.conversion.by_tier[tier], "tier")
    return Factor(document.conversion.points_per_major, "base")

"""What a reward costs a member: the all-in price in minor units, and the points that pay it.

The catalogue's pages are the same for everybody, so they use the factor that needs no member (campaign, category,
base); a quote knows the member and takes the member's own factor where it is kinder. Whoever shows a page lays the
member's own prices over it (cards.own), by the same arithmetic.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.catalogue.visibility import Audience, visibility
from loyalty.programme.conversion import Factor, points_per_major
from loyalty.programme.document import Programme
from loyalty.programme.partaking import takes_part
from loyalty.programme.schema.campaigns import Campaign, Shopper

# Of the currencies of Amazon Business's stores only the yen has no smaller unit.
_MINOR_PER_MAJOR = {"JPY": 1}


def minor_per_major(currency: str) -> int:
    """How many cents a dollar has."""
    return _MINOR_PER_MAJOR.get(currency, 100)


def price_includes(document: Programme, delivery_free: bool = False) -> str:
    """What the price includes, in words; `delivery_free`: the member's level brings that."""
    if document.pricing.included == "charged" and delivery_free:
        return f"Tax is in the price; delivery is on {document.brand.name}."
    if document.pricing.included == "charged":
        return "Delivery and tax are in the price."
    return f"The price is the product alone: delivery and tax are on {document.brand.name}."


def points_for(price_minor: int, factor: int, currency: str) -> int:
    """The points that pay a price, rounded up."""
    return -(-price_minor * factor // minor_per_major(currency))


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one unit costs the member."""

    price_minor: int
    points: int


def browse_price(document: Programme, price_minor: int, shipping_minor: int, factor: int) -> UnitPrice:
    """The price shown before there is an address: told shipping, tax by the programme's rough rate, rounded up."""
    goods = price_minor + shipping_minor
    tax = -(-goods * document.pricing.browse_tax_basis_points // 10_000)
    all_in = goods + tax if document.pricing.included == "charged" else price_minor
    return UnitPrice(all_in, points_for(all_in, factor, document.store.currency))


def price_campaigns(document: Programme, at: datetime, without: Collection[str] = frozenset()) -> tuple[Campaign, ...]:
    """Campaigns that change prices now, for whomever."""
    return tuple(
        campaign
        for campaign in document.campaigns
        if campaign.kind == "discount" and campaign.code not in without and campaign.applies(at)
    )


def open_campaigns(document: Programme, at: datetime, without: Collection[str] = frozenset()) -> tuple[Campaign, ...]:
    """Those of them that are for everybody: nobody has to be known, chosen or held out."""
    return tuple(
        campaign
        for campaign in price_campaigns(document, at, without)
        if campaign.holdout_percent == 0 and campaign.segment.everybody()
    )


def has_own_prices(document: Programme, at: datetime) -> bool:
    """Whether some member may pay less than the pages show."""
    return (
        bool(document.conversion.by_tier)
        or any(tier.benefits.free_delivery for tier in document.tiers.levels)
        or len(open_campaigns(document, at)) < len(price_campaigns(document, at))
    )


def browse_factor(document: Programme, asin: str, category: str | None, at: datetime) -> int:
    """The factor of the pages that all members share."""
    return _browse_factor(document, asin, category, open_campaigns(document, at), at).points_per_major


@dataclass(frozen=True, slots=True)
class MemberFactor:
    """A member's factor; if a campaign made it kinder, which one, and the factor without any campaign."""

    points_per_major: int
    campaign: str | None = None
    normal_points_per_major: int | None = None


def member_factor(
    document: Programme,
    shopper: Shopper,
    asin: str,
    category: str | None,
    at: datetime,
    without: Collection[str] = frozenset(),
) -> MemberFactor:
    """The member's factor: never worse than the one on the page. Not of the campaigns `without`."""
    mine = [campaign for campaign in price_campaigns(document, at, without) if takes_part(campaign, shopper)]
    open_to_all = open_campaigns(document, at, without)

    def kindest(mine: Collection[Campaign], open_to_all: Collection[Campaign]) -> Factor:
        own = points_per_major(document, tier=shopper.tier, category=category, campaigns=mine, at=at, asin=asin)
        shown = _browse_factor(document, asin, category, open_to_all, at)
        return own if own.points_per_major <= shown.points_per_major else shown

    factor = kindest(mine, open_to_all)
    if factor.source != "campaign":
        return MemberFactor(factor.points_per_major)
    normal = kindest((), ()).points_per_major
    if normal <= factor.points_per_major:
        return MemberFactor(factor.points_per_major)
    return MemberFactor(factor.points_per_major, factor.campaign, normal)


def shelf_rules(
    document: Programme, at: datetime, without: Collection[str] = frozenset(), audience: Audience = None
) -> dict[str, Any]:
    """The programme's part in database/catalogue/2_shelf.sql, which prices whole pages by the same arithmetic.

    `audience`: whose shelf it is; without one nothing is on it that is not for everybody.
    """
    return {
        **visibility(document, audience),
        "included": document.pricing.included,
        "tax_basis_points": document.pricing.browse_tax_basis_points,
        "currency": document.store.currency,
        "minor_per_major": minor_per_major(document.store.currency),
        "points_per_major": document.conversion.points_per_major,
        "by_category": document.conversion.by_category,
        "campaigns": [
            {
                "factor": campaign.conversion_points_per_major,
                "categories": list(campaign.scope.categories),
                "asins": list(campaign.scope.asins),
            }
            for campaign in open_campaigns(document, at, without)
        ],
        "max_age_hours": document.catalogue.offer_max_age_hours,
        "margin_floor_basis_points": document.conversion.margin_floor_basis_points,
        "unit_cost_micros": document.points.unit_cost_micros,
    }


def _browse_factor(
    document: Programme, asin: str, category: str | None, campaigns: Iterable[Campaign], at: datetime
) -> Factor:
    return points_per_major(document, tier="", category=category, campaigns=campaigns, at=at, asin=asin)

"""How many points a purchase earns, and until when they are good."""

from __future__ import annotations

import calendar
from datetime import date, datetime

from loyalty.currencies import minor_digits
from loyalty.programme.document import Programme
from loyalty.programme.partaking import takes_part
from loyalty.programme.schema.campaigns import Campaign, Shopper
from loyalty.refusal import Kind, Refusal


def minor_per_major(currency: str) -> int:
    """How many minor units one major unit has: 100 cents a dollar, 1 yen a yen."""
    return int(10 ** minor_digits(currency))


def points_for(document: Programme, partner: str, category: str, spend_minor: int, currency: str, tier: str) -> int:
    """Whole points for a spend, rounded down. Raises Refusal for another currency than the store's."""
    require_currency(document, currency)
    return spend_minor * parts_per_minor(document, partner, category, tier) // parts_per_point(document)


def require_currency(document: Programme, currency: str) -> None:
    """Raises Refusal (invalid) unless it is the programme's one currency."""
    if currency != document.store.currency:
        raise Refusal(
            Kind.INVALID, "wrong-currency", f"This programme counts in {document.store.currency}.", field="currency"
        )


def parts_per_minor(document: Programme, partner: str, category: str, tier: str) -> int:
    """What one minor unit earns, in the smallest parts of a point: add the lines of a purchase first, round once."""
    return rate(document, partner, category) * document.tier(tier).benefits.earn_multiplier_percent


def base_parts_per_minor(document: Programme, partner: str, category: str) -> int:
    """The same for a level that multiplies nothing: what counts towards a level."""
    return rate(document, partner, category) * 100


def parts_per_point(document: Programme) -> int:
    """How many of those parts make a point."""
    return minor_per_major(document.store.currency) * 100


def bonus_campaigns(document: Programme) -> tuple[Campaign, ...]:
    """Campaigns that add to what purchases earn; none is about single products, which a purchase does not tell."""
    return tuple(campaign for campaign in document.campaigns if campaign.kind == "bonus" and not campaign.scope.asins)


def campaign_of(campaigns: tuple[Campaign, ...], shopper: Shopper, category: str, at: datetime) -> Campaign | None:
    """The one campaign of a purchase of that time: of those that the member takes part in, the most generous."""
    mine = [
        campaign
        for campaign in campaigns
        if campaign.applies(at) and campaign.scope.has(category) and takes_part(campaign, shopper)
    ]
    return max(mine, key=lambda campaign: (campaign.earn_multiplier_percent or 100, campaign.code), default=None)


def bonus(parts: int, campaign: Campaign) -> int:
    """What a campaign adds, in hundredths of the parts that a purchase earns without it: add up, then `whole_bonus`."""
    return parts * ((campaign.earn_multiplier_percent or 100) - 100)


def whole_bonus(document: Programme, hundredths: int) -> int:
    """Whole points of a bonus, rounded down."""
    return hundredths // (100 * parts_per_point(document))


def rate(document: Programme, partner: str, category: str) -> int:
    """Points per major unit: the rate of partner and category, else of the partner, of the category, else the base."""
    rates = {(rate.partner, rate.category): rate.points_per_major for rate in document.points.earn_rates}
    for key in ((partner, category), (partner, None), (None, category)):
        if key in rates:
            return rates[key]
    return document.points.base_points_per_major


def expires_on(document: Programme, occurred_at: datetime) -> date:
    """The last day a purchase's points are good: a month's end, `expiry.months` later, where the programme is."""
    local = occurred_at.astimezone(document.zone)
    year, month = divmod(local.year * 12 + local.month - 1 + document.points.expiry.months, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])

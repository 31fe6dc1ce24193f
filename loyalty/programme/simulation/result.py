"""What a simulation says, as plain numbers: kept as JSON, shown by the manager API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty.catalogue.prices import minor_per_major
from loyalty.programme.simulation.balances import Affords, Band, Example, affords, worth_minor
from loyalty.programme.simulation.replay import Sums
from loyalty.programme.simulation.rules import DAYS, Rules
from loyalty.programme.simulation.shelf import Favourite, Shelf
from loyalty.programme.simulation.spending import Projection, Spending, Spent

BEFORE, AFTER = 0, 1
SIDES = (BEFORE, AFTER)
# So many of them are named.
HIDDEN_NAMED = 50


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that was looked at."""

    rules: Rules
    shelf: Shelf
    favourites: Sequence[Favourite]
    bands: Sequence[Band]
    examples: Sequence[Example]
    sums: Sequence[Sums]
    spending: Spending
    # By level: whose purchases reach it, before and after; None where the draft leaves the levels alone.
    levels: tuple[Mapping[str, int], Mapping[str, int]] | None


def result(parts: Parts) -> dict[str, Any]:
    """Put together. Money in minor units; a pair is [current document, draft]."""
    window, currency = parts.rules.window, parts.rules.before.store.currency
    by_tier = affords(parts.bands, parts.rules.tiers, parts.favourites)
    points = [_points(parts, side) for side in SIDES]
    money = [sum(one.money[side] for one in parts.sums) for side in SIDES]
    paid = sum(one.paid for one in parts.sums)
    cost = [paid - one for one in money]
    outstanding = sum(band.outstanding for band in parts.bands)
    return {
        "as_of": window.until.isoformat(),
        "days": DAYS,
        "currency": currency,
        "redemptions": sum(one.redemptions for one in parts.sums),
        "units": sum(one.units for one in parts.sums),
        "recorded_points": sum(one.recorded_points for one in parts.sums),
        "recorded_money_minor": sum(one.recorded_money for one in parts.sums),
        "paid_minor": paid,
        "drift_minor": sum(one.drift for one in parts.sums),
        "points": points,
        "money_minor": money,
        "cost_minor": cost,
        "cost_per_point_micros": [
            _ratio(cost[side] * 1_000_000, points[side] * minor_per_major(currency)) for side in SIDES
        ],
        "stopped_units": sum(one.stopped_units for one in parts.sums),
        "outstanding_points": outstanding,
        "liability_minor": [_ratio(outstanding * cost[side], points[side]) for side in SIDES],
        "buys_minor": [
            sum(worth_minor(document, tier, one.outstanding) for tier, one in by_tier.items())
            for document in (parts.rules.before, parts.rules.after)
        ],
        "months": _months(parts),
        "members": _members(by_tier),
        "tiers": [
            {
                "tier": tier,
                "members": one.members,
                "outstanding_points": one.outstanding,
                "more": one.more,
                "fewer": one.fewer,
            }
            for tier, one in by_tier.items()
            if one.members or tier
        ],
        "levels": _levels(parts),
        "products": [_product(number, one, by_tier) for number, one in enumerate(parts.favourites)],
        "campaigns": [_campaign(one) for one in parts.spending.projections],
        "examples": [_example(one) for one in parts.examples],
        "hidden": {
            "products": len(parts.shelf.hidden),
            "below_margin_floor": len(parts.shelf.below_floor),
            "redeemed_units": sum(one.hidden_units for one in parts.sums),
            "named": [
                {"asin": asin, "title": parts.shelf.titles[asin], "below_margin_floor": asin in parts.shelf.below_floor}
                for asin in parts.shelf.hidden[:HIDDEN_NAMED]
            ],
        },
    }  # fmt: skip


def _points(parts: Parts, side: int) -> int:
    dearer = sum(points for (of, _), points in parts.spending.dearer.items() if of == side)
    return sum(one.points[side] for one in parts.sums) + dearer


def _ratio(part: int, whole: int) -> int | None:
    """Rounded down; None while nothing was redeemed for points."""
    return part // whole if whole > 0 else None


def _months(parts: Parts) -> list[dict[str, Any]]:
    """By the month of the past, where the programme is."""
    zone, days = parts.rules.before.zone, parts.rules.window.days
    names = [f"{day.astimezone(zone):%Y-%m}" for day in days]
    told: dict[str, dict[str, Any]] = {
        name: {"month": name, "redemptions": 0, "paid_minor": 0, "points": [0, 0], "money_minor": [0, 0]}
        for name in dict.fromkeys(names)
    }
    for one in parts.sums:
        month = told[names[max(one.day, 1) - 1]]
        month["redemptions"] += one.redemptions
        month["paid_minor"] += one.paid
        for side in SIDES:
            month["points"][side] += one.points[side]
            month["money_minor"][side] += one.money[side]
    for (side, day), points in parts.spending.dearer.items():
        told[names[day - 1]]["points"][side] += points
    for month in told.values():
        month["cost_minor"] = [month["paid_minor"] - month["money_minor"][side] for side in SIDES]
    return list(told.values())


def _members(by_tier: dict[str, Affords]) -> dict[str, Any]:
    sums: dict[str, int] = defaultdict(int)
    for one in by_tier.values():
        sums["active"] += one.members
        sums["more"] += one.more
        sums["fewer"] += one.fewer
    return {name: sums[name] for name in ("active", "more", "fewer")}


def _levels(parts: Parts) -> list[dict[str, Any]] | None:
    if parts.levels is None:
        return None
    before, after = parts.levels
    return [{"tier": code, "members": [before.get(code), after.get(code)]} for code in dict.fromkeys((*before, *after))]


def _product(number: int, one: Favourite, by_tier: dict[str, Affords]) -> dict[str, Any]:
    return {
        "asin": one.asin,
        "title": one.title,
        "points": [one.before[""], one.after[""]],
        "members": [
            sum(tier.before[number] for tier in by_tier.values()),
            sum(tier.after[number] for tier in by_tier.values()),
        ],
        "tiers": [
            {
                "tier": code,
                "points": [one.before[code], one.after[code]],
                "members": [tier.before[number], tier.after[number]],
            }
            for code, tier in by_tier.items()
            if code
        ],
    }


def _campaign(one: Projection) -> dict[str, Any]:
    return {
        "campaign": one.campaign,
        "kind": one.kind,
        "funder": one.funder,
        "left_minor": list(one.left_minor),
        "spend_minor": [spent and spent.spend_minor for spent in one.spent],
        "wanted_minor": [spent and spent.wanted_minor for spent in one.spent],
        "ends_on": [_day(spent) for spent in one.spent],
        "unknown": one.unknown,
    }


def _day(spent: Spent | None) -> str | None:
    return spent.ends_on.isoformat() if spent and spent.ends_on else None


def _example(one: Example) -> dict[str, Any]:
    return {
        "member_number": one.member_number,
        "tier": one.tier,
        "available": one.available,
        "affordable": list(one.affordable),
        "best": list(one.best),
        "worth_minor": list(one.worth_minor),
    }

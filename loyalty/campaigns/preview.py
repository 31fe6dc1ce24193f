"""Whom a campaign would reach and what it might cost, from members and the last 90 days; nothing is written.

Members are counted, or estimated from a sample where an audience has not been counted yet. The cost is what members of
the segment did in 90 days, stretched to the campaign's length, as if it changed nothing in what they do: a start, not a
promise. A purchase's category is not kept, so for a bonus the cost is that of all categories.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt

from loyalty.campaigns.comparing import Z
from loyalty.database import Connection
from loyalty.programme.document import Programme
from loyalty.programme.earning import minor_per_major
from loyalty.programme.schema.campaigns import Audience, Campaign

DAYS = 90
# So many members are looked at for what they did, and for whether they are in an audience that nobody has counted.
LOOKED_AT = 4_000


@dataclass(frozen=True, slots=True)
class Reach:
    """`members` of the segment, `held_out` of them; `give_or_take` of `members` where they are estimated, else none.

    `cost_minor` is as far as the budget goes, `cost_without_limit_minor` as if it had none; `cost_give_or_take_minor`
    of the latter. `active`: how many did something in these days that the campaign is about. `all_categories`: the cost
    is that of purchases in every category, though the campaign asks for some.
    """

    members: int
    give_or_take: int | None
    held_out: int
    active: int
    cost_minor: int
    cost_without_limit_minor: int
    cost_give_or_take_minor: int
    currency: str
    days: int
    all_categories: bool


def preview(
    connection: Connection, program_id: int, document: Programme, campaign: Campaign, audience: Audience | None
) -> Reach:
    """What the campaign would be. `audience` is the one that it names."""
    segment = campaign.segment.model_dump_json()
    conditions = json.dumps(audience.conditions()) if audience else None
    row = connection.execute(
        "select * from campaigns.reach(%s, %s::jsonb, %s::jsonb)", (program_id, segment, conditions)
    ).fetchone()
    assert row is not None
    named, members, give_or_take = row["named"], row["members"], None
    percent = 100 * LOOKED_AT / max(1, named if members is None else members)
    stretch = (campaign.ends_at - campaign.starts_at) / timedelta(days=DAYS)
    habits = connection.execute(
        "select * from campaigns.habits(%s, %s::jsonb, %s::jsonb, %s, %s::real, %s::numeric, %s::numeric)",
        (
            program_id, campaign.model_dump_json(), conditions, DAYS, min(100.0, percent), _gain(document, campaign),
            stretch,
        ),
    ).fetchone()  # fmt: skip
    assert habits is not None
    sampled = habits["members"]
    if members is None:
        share = sampled / habits["looked"] if habits["looked"] else 0.0
        members = round(share * named)
        if habits["looked"] < named:
            give_or_take = round(Z * sqrt(share * (1 - share) / max(1, habits["looked"])) * named)
    held_out = round(members * campaign.holdout_percent / 100)
    mean = float(habits["capped"]) / sampled if sampled else 0.0
    variance = max(0.0, float(habits["capped_squared"]) / sampled - mean * mean) if sampled else 0.0
    treated = members - held_out
    mean = float(habits["capped"]) / sampled if sampled else 0.0
    variance = max(0.0, float(habits["capped_squared"]) / sampled - mean * mean) if sampled else 0.0
    price = _minor_of_a_point(document, campaign)
    cost = round(mean * treated * price)
    return Reach(
        members=members,
        give_or_take=give_or_take,
        held_out=held_out,
        active=round(members * habits["active"] / sampled) if sampled else 0,
        cost_minor=min(cost, campaign.budget_minor),
        cost_without_limit_minor=cost,
        cost_give_or_take_minor=round(Z * sqrt(variance / sampled) * treated * price) if 0 < sampled < members else 0,
        currency=document.store.currency,
        days=DAYS,
        all_categories=campaign.kind == "bonus" and bool(campaign.scope.categories),
    )


def _gain(document: Programme, campaign: Campaign) -> float:
    """Points that the campaign adds to, or saves of, each point that a member earned or gave."""
    if campaign.earn_multiplier_percent is not None:
        return campaign.earn_multiplier_percent / 100 - 1
    normal = document.conversion.points_per_major
    return max(0.0, 1 - (campaign.conversion_points_per_major or normal) / normal)


def _minor_of_a_point(document: Programme, campaign: Campaign) -> float:
    """What the funder pays for a bonus point; or the money that a point saved would have paid."""
    minor = minor_per_major(document.store.currency)
    if campaign.kind == "bonus":
        return document.points.unit_cost_micros * minor / 1_000_000
    return minor / document.conversion.points_per_major

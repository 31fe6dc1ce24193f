"""What campaigns would cost in the coming 90 days if they were like the last: never more than the budget has left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from loyalty.catalogue.prices import minor_per_major
from loyalty.database import Connection
from loyalty.points.budgets import Budget, budgets_of
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Campaign
from loyalty.programme.simulation.replay import Sums
from loyalty.programme.simulation.rules import Rules, door_of

# Why nothing can be said of a campaign: past purchases do not tell what it asks for, its audience was not counted yet,
# or too many campaigns are not for everybody.
type Unknown = Literal["category", "country", "audience", "too-many"]


@dataclass(frozen=True, slots=True)
class Spent:
    """Of one document: what it would cost, what it would without a budget, and the day on which the budget ends."""

    spend_minor: int
    wanted_minor: int
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Projection:
    """A campaign in both documents; None where it is not in it, or nothing can be said (`unknown` says why)."""

    campaign: str
    kind: Literal["bonus", "discount"]
    funder: str
    left_minor: tuple[int | None, int | None]
    spent: tuple[Spent | None, Spent | None]
    unknown: Unknown | None


@dataclass(frozen=True, slots=True)
class Spending:
    """All campaigns, and points that members pay more, by (side, day), because a budget has ended."""

    projections: list[Projection]
    dearer: Mapping[tuple[int, int], int]


def spending(connection: Connection, program_id: int, rules: Rules, sums: Sequence[Sums]) -> Spending:
    """For every campaign that is on in the coming 90 days under either document."""
    budgets = {budget.campaign: budget for budget in budgets_of(connection, program_id)}
    earned = _earned(connection, program_id, rules)
    counted = counted_audiences(connection, program_id, rules)
    told, dearer = [], dict[tuple[int, int], int]()
    for number, code in enumerate(rules.campaigns, 1):
        both = [
            next((c for c in document.campaigns if c.code == code), None) for document in (rules.before, rules.after)
        ]
        newest = both[1] or both[0]
        assert newest is not None
        if not any(one and rules.window.sees(one) for one in both):
            continue
        unknown = next((why for one in both if one and (why := _unknown(rules, one, counted))), None)
        lefts = [None if one is None else left_minor(one, budgets.get(code)) for one in both]
        spent: list[Spent | None] = [None, None]
        for side, (campaign, left) in enumerate(zip(both, lefts, strict=True)):
            if campaign is None or left is None or unknown or not rules.window.sees(campaign):
                continue
            if campaign.kind == "bonus":
                spent[side] = _bonus(rules, campaign, earned, left)
            else:
                daily = _daily(sums, side, number)
                spent[side], last = _capped({day: amount for day, (amount, _) in daily.items()}, left, rules)
                for day, (_, saved) in daily.items():
                    if last is not None and day > last:
                        dearer[side, day] = dearer.get((side, day), 0) + saved
        told.append(Projection(code, newest.kind, newest.funder, (lefts[0], lefts[1]), (spent[0], spent[1]), unknown))
    return Spending(told, dearer)


def _unknown(rules: Rules, campaign: Campaign, counted: Collection[str]) -> Unknown | None:
    audience = campaign.segment.audience
    if campaign.kind == "discount":
        if audience is not None and audience not in counted:
            return "audience"
        door = door_of(campaign)
        return "too-many" if door is not None and door not in rules.doors else None
    if audience is not None:
        return "audience"
    if campaign.segment.countries:
        return "country"
    return "category" if campaign.scope.categories else None


def counted_audiences(connection: Connection, program_id: int, rules: Rules) -> set[str]:
    """Audiences whose members are known and that the draft does not change."""
    rows = connection.execute("select audience, counted_at from campaigns.audiences(%s)", (program_id,)).fetchall()
    known = {row["audience"] for row in rows if row["counted_at"] is not None}
    before, after = (
        {one.code: one.conditions() for one in document.audiences} for document in (rules.before, rules.after)
    )
    return {code for code in known if before.get(code) == after.get(code, before.get(code))}


def left_minor(campaign: Campaign, budget: Budget | None) -> int:
    """What this document's budget has left after what was spent and promised."""
    if budget is None:
        return campaign.budget_minor
    return max(0, campaign.budget_minor - budget.spent_minor - budget.reserved_minor)


def exhausted(
    connection: Connection, program_id: int, documents: tuple[Programme, Programme]
) -> tuple[frozenset[str], frozenset[str]]:
    """Campaigns of each document that have nothing left."""
    budgets = {budget.campaign: budget for budget in budgets_of(connection, program_id)}

    def spent(document: Programme) -> frozenset[str]:
        return frozenset(
            campaign.code for campaign in document.campaigns if left_minor(campaign, budgets.get(campaign.code)) == 0
        )

    return spent(documents[0]), spent(documents[1])


def _daily(sums: Sequence[Sums], side: int, number: int) -> dict[int, tuple[int, int]]:
    """Discount and points saved by day."""
    daily: dict[int, tuple[int, int]] = {}
    for one in sums:
        if one.campaigns[side] == number:
            discount, saved = daily.get(one.day, (0, 0))
            daily[one.day] = (discount + one.discount[side], saved + one.saved[side])
    return daily


def _capped(daily: Mapping[int, int], left: int, rules: Rules) -> tuple[Spent, int | None]:
    """Day after day until nothing is left; also the number of the last day that was paid."""
    through = 0
    for day in sorted(daily):
        through += daily[day]
        if through > left:
            begins = rules.window.days[day - 1] + rules.window.shift
            return Spent(left, sum(daily.values()), begins.astimezone(rules.after.zone).date()), day
    return Spent(through, through, None), None


def _bonus(rules: Rules, campaign: Campaign, earned: Sequence[tuple[int, str, int]], left: int) -> Spent:
    """A bonus is a part of what purchases earn anyway; the held-out part of the members gets none."""
    extra = ((campaign.earn_multiplier_percent or 100) - 100) * (100 - campaign.holdout_percent)
    per_minor = 1_000_000 // minor_per_major(rules.after.store.currency)
    daily: dict[int, int] = {}
    for day, tier, micros in earned:
        at = rules.window.days[day - 1] + rules.window.shift
        if campaign.applies(at) and (not campaign.segment.tiers or tier in campaign.segment.tiers):
            daily[day] = daily.get(day, 0) + micros
    return _capped({day: micros * extra // 10_000 // per_minor for day, micros in daily.items()}, left, rules)[0]


def _earned(connection: Connection, program_id: int, rules: Rules) -> list[tuple[int, str, int]]:
    """(day, tier, millionths) that purchases' own points were worth; only asked for where a campaign needs it."""
    if not any(
        campaign.kind == "bonus" and rules.window.sees(campaign)
        for document in (rules.before, rules.after)
        for campaign in document.campaigns
    ):
        return []
    days: list[datetime] = rules.window.days
    rows = connection.execute(
        "select * from simulation.earned(%s, %s, %s, %s)", (program_id, rules.window.since, days, list(rules.tiers))
    ).fetchall()
    return [(row["day"], rules.tiers[row["tier"] - 1], int(row["cost_micros"])) for row in rows if row["day"] > 0]

"""Rules for a while, with somebody's money: whom they are for, what they are about, when they are on.

The document holds what the manager wants (`state`); what a campaign is at an instant follows from that, the time and
the budget: `Campaign.state_at`, and campaigns.state_of in database/campaigns/1_state.sql; a test holds them together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, model_validator

from loyalty.programme.schema.kinds import Asin, Budget, Code, Country, Factor, Part, Percent, TimeZone, wrong

type State = Literal["draft", "scheduled", "running", "paused", "ended", "exhausted"]

# What a manager may want. `scheduled` and `running` are one wish: on from `starts_at` until `ends_at`.
ON = frozenset({"scheduled", "running"})

Days = Annotated[int, Field(ge=1, le=3650)]


@dataclass(frozen=True, slots=True)
class Shopper:
    """What campaigns ask of a member; `audiences` are those of the document that the member was counted in."""

    member_id: int
    tier: str
    country: str
    audiences: frozenset[str] = frozenset()


class Audience(Part):
    """Members picked by what they did: whoever meets every condition that is given, and at least one is.

    Days count back from the instant of counting. A purchase is one that earned points of its own, when it was made;
    points of campaigns are not counted, returns are not taken off. A redemption counts unless it was cancelled,
    declined or rejected.
    """

    code: Code
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    # The last purchase is younger than this.
    purchased_within_days: Days | None = None
    # There was a purchase once, but none in these days.
    not_purchased_for_days: Days | None = None
    # Points of purchases in the last `earned_in_days`.
    earned_at_least_points: Annotated[int, Field(ge=1, le=10**12)] | None = None
    earned_in_days: Days | None = None
    redeemed: Literal["ever", "never"] | None = None
    redeemed_within_days: Days | None = None
    joined_within_days: Days | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if (self.earned_at_least_points is None) != (self.earned_in_days is None):
            raise wrong("earned_in_days", "goes together with earned_at_least_points")
        if not self.conditions():
            raise wrong("code", "an audience needs a condition; without one it is everybody")
        if self.redeemed == "never" and self.redeemed_within_days is not None:
            raise wrong("redeemed_within_days", "nobody who never redeemed has redeemed within days")
        within, without = self.purchased_within_days, self.not_purchased_for_days
        if within is not None and without is not None and within <= without:
            raise wrong("purchased_within_days", "must be more than not_purchased_for_days")
        return self

    def conditions(self) -> dict[str, Any]:
        """What is asked, without code and name: two audiences with the same conditions have the same members."""
        return self.model_dump(mode="json", exclude={"code", "name"}, exclude_none=True)


class Segment(Part):
    """Whom a campaign is for; empty means everybody. `countries` are where members live."""

    tiers: tuple[Code, ...] = ()
    countries: tuple[Country, ...] = ()
    audience: Code | None = None

    def everybody(self) -> bool:
        """Whether it asks for nothing."""
        return not self.tiers and not self.countries and self.audience is None

    def has(self, shopper: Shopper) -> bool:
        """Whether the member is one of them."""
        return (
            (not self.tiers or shopper.tier in self.tiers)
            and (not self.countries or shopper.country in self.countries)
            and (self.audience is None or self.audience in shopper.audiences)
        )


class Scope(Part):
    """What a campaign is about; empty means everything. Single products (`asins`) only where a reward is cheaper."""

    categories: tuple[Code, ...] = ()
    asins: tuple[Asin, ...] = ()

    def has(self, category: str | None, asin: str | None = None) -> bool:
        """Whether it is about a product of that category."""
        return (not self.categories or category in self.categories) and (not self.asins or asin in self.asins)


class Campaign(Part):
    """A rule for a while, with a budget of somebody's money that it cannot pass.

    `starts_at` and `ends_at` decide as instants. They may be given as a clock in `time_zone` shows them, without an
    offset: a time that the clocks skip is the instant of the skip; one that they show twice is the first for the start,
    the second for the end.
    """

    code: Code
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    state: State
    starts_at: datetime
    ends_at: datetime
    time_zone: TimeZone = "UTC"
    segment: Segment = Field(default_factory=Segment)
    scope: Scope = Field(default_factory=Scope)
    earn_multiplier_percent: Annotated[int, Field(ge=100, le=10_000)] | None = None
    conversion_points_per_major: Factor | None = None
    budget_minor: Budget
    funder: Code
    member_cap_points: Annotated[int, Field(gt=0, le=10**12)] | None = None
    holdout_percent: Percent = 10

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        zone = ZoneInfo(self.time_zone)
        for field, last in (("starts_at", False), ("ends_at", True)):
            if (shown := getattr(self, field)).tzinfo is None:
                # A part is frozen once it is made, and this one is being made.
                self.__dict__[field] = _instant(field, shown, zone, last=last)
        if self.ends_at <= self.starts_at:
            raise wrong("ends_at", "must be after starts_at")
        if (self.earn_multiplier_percent is None) == (self.conversion_points_per_major is None):
            raise wrong("earn_multiplier_percent", "a campaign changes either what is earned or what a reward costs")
        return self

    @property
    def kind(self) -> Literal["bonus", "discount"]:
        """More points for purchases, or rewards for fewer points."""
        return "bonus" if self.earn_multiplier_percent is not None else "discount"

    def state_at(self, at: datetime, exhausted: bool = False) -> State:
        """What it is at that instant. `exhausted`: its budget pays for nothing more."""
        if self.state in ("draft", "ended", "exhausted"):
            return self.state
        if at >= self.ends_at:
            return "ended"
        if self.state == "paused":
            return "paused"
        if at < self.starts_at:
            return "scheduled"
        return "exhausted" if exhausted else "running"

    def applies(self, at: datetime) -> bool:
        """Whether it is on at that instant; its budget has a word of its own."""
        return self.state_at(at) == "running"


def audiences_wanted(campaigns: Collection[Campaign]) -> bool:
    """Whether any of them asks for an audience."""
    return any(campaign.segment.audience is not None for campaign in campaigns)


def instant_of(shown: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    """The instant at which clocks in that zone show this: the later one of two with `last`, of none the skip itself."""
    first, second = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if last else first
    # Skipped: before it the clocks run by one offset, after it by the other; between the two answers lies the skip.
    early, late = second, first
    before = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def _instant(field: str, shown: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    try:
        return instant_of(shown, zone, last=last)
    except OverflowError:
        raise wrong(field, "is too far away") from None

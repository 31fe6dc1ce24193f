"""Rules for a while, with somebody's money."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from loyalty.programme.schema.kinds import Asin, Budget, Code, Country, Factor, Part, Percent, TimeZone, wrong


class Segment(Part):
    """Whom a campaign is for; empty means everybody."""

    tiers: tuple[Code, ...] = ()
    countries: tuple[Country, ...] = ()
    audience: Code | None = None


class Scope(Part):
    """What a campaign is about; empty means everything."""

    categories: tuple[Code, ...] = ()
    asins: tuple[Asin, ...] = ()


class Campaign(Part):
    """A rule for a while, with a budget of somebody's money that it cannot pass."""

    code: Code
    state: Literal["draft", "scheduled", "running", "paused", "ended", "exhausted"]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
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
        if self.ends_at <= self.starts_at:
            raise wrong("ends_at", "must be after starts_at")
        if (self.earn_multiplier_percent is None) == (self.conversion_points_per_major is None):
            raise wrong("earn_multiplier_percent", "a campaign changes either what is earned or what a reward costs")
        return self

    def applies(self, at: datetime) -> bool:
        """Whether it is on at that instant."""
        return self.state == "running" and self.starts_at <= at < self.ends_at

"""Earning, lapsing, coming back, owing."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyalty.programme.schema.kinds import Code, Part, TimeZone, each_once, wrong


class EarnRate(Part):
    """Points per major unit for a partner, a category, or both; at least one is named."""

    partner: Code | None = None
    category: Code | None = None
    points_per_major: Annotated[int, Field(ge=0, le=100_000)]

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.partner is None and self.category is None:
            raise wrong("partner", "name a partner, a category or both; the base rate is points.base_points_per_major")
        return self


class Expiry(Part):
    """Fixed: months after the purchase. Activity: months after the last one. Always the end of a month."""

    kind: Literal["fixed", "activity"] = "fixed"
    months: Annotated[int, Field(ge=1, le=120)] = 24


class PartnerTerms(Part):
    """Who pays for a partner's points and at what price a point."""

    funder: Code
    unit_cost_micros: Annotated[int, Field(ge=0, le=10**9)]


class Points(Part):
    """Earning, lapsing, coming back, owing."""

    base_points_per_major: Annotated[int, Field(ge=0, le=100_000)] = 10
    earn_rates: Annotated[tuple[EarnRate, ...], Field(max_length=500)] = ()
    pending_days: Annotated[int, Field(ge=0, le=365)] = 0
    expiry: Expiry = Field(default_factory=Expiry)
    time_zone: TimeZone = "UTC"
    return_extension_days: Annotated[int, Field(ge=0, le=365)] = 30
    debt_policy: Literal["debt", "write_off"] = "debt"
    adjustment_limit: Annotated[int, Field(ge=0, le=10**9)] = 10_000
    # Members may give points to each other, so many in 24 hours.
    transfers_enabled: bool = False
    transfer_daily_limit: Annotated[int, Field(ge=0, le=10**12)] = 10_000
    # What a member may redeem in 24 hours; none: whatever there is.
    held_daily_limit: Annotated[int, Field(ge=1, le=10**12)] | None = None
    funder: Code = "programme"
    unit_cost_micros: Annotated[int, Field(ge=0, le=10**9)] = 4_000
    partners: dict[Code, PartnerTerms] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        each_once(((rate.partner, rate.category) for rate in self.earn_rates), "earn_rates.{}")
        return self

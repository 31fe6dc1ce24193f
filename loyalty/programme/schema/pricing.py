"""Price to points, who pays what is on top, and the time to change one's mind."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyalty.programme.schema.kinds import BasisPoints, Code, Factor, Part, Percent, wrong


class Conversion(Part):
    """Price to points. One factor applies: campaign, else category, else tier, else the base; never a product."""

    points_per_major: Factor = 200
    by_tier: dict[Code, Factor] = Field(default_factory=dict)
    by_category: dict[Code, Factor] = Field(default_factory=dict)
    min_points_share_percent: Percent = 0
    max_points_share_percent: Percent = 100
    points_step: Annotated[int, Field(ge=1, le=100_000)] = 1
    margin_floor_basis_points: BasisPoints = 0
    drift_tolerance_basis_points: BasisPoints = 500

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.min_points_share_percent > self.max_points_share_percent:
            raise wrong("min_points_share_percent", "is above max_points_share_percent")
        return self


class Pricing(Part):
    """Who pays shipping and tax: the member inside the price (charged) or the programme (absorbed)."""

    included: Literal["charged", "absorbed"] = "charged"
    browse_tax_basis_points: BasisPoints = 0
    quote_minutes: Annotated[int, Field(ge=1, le=120)] = 15


class Redemption(Part):
    """The time to change one's mind, to approve a payment, and what happens when not everything can be sent."""

    release_delay_seconds: Annotated[int, Field(ge=0, le=86_400)] = 600
    approval_minutes: Annotated[int, Field(ge=5, le=1_440)] = 15
    partial_policy_default: Literal["send_what_you_can", "all_or_nothing"] = "send_what_you_can"

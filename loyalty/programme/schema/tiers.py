"""Levels and what they give."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyalty.programme.schema.kinds import Code, Language, Part, Text, each_once, wrong


class Benefits(Part):
    """What a tier gives."""

    earn_multiplier_percent: Annotated[int, Field(ge=100, le=1_000)] = 100
    free_delivery: bool = False


class Tier(Part):
    """A level, reached with `qualifying_units` in the window."""

    code: Code
    names: dict[Language, Text]
    qualifying_units: Annotated[int, Field(ge=0, le=10**12)]
    benefits: Benefits = Field(default_factory=Benefits)

    def name_in(self, language: str) -> str:
        """What the level is called in a language, else in English, else its code."""
        return self.names.get(language) or self.names.get("en") or self.code


class Tiers(Part):
    """Levels from low to high. Units are base points or spend, never bonuses or adjustments."""

    unit: Literal["base_points", "spend_minor"] = "base_points"
    window_months: Annotated[int, Field(ge=1, le=36)] = 12
    levels: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=20)]
    # Levels of before that members may still be in: code to the level that stands for it now.
    replaced: Annotated[dict[Code, Code], Field(max_length=100)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _climb(self) -> Self:
        each_once((tier.code for tier in self.levels), "levels.{}.code")
        units = [tier.qualifying_units for tier in self.levels]
        if units[0] != 0:
            raise wrong("levels.0.qualifying_units", "the first level must need 0 units: everybody is somewhere")
        for number, (lower, higher) in enumerate(pairwise(units), start=1):
            if higher <= lower:
                raise wrong(f"levels.{number}.qualifying_units", "must be more than the level below it needs")
        codes = {tier.code for tier in self.levels}
        for old, new in self.replaced.items():
            if old in codes:
                raise wrong(f"replaced.{old}", "this level is still there: nothing stands for it")
            if new not in codes:
                # So there are no chains and no circles.
                raise wrong(f"replaced.{old}", "must name one of the levels")
        return self

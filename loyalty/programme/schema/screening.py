"""What is looked at before a redemption becomes an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loyalty.programme.schema.kinds import Code, Part, each_once, wrong

# What a rule is about, and what it must say: `over` so much, within so many `hours`.
_SCREENED: Mapping[str, tuple[bool, bool]] = {
    "new_device": (False, False),
    "contact_changed": (False, True),
    "balance_share": (True, False),
    "points_spent": (True, True),
    "shared_address": (True, False),
}


class ScreeningRule(Part):
    """What makes a redemption suspicious, and how much: some points, or at once an action (allow: it is only noted).

    new_device: nothing was ordered or confirmed from it before. contact_changed: e-mail, telephone or this address is
    younger than `hours`. balance_share: over so many percent of the points. points_spent: over so many points in
    `hours`. shared_address: more than `over` members have things sent there.
    """

    code: Code
    when: Literal["new_device", "contact_changed", "balance_share", "points_spent", "shared_address"]
    over: Annotated[int, Field(ge=0, le=10**12)] | None = None
    hours: Annotated[int, Field(ge=1, le=8_760)] | None = None
    points: Annotated[int, Field(ge=1, le=1_000)] | None = None
    action: Literal["allow", "step_up", "review"] | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        for name, value, needed in zip(("over", "hours"), (self.over, self.hours), _SCREENED[self.when], strict=True):
            if needed and value is None:
                raise wrong(name, "is missing: this kind of rule needs it")
            if not needed and value is not None:
                raise wrong(name, "means nothing for this kind of rule")
        if self.when == "balance_share" and self.over is not None and self.over >= 100:
            raise wrong("over", "is a share of all points: below 100 percent")
        if (self.points is None) == (self.action is None):
            raise wrong("points", "a rule gives either points or an action")
        return self


class Screening(Part):
    """What is looked at before a redemption becomes an order, and how long it may wait for an answer. The strictest of
    the rules that hit decides, and the sum of their points. Who does not answer gets the points back."""

    # Behind as_before JSON's array comes as a list.
    rules: Annotated[tuple[ScreeningRule, ...], Field(max_length=20, strict=False)] = ()
    step_up_points: Annotated[int, Field(ge=1, le=10_000)] = 50
    review_points: Annotated[int, Field(ge=1, le=10_000)] = 100
    step_up_minutes: Annotated[int, Field(ge=5, le=1_440)] = 60
    review_hours: Annotated[int, Field(ge=1, le=168)] = 48
    code_minutes: Annotated[int, Field(ge=2, le=60)] = 10
    code_attempts: Annotated[int, Field(ge=1, le=5)] = 5
    codes: Annotated[int, Field(ge=1, le=5)] = 3
    codes_per_day: Annotated[int, Field(ge=1, le=50)] = 10

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        each_once((rule.code for rule in self.rules), "rules.{}.code")
        if self.review_points < self.step_up_points:
            raise wrong("review_points", "is below step_up_points")
        return self


def as_before(value: object) -> object:
    # Versions from before there was screening say so with an empty list.
    return {} if value in ([], ()) else value

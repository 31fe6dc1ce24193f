"""What a night may say, a JSON line each: checked before any of it comes near the database."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

# Units, percent: nothing that is forecast is larger, and a `real` of the database holds it.
LARGEST = 1e9
DIGITS = 6
MOST_PERIODS = 400
MOST_DAYS = 60


class InvalidLine(ValueError):
    """A line that is not what was agreed: which field, and why; never its value."""


def _rounded[Numbers: (float, list[float], list[float | None])](value: Numbers) -> Numbers:
    """Without the numbers next to zero that a `real` refuses."""
    if isinstance(value, list):
        return [None if one is None else round(one, DIGITS) for one in value]
    return round(value, DIGITS)


Asin = Annotated[str, Field(pattern=r"^[A-Z0-9]{10}$")]
Finite = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Number = Annotated[Finite, AfterValidator(_rounded)]
Chance = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(_rounded)]
Some = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
Units = Annotated[list[Some], Field(max_length=MOST_PERIODS), AfterValidator(_rounded)]
Signed = Annotated[list[Finite], Field(max_length=MOST_PERIODS), AfterValidator(_rounded)]
Scores = Annotated[list[Finite], AfterValidator(_rounded)]
Evidence = dict[Annotated[str, Field(max_length=60)], Number | bool | None]


class Line(BaseModel):
    """Of one product or member of a programme. What else it says is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    program_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


class ForecastLine(Line):
    """The next days or weeks of a product: all arrays of one length, quantiles in order is the model's business."""

    asin: Asin
    period: Literal["day", "week"]
    first_on: date
    mean: Annotated[Units, Field(min_length=1)]
    q05: Units
    q10: Units
    q25: Units
    q50: Units
    q75: Units
    q90: Units
    q95: Units
    history_from: date | None = None
    history: Annotated[list[Some | None], Field(max_length=MOST_PERIODS), AfterValidator(_rounded)] = []
    basis: Literal["model", "category", "nothing"]

    @model_validator(mode="after")
    def _of_one_length(self) -> Self:
        quantiles = (self.q05, self.q10, self.q25, self.q50, self.q75, self.q90, self.q95)
        if any(len(one) != len(self.mean) for one in quantiles):
            raise ValueError("the quantiles are not as long as the mean")
        return self


class OutlookLine(Line):
    """Whether a product can be had."""

    asin: Asin
    first_on: date
    probability: Chance
    by_day: Annotated[list[Chance], Field(max_length=MOST_DAYS)]
    cause: Literal["out_of_stock", "slow", "below_floor", "gone"]
    is_out: bool
    back_from: date | None = None
    back_until: date | None = None
    members_disappointed: Annotated[Some, AfterValidator(_rounded)]
    evidence: Annotated[Evidence, Field(max_length=40)] = {}


class TrendLine(Line):
    """Whether a product rises or falls."""

    asin: Asin
    direction: Literal["rising", "falling", "steady", "unknown"]
    percent_a_week: Number | None = None
    low: Number | None = None
    high: Number | None = None
    p: Chance | None = None
    q: Chance | None = None
    campaign_percent: Number | None = None
    campaign_low: Number | None = None
    campaign_high: Number | None = None
    first_on: date | None = None
    units: Signed = []
    level: Signed = []
    season: Signed = []
    campaign: Signed = []


class MemberLine(Line):
    """What one member might like, best first."""

    member_key: Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    asins: Annotated[list[Asin], Field(min_length=1, max_length=200)]
    scores: Scores
    because: list[Annotated[str, Field(pattern=r"^([A-Z0-9]{10})?$")]]

    @model_validator(mode="after")
    def _of_one_length(self) -> Self:
        if not len(self.asins) == len(self.scores) == len(self.because):
            raise ValueError("asins, scores and because are not of one length")
        return self


class SimilarLine(Line):
    """What goes with a product, best first."""

    asin: Asin
    others: Annotated[list[Asin], Field(min_length=1, max_length=50)]
    scores: Scores

    @model_validator(mode="after")
    def _of_one_length(self) -> Self:
        if len(self.others) != len(self.scores):
            raise ValueError("others and scores are not of one length")
        return self


class TrendingLine(Line):
    """A product that is wanted more than usual; the first place is 1."""

    asin: Asin
    place: Annotated[int, Field(ge=1, le=1_000_000)]
    score: Number


LINES: dict[str, type[Line]] = {
    "forecast": ForecastLine,
    "outlooks": OutlookLine,
    "trends": TrendLine,
    "similar": SimilarLine,
    "trending": TrendingLine,
    "members": MemberLine,
}


def checked(name: str, raw: bytes) -> str:
    """The line as the database takes it. Raises InvalidLine."""
    try:
        return LINES[name].model_validate_json(raw).model_dump_json()
    except ValidationError as error:
        first: Any = error.errors(include_input=False, include_url=False)[0]
        raise InvalidLine(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None

"""A metric as its YAML file says it: what an operator asks, the SQL that answers, how the answer is shown."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from analytics.metrics.dimensions import DIMENSIONS, FILTERS, Kind

SHEETS = ("customers", "points", "products", "seasonality", "campaigns", "operations")

type Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
type Words = Annotated[str, Field(min_length=3, max_length=2000)]
type Names = Annotated[tuple[Name, ...], BeforeValidator(tuple), Field(max_length=8)]
type Format = Literal["points", "money", "percent", "count", "days", "ratio"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True)


class Measure(_Part):
    """A figure. points, count, money (minor units of the row's `currency`) are whole numbers unless it is said that it
    is a `fraction`; percent (a share, 1 is all), ratio and days are not. Null where there is nothing to divide by."""

    name: Name
    title: Annotated[str, Field(min_length=2, max_length=60)]
    format: Format
    fraction: bool = False
    description: Words

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.format in ("points", "count", "money") and not self.fraction


class Chart(_Part):
    """How it is drawn. `x` and `colour` are columns of the grain, `y` measures; a heatmap's `y` is one column of the
    grain and its `value` the measure. A table needs none of them. `range`: two measures between which `y`
    may really be."""

    kind: Literal["line", "bar", "stacked", "heatmap", "table", "area"]
    x: Name | None = None
    y: Annotated[Names, BeforeValidator(lambda said: [said] if isinstance(said, str) else said)] = ()
    colour: Name | None = None
    value: Name | None = None
    range: Names = ()


class Column(_Part):
    """A column of the answer: `kind` is a dimension's, or `measure`, which then has a format; `type` its values'."""

    name: Name
    title: str
    kind: Kind | Literal["measure"]
    type: Literal["text", "date", "whole", "fraction"]
    format: Format | None = None


_TYPES: dict[Kind, Literal["text", "date", "whole"]] = {
    "text": "text",
    "date": "date",
    "month": "date",
    "number": "whole",
}


class Metric(_Part):
    """One definition, everywhere. The answer's columns are those of `grain`, then the measures, in this order;
    `filters` are those that the SQL heeds beside the programme, all optional; `drill` is the metric that says more;
    `empty` says how there comes to be something, where a programme may have nothing of it yet."""

    name: Name
    title: Annotated[str, Field(min_length=3, max_length=60)]
    sheet: Literal["customers", "points", "products", "seasonality", "campaigns", "operations"]
    question: Words
    description: Words
    synonyms: Annotated[
        tuple[Annotated[str, Field(min_length=3, max_length=40)], ...], BeforeValidator(tuple), Field(min_length=1)
    ]
    filters: Annotated[tuple[Literal[FILTERS], ...], BeforeValidator(tuple)]  # type: ignore[valid-type]
    grain: Annotated[Names, Field(min_length=1)]
    measures: Annotated[tuple[Measure, ...], BeforeValidator(tuple), Field(min_length=1, max_length=16)]
    chart: Chart
    drill: Name | None = None
    empty: Words | None = None
    sql: Annotated[str, Field(min_length=20, max_length=12_000)]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The answer's columns in their order."""
        dimensions = (
            Column(name=name, title=DIMENSIONS[name][0], kind=DIMENSIONS[name][1], type=_TYPES[DIMENSIONS[name][1]])
            for name in self.grain
        )
        measures = (
            Column(name=m.name, title=m.title, kind="measure", type="whole" if m.whole else "fraction", format=m.format)
            for m in self.measures
        )
        return (*dimensions, *measures)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        measures = [measure.name for measure in self.measures]
        for name in self.grain:
            if name not in DIMENSIONS:
                raise _wrong("grain", f"{name} is no dimension (analytics/metrics/dimensions.py has them)")
        for name in {*self.grain, *measures}:
            if (*self.grain, *measures).count(name) > 1:
                raise _wrong("measures", f"the column {name} is there twice")
        if "currency" not in self.grain and any(measure.format == "money" for measure in self.measures):
            raise _wrong("grain", "money needs the column currency: amounts of two currencies are never one sum")
        self._chart_fits(measures)
        return self

    def _chart_fits(self, measures: list[str]) -> None:
        chart = self.chart
        if chart.kind != "table" and (chart.x is None or not chart.y):
            raise _wrong("chart", f"a {chart.kind} chart needs x and y")
        for key, name in (("x", chart.x), ("colour", chart.colour)):
            if name is not None and name not in self.grain:
                raise _wrong(f"chart.{key}", f"{name} is no column of the grain")
        if chart.kind == "heatmap":
            if len(chart.y) != 1 or chart.y[0] not in self.grain or chart.value not in measures:
                raise _wrong("chart", "a heatmap's y is one column of the grain, its value one measure")
        elif unknown := [name for name in chart.y if name not in measures]:
            raise _wrong("chart.y", f"{unknown[0]} is no measure")
        elif chart.value is not None:
            raise _wrong("chart.value", "only a heatmap has it")
        if chart.range and (len(chart.range) != 2 or not set(chart.range) <= set(measures) or chart.kind != "bar"):
            raise _wrong("chart.range", "two measures, of a bar")
        if chart.colour is not None and len(chart.y) > 1:
            raise _wrong("chart.colour", "several measures are told apart by colour already")


def _wrong(key: str, reason: str) -> ValueError:
    """pydantic forgets where a whole model is wrong: the words begin with the key."""
    return ValueError(f"{key}: {reason}")

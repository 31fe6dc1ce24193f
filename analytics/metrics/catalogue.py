"""All metrics of the programme, and a statement's parameters from what a report asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from analytics.metrics.checking import MetricError, read, together
from analytics.metrics.definition import SHEETS, Metric
from analytics.metrics.dimensions import DATES, PROGRAM, UNSET

FOLDER = Path(__file__).resolve().parent
LONGEST_CHOICE = 200


@cache
def metrics(folder: Path = FOLDER) -> tuple[Metric, ...]:
    """Every metric, by sheet and name. Raises MetricError with every mistake of every file."""
    found = [read(path) for path in sorted(folder.glob("*.yaml"))]
    mistakes = [message for one in found for message in one.messages()] + together(found)
    if mistakes:
        raise MetricError("\n".join(mistakes))
    known = [one.metric for one in found if one.metric is not None]
    return tuple(sorted(known, key=lambda metric: (SHEETS.index(metric.sheet), metric.name)))


def metric(name: str) -> Metric:
    """Raises KeyError if there is none of this name."""
    return {each.name: each for each in metrics()}[name]


def parameters(asked_of: Metric, program_id: int, asked: Mapping[str, str | None]) -> dict[str, str]:
    """The values to bind to the metric's SQL, texts all of them and none empty. Filters that are asked for and that it
    does not heed are left out; those not asked for let everything through.

    Raises ValueError, in words for the asker, for a day that is none, days in the wrong order and a choice too long.
    """
    said = {name: value for name, value in asked.items() if name in asked_of.filters and value not in (None, "")}
    bound = {PROGRAM: str(program_id), **{name: said.get(name) or UNSET[name] for name in asked_of.filters}}
    for name in DATES:
        if name in bound:
            bound[name] = _day(name, bound[name])
    if bound.get("from_day", "") > bound.get("to_day", "9999-12-31"):
        raise ValueError("from_day is after to_day")
    for name, value in said.items():
        if name not in DATES and len(str(value)) > LONGEST_CHOICE:
            raise ValueError(f"{name} is longer than {LONGEST_CHOICE} characters")
    return bound


def _day(name: str, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(f"{name} is no day (YYYY-MM-DD)") from None

"""How good the forecasts lately were: those of an earlier night against what was asked for since."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow.compute as pc  # type: ignore[import-untyped]

from containers.forecast.answering import QUANTILES, panel_of
from containers.forecast.bundles import Bundle, only
from loyalty.demand.forecasting.quantiles import Floats

# Fewer days and units than this say nothing; of more products than this, the most wanted tell it.
FEWEST_DAYS = 3
FEWEST_UNITS = 20.0
MOST_SERIES = 5_000
# A season of days is a week.
SEASON = 7
_LEVELS = np.array(list(QUANTILES.values()))
_DEVIATIONS = np.array([NormalDist().inv_cdf(level) for level in _LEVELS])

type Key = tuple[int, str]
type Line = Mapping[str, Any]


@dataclass(slots=True)
class _Sums:
    ours: float = 0.0
    naive: float = 0.0
    held: int = 0
    days: int = 0
    units: float = 0.0


def health(tonight: Bundle, earlier: Iterable[Line]) -> dict[str, Any]:
    """Weighted quantile loss of earlier forecasts, of a week ago with its usual spread, and what the 80 % band held.

    `earlier`: lines by day of one earlier night. Nulls where there are none, or too little was asked for since.
    `drifted`: no better than a week ago.
    """
    nothing = {"wql_lately": None, "wql_naive_lately": None, "coverage80_lately": None, "drifted": False}
    most_wanted = heapq.nlargest(MOST_SERIES, earlier, key=lambda line: sum(line["mean"]))
    lines = {(line["program_id"], line["asin"]): line for line in most_wanted}
    if not lines:
        return nothing
    first_on = max(date.fromisoformat(line["first_on"]) for line in lines.values())
    days = (tonight.plan.as_of - first_on).days + 1
    days = min(days, *(len(line["mean"]) for line in lines.values()))
    if days < FEWEST_DAYS:
        return nothing
    sums = _compared(lines, _asked_since(tonight, lines, first_on), days)
    if sums.units < FEWEST_UNITS:
        return nothing
    return {
        "wql_lately": round(2 * sums.ours / (sums.units * len(_LEVELS)), 6),
        "wql_naive_lately": round(2 * sums.naive / (sums.units * len(_LEVELS)), 6),
        "coverage80_lately": round(sums.held / sums.days, 6),
        "drifted": bool(sums.ours >= sums.naive),
        "days_lately": days,
    }


def _asked_since(tonight: Bundle, lines: Mapping[Key, Line], first_on: date) -> dict[Key, Floats]:
    """Units a day from `first_on` on; nan on days on which it could not be had."""
    since = tonight.demand.filter(pc.greater_equal(tonight.demand["day"], first_on))
    panel = panel_of(only(replace(tonight, demand=since), {f"{program}/{asin}" for program, asin in lines}))
    found = {}
    for number, unique_id in enumerate(panel.unique_ids):
        program, _, asin = unique_id.partition("/")
        late = int((panel.first.astype("datetime64[D]") - np.datetime64(first_on)).astype(int))
        found[int(program), asin] = np.concatenate([np.zeros(max(0, late)), panel.y[number]])
    return found


def _compared(lines: Mapping[Key, Line], asked: Mapping[Key, Floats], days: int) -> _Sums:
    sums = _Sums()
    for key, line in lines.items():
        # A product that nobody asked for since, and that is gone from the catalogue, was there for nobody.
        true = asked.get(key, np.zeros(0))[:days]
        known = np.isfinite(true)
        true, told = true[known], np.array([line[name][:days] for name in QUANTILES])[:, : len(known)][:, known]
        sums.ours += _loss(true, told)
        sums.naive += _loss(true, _week_ago(line["history"], days)[:, : len(known)][:, known])
        # A band of counts holds the counts that its ends round to.
        sums.held += int(((true >= np.floor(told[1])) & (true <= np.ceil(told[5]))).sum())
        sums.days += len(true)
        sums.units += float(true.sum())
    return sums


def _week_ago(history: list[float | None], days: int) -> Floats:
    """Quantiles [levels, days] of the last week before the forecast, again and again, as far apart as weeks were."""
    past = np.array([np.nan if units is None else units for units in history], dtype=float)
    past = np.concatenate([np.full(max(0, SEASON - len(past)), np.nan), past])
    apart = past[SEASON:] - past[:-SEASON]
    apart = apart[np.isfinite(apart)]
    spread = float(np.sqrt((apart**2).mean())) if len(apart) else 0.0
    week = past[-SEASON:]
    usual = float(week[np.isfinite(week)].mean()) if np.isfinite(week).any() else 0.0
    mean = np.resize(np.where(np.isfinite(week), week, usual), days)
    return np.asarray(np.maximum(0.0, mean + spread * _DEVIATIONS[:, None]))


def _loss(true: Floats, quantiles: Floats) -> float:
    """The quantile (pinball) loss, summed over levels and days."""
    missed = true - quantiles
    levels = _LEVELS[:, None]
    return float(np.maximum(levels * missed, (levels - 1) * missed).sum())

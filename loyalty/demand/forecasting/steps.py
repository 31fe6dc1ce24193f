"""Lengths of a period, and what repeats itself in periods of that length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Step = Literal["hour", "day", "week", "month", "quarter", "year", "number"]
Dates = NDArray[np.datetime64]


@dataclass(frozen=True)
class Rhythm:
    """`season`: periods after which it repeats soon, `year`: after which the year does; 0: nothing does.
    `windows`: over which levels are taken, ascending; `recent`: the one that says how much it is now. `ahead`:
    periods that are told where nobody says how many."""

    season: int
    year: int
    lags: int
    windows: tuple[int, ...]
    recent: int
    ahead: int


RHYTHMS: dict[str, Rhythm] = {
    "hour": Rhythm(24, 168, 8, (12, 24, 48, 168, 672), 168, 48),
    "day": Rhythm(7, 364, 7, (7, 14, 28, 56, 182), 56, 28),
    "week": Rhythm(0, 52, 5, (4, 8, 13, 26, 52), 13, 13),
    "month": Rhythm(0, 12, 5, (3, 6, 12, 24), 12, 12),
    "quarter": Rhythm(0, 4, 4, (2, 4, 8), 4, 4),
    "year": Rhythm(0, 0, 3, (2, 4, 8), 4, 3),
    "number": Rhythm(0, 0, 5, (4, 8, 13, 26), 13, 6),
}
_HOURS: dict[Step, float] = {"hour": 1, "day": 24, "week": 168, "month": 730, "quarter": 2190, "year": 8766}
_UNITS: dict[str, tuple[str, int]] = {
    "hour": ("h", 1),
    "day": ("D", 1),
    "week": ("D", 7),
    "month": ("M", 1),
    "quarter": ("M", 3),
    "year": ("Y", 1),
}


def step_between(times: NDArray[np.datetime64]) -> Step:
    """The length of a period that times (sorted, distinct) are apart: the one nearest to the smallest usual
    distance."""
    if len(times) < 2:
        return "day"
    hours = np.diff(times.astype("datetime64[s]")).astype(np.int64) / 3600
    usual = max(float(np.quantile(hours, 0.1)), 1e-9)
    return min(_HOURS, key=lambda step: abs(float(np.log(_HOURS[step] / usual))))


def places(times: NDArray[np.datetime64], first: np.datetime64, step: Step) -> NDArray[np.int64]:
    """Which period after `first` a time is in."""
    unit, count = _UNITS[step]
    apart = times.astype(f"datetime64[{unit}]") - first.astype(f"datetime64[{unit}]")
    return np.asarray(apart.astype(np.int64) // count)


def dates(first: np.datetime64, step: Step, count: int) -> Dates:
    """The first day of each of `count` periods (hours keep their hour)."""
    unit, length = _UNITS.get(step, ("D", 1))
    start = first.astype(f"datetime64[{unit}]")
    found = start + (np.arange(count) * length).astype(f"timedelta64[{unit}]")
    return np.asarray(found if unit == "h" else found.astype("datetime64[D]"))

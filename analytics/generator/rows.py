"""Rows that come a day at a time, and the columns they end as."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.generator.tables import Ints, Times

MICROSECONDS = 1_000_000
DAY_SECONDS = 86_400
NEVER = np.datetime64("NaT", "us")


class Rows:
    """Columns by name, in pieces; a plain number is the same for all rows of its piece."""

    def __init__(self, **types: Any) -> None:
        self._types = types
        self._pieces: dict[str, list[NDArray[Any]]] = {name: [] for name in types}
        self.count = 0

    def add(self, **columns: Any) -> Ints:
        """The rows' places."""
        rows = max(np.size(column) for column in columns.values())
        for name, kind in self._types.items():
            self._pieces[name].append(np.broadcast_to(np.asarray(columns[name], dtype=kind), (rows,)))
        places = np.arange(self.count, self.count + rows, dtype=np.int64)
        self.count += rows
        return places

    def columns(self) -> dict[str, NDArray[Any]]:
        """All rows, as the arguments of a table's class."""
        return {
            name: np.concatenate(self._pieces[name]) if self._pieces[name] else np.empty(0, dtype=kind)
            for name, kind in self._types.items()
        }


class Clock:
    """Times of a programme that begins at midnight of its first day."""

    def __init__(self, first_day: date, days: int) -> None:
        self.days = days
        self._start = int(np.datetime64(first_day, "us").astype(np.int64))
        dates = np.datetime64(first_day, "D") + np.arange(days + 1)
        self.dates: Times = dates
        self.month = dates.astype("datetime64[M]").astype(np.int64)
        self.month_begins = np.r_[True, np.diff(self.month) > 0]
        self.year_begins = np.r_[False, np.diff(dates.astype("datetime64[Y]").astype(np.int64)) > 0]

    def at(self, day: int | Ints, seconds: Any) -> Times:
        """Times of a day, or of one each, by their seconds since midnight."""
        since = np.asarray(day, dtype=np.float64) * DAY_SECONDS + np.asarray(seconds)
        return (self._start + np.rint(since * MICROSECONDS).astype(np.int64)).astype("datetime64[us]")

    @property
    def end(self) -> np.datetime64:
        """What happens then or later has not happened."""
        return np.datetime64(self.dates[self.days], "us")


def moments(rng: np.random.Generator, rows: int, first: float, last: float) -> NDArray[np.float64]:
    """Seconds of a day in order, between two hours, to the millisecond."""
    return np.sort(np.round(rng.uniform(first * 3600, last * 3600, rows), 3))

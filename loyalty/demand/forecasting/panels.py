"""A panel: series of one rhythm side by side, what is known ahead of them, and which of their periods tell less
than was asked for. Read from any table, or made of the programmes' demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray

from loyalty.demand.forecasting.quantiles import Floats, Kind
from loyalty.demand.forecasting.steps import RHYTHMS, Dates, Rhythm, Step, dates, places, step_between

# No series is asked for so much, and longer panels than this are cut to their end.
ABSURD = 1e12
# So many times what a series usually is: a mistake, which counts as not known.
BEYOND_USUAL = 1e5
MOST_PERIODS = 20_000
MANY_UNITS = 50.0
MOST_CELLS = 200_000_000


class InvalidPanel(ValueError):
    """A table that is no panel; says which column or row."""


@dataclass(frozen=True)
class Panel:
    """`y` [series, periods]: nan where nothing is known: before a series began, gaps, and periods in which it
    could not be had (`censored`). `known` [series, periods + ahead, names]: nan where it is not known. `static`
    [series, names]: codes of `vocabulary`'s words, -1 none. `first`: of the first period; of a panel with numbers
    for times, the epoch."""

    unique_ids: tuple[str, ...]
    step: Step
    first: np.datetime64
    y: Floats
    censored: NDArray[np.bool_]
    known: Floats
    known_names: tuple[str, ...]
    static: NDArray[np.int64]
    static_names: tuple[str, ...]
    vocabulary: tuple[tuple[str, ...], ...]

    @property
    def periods(self) -> int:
        return int(self.y.shape[1])

    @property
    def ahead(self) -> int:
        return int(self.known.shape[1]) - self.periods

    @property
    def rhythm(self) -> Rhythm:
        return RHYTHMS[self.step]

    @cached_property
    def kind(self) -> Kind:
        """Whole units, amounts (and units by the hundred, which are as good as amounts), or numbers of any sign."""
        known = self.y[np.isfinite(self.y)]
        if known.size and (known < 0).any():
            return "signed"
        whole = not known.size or (bool((known == np.round(known)).all()) and float(np.median(known)) < MANY_UNITS)
        return "count" if whole else "amount"

    def dates(self, ahead: int = 0) -> Dates:
        return dates(self.first, self.step, self.periods + ahead)

    def until(self, periods: int, ahead: int = 0) -> Panel:
        """As it was after so many periods, with what was known of `ahead` more."""
        return replace(
            self,
            y=self.y[:, :periods],
            censored=self.censored[:, :periods],
            known=self.known[:, : periods + ahead],
        )

    def by_week(self) -> Panel:
        """Weeks of seven days that end with the last day. A week is known where four of its days are; the rest
        counts as those did."""
        weeks = self.periods // 7
        cut = self.periods - weeks * 7
        days = self.y[:, cut:].reshape(len(self.unique_ids), weeks, 7)
        seen = np.isfinite(days).sum(axis=2)
        y = np.where(seen >= 4, np.nansum(days, axis=2) * 7 / np.maximum(seen, 1), np.nan)
        if self.kind == "count":
            y = np.round(y)
        ahead = self.ahead // 7
        known = self.known[:, cut : cut + (weeks + ahead) * 7]
        shape = (len(self.unique_ids), weeks + ahead, 7, len(self.known_names))
        return replace(
            self,
            step="week",
            first=self.first.astype("datetime64[D]") + np.timedelta64(cut, "D"),
            y=y,
            censored=self.censored[:, cut:].reshape(len(self.unique_ids), weeks, 7).any(axis=2),
            known=_mean(known.reshape(shape)),
        )


def _mean(of: Floats) -> Floats:
    """Over the third axis, of what is known; nan where nothing is."""
    seen = np.isfinite(of).sum(axis=2)
    return np.where(seen > 0, np.nansum(of, axis=2) / np.maximum(seen, 1), np.nan)


def read(table: pa.Table) -> Panel:
    """Any table of `unique_id`, `time` (or `ds`; a date, a time or a whole number) and `y`; other numbers are
    known ahead, texts are of the series, `censored` says that a period tells less than was asked for. Several
    rows of a period are summed up. Rows after the last known y tell only what is known ahead. A gap is nought
    where the table has no row of nought at all, else nobody knows. Raises InvalidPanel naming the column or the
    row."""
    time_name = next((name for name in ("time", "ds") if name in table.column_names), "time")
    for name in ("unique_id", time_name, "y"):
        if name not in table.column_names:
            raise InvalidPanel(f"column {name} is missing")
    if table.num_rows == 0:
        raise InvalidPanel("the table has no row")
    ids, series = _codes(table["unique_id"], "unique_id")
    first, step, at = _times(table[time_name], time_name)
    y = _numbers(table["y"], "y")
    y[np.abs(y) > ABSURD] = np.nan
    if not np.isfinite(y).any():
        raise InvalidPanel("column y has no number")
    periods = int(at[np.isfinite(y)].max()) + 1
    total = int(at.max()) + 1
    if total > MOST_PERIODS or total * len(ids) > MOST_CELLS:
        raise InvalidPanel(f"column {time_name}: {len(ids)} series of {total} periods are too many")
    grid = _Grid(series, at, len(ids), total)
    values = grid.summed(y)[:, :periods]
    mistaken = np.abs(values) > BEYOND_USUAL * _usual(values)[:, None]
    sparse = not (y == 0).any()
    values = np.where(mistaken, np.nan, _nought_between(values) if sparse else values)
    censored = np.zeros(values.shape, dtype=np.bool_)
    names, columns, static_names, static, words = [], [], [], [], []
    for name in table.column_names:
        column = table[name]
        if name in ("unique_id", time_name, "y"):
            continue
        if name == "censored" and pa.types.is_boolean(column.type):
            censored = (
                grid.summed(column.fill_null(False).to_numpy(zero_copy_only=False).astype(float))[:, :periods] > 0
            )
        elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_boolean(column.type):
            names.append(name)
            columns.append(grid.mean(_numbers(column, name)))
        elif (
            pa.types.is_string(column.type)
            or pa.types.is_large_string(column.type)
            or pa.types.is_dictionary(column.type)
        ):
            found, codes = _codes(column, name)
            static_names.append(name)
            static.append(grid.last(codes))
            words.append(found)
    known = np.stack(columns, axis=2) if columns else np.zeros((len(ids), total, 0))
    return Panel(
        ids, step, first, np.where(censored, np.nan, values), censored, known, tuple(names),
        np.stack(static, axis=1) if static else np.zeros((len(ids), 0), dtype=np.int64), tuple(static_names),
        tuple(words),
    )  # fmt: skip


@dataclass(frozen=True)
class _Grid:
    """Rows to a place in [series, periods]."""

    series: NDArray[np.int64]
    at: NDArray[np.int64]
    count: int
    periods: int

    @property
    def _place(self) -> NDArray[np.int64]:
        return self.series * self.periods + self.at

    def _seen(self, of: NDArray[np.bool_]) -> Floats:
        found = np.bincount(self._place[of], minlength=self.count * self.periods).astype(np.float64)
        return found.reshape(self.count, self.periods)

    def summed(self, values: Floats) -> Floats:
        of = np.isfinite(values)
        sums = np.bincount(self._place[of], values[of], self.count * self.periods).reshape(self.count, self.periods)
        return np.where(self._seen(of) > 0, sums, np.nan)

    def mean(self, values: Floats) -> Floats:
        return self.summed(values) / np.maximum(self._seen(np.isfinite(values)), 1)

    def last(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.full(self.count, -1, dtype=np.int64)
        order = np.argsort(self.at, kind="stable")
        found[self.series[order]] = codes[order]
        return found


def _usual(values: Floats) -> Floats:
    """[series]: the median of what is not nought, at least one unit."""
    some = np.where(np.isfinite(values) & (values != 0), np.abs(values), np.nan)
    any_ = np.isfinite(some).any(axis=1)
    found = np.ones(len(values))
    found[any_] = np.nanmedian(some[any_], axis=1)
    return np.maximum(found, 1.0)


def _nought_between(values: Floats) -> Floats:
    """Gaps after a series' first row are nought, to the panel's end."""
    begun = np.cumsum(np.isfinite(values), axis=1) > 0
    return np.where(np.isfinite(values), values, np.where(begun, 0.0, np.nan))


def _codes(column: pa.ChunkedArray, name: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Its distinct words in order, and which of them each row has (-1: none)."""
    texts = pc.cast(column, pa.string())
    if name == "unique_id" and texts.null_count:
        row = pc.index(pc.is_null(texts), True).as_py()
        raise InvalidPanel(f"column unique_id, row {row}: empty")
    words = sorted(word for word in pc.unique(texts).to_pylist() if word is not None)
    codes = pc.index_in(texts, value_set=pa.array(words, pa.string())).fill_null(-1)
    return tuple(words), codes.to_numpy().astype(np.int64)


def _numbers(column: pa.ChunkedArray, name: str) -> Floats:
    try:
        found = cast(Floats, pc.cast(column, pa.float64(), safe=False).to_numpy().astype(np.float64))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidPanel(f"column {name} has no numbers") from error
    return np.where(np.isfinite(found), found, np.nan)


def _times(column: pa.ChunkedArray, name: str) -> tuple[np.datetime64, Step, NDArray[np.int64]]:
    """When the panel begins, the length of its periods, and the period of each row."""
    if column.null_count:
        raise InvalidPanel(f"column {name}, row {pc.index(pc.is_null(column), True).as_py()}: empty")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        try:
            column = pc.cast(column, pa.timestamp("s"))
        except pa.ArrowInvalid as error:
            raise InvalidPanel(f"column {name}: {error}") from error
    if pa.types.is_integer(column.type):
        numbers = column.to_numpy().astype(np.int64)
        apart = np.diff(np.unique(numbers))
        every = int(np.gcd.reduce(apart)) if apart.size else 1
        return np.datetime64("1970-01-01"), "number", (numbers - numbers.min()) // max(every, 1)
    if not (pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)):
        raise InvalidPanel(f"column {name} has no dates, times or whole numbers")
    stamps = pc.cast(column, pa.timestamp("s"), safe=False).to_numpy().astype("datetime64[s]")
    step = step_between(np.unique(stamps))
    first = stamps.min()
    return first, step, places(stamps, first, step)


def of_demand(demand: pa.Table, products: pa.Table, availability: pa.Table | None, as_of: Any) -> Panel:
    """Days of the programmes' demand until `as_of`, a series "<program_id>/<asin>" each product; see demand.py."""
    from loyalty.demand.forecasting import demand as ours

    return ours.panel(demand, products, availability, as_of)

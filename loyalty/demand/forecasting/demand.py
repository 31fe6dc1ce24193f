"""The programmes' own demand as a panel of days: what was asked for, what is known ahead, and when it could not
be had."""

from __future__ import annotations

from datetime import date
from typing import cast

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray

from loyalty.demand.forecasting.panels import InvalidPanel, Panel
from loyalty.demand.forecasting.quantiles import Floats

# Days looked back on, and days ahead of which campaigns and prices are known.
MOST_DAYS, FEWEST_DAYS = 800, 400
# Products that are told, and days of all of them together: what a gigabyte of memory bears.
MOST_SERIES, MOST_CELLS = 10_000, 4_000_000
AHEAD_DAYS = 120
# Units of a product in a day: more is a mistake and counts as not known.
MOST_UNITS = 1e6
# Of a day: without it for longer, the day tells less than was asked for.
GONE_HOURS = 6
KNOWN = ("campaign", "campaign_anywhere", "price")
STATIC = ("category", "brand", "program")
CANNOT_BE_HAD = ("out_of_stock", "below_floor", "gone")


def panel(demand: pa.Table, products: pa.Table, availability: pa.Table | None, as_of: date) -> Panel:
    """Sparse rows of demand filled with nought from the day a product was first seen (or asked for). A row that
    comes twice counts once, different ones of a product and day add up; units that are below nought, endless or
    absurd count as not known; days after `as_of` tell only what is known ahead. Raises InvalidPanel when a column
    is missing."""
    for name, table, columns in (
        ("demand", demand, ("program_id", "asin", "day", "units")),
        ("products", products, ("program_id", "asin", "category", "brand", "first_seen_on")),
    ):
        for column in columns:
            if column not in table.column_names:
                raise InvalidPanel(f"{name}: column {column} is missing")
    demand = _once(demand)
    last = np.datetime64(as_of, "D")
    day = pc.cast(demand["day"], pa.date32()).to_numpy().astype("datetime64[D]")
    ids, of_demand, of_products = _series(demand, products, day, last)
    longest = last - np.timedelta64(min(MOST_DAYS, max(FEWEST_DAYS, MOST_CELLS // max(len(ids), 1))) - 1, "D")
    past = day[(day <= last) & (of_demand >= 0)]
    first = max(past.min() if past.size else last, longest)
    periods = int((last - first).astype(int)) + 1
    rows = _Rows(of_demand, (day - first).astype(np.int64), len(ids), periods + AHEAD_DAYS)
    units = _column(demand, "units")
    bad = (units < 0) | (units > MOST_UNITS)
    y = np.nan_to_num(rows.summed(np.where(bad, np.nan, units)))[:, :periods]
    y[rows.summed(bad.astype(float))[:, :periods] > 0] = np.nan
    words, static = _static(ids, (demand, of_demand), (products, of_products))
    y[np.arange(periods) < _began(y, products, of_products, first)[:, None]] = np.nan
    censored = _could_not_be_had(availability, ids, first, periods)
    return Panel(
        ids, "day", first, np.where(censored, np.nan, y), censored, _known(rows, demand, static[:, 2]),
        KNOWN, static, STATIC, words,
    )  # fmt: skip


class _Rows:
    """Sparse rows to a place in [series, days]; those outside of it tell nothing."""

    def __init__(self, series: NDArray[np.int64], day: NDArray[np.int64], count: int, days: int) -> None:
        self._inside = (series >= 0) & (day >= 0) & (day < days)
        self._place = (series * days + day)[self._inside]
        self.shape = (count, days)

    def summed(self, values: Floats) -> Floats:
        found = values[self._inside]
        sums = np.bincount(self._place, np.nan_to_num(found), self.shape[0] * self.shape[1])
        return sums.astype(np.float64).reshape(self.shape)

    def last(self, values: Floats) -> Floats:
        found = np.full(self.shape[0] * self.shape[1], np.nan)
        inside = values[self._inside]
        seen = np.isfinite(inside)
        found[self._place[seen]] = inside[seen]
        return found.reshape(self.shape)


def _once(demand: pa.Table) -> pa.Table:
    """Without rows that are the same in every column: events that were delivered twice."""
    return demand.group_by(demand.column_names, use_threads=False).aggregate([]) if demand.num_rows else demand


def _ids(table: pa.Table) -> pa.Array:
    """ "<program_id>/<asin>" of each row."""
    joined = pc.binary_join_element_wise(
        pc.cast(table["program_id"], pa.string()), pc.cast(table["asin"], pa.string()), "/"
    )
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _places(of: pa.Array, ids: tuple[str, ...]) -> NDArray[np.int64]:
    """Where in ids each is; -1: nowhere."""
    found = pc.index_in(of, value_set=pa.array(ids, pa.string())).fill_null(-1)
    return cast(NDArray[np.int64], found.to_numpy(zero_copy_only=False).astype(np.int64))


def _series(
    demand: pa.Table, products: pa.Table, day: NDArray[np.datetime64], last: np.datetime64
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64]]:
    """The products that are told, and which of them each row of both tables is of. Of very many those that were
    asked for most; then those first seen last."""
    of_demand, of_products = _ids(demand), _ids(products)
    ids = tuple(sorted(set(pc.unique(of_demand).to_pylist()) | set(pc.unique(of_products).to_pylist()) - {None}))
    ids = tuple(one for one in ids if one is not None)
    at, of = _places(of_demand, ids), _places(of_products, ids)
    if len(ids) > MOST_SERIES:
        units = np.where(day <= last, np.clip(np.nan_to_num(_column(demand, "units")), 0, MOST_UNITS), 0)
        asked = np.bincount(at, units, len(ids))
        seen = np.zeros(len(ids), dtype=np.int64)
        seen[of] = pc.cast(pc.cast(products["first_seen_on"], pa.date32()), pa.int32()).fill_null(0).to_numpy()
        ids = tuple(sorted(ids[one] for one in np.lexsort((seen, asked))[-MOST_SERIES:].tolist()))
        at, of = _places(of_demand, ids), _places(of_products, ids)
    return ids, at, of


def _column(table: pa.Table, name: str) -> Floats:
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    found = pc.cast(table[name], pa.float64(), safe=False).to_numpy().astype(np.float64)
    return cast(Floats, np.where(np.isfinite(found), found, np.nan))


def _static(
    ids: tuple[str, ...], *tables: tuple[pa.Table, NDArray[np.int64]]
) -> tuple[tuple[tuple[str, ...], ...], NDArray[np.int64]]:
    """Words and codes of STATIC; a later table's word counts more."""
    vocabulary, static = [], np.full((len(ids), len(STATIC)), -1, dtype=np.int64)
    for column, name in enumerate(STATIC[:2]):
        known = [pc.cast(table[name], pa.string()) for table, _ in tables if name in table.column_names]
        words = sorted({word for one in known for word in pc.unique(one).to_pylist() if word})
        for table, of in tables:
            if name in table.column_names:
                code = _places(pc.cast(table[name], pa.string()).combine_chunks(), tuple(words))
                told = (of >= 0) & (code >= 0)
                static[of[told], column] = code[told]
        vocabulary.append(tuple(words))
    programmes = [one.split("/", 1)[0] for one in ids]
    vocabulary.append(tuple(sorted(set(programmes))))
    static[:, 2] = [vocabulary[2].index(one) for one in programmes]
    return tuple(vocabulary), static


def _began(y: Floats, products: pa.Table, of: NDArray[np.int64], first: np.datetime64) -> NDArray[np.int64]:
    """The period from which nought means that nobody asked: first seen, or asked for, whichever was earlier."""
    some = np.nan_to_num(y) > 0
    began = np.where(some.any(axis=1), some.argmax(axis=1), y.shape[1])
    seen = pc.cast(products["first_seen_on"], pa.date32())
    told = (of >= 0) & seen.is_valid().to_numpy(zero_copy_only=False).astype(bool)
    days = pc.cast(seen, pa.int32()).fill_null(0).to_numpy().astype(np.int64) - int(
        first.astype("datetime64[D]").astype(int)
    )
    np.minimum.at(began, of[told], np.maximum(days[told], 0))
    return began


def _known(rows: _Rows, demand: pa.Table, programme: NDArray[np.int64]) -> Floats:
    """The share of campaigns' discount of the product, the greatest of any product of its programme, and the
    price by its usual one. A price holds until another is told."""
    campaign = np.clip(np.nan_to_num(rows.last(_column(demand, "campaign"))), 0, 1)
    anywhere = np.zeros(rows.shape)
    for one in np.unique(programme):
        of = programme == one
        anywhere[of] = campaign[of].max(axis=0)
    price = rows.last(_column(demand, "price_minor"))
    price[price <= 0] = np.nan
    price = _held(price)
    usual = np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 1.0 for row in price])
    return np.stack([campaign, anywhere, np.clip(price / usual[:, None], 0.05, 20)], axis=2)


def _held(of: Floats) -> Floats:
    """Each row's last known value so far."""
    at = np.where(np.isfinite(of), np.arange(of.shape[1]), -1)
    last = np.maximum.accumulate(at, axis=1)
    return np.where(last >= 0, np.take_along_axis(of, np.maximum(last, 0), axis=1), np.nan)


def _could_not_be_had(
    availability: pa.Table | None, ids: tuple[str, ...], first: np.datetime64, periods: int
) -> NDArray[np.bool_]:
    """Days on which a product could not be had for more than GONE_HOURS; each row holds until the next of its
    product."""
    found = np.zeros((len(ids), periods), dtype=np.bool_)
    if availability is None or availability.num_rows == 0:
        return found
    at = pc.cast(availability["at"], pa.timestamp("s"), safe=False).to_numpy().astype("datetime64[s]")
    hours = (at - first.astype("datetime64[s]")).astype(np.int64) / 3600
    gone = np.isin(np.array(availability["state"].to_pylist(), dtype=object), CANNOT_BE_HAD)
    series = _places(_ids(availability), ids)
    order = np.lexsort((hours, series))
    series, hours, gone = series[order], hours[order], gone[order]
    until = np.append(hours[1:], periods * 24.0)
    until[np.append(series[1:] != series[:-1], True)] = periods * 24.0
    for one in np.flatnonzero(gone & (series >= 0) & (until > hours)):
        begin, end = max(0.0, hours[one]), min(until[one], periods * 24.0)
        for day in range(int(begin // 24), min(int(np.ceil(end / 24)), periods)):
            if min(end, day * 24 + 24) - max(begin, day * 24) > GONE_HOURS:
                found[series[one], day] = True
    return found

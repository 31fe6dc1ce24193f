"""What could be had, by product and day, from rows that say when it changed (contract `availability` of the lake)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

type Floats = NDArray[np.float32]
type Codes = NDArray[np.int8]
type Ints = NDArray[np.int64]

STATES = ("available", "slow", "below_floor", "out_of_stock", "gone")
AVAILABLE, SLOW, BELOW_FLOOR, OUT_OF_STOCK, GONE = range(5)
UNKNOWN = -1
COLUMNS = ("program_id", "asin", "at", "state", "quantity", "delivery_days")
# More than a year teaches nothing about the next two weeks; nor does a quantity that nobody can sell.
MOST_DAYS = 400
MOST_QUANTITY, MOST_DELIVERY = 10**6, 1000
DEFAULT_SLOW_DAYS = 10
_DAY = 86_400_000_000


class InvalidAvailability(ValueError):
    """The table is not what it must be: the message names the column."""


@dataclass(frozen=True)
class Changes:
    """Rows sorted by product and time; `begins[n]` to `begins[n + 1]` are of `keys[n]`. `at`: microseconds since 1970,
    UTC. `quantity`, `delivery`: NaN where nothing was told. `left_out`: rows that said nothing usable."""

    keys: tuple[tuple[int, str], ...]
    begins: Ints
    at: Ints
    state: Codes
    quantity: Floats
    delivery: Floats
    left_out: int


@dataclass(frozen=True)
class Days:
    """Of some products, a row each, a column a day, the last one `as_of`. `noon`: the state at twelve; `night`: at the
    end of the day; UNKNOWN before the first row. `quantity`, `delivery`: at the end of the day, NaN unknown."""

    as_of: date
    noon: Codes
    night: Codes
    quantity: Floats
    delivery: Floats


def changes(table: pa.Table, as_of: date, slow_days: Mapping[int, int]) -> Changes:
    """Read the rows up to the end of `as_of`. What is later, has no key or a state that nobody knows is left out; of
    several at one instant the worst counts; quantities below zero or absurd are unknown. Raises InvalidAvailability."""
    for name in COLUMNS:
        if name not in table.column_names:
            raise InvalidAvailability(f"column {name} is missing")
    program, at = _whole(table, "program_id"), _instants(table)
    code = {name: place for place, name in enumerate(STATES)}
    states = _words(table, "state")
    state = np.array([code.get(word or "", UNKNOWN) for word in states.dictionary.to_pylist()] + [UNKNOWN], np.int8)[
        _places(states)
    ]
    asins = _words(table, "asin")
    asin = _places(asins)
    quantity = _number(table, "quantity", MOST_QUANTITY)
    delivery = _number(table, "delivery_days", MOST_DELIVERY)
    ends = _micros(as_of + timedelta(days=1))
    good = (program > 0) & (asin < len(asins.dictionary)) & (state != UNKNOWN) & (at < ends) & (at > 0)
    # What the programme calls slow now counts, not what it called so then.
    programs, which = np.unique(program, return_inverse=True)
    slow = np.array([slow_days.get(one, DEFAULT_SLOW_DAYS) for one in programs.tolist()], np.float32)[which]
    told = np.isin(state, (AVAILABLE, SLOW)) & ~np.isnan(delivery)
    state = np.where(told, np.where(delivery > slow, SLOW, AVAILABLE), state).astype(np.int8)
    names = asins.dictionary.to_pylist()
    # By name, not by who came first: the order of rows means nothing.
    rank = np.argsort(np.argsort(np.array([*names, ""], dtype=object), kind="stable"))
    order = np.flatnonzero(good)
    order = order[np.lexsort((state[order], at[order], rank[asin[order]], program[order]))]
    program, asin = program[order], asin[order]
    first = (
        np.flatnonzero(np.r_[True, (program[1:] != program[:-1]) | (asin[1:] != asin[:-1])]) if order.size else order
    )
    return Changes(
        keys=tuple((int(program[place]), str(names[asin[place]])) for place in first),
        begins=np.r_[first, order.size].astype(np.int64), at=at[order], state=state[order], quantity=quantity[order],
        delivery=delivery[order], left_out=len(table) - order.size,
    )  # fmt: skip


def days(rows: Changes, some: Ints, as_of: date, most: int = MOST_DAYS) -> Days:
    """The products at these places of `rows.keys`, for as many days as there are rows, at most `most`."""
    counts = rows.begins[some + 1] - rows.begins[some]
    where = np.repeat(rows.begins[some] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    product = np.repeat(np.arange(len(some)), counts)
    ends = _micros(as_of + timedelta(days=1))
    oldest = int(rows.at[where].min()) if where.size else ends - 1
    count = int(np.clip(-(-(ends - oldest) // _DAY), 1, most))
    # The place of the newest row before each instant, filled forward; a row of before the first day counts on it.
    since = (rows.at[where] - (ends - count * _DAY)) / _DAY
    night = _newest(product, np.maximum(np.floor(since), 0).astype(np.int64), where, (len(some), count))
    noon = _newest(product, np.maximum(np.ceil(since - 0.5), 0).astype(np.int64), where, (len(some), count))
    return Days(
        as_of, _taken(rows.state, noon), _taken(rows.state, night),
        np.where(night >= 0, rows.quantity[night], np.float32(np.nan)) if where.size else _nothing(night),
        np.where(night >= 0, rows.delivery[night], np.float32(np.nan)) if where.size else _nothing(night),
    )  # fmt: skip


def _newest(product: Ints, slot: Ints, where: Ints, shape: tuple[int, int]) -> Ints:
    found = np.full(shape, -1, dtype=np.int64)
    inside = slot < shape[1]
    # In time's order, so the last of a slot stays.
    found[product[inside], slot[inside]] = where[inside]
    return np.maximum.accumulate(found, axis=1)


def _taken(state: Codes, place: Ints) -> Codes:
    if not state.size:
        return np.full(place.shape, UNKNOWN, dtype=np.int8)
    return np.where(place >= 0, state[place], np.int8(UNKNOWN)).astype(np.int8)


def _nothing(place: Ints) -> Floats:
    return np.full(place.shape, np.nan, dtype=np.float32)


def _micros(day: date) -> int:
    return (day - date(1970, 1, 1)).days * _DAY


def _instants(table: pa.Table) -> Ints:
    column = table.column("at")
    if not pa.types.is_timestamp(column.type):
        raise InvalidAvailability("column at holds no timestamps")
    whole = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64()).combine_chunks()
    found: Ints = whole.fill_null(-1).to_numpy(zero_copy_only=False)
    return found


def _whole(table: pa.Table, name: str) -> Ints:
    column = table.column(name)
    if not pa.types.is_integer(column.type):
        raise InvalidAvailability(f"column {name} holds no whole numbers")
    found: Ints = column.cast(pa.int64()).combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
    return found


def _words(table: pa.Table, name: str) -> pa.DictionaryArray:
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise InvalidAvailability(f"column {name} holds no text")
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    return encoded if isinstance(encoded, pa.DictionaryArray) else encoded.combine_chunks()


def _places(words: pa.DictionaryArray) -> Ints:
    """Places in the dictionary; null: one behind its end."""
    found: Ints = words.indices.cast(pa.int64()).fill_null(len(words.dictionary)).to_numpy(zero_copy_only=False)
    return found


def _number(table: pa.Table, name: str, most: int) -> Floats:
    column = table.column(name)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_null(column.type)):
        raise InvalidAvailability(f"column {name} holds no numbers")
    told = column.cast(pa.float64(), safe=False).combine_chunks().to_numpy(zero_copy_only=False)
    return np.where((told >= 0) & (told <= most), told, np.nan).astype(np.float32)

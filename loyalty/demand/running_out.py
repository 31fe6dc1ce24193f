"""How likely a product cannot be had on each of the next days: learned from when products could not, from all together.

Two models of trees: one for a day (asked day by day, so that it knows how far ahead and which weekday it is), one for
any of the days. Where too little was ever out of stock to learn from, a chain of two states takes their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from loyalty.demand.stocked import AVAILABLE, UNKNOWN, Days

type Floats = NDArray[np.floating[Any]]
type Flags = NDArray[np.bool_]
type Ints = NDArray[np.int64]

AHEAD = 14
# Before this much has been seen of the past nothing is said of its habits.
WARM_UP = 60
LEAST_OUTAGES, LEAST_ROWS = 40, 1_000
# So many pairs of a product and a day are enough to learn from.
MOST_ROWS = 30_000
SETTINGS = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 100, "feature_fraction": 0.8,
    "num_threads": 1, "verbose": -1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip
ROUNDS = 200
# What is believed before anything was seen: out once in 500 days, back after a week; worth so many days of seeing.
PRIOR_FAIL, PRIOR_BACK, PRIOR_DAYS = 1 / 500, 1 / 7, 100.0


@dataclass(frozen=True)
class Habits:
    """Of each product and day, a row and a column: whether it could not be had that evening, units that went a day
    lately, since when and how often it was filled up, how it was out before. `filled_on`: by weekday, all products'."""

    out: Flags
    known: Flags
    quantity: Floats
    delivery: Floats
    gone_7: Floats
    gone_28: Floats
    gone_90: Floats
    gone_3: Floats
    gone_10: Floats
    since_filled: Floats
    filled_90: Floats
    filled_size: Floats
    days_out: Floats
    outages_90: Floats
    out_share: Floats
    weekday: Ints
    filled_on: Floats


def habits(days: Days) -> Habits:
    """From each day looking back only."""
    known, out = days.night != UNKNOWN, days.night > AVAILABLE
    change = np.diff(days.quantity, axis=1, prepend=np.float32(np.nan))
    went = np.nan_to_num(np.maximum(-change, 0))
    came = np.nan_to_num(change) > 0
    came[:, 1:] |= ~out[:, 1:] & out[:, :-1] & known[:, :-1]
    size = np.where(came, np.nan_to_num(np.maximum(change, 0)), 0)
    began = np.zeros_like(out)
    began[:, 1:] = out[:, 1:] & ~out[:, :-1] & known[:, :-1]
    there = known & ~out
    filled_90 = _sum(came, 90)
    weekday = (days.as_of.weekday() - np.arange(out.shape[1])[::-1]) % 7
    by_weekday = np.stack([np.cumsum((came & (weekday == one)).sum(axis=0)) for one in range(7)], axis=1)
    return Habits(
        out=out, known=known, quantity=days.quantity, delivery=days.delivery,
        gone_7=_a_day(went, there, 7), gone_28=_a_day(went, there, 28), gone_90=_a_day(went, there, 90),
        gone_3=_sum(went, 3), gone_10=_sum(went, 10), since_filled=_since(came), filled_90=filled_90,
        filled_size=_sum(size, 90) / np.maximum(filled_90, 1), days_out=np.where(out, _since(there), 0),
        outages_90=_sum(began, 90), out_share=_sum(out, 180) / np.maximum(_sum(known, 180), 1), weekday=weekday,
        filled_on=(by_weekday / np.maximum(by_weekday.sum(axis=1, keepdims=True), 1)).astype(np.float32),
    )  # fmt: skip


def of_day(seen: Habits, day: int) -> Floats:
    """What is known at the end of a day (a column of `seen`): a row a product, [S, features]."""
    quantity, rate = seen.quantity[:, day], 0.5 * seen.gone_28[:, day] + 0.5 * seen.gone_90[:, day] + 0.01
    week = seen.gone_7[:, day] * 7
    columns = [
        quantity, seen.out[:, day], seen.delivery[:, day], seen.gone_7[:, day], seen.gone_28[:, day],
        seen.gone_90[:, day], quantity / rate,
        # With what went lately: what lay there when orders were made that are on their way.
        (quantity + seen.gone_3[:, day]) / rate, (quantity + week) / rate, (quantity + seen.gone_10[:, day]) / rate,
        seen.since_filled[:, day], seen.filled_90[:, day], seen.filled_size[:, day] / rate, seen.days_out[:, day],
        seen.outages_90[:, day], seen.out_share[:, day], np.full(len(quantity), seen.weekday[day]), rate,
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def ahead(seen: Habits, day: int, known: Floats, by: int) -> Floats:
    """The same with what is to be asked: `by` days later. [S, features + 5]."""
    count = len(known)
    quantity, rate = known[:, 0].astype(np.float64), known[:, -1].astype(np.float64)
    # All of it gone by then, if nothing comes and units go as they do.
    gone = np.where(np.isnan(quantity), np.nan, pdtrc(np.maximum(np.nan_to_num(quantity) - 1, 0), rate * by))
    gone = np.where(quantity <= 0, 1.0, gone)
    filled = seen.filled_on[day]
    later = (seen.weekday[day] + np.arange(1, by + 1)) % 7
    more = [
        np.full(count, by), np.full(count, later[-1]), gone, known[:, 6] - by, np.full(count, filled[later].sum()),
    ]  # fmt: skip
    return np.concatenate([known, np.stack(more, axis=1).astype(np.float32)], axis=1)


@dataclass(frozen=True)
class Model:
    """`day` and `any_day` None: too little was out; then fail and back are the chances of a day, of all products."""

    day: lightgbm.Booster | None
    any_day: lightgbm.Booster | None
    fail: float
    back: float


def learn(days: Days, seed: int = 0) -> Model:
    """From the past of these products. Never fails: where there is nothing to learn from, the chain is left."""
    seen = habits(days)
    out, known = days.noon > AVAILABLE, days.noon != UNKNOWN
    began, ended = out[:, 1:] & ~out[:, :-1] & known[:, :-1], ~out[:, 1:] & out[:, :-1] & known[:, 1:]
    up, down = (known & ~out).sum(), out.sum()
    fail = (began.sum() + PRIOR_FAIL * PRIOR_DAYS) / (up + PRIOR_DAYS)
    back = (ended.sum() + PRIOR_BACK * PRIOR_DAYS) / (down + PRIOR_DAYS)
    chain = Model(None, None, float(fail), float(back))
    columns = range(WARM_UP, out.shape[1] - AHEAD)
    if len(columns) < 1 or began.sum() < LEAST_OUTAGES:
        return chain
    step = max(1, -(-len(columns) * len(out) // MOST_ROWS))
    days_x, days_y, any_x, any_y = [], [], [], []
    for day in columns[::-step]:
        some = np.flatnonzero(known[:, day])
        at_hand = of_day(seen, day)
        for by in range(1, AHEAD + 1):
            days_x.append(ahead(seen, day, at_hand, by)[some])
            days_y.append(out[some, day + by])
        any_x.append(days_x[-1])
        any_y.append(out[some, day + 1 : day + AHEAD + 1].any(axis=1))
    if sum(map(len, any_y)) < LEAST_ROWS:
        return chain
    return Model(_fit(days_x, days_y, seed), _fit(any_x, any_y, seed), float(fail), float(back))


def chances(model: Model, days: Days) -> tuple[Floats, Floats]:
    """That each product cannot be had: on each of the next days [S, AHEAD], and on any of them [S]. 0 to 1."""
    seen = habits(days)
    last = days.night.shape[1] - 1
    if model.day is None or model.any_day is None:
        return _chain(model, days)
    at_hand = of_day(seen, last)
    asked = [ahead(seen, last, at_hand, by) for by in range(1, AHEAD + 1)]
    by_day = np.stack([model.day.predict(one, num_threads=1) for one in asked], axis=1)
    any_day = np.maximum(model.any_day.predict(asked[-1], num_threads=1), by_day.max(axis=1))
    return by_day.astype(np.float32), np.clip(any_day, 0, 1).astype(np.float32)


def _chain(model: Model, days: Days) -> tuple[Floats, Floats]:
    """In stock, out of stock: a product's own chances, drawn towards those of all."""
    out, known = days.noon > AVAILABLE, days.noon != UNKNOWN
    began = (out[:, 1:] & ~out[:, :-1] & known[:, :-1]).sum(axis=1)
    ended = (~out[:, 1:] & out[:, :-1] & known[:, 1:]).sum(axis=1)
    fail = (began + model.fail * PRIOR_DAYS) / ((known & ~out).sum(axis=1) + PRIOR_DAYS)
    back = (ended + model.back * PRIOR_DAYS) / (out.sum(axis=1) + PRIOR_DAYS)
    now = days.night[:, -1] > AVAILABLE
    chance, never = now.astype(np.float64), np.where(now, back, 1 - fail)
    by_day = []
    for _ in range(AHEAD):
        chance = chance * (1 - back) + (1 - chance) * fail
        by_day.append(chance)
    any_day = 1 - never * (1 - fail) ** (AHEAD - 1)
    return np.stack(by_day, axis=1).astype(np.float32), any_day.astype(np.float32)


def _fit(pieces: list[Floats], labels: list[Flags], seed: int) -> lightgbm.Booster:
    data = lightgbm.Dataset(np.concatenate(pieces), np.concatenate(labels).astype(np.float32))
    return lightgbm.train({**SETTINGS, "seed": seed}, data, ROUNDS)


def _sum(flags: NDArray[np.generic], span: int) -> Floats:
    """Of the last `span` days up to each."""
    through = np.cumsum(np.pad(flags, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    begins = np.maximum(np.arange(flags.shape[1]) + 1 - span, 0)
    return (through[:, 1:] - through[:, begins]).astype(np.float32)


def _a_day(went: Floats, there: Flags, span: int) -> Floats:
    """Units that went on a day when there were some."""
    return _sum(went, span) / (_sum(there, span) + 1)


def _since(flags: Flags) -> Floats:
    """Days since it was so last; 200 if it never was."""
    places = np.arange(flags.shape[1])
    last = np.maximum.accumulate(np.where(flags, places, -1), axis=1)
    return np.where(last >= 0, places - last, 200).astype(np.float32)

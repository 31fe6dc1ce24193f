"""Warnings that a product will not be there, on a generated programme whose shelves are known to the unit.

Night by night over the last five months of two years: each night knows what a shop had told by then, and every four
weeks it is learned anew from what was before. A warning stands as those of loyalty/demand/alerts.py: raised from its
probability on, over below half of it or when the shelf is empty.

  precision       warnings after which the product was out within 14 days: its shelf was empty in the morning
  precision_48h   the same, and not before 48 hours were over
  recall_48h      products that became out, with a warning that stood at least 48 hours before the shelf was empty
  recall_48h_units  the same, each counted as the units that were wanted and not there on the first 14 days
  …_rule          of the rule of thumb in the same nights: as many days of stock left, or fewer, as warn equally often
  brier           of the 14 days' chances, squared error; brier_base: of always saying how often it is so
  expected        days that the chances said would be without, for one that was
  back            of shelves that were empty: share that were filled within the dates said (80 % are meant to be)
  night_cpu_s     a night of 500 products, learning and all
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.generator import Generated, programme
from bench._figures import Budget, Figures
from loyalty.demand.alerts import LEAST_PROBABILITY
from loyalty.demand.outlook import AHEAD, Outlook, learn, outlooks

SEED, MEMBERS, DAYS, PRODUCTS = 7, 50_000, 730, 500
FIRST_NIGHT, LEARNED_EVERY = 565, 28
# A night begins at two, after its last day; shelves become empty in the evening. Three days later are 68 hours.
TWO_DAYS = 3
BUDGETS = {"night_cpu_s": Budget(10)}

type Flags = NDArray[np.bool_]


def run() -> Figures:
    """Figures of one seed."""
    made = programme(SEED, MEMBERS, DAYS, products=PRODUCTS)
    told, slow = availability(made), {1: 10}
    truth = made.truth
    out, lost = np.zeros((PRODUCTS, DAYS), dtype=bool), np.zeros((PRODUCTS, DAYS))
    out[truth.stock_out_product, truth.stock_out_day] = True
    lost[truth.lost_product, truth.lost_day] = truth.lost_units
    nights, seconds = list(_nights(made, told, slow)), _a_night(told, _date(made, DAYS - 20), slow)
    warned = np.array([night.probability for night in nights])
    rule = np.array([night.days_of_stock for night in nights])
    there = np.array([night.there for night in nights])
    raised, standing = _warnings(warned, there, LEAST_PROBABILITY, LEAST_PROBABILITY / 2)
    # As many warnings by the rule: so both are asked the same number of times.
    days_left = next((float(d) for d in np.arange(0.5, 30, 0.5)
                      if _warnings(-rule, there, -d, -2 * d)[0].sum() >= raised.sum()), 30.0)  # fmt: skip
    by_rule = _warnings(-rule, there, -days_left, -2 * days_left)
    chances = np.array([night.by_day for night in nights])
    happened = np.array([out[:, night.day + 1 : night.day + 1 + AHEAD] for night in nights])
    share = happened.mean()
    found = {
        "warnings": int(raised.sum()), "outages": int(_became(out, nights).sum()),
        "precision": _right(raised, out, nights, 1), "precision_48h": _right(raised, out, nights, 1 + TWO_DAYS),
        "recall_48h": _foreseen(standing, out, nights), "recall_48h_units": _foreseen(standing, out, nights, lost),
        "precision_rule": _right(by_rule[0], out, nights, 1), "recall_48h_rule": _foreseen(by_rule[1], out, nights),
        "recall_48h_units_rule": _foreseen(by_rule[1], out, nights, lost), "rule_days": days_left,
        "brier": float(((chances - happened) ** 2).mean()), "brier_base": float(share * (1 - share)),
        "expected": float(chances.sum() / happened.sum()), "back": _back(nights, out), "night_cpu_s": seconds,
    }  # fmt: skip
    return {name: round(value, 4) for name, value in found.items()}


@dataclass(frozen=True)
class Night:
    """Arrays by product. `there`: not out already."""

    day: int
    probability: NDArray[np.float64]
    by_day: NDArray[np.float64]
    days_of_stock: NDArray[np.float64]
    there: Flags
    out: tuple[Outlook, ...]


def availability(made: Generated) -> pa.Table:
    """The rows that a night finds below `in/availability/`."""
    told = made.availability
    return pa.table({
        "program_id": np.ones(len(told.product), dtype=np.int64),
        "asin": [f"B0{product:08d}" for product in told.product.tolist()],
        "at": pa.array(told.at, pa.timestamp("us")),
        "state": np.where(told.out, "out_of_stock", "available"),
        "quantity": pa.array(told.quantity, mask=told.quantity < 0),
        "delivery_days": pa.array(told.delivery_days, mask=told.delivery_days < 0),
    })  # fmt: skip


def _nights(made: Generated, told: pa.Table, slow: dict[int, int]) -> Iterator[Night]:
    model = None
    for day in range(FIRST_NIGHT, DAYS - AHEAD):
        as_of = _date(made, day)
        if (day - FIRST_NIGHT) % LEARNED_EVERY == 0:
            model = learn(told, as_of, slow, seed=SEED)
        found = outlooks(told, {}, as_of, slow, model=model)
        place = [int(one.asin[2:]) for one in found]
        night = Night(
            day, np.zeros(PRODUCTS), np.zeros((PRODUCTS, AHEAD)), np.full(PRODUCTS, 99.0), np.zeros(PRODUCTS, bool),
            tuple(one for one in found if one.is_out),
        )  # fmt: skip
        night.probability[place] = [one.probability for one in found]
        night.by_day[place] = [one.by_day for one in found]
        night.days_of_stock[place] = [one.evidence.get("days_of_stock", 99.0) for one in found]
        night.there[place] = [not one.is_out for one in found]
        yield night


def _warnings(risk: NDArray[np.float64], there: Flags, raise_at: float, over_below: float) -> tuple[Flags, Flags]:
    """Raised on this night; standing on it. [nights, products]"""
    raised, standing = np.zeros(risk.shape, bool), np.zeros(risk.shape, bool)
    now = np.zeros(risk.shape[1], bool)
    for night in range(len(risk)):
        raised[night] = ~now & there[night] & (risk[night] >= raise_at)
        now = (now | raised[night]) & there[night] & (risk[night] >= over_below)
        standing[night] = now
    return raised, standing


def _right(raised: Flags, out: Flags, nights: list[Night], least: int) -> float:
    hits = [out[raised[n], night.day + least : night.day + AHEAD + 1].any(axis=1) for n, night in enumerate(nights)]
    return float(np.concatenate(hits).mean())


def _became(out: Flags, nights: list[Night]) -> Flags:
    """By night and product: on the evening of that day it became empty. Not before a warning could have stood."""
    found = np.array([out[:, night.day + 1] & ~out[:, night.day] for night in nights])
    found[: AHEAD + TWO_DAYS] = False
    return found


def _foreseen(standing: Flags, out: Flags, nights: list[Night], worth: NDArray[np.float64] | None = None) -> float:
    became = _became(out, nights)[TWO_DAYS:]
    weight = np.ones(became.shape)
    if worth is not None:
        weight = np.array([worth[:, n.day : n.day + AHEAD + 1].sum(axis=1) for n in nights])[TWO_DAYS:]
    return float((standing[:-TWO_DAYS] * weight)[became].sum() / weight[became].sum())


def _back(nights: list[Night], out: Flags) -> float:
    within = []
    for night in nights:
        for one in night.out:
            if one.back_from is not None:
                there = np.flatnonzero(~out[int(one.asin[2:]), night.day + 1 : night.day + 1 + 2 * AHEAD])
                back = one.first_on + timedelta(days=int(there[0]) if there.size else 2 * AHEAD)
                within.append(one.back_from <= back <= (one.back_until or date.max))
    return float(np.mean(within))


def _a_night(told: pa.Table, as_of: date, slow: dict[int, int]) -> float:
    began = time.process_time()
    outlooks(told, {}, as_of, slow)
    return time.process_time() - began


def _date(made: Generated, day: int) -> date:
    return made.first_day + timedelta(days=day)

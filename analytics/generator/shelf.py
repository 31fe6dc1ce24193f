"""Products: what members like when, what lies on the shelf, what is ordered for it, and who goes without."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from analytics.generator.rows import Clock, Rows
from analytics.generator.tables import CATEGORIES, Availability, Flags, Floats, Ints, Products

LAUNCHED = 0.25
# Orders are made on Mondays and come ten days later; how many weeks' demand they fill up to is a guess each time.
LEAD_DAYS = 10
FEWEST_WEEKS, MOST_WEEKS = 2.6, 5.5
FIRST_WEEKS = 4.0
# Units that a member takes in a week, for the first order of all.
A_WEEK = 0.010


class Shelf:
    """State of all products on a day; arrays by product."""

    def __init__(self, rng: np.random.Generator, clock: Clock, products: int, members: int) -> None:
        self._rng, self._clock, self.count = rng, clock, products
        self._popularity = rng.permutation(1 / np.arange(1, products + 1) ** 0.9)
        self.price_minor = (np.round(np.exp(rng.normal(6.6, 0.8, products)).clip(150, 30_000) / 50) * 50 - 1).astype(
            np.int64
        )
        launched = rng.random(products) < LAUNCHED
        latest = max(1, clock.days - 30)
        self.launch: Ints = np.where(launched, rng.integers(0, latest, products), -1).astype(np.int64)
        self._phase, self._swing = rng.uniform(0, 365, products), rng.uniform(0, 0.5, products)
        self._category = rng.integers(0, len(CATEGORIES), products).astype(np.int8)
        share = self._popularity / self._popularity.sum()
        self.stock: Ints = (np.ceil(share * members * A_WEEK * FIRST_WEEKS) + 3).astype(np.int64)
        self._week = share * members * A_WEEK
        self._wanted = np.zeros(products, dtype=np.int64)
        self._coming: dict[int, Ints] = defaultdict(lambda: np.zeros(products, dtype=np.int64))
        self.empty: Flags = np.zeros(products, dtype=np.bool_)
        # As the shelf was after what came, and at the end of the day: by day and product.
        self.mornings = np.zeros((clock.days, products), dtype=np.int64)
        self.evenings = np.zeros((clock.days, products), dtype=np.int64)
        self.stock_outs = Rows(stock_out_day=np.int64, stock_out_product=np.int64)
        self.lost = Rows(day=np.int64, product=np.int64, units=np.int64, refused=np.int64)

    def morning(self, day: int, weekday: int) -> None:
        """What was ordered comes; on Mondays more is ordered; what is not there now is not sold today."""
        self.stock += self._coming.pop(day, 0)
        if weekday == 0:
            self._order(day)
        self.empty = (self.stock == 0) & (self.launch <= day)
        found = np.flatnonzero(self.empty)
        if found.size:
            self.stock_outs.add(stock_out_day=day, stock_out_product=found)
        self.mornings[day] = self.stock

    def evening(self, day: int) -> None:
        """Nothing more is sold today."""
        self.evenings[day] = self.stock

    def _order(self, day: int) -> None:
        if day >= 7:
            self._week = 0.7 * self._week + 0.3 * self._wanted
        self._wanted[:] = 0
        weeks = self._rng.uniform(FEWEST_WEEKS, MOST_WEEKS, self.count)
        due = sum(self._coming.values(), np.zeros(self.count, dtype=np.int64))
        wished = np.ceil(np.maximum(self._week, 0.4) * weeks).astype(np.int64)
        self._coming[day + LEAD_DAYS] += np.maximum(wished - self.stock - due, 0)

    def choose(self, day: int, members: int) -> Ints:
        """A product each, as members like them on this day, whether they are there or not."""
        season = 1 + self._swing * np.sin(2 * np.pi * (day - self._phase) / 365.25)
        chances: Floats = np.cumsum(self._popularity * season * (self.launch <= day))
        chosen: Ints = np.searchsorted(chances, self._rng.random(members) * chances[-1], side="right").astype(np.int64)
        return chosen

    def sell(self, day: int, products: Ints, quantities: Ints) -> Ints:
        """How many units of each wish, first come first served, can be had."""
        np.add.at(self._wanted, products, quantities)
        order = np.argsort(products, kind="stable")
        ordered, wanted = products[order], quantities[order]
        first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        before = np.cumsum(wanted) - wanted
        before -= np.repeat(before[first], np.diff(np.r_[first, len(ordered)]))
        accepted = np.empty_like(quantities)
        accepted[order] = np.clip(self.stock[ordered] - before, 0, wanted)
        np.subtract.at(self.stock, products, accepted)
        short = np.flatnonzero(accepted < quantities)
        if short.size:
            missing = quantities[short] - accepted[short]
            told = np.where(self.empty[products[short]], 0, missing)
            self.lost.add(day=day, product=products[short], units=missing, refused=told)
        return accepted

    def availability(self) -> Availability:
        """What a shop would tell of it, morning and evening, whenever that is something else than before. Of every
        ninth product it does not say how many are left; what is delivered takes two to four days."""
        days = np.arange(self._clock.days)
        seen = np.stack([self.mornings, self.evenings], axis=1).reshape(-1, self.count)
        hour = np.tile([6, 23], self._clock.days) * 3600.0
        told = np.where(np.arange(self.count) % 9 == 8, np.minimum(seen, 1), seen)
        there = np.repeat(days, 2)[:, None] >= self.launch
        changed = there.copy()
        changed[1:] &= (told[1:] != told[:-1]) | ~there[:-1]
        moment, product = np.nonzero(changed)
        left = seen[moment, product]
        silent = (product % 9 == 8) & (left > 0)
        return Availability(
            product=product.astype(np.int64), at=self._clock.at(moment // 2, hour[moment]), out=left == 0,
            quantity=np.where(silent, -1, left), delivery_days=np.where(left > 0, 2 + product % 3, -1),
        )  # fmt: skip

    def products(self) -> Products:
        """As they are on the last evening. Those of the beginning came into the catalogue some weeks before it."""
        since = np.where(self.launch >= 0, self.launch, -30).astype(np.float64) * 86_400
        return Products(self._category, self.price_minor, self._clock.at(0, since), self.stock > 0)

"""Campaigns: three weeks in which some members do more than they would, and some who would be asked are held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.generator.rows import Clock, Rows
from analytics.generator.tables import CAMPAIGN_KINDS, Campaigns, Flags, Ints, Participants
from analytics.generator.truth import Uplift

FIRST_DAY, EVERY_DAYS, LENGTH_DAYS = 30, 42, 21
TARGETED, HELD_OUT = 0.4, 0.25
UPLIFTS = {"purchases": (0.25, 0.45), "redemptions": (0.5, 0.8)}
# Of the purchase's own points.
BONUS = 0.5
# On some products, for redemptions.
DISCOUNT, DISCOUNTED = 0.2, 0.1


@dataclass(frozen=True)
class Campaign:
    """`factor`: by member, 1 or more. `taking_part`: by member; `discounted`: by product."""

    number: int
    kind: str
    first_day: int
    uplift: float
    taking_part: Flags
    discounted: Flags

    def runs(self, day: int) -> bool:
        return self.first_day <= day < self.first_day + LENGTH_DAYS


class Calendar:
    """One campaign after the other, of both kinds in turn."""

    def __init__(self, rng: np.random.Generator, clock: Clock, members: int, products: int) -> None:
        self._rng, self._clock, self._members, self._products = rng, clock, members, products
        self._participants = Rows(campaign=np.int64, member=np.int64, held_out=np.bool_)
        self.uplifts: list[Uplift] = []
        self._now: Campaign | None = None

    def today(self, day: int, there: Flags) -> Campaign | None:
        """The campaign that runs, None: none does."""
        if day >= FIRST_DAY and (day - FIRST_DAY) % EVERY_DAYS == 0:
            self._now = self._begin(day, there)
        return self._now if self._now and self._now.runs(day) else None

    def _begin(self, day: int, there: Flags) -> Campaign:
        rng, number = self._rng, len(self.uplifts)
        kind = CAMPAIGN_KINDS[number % 2]
        asked: Ints = np.flatnonzero(there & (rng.random(self._members) < TARGETED))
        held_out = rng.random(asked.size) < HELD_OUT
        self._participants.add(campaign=number, member=asked, held_out=held_out)
        taking_part = np.zeros(self._members, dtype=np.bool_)
        taking_part[asked[~held_out]] = True
        uplift = round(float(rng.uniform(*UPLIFTS[kind])), 2)
        out = int(held_out.sum())
        self.uplifts.append(Uplift(number, kind, day, LENGTH_DAYS, uplift, asked.size - out, out))
        return Campaign(number, kind, day, uplift, taking_part, rng.random(self._products) < DISCOUNTED)

    def campaigns(self) -> Campaigns:
        first = np.array([uplift.first_day for uplift in self.uplifts], dtype=np.int64)
        kinds = np.array([CAMPAIGN_KINDS.index(uplift.kind) for uplift in self.uplifts], dtype=np.int8)
        return Campaigns(
            kinds, self._clock.at(0, first * 86_400.0), self._clock.at(0, (first + LENGTH_DAYS) * 86_400.0)
        )

    def participants(self) -> Participants:
        return Participants(**self._participants.columns())

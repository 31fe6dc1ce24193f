"""Members: when they join and leave, how active each is, which level they have."""

from __future__ import annotations

import numpy as np

from analytics.generator.rows import NEVER, Clock, Rows
from analytics.generator.tables import CAUSES, Flags, Floats, Ints, Members, Small, TierChanges

# Gamma: few members do most of the shopping.
SHAPE = 0.7
LEAVE = 0.45
MEAN_STAY_DAYS = 300
THERE_AT_FIRST = 0.25
# Points earned in a calendar year, for silver, gold, platinum.
THRESHOLDS = (4_000, 12_000, 30_000)
EVER = 10**6


class Population:
    """State of all members on a day; arrays by member."""

    def __init__(self, rng: np.random.Generator, clock: Clock, members: int) -> None:
        self._clock, self._rng = clock, rng
        days = clock.days
        self.count = members
        self.activity: Floats = rng.gamma(SHAPE, 1 / SHAPE, members)
        joins = np.sort(rng.beta(1.1, 1.6, members) * days * (1 + THERE_AT_FIRST) - THERE_AT_FIRST * days)
        self.joins: Ints = np.minimum(np.floor(joins), days - 1).astype(np.int64)
        leaves = rng.random(members) < LEAVE
        stay = rng.geometric(1 / MEAN_STAY_DAYS, members)
        self.leaves: Ints = np.where(leaves, np.maximum(self.joins, 0) + stay, EVER).astype(np.int64)
        self.tier: Small = np.zeros(members, dtype=np.int8)
        self._this_year = np.zeros(members, dtype=np.int64)
        self._changes = Rows(member=np.int64, from_tier=np.int8, to_tier=np.int8, cause=np.int8, at="datetime64[us]")

    def there(self, day: int) -> Flags:
        """Who takes part on a day."""
        return (self.joins <= day) & (day < self.leaves)

    def review(self, day: int) -> None:
        """A new year: levels are those that the past year's points give."""
        old = self.tier
        reviewed = np.flatnonzero(old > 0)
        self.tier = np.digitize(self._this_year, THRESHOLDS).astype(np.int8)
        self._this_year[:] = 0
        if reviewed.size:
            self._changed(reviewed, old[reviewed], "period_ended", self._clock.at(day, 300))

    def earned(self, day: int, members: Ints, points: Ints) -> None:
        """Points of a day's purchases; whoever has enough of them gets a level in the evening."""
        np.add.at(self._this_year, members, points)
        bought = np.unique(members)
        old = self.tier[bought]
        reached = np.maximum(np.digitize(self._this_year[bought], THRESHOLDS), old).astype(np.int8)
        self.tier[bought] = reached
        risen = reached > old
        if risen.any():
            self._changed(bought[risen], old[risen], "reached", self._clock.at(day, 19.5 * 3600))

    def _changed(self, members: Ints, old: Small, cause: str, at: object) -> None:
        self._changes.add(member=members, from_tier=old, to_tier=self.tier[members], cause=CAUSES.index(cause), at=at)

    def members(self) -> Members:
        """As they are on the last evening."""
        rng, clock = self._rng, self._clock
        joined = clock.at(0, self.joins * 86_400.0 + np.round(rng.uniform(0, 6 * 3600, self.count), 3))
        claims = rng.random(self.count) < 0.8
        days = np.round(rng.exponential(6 * 86_400, self.count), 3)
        claimed = np.where(claims, joined + (days * 1e6).astype("timedelta64[us]"), NEVER)
        claimed[claimed >= clock.end] = NEVER
        blocked = (self.leaves < clock.days) & (rng.random(self.count) < 0.02)
        consents = rng.random(self.count)
        country = rng.choice(4, self.count, p=[0.7, 0.1, 0.12, 0.08]).astype(np.int8)
        return Members(
            joined, claimed, country, self.tier, blocked.astype(np.int8), consents < 0.42, (consents < 0.15) & claims
        )

    def changes(self) -> TierChanges:
        """All changes of level, in the order of time."""
        found = self._changes.columns()
        return TierChanges(sequence=numbered(found["member"]), **found)


def numbered(group: Ints) -> Ints:
    """The number of each row among the rows of its group so far, from 1."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    begins = np.r_[True, ordered[1:] != ordered[:-1]] if len(group) else np.empty(0, dtype=np.bool_)
    first = np.flatnonzero(begins)
    place = np.arange(len(group), dtype=np.int64)
    number = np.empty(len(group), dtype=np.int64)
    number[order] = place - np.repeat(first, np.diff(np.r_[first, len(group)])) + 1
    return number

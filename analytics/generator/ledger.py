"""Points: lots by the month in which they were earned, used oldest first, lapsing a year after that month; a journal of
it and its movements a day. No balance is ever below zero."""

from __future__ import annotations

import numpy as np

from analytics.generator.population import numbered
from analytics.generator.rows import Clock, Rows
from analytics.generator.tables import EVENTS, KINDS, Entries, Ints, Movements, Times

# Lots of this month and of the thirteen before it; those of the oldest lapse when a month begins.
LOTS = 14


class Ledger:
    """`lots`: points by month (its number modulo LOTS) and member. `balance`: their sum."""

    def __init__(self, clock: Clock, members: int) -> None:
        self._clock = clock
        self.lots = np.zeros((LOTS, members), dtype=np.int64)
        self.balance = np.zeros(members, dtype=np.int64)
        self._entries = Rows(op=np.int64, member=np.int64, kind=np.int8, points=np.int64, at="datetime64[us]")
        self._movements = Rows(day="datetime64[D]", lot_month="datetime64[M]", event=np.int8, points=np.int64)
        self._moved = np.zeros((len(EVENTS), LOTS), dtype=np.int64)
        self._ops = 0
        self.sums = dict.fromkeys(EVENTS, 0)

    def month_begins(self, day: int) -> None:
        """What was earned thirteen months ago lapses."""
        lot = (int(self._clock.month[day]) - LOTS + 1) % LOTS
        members = np.flatnonzero(self.lots[lot])
        self._lapse(members, self.lots[lot, members], lot, self._clock.at(day, 600))
        self.lots[lot, members] = 0

    def _lapse(self, members: Ints, points: Ints, lot: int, at: Times) -> None:
        if members.size:
            self.balance[members] -= points
            self._book("expire", members, points, at)
            self._move("lapsed", lot, int(points.sum()))

    def accrue(self, day: int, members: Ints, points: Ints, at: Times) -> Ints:
        """Points of this month; the operations' numbers."""
        lot = int(self._clock.month[day]) % LOTS
        np.add.at(self.lots[lot], members, points)
        np.add.at(self.balance, members, points)
        self._move("opened", lot, int(points.sum()))
        return self._book("accrue", members, points, at)

    def take(self, day: int, members: Ints, points: Ints) -> Ints:
        """Use points for goods, oldest first; members are there once each. What each lot gave, by lot and member."""
        taken = np.zeros((LOTS, members.size), dtype=np.int64)
        rest = points.copy()
        month = int(self._clock.month[day])
        for age in range(LOTS - 1, -1, -1):
            lot = (month - age) % LOTS
            taken[lot] = np.minimum(self.lots[lot, members], rest)
            self.lots[lot, members] -= taken[lot]
            rest -= taken[lot]
            self._move("redeemed", lot, int(taken[lot].sum()))
        assert not rest.any(), "more is taken than there is"
        self.balance[members] -= points
        return taken

    def redeem(self, members: Ints, promised: Ints, settled: Ints, at: Times, answered: Times) -> None:
        """The journal of redemptions whose points were taken: all that was promised is held, part of it comes free."""
        for kind, points, when in (("hold", promised, at), ("settle", settled, answered)):
            moved = points > 0
            self._book(kind, members[moved], points[moved], when[moved])
        freed = promised > settled
        self._book("release", members[freed], (promised - settled)[freed], answered[freed])

    def restore(self, day: int, members: Ints, taken: Ints, then: Ints, at: Times) -> None:
        """Points come back into the lots that they were `taken` from in month `then`; what lapsed meanwhile, lapses."""
        month = int(self._clock.month[day])
        points = taken.sum(axis=0)
        self._book("restore", members, points, at)
        np.add.at(self.balance, members, points)
        for lot in range(LOTS):
            age = month - (then - (then - lot) % LOTS)
            lives = age < LOTS - 1
            self._move("restored", lot, int(taken[lot, lives].sum()))
            np.add.at(self.lots[lot], members[lives], taken[lot, lives])
            late = np.flatnonzero(~lives & (taken[lot] > 0))
            for one in late:
                # One at a time: their months differ, and there are few.
                when = int(then[one] - (then[one] - lot) % LOTS)
                self._movements.add(
                    day=self._clock.dates[day], lot_month=np.datetime64(when, "M"), points=taken[lot, one],
                    event=np.array([EVENTS.index("restored"), EVENTS.index("lapsed")]),
                )  # fmt: skip
                self.sums["restored"] += int(taken[lot, one])
                self.sums["lapsed"] += int(taken[lot, one])
                self.balance[members[one]] -= taken[lot, one]
                self._book("expire", members[one : one + 1], taken[lot, one : one + 1], at[one : one + 1])

    def _book(self, kind: str, members: Ints, points: Ints, at: Times) -> Ints:
        numbers = np.arange(self._ops, self._ops + members.size, dtype=np.int64)
        if members.size:
            self._entries.add(op=numbers, member=members, kind=KINDS.index(kind), points=points, at=at)
        self._ops += members.size
        return numbers

    def _move(self, event: str, lot: int, points: int) -> None:
        self._moved[EVENTS.index(event), lot] += points
        self.sums[event] += points

    def evening(self, day: int) -> None:
        """The day's movements, by event and month of the lot."""
        events, lots = np.nonzero(self._moved)
        if events.size:
            month = int(self._clock.month[day])
            months = (month - (month - lots) % LOTS).astype("datetime64[M]")
            self._movements.add(
                day=self._clock.dates[day], lot_month=months, event=events, points=self._moved[events, lots]
            )
        self._moved[:] = 0

    def entries(self) -> Entries:
        """In the order of time, which is the order of their sequence too."""
        found = self._entries.columns()
        order = np.argsort(found["at"], kind="stable")
        found = {name: column[order] for name, column in found.items()}
        return Entries(sequence=numbered(found["member"]), **found)

    def movements(self) -> Movements:
        """Of a day, event and month one row."""
        found = self._movements.columns()
        keys = np.stack([found[name].astype(np.int64) for name in ("day", "lot_month", "event")])
        unique, place = np.unique(keys, axis=1, return_inverse=True)
        points = np.zeros(unique.shape[1], dtype=np.int64)
        np.add.at(points, place.ravel(), found["points"])
        return Movements(
            unique[0].astype("datetime64[D]"), unique[1].astype("datetime64[M]"), unique[2].astype(np.int8), points
        )

"""Levels in plain Python, as docs/tiers.md tells them: one day at a time, no arithmetic to be clever with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

type Ladder = tuple[tuple[str, int], ...]


def period_of(day: date, months: int) -> date:
    """The first day of the period a day is in."""
    first = date(day.year, day.month, 1)
    while (first.year * 12 + first.month - 1) % months:
        first = months_on(first, -1)
    return first


def months_on(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


@dataclass
class Bought:
    day: date
    units: int
    own: int
    back: int = 0

    @property
    def counts(self) -> int:
        return self.units - self.units * self.back // self.own


@dataclass
class Reached:
    starts: date
    ends: date
    tier: str


@dataclass
class Given:
    tier: str
    until: date
    withdrawn: bool = False


@dataclass
class Person:
    bought: dict[str, Bought] = field(default_factory=dict)
    reached: list[Reached] = field(default_factory=list)
    given: dict[UUID, Given] = field(default_factory=dict)


class Rules:
    """All versions there were; the newest applies."""

    def __init__(self, ladder: Ladder, months: int) -> None:
        self.versions = [ladder]
        self.months = months

    def publish(self, ladder: Ladder, months: int) -> None:
        self.versions.append(ladder)
        self.months = months

    @property
    def codes(self) -> list[str]:
        return [code for code, _ in self.versions[-1]]

    def rank(self, code: str) -> int:
        for ladder in reversed(self.versions):
            known = [each for each, _ in ladder]
            if code in known:
                for lower in reversed(known[: known.index(code) + 1]):
                    if lower in self.codes:
                        return self.codes.index(lower)
                return 0
        raise AssertionError(code)

    def units(self, who: Person, starts: date) -> int:
        ends = months_on(starts, self.months)
        return sum(each.counts for each in who.bought.values() if starts <= each.day < ends)

    def look(self, who: Person, day: date) -> None:
        """Note what the period of that day has reached."""
        starts = period_of(day, self.months)
        ends = months_on(starts, 2 * self.months)
        units = self.units(who, starts)
        tier = [code for code, needed in self.versions[-1] if units >= needed][-1]
        for known in who.reached:
            if (known.starts, known.ends) == (starts, ends) and self.rank(known.tier) >= self.rank(tier):
                return
        if self.rank(tier):
            who.reached.append(Reached(starts, ends, tier))

    def level(self, who: Person, today: date) -> tuple[str, date | None]:
        """The level, and the first day on which it is not sure any more."""
        claims: list[tuple[int, date]] = []
        for one in who.reached:
            rank, until = self.rank(one.tier), one.ends
            while until <= today and rank > 0:
                rank, until = rank - 1, months_on(until, self.months)
            claims.append((rank, until))
        for given in who.given.values():
            if not given.withdrawn and given.until >= today:
                claims.append((self.rank(given.tier), date.fromordinal(given.until.toordinal() + 1)))
        rank, until = max(claims, default=(0, today))
        return self.codes[rank], until if rank else None

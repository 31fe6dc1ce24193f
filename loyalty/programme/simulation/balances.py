"""Who can have the favourites: members counted by tier and by which prices their balance reaches, in one look."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from loyalty.catalogue.prices import minor_per_major
from loyalty.database import Connection
from loyalty.programme.document import Programme
from loyalty.programme.simulation.shelf import Favourite

EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Band:
    """Members of one tier whose balance is at least `floor` (None: below every price) and below the next price."""

    tier: str
    active: bool
    floor: int | None
    members: int
    available: int
    held: int
    pending: int
    example: int

    @property
    def outstanding(self) -> int:
        """Points that are promised."""
        return self.available + self.held + self.pending


@dataclass(slots=True)
class Affords:
    """How many members of a tier there are, and how many of them can have more favourites, or fewer, than before."""

    members: int = 0
    outstanding: int = 0
    more: int = 0
    fewer: int = 0
    # By product: how many can have it.
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Example:
    """One member: what their points reach before and after. `best`: the dearest favourite of those."""

    member_number: str
    tier: str
    available: int
    affordable: tuple[int, int]
    best: tuple[str | None, str | None]
    worth_minor: tuple[int, int]


def bands(connection: Connection, program_id: int, tiers: Sequence[str], favourites: Sequence[Favourite]) -> list[Band]:
    """All members in one pass."""
    prices = sorted(
        {
            price
            for favourite in favourites
            for side in (favourite.before, favourite.after)
            for price in side.values()
            if price is not None
        }
    )
    rows = connection.execute(
        "select * from simulation.balances(%s, %s, %s)", (program_id, list(tiers), prices or [2**62])
    ).fetchall()
    return [
        Band(
            tiers[row["tier"] - 1],
            row["active"],
            prices[row["band"] - 1] if row["band"] else None,
            row["members"],
            int(row["available"]),
            int(row["held"]),
            int(row["pending"]),
            row["example"],
        )
        for row in rows
    ]


def affords(found: Sequence[Band], tiers: Sequence[str], favourites: Sequence[Favourite]) -> dict[str, Affords]:
    """By tier: active members counted, everybody's points summed."""
    told = {tier: Affords(before=[0] * len(favourites), after=[0] * len(favourites)) for tier in tiers}
    for band in found:
        one = told[band.tier]
        one.outstanding += band.outstanding
        if not band.active:
            continue
        one.members += band.members
        before, after = reached(band, favourites)
        for number, (was, will) in enumerate(zip(before, after, strict=True)):
            one.before[number] += band.members * was
            one.after[number] += band.members * will
        if sum(after) > sum(before):
            one.more += band.members
        elif sum(after) < sum(before):
            one.fewer += band.members
    return told


def reached(band: Band, favourites: Sequence[Favourite]) -> tuple[list[bool], list[bool]]:
    """Which favourites whoever is in this band can have, before and after."""

    def has(price: int | None) -> bool:
        return price is not None and band.floor is not None and price <= band.floor

    return [has(one.before[band.tier]) for one in favourites], [has(one.after[band.tier]) for one in favourites]


def examples(
    connection: Connection,
    program_id: int,
    found: Sequence[Band],
    favourites: Sequence[Favourite],
    documents: tuple[Programme, Programme],
) -> list[Example]:
    """Ten members from the poorest to the richest; first of all such for whom something changes."""
    active = sorted((one for one in found if one.active and one.floor is not None), key=lambda one: one.floor or 0)
    changed = [one for one in active if sum(reached(one, favourites)[0]) != sum(reached(one, favourites)[1])]
    picked = _evenly(changed, EXAMPLES)
    picked += _evenly([one for one in active if one not in changed], EXAMPLES - len(picked))
    rows = connection.execute(
        "select * from simulation.examples(%s, %s)", (program_id, [one.example for one in picked])
    ).fetchall()
    told = [_example(row["number"], row["tier"], row["available"], favourites, documents) for row in rows]
    return sorted(told, key=lambda one: (one.available, one.member_number))


def levels(connection: Connection, program_id: int, document: Programme) -> dict[str, int]:
    """How many members' purchases of this period and the one before reach each level, as the document has them."""
    rows = connection.execute(
        "select * from simulation.levels(%s, %s::jsonb, %s)",
        (program_id, document.tiers.model_dump_json(), document.points.time_zone),
    ).fetchall()
    counted = {row["level"]: row["members"] for row in rows}
    return {tier.code: counted.get(place, 0) for place, tier in enumerate(document.tiers.levels, 1) if place > 1}


def worth_minor(document: Programme, tier: str, points: int) -> int:
    """What so many points buy at a member's own factor without campaigns and categories, rounded down."""
    factor = document.conversion.by_tier.get(tier, document.conversion.points_per_major)
    return points * minor_per_major(document.store.currency) // factor


def _example(
    number: str, tier: str, available: int, favourites: Sequence[Favourite], documents: tuple[Programme, Programme]
) -> Example:
    sides = []
    for name in ("before", "after"):
        prices = sorted(
            (price, one.title)
            for one in favourites
            if (price := getattr(one, name).get(tier, getattr(one, name)[""])) is not None
        )
        count = bisect_right([price for price, _ in prices], available)
        sides.append((count, prices[count - 1][1] if count else None))
    return Example(
        number,
        tier,
        available,
        (sides[0][0], sides[1][0]),
        (sides[0][1], sides[1][1]),
        (worth_minor(documents[0], tier, available), worth_minor(documents[1], tier, available)),
    )


def _evenly(bands: Sequence[Band], count: int) -> list[Band]:
    if len(bands) <= count:
        return list(bands)
    return [bands[number * (len(bands) - 1) // max(count - 1, 1)] for number in range(count)]

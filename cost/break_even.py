"""Aurora's two ways of paying: by I/O, or more for processors and storage and nothing for I/O."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from cost.bill import Line, World
from cost.estimate import at
from cost.reckoning.database import instance_lines, io_optimized, storage_lines
from cost.usage import SECONDS

# Further than this nobody looks.
MOST_MEMBERS = 1_000_000_000


@dataclass(frozen=True)
class BreakEven:
    """Dollars a month of the cluster, without backup and proxy. `ios`: of the usage model. `even_ios`: from so many on
    I/O-Optimized is cheaper with the same processors and data. `even_members`: where the usage model gets there, if it
    does with this config."""

    standard_usd: Decimal
    optimized_usd: Decimal
    ios: Decimal
    even_ios: Decimal
    even_members: int | None
    chosen: bool

    @property
    def cheaper(self) -> bool:
        """I/O-Optimized is."""
        return self.optimized_usd < self.standard_usd

    def __str__(self) -> str:
        where = f"is from about {self.even_members:,} members on" if self.even_members else "never is"
        return (
            f"I/O-Optimized is {'on' if self.chosen else 'off'}: {self.optimized_usd:,.0f} dollars with it, "
            f"{self.standard_usd:,.0f} without. It is cheaper from {self.even_ios / 10**6:,.0f} million I/Os a month "
            f"({self.even_ios / SECONDS:,.0f} a second); the usage model has {self.ios / 10**6:,.0f} million. "
            f"With this usage it {where}."
        )


def break_even(world: World) -> BreakEven | None:
    """None without a cluster."""
    if not any(world.templates.of("AWS::RDS::DBCluster")):
        return None
    standard, optimized = _usd(world, optimized=False), _usd(world, optimized=True)
    price = world.prices["aurora_ios"]
    paid_for_ios = price.of(world.month.database_ios)
    return BreakEven(
        standard_usd=standard,
        optimized_usd=optimized,
        ios=world.month.database_ios,
        even_ios=(optimized - (standard - paid_for_ios)) * price.per / price.usd,
        even_members=_even_members(world),
        chosen=io_optimized(world),
    )


def _usd(world: World, *, optimized: bool) -> Decimal:
    lines: list[Line] = []
    for cluster in world.templates.of("AWS::RDS::DBCluster"):
        lines += storage_lines(cluster, world, optimized=optimized)
    for instance in world.templates.of("AWS::RDS::DBInstance"):
        lines += instance_lines(instance, world, optimized=optimized)
    return sum((line.usd for line in lines), Decimal(0))


def _even_members(world: World) -> int | None:
    """The least number of members, to one in a hundred, from which I/O-Optimized is cheaper."""

    def cheaper(members: int) -> bool:
        there = at(world, members)
        return _usd(there, optimized=True) < _usd(there, optimized=False)

    low, high = 0, 1_000
    while not cheaper(high):
        low, high = high, high * 2
        if high > MOST_MEMBERS:
            return None
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if cheaper(middle) else (middle, high)
    return high

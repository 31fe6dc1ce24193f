"""The bill of one month: every resource of every template, by its rule, or free for a stated reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from cost.bill import Line, World
from cost.free import CUSTOM, FREE
from cost.prices import Price, load_prices
from cost.reckoning import RULES
from cost.runs import FUNCTIONS, MACHINES, load_runs
from cost.templates import Templates
from cost.usage import Month, load_usage
from stacks.sections import Personalize


class UnknownType(Exception):
    """A type that is neither priced nor on the free list: nobody knows what it costs."""


@dataclass(frozen=True)
class Bill:
    """All lines of a month."""

    world: World
    lines: tuple[Line, ...]

    @property
    def members(self) -> Decimal:
        return self.world.month.members

    @cached_property
    def usd(self) -> Decimal:
        return _sum(self.lines)

    @cached_property
    def fixed_usd(self) -> Decimal:
        return _sum(line for line in self.lines if not line.variable)

    @property
    def variable_usd(self) -> Decimal:
        return self.usd - self.fixed_usd

    @property
    def usd_per_redemption(self) -> Decimal:
        return self.usd / self.world.month.redemptions if self.world.month.redemptions else Decimal(0)

    @cached_property
    def by_service(self) -> dict[str, Decimal]:
        return self._by(lambda line: line.price.service)

    @cached_property
    def by_capability(self) -> dict[str, Decimal]:
        return self._by(lambda line: line.capability)

    def largest(self, most: int = 5) -> list[tuple[str, Decimal]]:
        """What costs most: a service's price, over all resources."""
        summed = self._by(lambda line: f"{line.price.service}: {line.price.unit}")
        return list(summed.items())[:most]

    def _by(self, key: Callable[[Line], str]) -> dict[str, Decimal]:
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            sums[key(line)] += line.usd
        return dict(sorted(sums.items(), key=lambda one: (-one[1], one[0])))


def bill(world: World) -> Bill:
    """Every resource priced. Raises UnknownType, and PriceFileError if a price or a count is missing."""
    lines: list[Line] = []
    unknown: set[str] = set()
    for resource in world.templates.all:
        if rule := RULES.get(resource.type):
            lines += [line for line in rule(resource, world) if line.quantity]
        elif resource.type not in FREE and not resource.type.startswith(CUSTOM):
            unknown.add(resource.type)
    if unknown:
        raise UnknownType(
            f"neither priced (cost/reckoning) nor free for a reason (cost/free.py): {', '.join(sorted(unknown))}"
        )
    return Bill(world, tuple(lines))


def world_of(
    templates: Templates,
    members: int,
    *,
    personalize: Personalize | None = None,
    overrides: Mapping[str, str] | None = None,
    prices: Mapping[str, Price] | None = None,
) -> World:
    """All of the repository's files about cost, for so many members."""
    return World(
        templates=templates,
        prices=load_prices() if prices is None else prices,
        month=Month(Decimal(members), load_usage(overrides=overrides)),
        functions=load_runs(FUNCTIONS),
        machines=load_runs(MACHINES),
        personalize=personalize,
    )


def at(world: World, members: int | Decimal) -> World:
    """The same deployment with so many members."""
    return replace(world, month=replace(world.month, members=Decimal(members)))


def _sum(lines: Iterable[Line]) -> Decimal:
    return sum((line.usd for line in lines), Decimal(0))

"""Seeds: run one, tell what it found; the same seed is the same story, byte for byte."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.faults import invariants
from tests.faults.cells import Cell
from tests.faults.place import Place
from tests.faults.plan import Plan, plan_of
from tests.faults.world import NeverQuiet, World, inhabited

# Rows of seeds that are over are cleared away after so many.
TIDY_EVERY = 200
LOOKS = 0.02


class Violated(Exception):
    """An invariant does not hold in the middle of a story."""


@dataclass
class Result:
    """What became of a seed. `violations` is empty, or the seed has found a bug."""

    seed: int
    sagas: int = 0
    deaths: int = 0
    events: int = 0
    hits: Counter[Cell] = field(default_factory=Counter)
    missed: list[Cell] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)

    def told(self, name: str = "") -> str:
        """The failure with its trace, and how to replay it."""
        again = f"FAULT={name}" if name else f"SEED={self.seed}"
        return "\n".join([*self.trace, "", *(f"VIOLATION {text}" for text in self.violations), again])


def run_seed(
    place: Place,
    seed: int,
    plan: Plan | None = None,
    definition: Mapping[str, Any] | None = None,
    looks: float = LOOKS,
) -> Result:
    """One seed from its empty database to its last parcel. `looks`: how often the invariants are asked on the way."""
    random = Random(seed)
    drawn = plan_of(seed, random)
    world = World(place, plan or drawn, seed, random)
    world.definition = definition
    if looks:
        # Numbers of their own: looking changes nothing.
        when = Random(seed)
        world.look = lambda: _look(world, when, looks)
    result = Result(seed, len(world.sagas))
    with inhabited(world):
        try:
            world.run()
            result.violations = invariants.violations(world)
        except NeverQuiet as error:
            result.violations = [f"I12: {error}", *invariants.violations(world)]
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            result.violations = [
                f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"
            ]
    result.trace, result.hits = world.lines, world.injector.hits
    result.deaths, result.events = world.injector.deaths, world.events
    result.missed = [aim.cell for aim in world.plan.aims if not result.hits[aim.cell]]
    return result


def _look(world: World, when: Random, looks: float) -> None:
    if when.random() < looks:
        world.sent()
        if found := invariants.held(world):
            raise Violated(", ".join(found))


def run_seeds(place: Place, seeds: range) -> Result:
    """One after the other, up to the first that finds something: that one's result, else the sum of all."""
    total = Result(seeds.start)
    for number, seed in enumerate(seeds):
        result = run_seed(place, seed)
        if result.violations:
            return result
        add(total, result)
        if number % TIDY_EVERY == TIDY_EVERY - 1:
            place.tidy()
    return total


def add(total: Result, result: Result) -> None:
    """Count a result in."""
    total.sagas += result.sagas
    total.deaths += result.deaths
    total.events += result.events
    total.hits.update(result.hits)

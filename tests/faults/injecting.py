"""Where faults strike: every call of the simulated world asks here how it comes out and whether somebody dies of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.faults.cells import (
    BEFORE,
    DUPLICATE,
    EFFECT,
    ERROR,
    LATE,
    MALFORMED,
    OK,
    PARTIAL,
    RECORD,
    RESET,
    REVOKED,
    THROTTLED,
    TIMEOUT_AFTER,
    TIMEOUT_BEFORE,
    Cell,
)  # fmt: skip

# What happens to calls that nobody aims at.
NOISE = (
    THROTTLED, ERROR, TIMEOUT_BEFORE, TIMEOUT_AFTER, TIMEOUT_AFTER, DUPLICATE, LATE, MALFORMED, RESET, REVOKED,
)  # fmt: skip
NOISE_DEATH = 0.15


class Killed(BaseException):
    """The component that was at work here is dead. No handler may catch it."""


@dataclass(slots=True)
class Aimed:
    """A cell that a saga shall meet. It dies before the call first where the cell says so, then the call comes out."""

    cell: Cell
    saga: int
    died: bool = False
    over: bool = False


@dataclass(slots=True)
class Encounter:
    """How one call comes out. The call site does its part and then says `happened`."""

    step: str
    outcome: str
    injector: Injector
    point: str | None = None
    aimed: Aimed | None = None

    def happened(self, component: str) -> None:
        """The outcome is in the world; whether its caller lives to hear of it is decided here. Raises Killed."""
        if self.point == EFFECT:
            self.injector.died(self, component)
        if self.point == RECORD:
            self.injector.doomed[component] = self
        else:
            self.injector.hit(self.aimed)


@dataclass
class Injector:
    """One seed's faults. `noise`: the share of all other calls that fail; `calm`: from now on nothing fails."""

    random: Random
    trace: Callable[[str], None]
    noise: float = 0.0
    aims: list[Aimed] = field(default_factory=list)
    calm: bool = False
    hits: Counter[Cell] = field(default_factory=Counter)
    deaths: int = 0
    # Components that die when they have next written something down, or are done.
    doomed: dict[str, Encounter] = field(default_factory=dict)

    def meet(
        self, step: str, saga: int | None, component: str, *, able: Callable[[str], bool] = lambda outcome: True
    ) -> Encounter:
        """How this call of a saga comes out; `able` says which outcomes it can have. Raises Killed: not at all."""
        aimed = None
        if saga is not None and not self.calm:
            aimed = next(
                (one for one in self.aims
                 if not one.over and one.saga == saga and one.cell.step == step and able(one.cell.outcome)),
                None,
            )  # fmt: skip
        if aimed is None:
            return self._noise(step, component, able)
        if aimed.cell.point == BEFORE and not aimed.died:
            aimed.died = True
            self.death(component, f"before {step}")
        aimed.over = True
        point = None if aimed.cell.point == BEFORE else aimed.cell.point
        return Encounter(step, aimed.cell.outcome, self, point, aimed)

    def _noise(self, step: str, component: str, able: Callable[[str], bool]) -> Encounter:
        if self.calm or not self.noise or self.random.random() >= self.noise:
            return Encounter(step, OK, self)
        outcome = self.random.choice(NOISE)
        point = self.random.choice((BEFORE, EFFECT, RECORD)) if self.random.random() < NOISE_DEATH else None
        if point == BEFORE:
            self.death(component, f"before {step}")
        return Encounter(step, outcome if able(outcome) and outcome != PARTIAL else OK, self, point)

    def by_chance(self) -> bool:
        """Something on the way fails, or comes twice: the calls that are no step of a saga."""
        return bool(not self.calm and self.noise and self.random.random() < self.noise / 2)

    def hit(self, aimed: Aimed | None) -> None:
        """The cell was reached: the death and the outcome have both happened."""
        if aimed is not None:
            self.hits[aimed.cell] += 1
            self.trace(f"cell {aimed.cell}")

    def died(self, encounter: Encounter, component: str) -> None:
        """Of this encounter. Raises Killed."""
        self.hit(encounter.aimed)
        self.death(component, f"after {encounter.outcome} of {encounter.step}")

    def death(self, component: str, where: str) -> None:
        """Raises Killed."""
        self.deaths += 1
        self.doomed.pop(component, None)
        self.trace(f"{component} dies {where}")
        raise Killed(where)

    def recorded(self, component: str) -> None:
        """The component has written down what came of its call, or has nothing to write. Raises Killed if doomed."""
        encounter = self.doomed.pop(component, None)
        if encounter is not None:
            self.died(encounter, component)

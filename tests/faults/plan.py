"""What one seed does: a few members, their redemptions, what becomes of those, and the cells that are aimed at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from tests.domain.redemptions.promises import Line
from tests.faults.cells import PARTIAL, REACHABLE, REFUSED, Cell
from tests.faults.injecting import Aimed

# Two programmes, by when they take the money.
BY_ACCEPTANCE, BY_SHIPMENT = 1, 3
# How the accepted units travel.
PLAIN, SPLIT, CANCELLED = "plain", "split", "cancelled"
PART_CANCELLED, UNDELIVERABLE = "part_cancelled", "undeliverable"
# Beyond the end of the story.
STAYS = "stays"


@dataclass(frozen=True, slots=True)
class SagaPlan:
    """One redemption. `program_id`: BY_ACCEPTANCE or BY_SHIPMENT. `share`: how much of it is paid in points.
    `decision` at the provider: pay, decline, abandon, nothing; `tells`: the browser comes back and says so."""

    program_id: int
    member: int
    starts: float
    lines: tuple[Line, ...]
    share: float = 1.0
    decision: str = "pay"
    tells: bool = True
    cancels: float | None = None
    too_few_points: bool = False
    accepts: str = "all"
    journey: str = PLAIN
    pushes: float = 0.8
    hints: float = 0.5
    back: int = 0
    returns_goods: bool = False
    vanishes: bool = False
    aims_at_opening: bool = False
    # How long the member looks at the provider's page before deciding.
    hesitates: float = 0.0
    # A second execution of the same redemption, so long after the first.
    twin_after: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One seed. `duplicates`: what Amazon makes of an order's name that comes again (replay, reject)."""

    sagas: tuple[SagaPlan, ...]
    aims: tuple[Aimed, ...] = ()
    noise: float = 0.0
    duplicates: str = "replay"
    # Every function of the state machine is invoked so many times for one answer.
    invocations: int = 1
    # From when until when (seconds) Amazon Business answers every call with 500, or knows our credentials no more, and
    # Step Functions starts nothing.
    amazon_down: tuple[float, float] = (0.0, 0.0)
    amazon_paused: tuple[float, float] = (0.0, 0.0)
    machine_down: tuple[float, float] = (0.0, 0.0)
    # Faults have stopped after so many days at the latest.
    days: float = 6.0


def plan_of(seed: int, random: Random) -> Plan:
    """Cells are aimed at in turn, so that any row of seeds meets them all alike; the rest is drawn."""
    members = random.choice((1, 1, 2, 3))
    sagas = [_saga(random, number, random.randrange(members)) for number in range(random.choice((2, 3, 4, 5)))]
    aims = [Aimed(REACHABLE[seed % len(REACHABLE)], 0)]
    aims += [Aimed(random.choice(REACHABLE), number) for number in range(1, len(sagas)) if random.random() < 0.6]
    for aim in aims:
        sagas[aim.saga] = fit(sagas[aim.saga], aim.cell, random)
    return Plan(
        tuple(sagas), tuple(aims), random.choice((0.0, 0.0, 0.02, 0.08, 0.2)), random.choice(("replay", "reject"))
    )


def _saga(random: Random, number: int, member: int) -> SagaPlan:
    lines = tuple(
        Line(f"B0{number:02d}{line:06d}", random.choice((1, 1, 2, 3)), random.randrange(300, 6000))
        for line in range(random.choice((1, 1, 2)))
    )
    saga = SagaPlan(
        # A member has one programme, whichever the saga would like.
        program_id=(BY_ACCEPTANCE, BY_SHIPMENT)[member % 2],
        member=member,
        starts=random.uniform(0, 240),
        lines=lines,
        share=random.choice((1.0, 1.0, 0.7, 0.3, 0.0)),
        decision=random.choices(("pay", "decline", "abandon", "nothing"), (88, 5, 4, 3))[0],
        tells=random.random() < 0.8,
        cancels=random.uniform(0, 900) if random.random() < 0.07 else None,
        accepts=random.choices(("all", "part", "none"), (85, 10, 5))[0],
        journey=random.choices((PLAIN, SPLIT, CANCELLED, PART_CANCELLED, UNDELIVERABLE), (60, 15, 8, 9, 8))[0],
        pushes=random.choice((1.0, 0.8, 0.3, 0.0)),
        hints=random.choice((1.0, 0.5, 0.0)),
        back=random.choice((0, 0, 0, 1, 2)),
        returns_goods=random.random() < 0.5,
        vanishes=random.random() < 0.03,
    )
    if saga.program_id == BY_ACCEPTANCE and random.random() < 0.6:
        saga = replace(saga, journey=STAYS)
    return _unaffordable(saga) if random.random() < 0.02 else saga


def _unaffordable(saga: SagaPlan) -> SagaPlan:
    return replace(saga, too_few_points=True, share=1.0, lines=(replace(saga.lines[0], unit_price_minor=400_000),))


def fit(saga: SagaPlan, cell: Cell, random: Random) -> SagaPlan:
    """The same saga, made so that it comes to the cell's call."""
    units = (replace(saga.lines[0], quantity=max(2, saga.lines[0].quantity)), *saga.lines[1:])
    forward = replace(
        saga, decision="pay", cancels=None, too_few_points=False, accepts="all", vanishes=False, tells=True
    )
    money = replace(forward, share=random.choice((0.0, 0.3, 0.7)))
    match cell.step:
        case "H":
            return _unaffordable(forward) if cell.outcome == REFUSED else forward
        case "A":
            return replace(money, aims_at_opening=cell.outcome != REFUSED and random.random() < 0.4)
        case "O":
            return replace(forward, lines=units)
        case "C":
            shipped = replace(money, journey=random.choice((PLAIN, SPLIT)))
            if cell.outcome != PARTIAL:
                return shipped
            # Money is taken in parts only by shipment.
            return replace(shipped, program_id=BY_SHIPMENT, journey=SPLIT, lines=units, share=0.0)
        case "K":
            return replace(forward, lines=units, accepts="part" if cell.outcome == PARTIAL else "all")
        case "F":
            return replace(forward, lines=units, journey=SPLIT, pushes=1.0 if cell.outcome == PARTIAL else 0.3)
        case _:
            back = replace(money, journey=PLAIN, lines=units, back=1)
            return back if cell.outcome == PARTIAL else replace(back, back=units[0].quantity)

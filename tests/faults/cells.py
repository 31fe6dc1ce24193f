"""What can go wrong with one call of the saga: its steps, where a component dies, how a call comes out; 252 cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

# Hold, authorise, order, capture, commit points, fulfilment, returns.
STEPS = "HAOCKFX"

BEFORE, EFFECT, RECORD = "before", "effect", "record"
# Before the call; after its effect and before anybody wrote that down; after it was written down.
POINTS = (BEFORE, EFFECT, RECORD)

OK, REFUSED, PARTIAL, THROTTLED, ERROR = "ok", "refused", "partial", "429", "500"
TIMEOUT_BEFORE, TIMEOUT_AFTER = "timeout_before", "timeout_after"
DUPLICATE, LATE, MALFORMED, REVOKED, RESET = "duplicate", "late", "malformed", "revoked", "reset"
OUTCOMES = (
    OK, REFUSED, PARTIAL, THROTTLED, ERROR, TIMEOUT_BEFORE, TIMEOUT_AFTER, DUPLICATE, LATE, MALFORMED, REVOKED, RESET,
)  # fmt: skip

# (step, outcome) → why no such call can be; the three crash points of it are covered by this reason.
NOT_POSSIBLE = {
    ("H", PARTIAL): "a hold is of all the points that were asked for, or of none",
    ("A", PARTIAL): "a checkout is completed with exactly its own amount; the provider refuses any other",
    ("K", REFUSED): "points that are held are committed; the ledger has no answer by which it declines to",
}


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A call of `step` that comes out as `outcome`, of a component that dies at `point` of it."""

    step: str
    point: str
    outcome: str

    def __str__(self) -> str:
        return f"{self.step}/{self.point}/{self.outcome}"

    @property
    def reason(self) -> str | None:
        """Why there is no such cell; None: there is."""
        return NOT_POSSIBLE.get((self.step, self.outcome))


CELLS = tuple(Cell(step, point, outcome) for step in STEPS for point in POINTS for outcome in OUTCOMES)
REACHABLE = tuple(cell for cell in CELLS if cell.reason is None)


def cell_of(text: str) -> Cell:
    """Read what `str` wrote. Raises ValueError."""
    cell = Cell(*text.split("/"))
    if cell not in CELLS:
        raise ValueError(f"no such cell: {text}")
    return cell


def covered(hits: Counter[Cell]) -> int:
    """Cells that were hit, or cannot be."""
    return sum(1 for cell in CELLS if cell.reason is not None or hits[cell])


def table(hits: Counter[Cell]) -> Iterable[str]:
    """Lines of the coverage table: a row a step and crash point, a column an outcome; n/a lines below it."""
    yield "step point  " + " ".join(f"{outcome[:11]:>11}" for outcome in OUTCOMES)
    for step in STEPS:
        for point in POINTS:
            counts = (Cell(step, point, outcome) for outcome in OUTCOMES)
            shown = ("n/a" if cell.reason else str(hits[cell]) for cell in counts)
            yield f"{step:4} {point:6} " + " ".join(f"{text:>11}" for text in shown)
    for (step, outcome), reason in NOT_POSSIBLE.items():
        yield f"n/a {step} {outcome}: {reason}"

"""The stateful model in large: two processes, each with a database of its own, each batch with its own seed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from proofs.ledger import place
from proofs.ledger.progress import Progress
from proofs.workers import side_by_side
from tests.domain.points.conftest import Book
from tests.domain.points.machine import run_histories

# A process tries so many and starts anew: a failing one is reported at once, with its seed.
BATCH = 250


@dataclass
class Found:
    """Examples that agreed, their steps, and the smallest form of each that did not."""

    examples: int = 0
    steps: int = 0
    seconds: float = 0
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """So many examples of one seed on a server."""

    port: int
    examples: int
    seed: int


def run(port: int, examples: int, *, processes: int = 2, seed: int = 1, shown: bool = False) -> Found:
    """Try so many histories on this server. The first batch that fails is the last."""
    found = Found()
    started = time.monotonic()
    progress = Progress("model", "histories", examples, shown)
    batches = [
        Batch(port, min(BATCH, examples - first), seed + number)
        for number, first in enumerate(range(0, examples, BATCH))
    ]
    for batch, (steps, failure) in side_by_side(_try, batches, processes):
        if failure:
            again = f"SEED={batch.seed} EXAMPLES={batch.examples} ONLY=model make prove-ledger"
            found.violations.append(f"{failure}\nAgain: {again}")
            break
        found.examples += batch.examples
        found.steps += steps
        progress.add(batch.examples)
    found.seconds = time.monotonic() - started
    return found


def _try(batch: Batch) -> tuple[int, str]:
    with place.clone(batch.port) as name, place.owner(batch.port, name) as connection:
        try:
            return run_histories(Book(connection), batch.examples, seed=batch.seed), ""
        except (Exception, ExceptionGroup) as error:
            return 0, "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])

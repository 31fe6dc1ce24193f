"""The stateful model in large: two processes, each with a database of its own, each with other seeds."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from proofs.ledger import place
from tests.domain.points.conftest import Book
from tests.domain.points.machine import run_histories

# A process tries so many and starts anew: a failing one is reported at once, with its seed.
BATCH = 500


@dataclass
class Found:
    """Examples that agreed, their steps, and the smallest form of the first that did not."""

    examples: int = 0
    steps: int = 0
    seconds: float = 0
    violations: list[str] = field(default_factory=list)


def run(port: int, examples: int, *, processes: int = 2, seed: int = 1) -> Found:
    """Try so many histories on this server."""
    found = Found()
    started = time.monotonic()
    batches = [min(BATCH, examples - first) for first in range(0, examples, BATCH)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        seeds = range(seed, seed + len(batches))
        for tried, steps, failure in pool.map(_batch, [port] * len(batches), batches, seeds):
            found.examples += tried
            found.steps += steps
            if failure:
                found.violations.append(failure)
    found.seconds = time.monotonic() - started
    return found


def _batch(port: int, examples: int, seed: int) -> tuple[int, int, str]:
    with place.clone(port) as name, place.owner(port, name) as connection:
        try:
            return examples, run_histories(Book(connection), examples, seed=seed), ""
        except (Exception, ExceptionGroup) as error:
            story = "\n".join([str(error), *getattr(error, "__notes__", [])])
            return 0, 0, f"seed {seed}: {story}"

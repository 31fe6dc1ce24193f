"""Papers made, read and scored in processes of their own, a few at a time, so that memory and rate can be seen."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.invoices.scoring import Score, score

PROCESSES = 2
# Papers that one task reads; between tasks the process stays.
TASK = 25
# How a scan looks: dots per inch, degrees askew to either side, standard deviation of a point's grey.
LOOKS = ((300, 0.5, 3.0), (300, 1.0, 6.0), (200, 0.5, 3.0), (200, 1.0, 5.0), (150, 0.5, 2.0), (150, 1.0, 4.0))


@dataclass(slots=True)
class Measured:
    """By layout, and by dots per inch for scans. `seconds` of processor time in analysing and reading; MB at most."""

    by_layout: dict[str, Score] = field(default_factory=dict)
    by_look: dict[int, Score] = field(default_factory=dict)
    seconds: float = 0.0
    early_megabytes: float = 0.0
    megabytes: float = 0.0
    posted_that_are_none: list[str] = field(default_factory=list)

    def total(self) -> Score:
        whole = Score()
        for each in self.by_layout.values():
            whole.add(each)
        return whole


@dataclass(frozen=True, slots=True)
class Task:
    """`kind`: `text`, `scan`, or `none` for papers that are no invoices."""

    kind: str
    seeds: tuple[int, ...]


@dataclass(slots=True)
class _Done:
    task: Task
    scores: list[tuple[str, int, Score]]
    seconds: float
    process: int
    megabytes: float
    posted: list[str]


def measure(kind: str, seeds: Sequence[int], until: float) -> Measured:
    """Read the paper of every seed, or as many as there is time for until `time.monotonic()` is `until`."""
    size = TASK if kind != "scan" else 2
    tasks = [Task(kind, tuple(seeds[first : first + size])) for first in range(0, len(seeds), size)]
    found, early = Measured(), dict[int, float]()
    for done in _done(tasks, until):
        found.seconds += done.seconds
        early.setdefault(done.process, done.megabytes)
        found.early_megabytes = max(early.values())
        found.megabytes = max(found.megabytes, done.megabytes)
        found.posted_that_are_none += done.posted
        for layout, look, one in done.scores:
            found.by_layout.setdefault(layout, Score()).add(one)
            if look:
                found.by_look.setdefault(look, Score()).add(one)
    return found


def _done(tasks: Sequence[Task], until: float) -> Iterator[_Done]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES, initializer=_prepare) as pool:
        for done in pool.imap_unordered(_run, tasks):
            yield done
            if time.monotonic() > until:
                pool.terminate()
                return


def _prepare() -> None:
    # Recognition is one thread a process: two processes are two cores.
    os.environ["OMP_THREAD_LIMIT"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"


def _run(task: Task) -> _Done:
    from bench.invoices.universe import universe
    from local.invoices.making import paper
    from local.invoices.others import other
    from local.invoices.scanning import scan
    from local.simulators.textract.engine import analyse
    from loyalty.invoices import normalising
    from loyalty.invoices.invoice import Invoice
    from loyalty.programme.schema.invoices import Invoices

    ordered = universe()
    rules, scores, posted, seconds = Invoices(), list[tuple[str, int, Score]](), list[str](), 0.0
    for seed in task.seeds:
        truth, layout, look = tuple[Invoice, ...](), "", 0
        if task.kind == "none":
            pdf = other(seed)
        else:
            made = paper(seed)
            truth, layout, pdf = made.truth, made.layout, made.pdf
        if task.kind == "scan":
            look, askew, noise = LOOKS[random.Random(f"look:{seed}").randrange(len(LOOKS))]
            pdf = scan(pdf, look, askew, noise, seed)
        began = _processor_seconds()
        readings = normalising.read(analyse(pdf), rules, ordered.ask)
        seconds += _processor_seconds() - began
        if task.kind == "none":
            posted += [f"seed {seed}" for each in readings if each.invoice is not None and not each.findings]
        else:
            one = score(truth, readings, ordered)
            one.wrong_posted = [
                f"seed {seed}, {layout}{f', {look} dpi' if look else ''}: {each}" for each in one.wrong_posted
            ]
            scores.append((layout, look, one))
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return _Done(task, scores, seconds, os.getpid(), megabytes, posted)


def _processor_seconds() -> float:
    """Of this process and of those that it waited for."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )

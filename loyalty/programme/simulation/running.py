"""Computing one: all looks at the same instant of a reader, on a few connections; progress is written as it goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg

from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.programme.simulation import balances, jobs, replay, rules, shelf, spending
from loyalty.programme.simulation.result import Parts, result
from loyalty.programme.simulation.rules import Window

# What begins and what ends it, beside the parts of the replay.
OTHER_STEPS = 2


class TakenAway(Exception):
    """Somebody else is at this job."""


def run(connection: Connection, readers: Sequence[Connection], program_id: int, simulation_id: UUID) -> str:
    """Do the job if it is to be done. `connection` writes, `readers` only look. Answers what became of it.

    A failure that another try may mend is raised; the third try's is the job's end.
    """
    job = jobs.take(connection, program_id, simulation_id)
    if job is None:
        return "not-to-be-done"

    def tell(done: int, steps: int) -> None:
        if not jobs.progress(connection, job, done, steps):
            raise TakenAway

    try:
        before = reading.version(connection, program_id, job.based_on).document
        found = simulate(readers, program_id, before, Programme.model_validate_json(job.document), tell)
    except TakenAway:
        return "taken-away"
    except psycopg.errors.QueryCanceled:
        jobs.finish(connection, job, None, "too-slow")
        return "too-slow"
    except psycopg.errors.NumericValueOutOfRange:
        jobs.finish(connection, job, None, "too-large")
        return "too-large"
    jobs.finish(connection, job, found)
    return "done"


def simulate(
    readers: Sequence[Connection],
    program_id: int,
    before: Programme,
    after: Programme,
    tell: Callable[[int, int], None] = lambda _done, _steps: None,
) -> dict[str, Any]:
    """The result of a draft against a document."""
    with _one_instant(readers) as looking:
        first = looking[0]
        row = first.execute("select clock.now() as now").fetchone()
        assert row is not None
        now = row["now"]
        window = Window(now - rules.WINDOW, now)
        both = (before, after)
        shown = shelf.shelf(first, program_id, *both, now)
        said = rules.rules(before, after, window, shown.categories)
        spent = spending.exhausted(first, program_id, both)
        top = shelf.favourites(first, program_id, both, spent, said.tiers, now)
        stretches = replay.parts(first, program_id, window)
        steps = len(stretches) + OTHER_STEPS
        tell(1, steps)
        told = json.dumps(said.told(shown.hidden))

        def look(connection: Connection) -> list[balances.Band]:
            return balances.bands(connection, program_id, said.tiers, top)

        def part(number: int) -> Callable[[Connection], list[replay.Sums]]:
            return lambda connection: replay.replay(connection, program_id, said, told, stretches[number])

        bands: list[balances.Band] = []
        sums: list[replay.Sums] = []
        tasks: list[Callable[[Connection], Any]] = [look, *(part(number) for number in range(len(stretches)))]
        for done, (number, answer) in enumerate(replay.spread(looking, tasks), 2):
            (bands if number == 0 else sums).extend(answer)
            tell(min(done, steps - 1), steps)
        counted = (
            None
            if before.tiers == after.tiers
            else (balances.levels(first, program_id, before), balances.levels(first, program_id, after))
        )
        projected = spending.spending(first, program_id, said, sums)
        members = balances.examples(first, program_id, bands, top, both)
    return result(Parts(said, shown, top, bands, members, sums, projected, counted))


@contextmanager
def _one_instant(readers: Sequence[Connection]) -> Iterator[list[Connection]]:
    """Transactions that see one snapshot: of all readers, or of the first alone where another cannot be given it,
    because it came to another instance."""
    first = readers[0]
    first.execute("begin isolation level repeatable read read only")
    looking = [first]
    try:
        row = first.execute("select pg_export_snapshot() as snapshot").fetchone()
        assert row is not None
        for other in readers[1:]:
            other.execute("begin isolation level repeatable read read only")
            try:
                other.execute(f"set transaction snapshot '{row['snapshot']}'".encode())
            except psycopg.Error:
                other.execute("rollback")
            else:
                looking.append(other)
        yield looking
    finally:
        for connection in looking:
            with suppress(psycopg.Error):
                connection.execute("rollback")

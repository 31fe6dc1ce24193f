"""`make storm SEEDS=n SEED=first`: seeds on every core until one finds something, or none does; MUTANTS=1 hunts bugs.

A failure prints its trace and `SEED=…`; SEEDS=1 with it is the same story again, byte for byte. FAULT=… is one of the
named faults; WORKERS=n as many processes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from local import postgres
from loyalty.database import DatabaseSettings, connect
from loyalty.migration import migrate
from proofs.guard import guarded
from proofs.report import ending_well
from proofs.workers import side_by_side
from tests.faults import mutants, storm
from tests.faults.cells import CELLS, covered, table
from tests.faults.place import prepare
from tests.faults.scenarios import SCENARIOS, run_scenario
from tests.faults.storm import Result
from tests.faults.timeline import START
from tests.faults.working import TEMPLATE, Task, address, here, run

# Nothing that looks at tables by itself: a seed must not depend on when it comes by.
QUIET = ("log_min_messages=panic", "autovacuum=off", "shared_buffers=256MB", "max_wal_size=4GB", "jit=off")
BATCH = 50


def main() -> int:
    """0 only if nothing was violated (or, hunting, every mutant was found)."""
    seeds = range(int(os.environ.get("SEED") or 1), 0)
    seeds = range(seeds.start, seeds.start + int(os.environ.get("SEEDS") or 2000))
    workers = int(os.environ.get("WORKERS") or os.cpu_count() or 1)
    with _server() as port:
        if os.environ.get("MUTANTS"):
            return _hunt(port, workers)
        if name := os.environ.get("FAULT"):
            return _tell(run_scenario(here(port), name), name)
        if len(seeds) == 1:
            return _tell(storm.run_seed(here(port), seeds.start))
        return _storm(port, seeds, workers)


def _storm(port: int, seeds: range, workers: int) -> int:
    started, total, done = time.monotonic(), Result(seeds.start), 0
    tasks: list[Task] = [(port, "scenario", name, range(0)) for name in SCENARIOS]
    tasks += [(port, "seeds", "", seeds[at : at + BATCH]) for at in range(0, len(seeds), BATCH)]
    named = 0
    for (_, kind, name, part), result in side_by_side(run, tasks, workers):
        if result.violations:
            print(result.told(name), flush=True)
            return 1
        storm.add(total, result)
        if kind == "scenario":
            named += 1
            continue
        done += len(part)
        seconds = time.monotonic() - started
        print(f"{done} of {len(seeds)} seeds, {total.sagas} sagas, {total.sagas / seconds:.0f} a second", flush=True)
    seconds = time.monotonic() - started
    print("\n".join(table(total.hits)))
    print(f"{total.deaths} deaths, {named} named faults; {total.sagas / seconds:.1f} sagas a second on {workers} cores")
    reached = covered(total.hits)
    told = f"sagas={total.sagas} cells={reached}/{len(CELLS)} faults={_faults()} violations=0"
    if reached < len(CELLS) and len(seeds) >= 2000:
        print(f"STORM INCOMPLETE {told}")
        return 1
    print(f"STORM OK {told}")
    return 0


def _tell(result: Result, name: str = "") -> int:
    """One story, whatever came of it."""
    print(result.told(name))
    return 1 if result.violations else 0


def _faults() -> str:
    """How many of F1-F60 something reaches: by the register, which names the storm's scenarios among the tests."""
    from tests.faults import register
    from tests.faults.named_faults import FAULTS

    return f"{register.count(FAULTS)}/{len(FAULTS)}"


def _hunt(port: int, workers: int) -> int:
    tasks: list[Task] = [(port, "mutant", mutant.name, range(1, 1 + mutants.MOST_SEEDS)) for mutant in mutants.MUTANTS]
    survived = 0
    print(f"{'mutant':46} {'seed':>5}  what found it")
    for (_, _, name, _), result in side_by_side(run, tasks, workers):
        survived += not result.violations
        told = f"{result.seed:5}  {result.violations[0]}" if result.violations else "    -  NOT FOUND"
        print(f"{name:46} {told[:140]}", flush=True)
    print(f"{'SURVIVED' if survived else 'CAUGHT'} mutants={len(mutants.MUTANTS) - survived}/{len(mutants.MUTANTS)}")
    return 1 if survived else 0


@contextmanager
def _server() -> Iterator[int]:
    folder = postgres.temporary("loyalty-storm")
    with guarded(folder):
        running = postgres.start(folder / "data", postgres.free_port(), durable=False, settings=QUIET)
        with psycopg.connect(address(running.port), autocommit=True) as admin:
            admin.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
        settings = DatabaseSettings("127.0.0.1", running.port, TEMPLATE, postgres.SUPERUSER, sslmode="disable")
        with connect(settings) as owner:
            migrate(owner)
            prepare(owner, START)
        yield running.port


if __name__ == "__main__":
    sys.exit(ending_well(main))

"""32 clients, everything at once on few members, backends terminated at random: still one history a member."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg

from loyalty.database import DatabaseSettings
from proofs.ledger.history import Checker, picture
from proofs.ledger.place import begin_day, open_accounts, violations
from proofs.ledger.workload import APPLICATION, Crowd, Part, Told, open_plain

CLIENTS = 32
MEMBERS = 16
PART = 40_000
# A new backend compiles and plans everything anew (some 100 ms): more often, and that is all that is measured.
TERMINATE_EVERY_SECONDS = 1.0
# What a client may see of a terminated backend. Everything else is a violation, a deadlock (40P01) first of all.
EXPECTED = {"57P01", "connection lost", "08006", "08003", "57P03"}


@dataclass
class Found:
    """What was done and what was wrong."""

    operations: int = 0
    effects: int = 0
    replays: int = 0
    refusals: int = 0
    terminated: int = 0
    deadlocks: int = 0
    seconds: float = 0
    errors: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def run(
    settings: DatabaseSettings, operations: int, *, clients: int = CLIENTS, members: int = MEMBERS, part: int = PART,
    terminate_every: float | None = TERMINATE_EVERY_SECONDS, processes: int = 2,
) -> Found:  # fmt: skip
    """Do so many operations, part by part; a day or more passes while the clients rest between two parts."""
    found = Found()
    started = time.monotonic()
    crowd = Crowd(settings, clients, processes)
    checker = Checker()
    day = datetime.now(UTC).date()
    with open_plain(settings, "proof checker") as connection, _terminating(settings, found, terminate_every):
        numbers = open_accounts(connection, members)
        for number in numbers:
            checker.join(number, day)
        try:
            done = 0
            crowd.start(Part(numbers, min(part, operations), day, begin_day(connection, day), 0))
            while done < operations:
                told = crowd.finish()
                done += max(len(told.calls), 1)
                seen = picture(connection, checker.versions())
                _leases(connection, told, found)
                today, day = day, day + timedelta(days=1 + (done // part) % 3)
                if done < operations:  # checked while the next part is on its way
                    share = max(clients, min(part, operations - done))
                    crowd.start(Part(numbers, share, day, begin_day(connection, day), done))
                checker.check(today, told.calls, seen)
                found.errors += told.errors
        except (RuntimeError, psycopg.Error) as error:
            found.violations.append(f"an operation ended in an error: {error}")
            found.deadlocks += "deadlock" in str(error)
        finally:
            crowd.close()
        found.violations += checker.violations
        found.violations += [f"{name}: {count}" for name, count in violations(connection).items()]
        row = connection.execute(
            b"select deadlocks from pg_stat_database where datname = current_database()"
        ).fetchone()
        assert row is not None
        found.deadlocks = max(found.deadlocks, row[0])
    found.violations += [f"{state}: {count}" for state, count in found.errors.items() if state not in EXPECTED]
    found.operations, found.effects = checker.calls, checker.effects
    found.replays, found.refusals = checker.replays, checker.refusals
    found.seconds = time.monotonic() - started
    return found


def _leases(connection: psycopg.Connection[tuple[object, ...]], told: Told, found: Found) -> None:
    """A lease that was extended is as long as was said, and one that was refused belongs to no open hold."""
    extended = [hold for hold, done in told.leases if done]
    refused = [hold for hold, done in told.leases if not done]
    for row in connection.execute(
        b"select hold_id from points.hold where hold_id = any(%s::uuid[])"
        b" and lease_until < clock.now() + interval '90 minutes'"
        b" union all select hold_id from points.hold where hold_id = any(%s::uuid[])",
        (extended, refused),
    ):
        found.violations.append(f"lease of {row[0]}")


@contextlib.contextmanager
def _terminating(settings: DatabaseSettings, found: Found, every: float | None) -> Iterator[None]:
    stop = threading.Event()

    def work() -> None:
        with open_plain(settings, "proof terminator") as connection:
            while not stop.wait(every):
                found.terminated += connection.execute(
                    b"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                    b" and application_name = %s and state = 'active' order by random() limit 1",
                    (APPLICATION,),
                ).rowcount  # fmt: skip

    thread = threading.Thread(target=work, daemon=True)
    if every:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if every:
            thread.join()

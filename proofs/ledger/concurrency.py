"""32 clients, everything at once on few members, backends terminated at random: still one history a member."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import psycopg

from loyalty.database import DatabaseSettings
from proofs.ledger.calls import Plain
from proofs.ledger.history import Checker, Picture, picture
from proofs.ledger.mix import Part, known_at_rest
from proofs.ledger.place import allow_transfers, begin_day, open_accounts, violations
from proofs.ledger.progress import Progress
from proofs.ledger.sessions import APPLICATION, Failed
from proofs.ledger.workload import Crowd, Told, open_plain

CLIENTS = 32
MEMBERS = 32
# Operations between two rests. A day passes at each, so few are many months, each with a partition that all look into.
PART = 10_000
MOST_PARTS = 250
# A new backend compiles and plans everything anew (some 100 ms): more often, and that is all that is measured.
TERMINATE_EVERY_SECONDS = 2.0
# What a client may see of a terminated backend. Everything else is a violation, a deadlock (40P01) first of all.
EXPECTED = {"57P01", "connection lost", "08006", "08003", "57P03"}
# Enough to see what went wrong; the parts after it would only repeat it.
GIVE_UP_AFTER = 100


@dataclass
class Found:
    """What was done and what was wrong."""

    operations: int = 0
    effects: int = 0
    replays: int = 0
    refusals: int = 0
    terminated: int = 0
    deadlocks: int = 0
    days: int = 0
    seconds: float = 0
    errors: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def run(
    settings: DatabaseSettings, operations: int, *, clients: int = CLIENTS, members: int = MEMBERS,
    part: int | None = None, terminate_every: float | None = TERMINATE_EVERY_SECONDS, processes: int = 2,
    seed: int = 1, shown: bool = False,
) -> Found:  # fmt: skip
    """Do so many operations, part by part; a day or more passes while the clients rest between two parts."""
    found, checker = Found(), Checker()
    part = part or max(PART, operations // MOST_PARTS)
    started = time.monotonic()
    crowd = Crowd(settings, clients, processes)
    try:
        with open_plain(settings, "proof checker") as connection, _terminating(settings, found, terminate_every):
            allow_transfers(settings)
            _parts(connection, crowd, checker, found, open_accounts(connection, members), operations, part, seed, shown)
            crowd.close()
            found.violations += checker.violations
            found.violations += [f"{name}: {count}" for name, count in violations(connection).items()]
            row = connection.execute(
                b"select deadlocks from pg_stat_database where datname = current_database()"
            ).fetchone()
            assert row is not None
            found.deadlocks = max(found.deadlocks, row[0])
    finally:
        crowd.close()
    found.violations += [f"{state}: {count}" for state, count in found.errors.items() if state not in EXPECTED]
    found.operations, found.effects = checker.calls, checker.effects
    found.replays, found.refusals = checker.replays, checker.refusals
    found.seconds = time.monotonic() - started
    return found


def _parts(
    connection: Plain, crowd: Crowd, checker: Checker, found: Found, numbers: list[int], operations: int, part: int,
    seed: int, shown: bool,
) -> None:  # fmt: skip
    progress = Progress("concurrency", "operations", operations, shown)
    day = datetime.now(UTC).date()
    for number in numbers:
        checker.join(number, day)
    sizes = [min(part, operations - done) for done in range(0, operations, part)]
    try:
        crowd.start(Part(numbers, sizes[0], day, begin_day(connection, day), seed * 1_000_000))
        for place, size in enumerate(sizes):
            told = crowd.finish()
            found.errors += told.errors
            seen = picture(connection, checker.versions())
            _leases(connection, told, found)
            today = day
            if place + 1 < len(sizes) and len(checker.violations) < GIVE_UP_AFTER:
                day, milliseconds = next_day(connection, day, place)
                known = known_at_rest(told.calls, _open_holds(seen))
                crowd.start(Part(numbers, sizes[place + 1], day, milliseconds, seed * 1_000_000 + place + 1, known))
            checker.check(today, told.calls, seen)  # while the next part is on its way
            progress.add(size, f"{found.terminated} backends terminated, {len(checker.violations)} violations")
            found.days = place + 1
            if today == day:
                break
    except (Failed, psycopg.Error) as error:
        found.violations.append(f"an operation ended in an error: {error}")
        found.deadlocks += "deadlock" in str(error)


def next_day(connection: Plain, day: date, number: int) -> tuple[date, int]:
    """One to three days later, and that morning or noon in milliseconds.

    What was given away in the last 24 hours counts: after a single day it is later in the day than it was, and all of
    yesterday's is longer ago.
    """
    days = 1 + number % 3
    return day + timedelta(days=days), begin_day(connection, day + timedelta(days=days), noon=days == 1)


def _open_holds(seen: Picture) -> dict[int, list[tuple[str, int]]]:
    return {
        member: [(str(op), sum(lots.values())) for op, lots in holds.items()] for member, holds in seen.holds.items()
    }


def _leases(connection: Plain, told: Told, found: Found) -> None:
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

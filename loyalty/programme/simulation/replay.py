"""Redemptions priced again in SQL, part by part, on as many connections as there are, all seeing the same instant."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from queue import SimpleQueue
from typing import Any

from loyalty.database import Connection
from loyalty.programme.simulation.rules import Rules, Window

# About so many redemptions a part: its joins and sorts stay in some megabytes, which is also quickest.
PART = 20_000
MAX_PARTS = 500
# A quote is at most two hours older than its redemption.
QUOTE_AGE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a day, a tier and the campaigns that made it cheaper (0: none), of both documents: (before, after)."""

    day: int
    tier: int
    campaigns: tuple[int, int]
    redemptions: int
    units: int
    hidden_units: int
    stopped_units: int
    recorded_points: int
    recorded_money: int
    paid: int
    drift: int
    points: tuple[int, int]
    money: tuple[int, int]
    discount: tuple[int, int]
    saved: tuple[int, int]


def parts(connection: Connection, program_id: int, window: Window) -> list[tuple[datetime, datetime]]:
    """Stretches of time with about as many redemptions as is good for memory, together all of the window."""
    row = connection.execute(
        "select simulation.redemptions_since(%s, %s) as count", (program_id, window.since)
    ).fetchone()
    assert row is not None
    count = max(1, min(-(-int(row["count"]) // PART), MAX_PARTS))
    step = (window.until - window.since) / count
    edges = [window.since - QUOTE_AGE, *(window.since + step * n for n in range(1, count)), window.until]
    return list(pairwise(edges))


def replay(
    connection: Connection, program_id: int, rules: Rules, told: str, part: tuple[datetime, datetime]
) -> list[Sums]:
    """One part. `told` is `Rules.told` as JSON."""
    rows = connection.execute(
        "select * from simulation.replay(%s, %s, %s, %s, %s::jsonb)",
        (program_id, part[0], part[1], rules.window.since, told),
    ).fetchall()
    return [_sums(row) for row in rows]


def everything(connection: Connection, program_id: int, rules: Rules, hidden: Sequence[str] = ()) -> list[Sums]:
    """All parts, one after the other."""
    told = json.dumps(rules.told(hidden))
    return [
        sums for part in parts(connection, program_id, rules.window)
        for sums in replay(connection, program_id, rules, told, part)
    ]  # fmt: skip


type Task[T] = Callable[[Connection], T]


def spread[T](among: Sequence[Connection], tasks: Sequence[Task[T]]) -> Iterator[tuple[int, T]]:
    """Each task on whichever connection is free; (number, answer) as they are done. Raises the first failure."""
    free: SimpleQueue[Connection] = SimpleQueue()
    for connection in among:
        free.put(connection)

    def run(number: int) -> tuple[int, T]:
        connection = free.get()
        try:
            return number, tasks[number](connection)
        finally:
            free.put(connection)

    with ThreadPoolExecutor(len(among)) as pool:
        waiting = {pool.submit(run, number) for number in range(len(tasks))}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for one in done:
                    yield one.result()
        finally:
            for one in waiting:
                one.cancel()


def _sums(row: dict[str, Any]) -> Sums:
    def both(name: str) -> tuple[int, int]:
        return int(row[f"{name}_1"]), int(row[f"{name}_2"])

    values: dict[str, Any] = {
        **{name: row[name] for name in ("day", "tier", "redemptions", "units", "hidden_units", "stopped_units")},
        **{name: int(row[name]) for name in ("recorded_points", "recorded_money", "paid", "drift")},
        **{name: both(name) for name in ("points", "money", "discount", "saved")},
    }
    return Sums(campaigns=both("campaign"), **values)

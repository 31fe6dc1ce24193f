"""Reading a balance, now and at an instant, beside reading the member's row by its primary key.

One connection, prepared statements, everything in memory, the statements in turn in blocks. A request's time at the
server is the processor time its backend spent for it: it waits for nothing, and the client and the wire are not in it.
The targets are for what the caller sees (round trip, in Python), where both sides pay the trip; both are told.
"""

from __future__ import annotations

import random
import statistics
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.ledger.place import CALLER, REFERENCE, Place, plain
from bench.ledger.slices import Ratios

BLOCK = 400
BY_KEY = "select available, held, pending, debt, version from points.member where program_id = 1 and member_id = %s"
BALANCE = "select available, held, pending, debt, version from points.balance(1, %s)"
AS_OF = "select available, held, pending, debt, sequence from points.balance_at(1, %s, now() - %s * interval '1 day')"


@dataclass(frozen=True, slots=True)
class Reads:
    """Ratios to the read by primary key: at the server, and of the round trip; microseconds at the server."""

    balance: Ratios
    as_of: Ratios
    balance_round_trip: Ratios
    as_of_round_trip: Ratios
    microseconds: dict[str, float]


def measure(place: Place, database: str, members: range, days: int, rounds: int) -> Reads:
    """Instants are spread evenly over the last `days` days."""
    dice = random.Random(7)
    server: dict[str, list[float]] = {"key": [], "balance": [], "as_of": []}
    trip: dict[str, list[float]] = {"key": [], "balance": [], "as_of": []}
    with closing(plain(place, database, REFERENCE)) as owner, closing(plain(place, database, CALLER)) as caller:
        statements = {"key": (owner, BY_KEY), "balance": (caller, BALANCE), "as_of": (caller, AS_OF)}
        names = list(statements)
        for number in range(-2, rounds):
            dice.shuffle(names)
            for name in names:
                connection, statement = statements[name]
                asked = [
                    (dice.choice(members), dice.random() * days) if name == "as_of" else (dice.choice(members),)
                    for _ in range(BLOCK)
                ]
                took = []
                before = _cpu(connection.info.backend_pid)
                for parameters in asked:
                    began = time.perf_counter_ns()
                    connection.execute(statement.encode(), parameters).fetchone()
                    took.append(time.perf_counter_ns() - began)
                if number >= 0:
                    server[name].append((_cpu(connection.info.backend_pid) - before) / BLOCK / 1000)
                    trip[name].append(statistics.median(took) / 1000)
    return Reads(
        _ratios(server["balance"], server["key"]),
        _ratios(server["as_of"], server["key"]),
        _ratios(trip["balance"], trip["key"]),
        _ratios(trip["as_of"], trip["key"]),
        {name: statistics.median(taken) for name, taken in server.items()},
    )


def _ratios(mine: list[float], theirs: list[float]) -> Ratios:
    return Ratios(tuple(one / other for one, other in zip(mine, theirs, strict=True)))


def _cpu(process: int) -> int:
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0])

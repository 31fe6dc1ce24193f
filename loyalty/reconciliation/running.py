"""A day's reconciliation, as far as the time goes. It may be stopped anywhere: the database knows where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from loyalty.database import Connection
from loyalty.orders import bucket
from loyalty.orders.amazon_business import Reconciling
from loyalty.payments.provider import PaymentProvider
from loyalty.reconciliation import asking, feed
from loyalty.refusal import Kind, Refusal

COMPARED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom to ask. `amazon`: the store of a programme."""

    amazon: Callable[[int], Reconciling]
    providers: Mapping[str, PaymentProvider]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long this may take, and how to wait."""

    seconds_left: Callable[[], float]
    pause: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """How far a day has come. `stopped`: why it is not done; empty: there was no more time."""

    program_id: int
    day: date
    state: str
    compared: int = 0
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Unmatched redemptions and orphans, the age of the oldest of both, and how long yesterday is overdue."""

    unmatched: int
    oldest_hours: int
    orphans: int
    behind_hours: int


def due(connection: Connection) -> list[tuple[int, date]]:
    """(programme, day) to work on, oldest first: yesterday of each programme, and whatever was begun."""
    rows = connection.execute("select * from reconciliation.due()").fetchall()
    return [(row["program_id"], row["day"]) for row in rows]


def run(
    connection: Connection, parties: Parties, program_id: int, day: date, patience: Patience, *, again: bool = False
) -> Ran:
    """Go on with a day. Raises Refusal for a day that has not begun."""
    row = connection.execute("select * from reconciliation.begin(%s, %s, %s)", (program_id, day, again)).fetchone()
    assert row is not None
    if row["state"] == "too_early":
        raise Refusal(Kind.INVALID, "invalid", "has not begun", field="day")
    state, as_of = str(row["state"]), row["as_of"]
    if state == "fetching":
        stopped = _fetch(connection, parties, program_id, as_of, patience)
        if stopped is not None:
            return Ran(program_id, day, state, stopped=stopped)
        connection.execute("select reconciliation.list_items(%s, %s)", (program_id, day))
        state = "asking"
    if state == "asking":
        asked = asking.ask(connection, parties.providers, program_id, day, patience.seconds_left, patience.pause)
        if not asked.over:
            return Ran(program_id, day, state, stopped=asked.reason)
        # What stops this is looked for again tomorrow: the verdicts do not wait for it.
        asking.look_around(connection, parties.providers, program_id, as_of, patience.seconds_left, patience.pause)
        state = "comparing"
    return _compare(connection, program_id, day, state, patience)


def standing(connection: Connection) -> Standing:
    """For metrics, of all programmes."""
    row = connection.execute("select * from reconciliation.watch()").fetchone()
    assert row is not None
    return Standing(**{name: int(value) for name, value in row.items()})


def _fetch(
    connection: Connection, parties: Parties, program_id: int, as_of: datetime, patience: Patience
) -> str | None:
    """None: Amazon is read up to the run's instant; else why not."""
    rate = bucket.rate_of(connection, program_id)
    if rate is None:
        return "nothing is published"
    fetched = feed.fetch(
        connection,
        parties.amazon(program_id),
        program_id,
        rate.connection,
        as_of,
        patience.seconds_left,
        patience.pause,
    )
    return None if fetched.over else fetched.reason


def _compare(connection: Connection, program_id: int, day: date, state: str, patience: Patience) -> Ran:
    compared = 0
    while state == "comparing" and patience.seconds_left() > 0:
        row = connection.execute(
            "select reconciliation.compare_some(%s, %s, %s) as waiting", (program_id, day, COMPARED_AT_ONCE)
        ).fetchone()
        assert row is not None
        compared += COMPARED_AT_ONCE
        if row["waiting"] == 0:
            row = connection.execute("select reconciliation.finish(%s, %s) as done", (program_id, day)).fetchone()
            assert row is not None
            state = "done" if row["done"] else state
            break
    return Ran(program_id, day, state, compared)

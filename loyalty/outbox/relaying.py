"""Take events from the outbox to the bus: at least once, in order for each key, in bounded pieces.

An event's id never changes, so whoever receives one twice can tell. The order is that of sending: a bus may still mix
up what it was given, and receivers compare `occurred_at`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from loyalty.database import Connection

SOURCE = "loyalty"
# What EventBridge takes in one call.
ENTRIES_A_CALL, BYTES_A_CALL = 10, 200_000
LANES, DEPTH = 100, 10
# Longer than a relay lives: one that was killed is followed by another after this.
LEASE_SECONDS = 90
REFUSALS = 8
KEPT_DAYS, PURGED_AT_ONCE = 30, 2_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it goes out; `detail` is its JSON."""

    event_id: UUID
    lane: int
    program_id: int
    topic: str
    key: str
    occurred_at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The bus did not take one event: `reason` is its code; `of_this_event`: another time would be no better."""

    reason: str
    of_this_event: bool


class Bus(Protocol):
    """Where events go."""

    def put(self, events: Sequence[Event]) -> Mapping[UUID, Refused]:
        """Send at most ENTRIES_A_CALL events; those that were not taken, with why. Raises BusAway."""


class BusAway(Exception):
    """The bus did not answer, or answered about itself: nothing is known of these events, and they are not to blame."""


@dataclass(slots=True)
class Relayed:
    """What one run did."""

    sent: int = 0
    failed: int = 0
    parked: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """`oldest_seconds`: how long the oldest event has been waiting."""

    oldest_seconds: int
    waiting: int
    parked: int


def relay(connection: Connection, bus: Bus, seconds: float, linger: float = 0) -> Relayed:
    """Send what is due until nothing is, or the time is up; look again every second while `linger` seconds last."""
    began = time.monotonic()
    done = Relayed()
    while time.monotonic() - began < seconds:
        events = take(connection, taker := uuid4())
        if events:
            _send(connection, bus, taker, events, done)
        elif time.monotonic() - began >= linger:
            break
        else:
            time.sleep(1)
    return done


def take(connection: Connection, taker: UUID) -> list[Event]:
    """The next events, now `taker`'s for LEASE_SECONDS."""
    rows = connection.execute(
        "select * from outbox.take(%s, %s, %s, %s)", (taker, LANES, DEPTH, LEASE_SECONDS)
    ).fetchall()
    return [_event(row) for row in rows]


def standing(connection: Connection) -> Standing:
    """How much waits, and how long."""
    row = connection.execute("select * from outbox.standing()").fetchone()
    assert row is not None
    return Standing(**row)


def parked(connection: Connection, most: int = 100) -> list[dict[str, Any]]:
    """The events that were given up, oldest first."""
    return connection.execute("select * from outbox.parked(%s)", (most,)).fetchall()


def redrive(connection: Connection, events: Sequence[UUID] | None = None) -> int:
    """Try parked events again: those, or all. How many."""
    row = connection.execute("select outbox.redrive(%s::uuid[]) as count", (events and list(events),)).fetchone()
    assert row is not None
    return int(row["count"])


def drop(connection: Connection, event: UUID, reason: str, actor: str) -> bool:
    """Give a parked event up for ever, so that its key goes on without it. Whether there was one."""
    row = connection.execute("select outbox.drop_parked(%s, %s, %s) as dropped", (event, reason, actor)).fetchone()
    assert row is not None
    return bool(row["dropped"])


def purge(connection: Connection) -> int:
    """Forget what was sent long ago, a piece. How many."""
    row = connection.execute("select outbox.purge(%s, %s) as count", (KEPT_DAYS, PURGED_AT_ONCE)).fetchone()
    assert row is not None
    return int(row["count"])


def _send(connection: Connection, bus: Bus, taker: UUID, events: Sequence[Event], done: Relayed) -> None:
    """Round by round: of each key the first, then the second of those whose first was taken, and so on."""
    queues: dict[tuple[int, str], list[Event]] = {}
    for event in events:
        queues.setdefault((event.program_id, event.key), []).append(event)
    while queues:
        for call in _calls([queue[0] for queue in queues.values()]):
            refused = _put(connection, bus, taker, call, done)
            for event in call:
                queue = queues[event.program_id, event.key]
                queue.pop(0)
                if event.event_id in refused and queue:
                    connection.execute("select outbox.let_go(%s, %s)", (taker, [one.event_id for one in queue]))
                    queue.clear()
        queues = {key: queue for key, queue in queues.items() if queue}


def _put(connection: Connection, bus: Bus, taker: UUID, call: Sequence[Event], done: Relayed) -> Mapping[UUID, Refused]:
    try:
        refused = bus.put(call)
    except BusAway as away:
        refused = {event.event_id: Refused(str(away), of_this_event=False) for event in call}
    taken = [event.event_id for event in call if event.event_id not in refused]
    if taken:
        connection.execute("select outbox.sent(%s)", (taken,))
    done.sent += len(taken)
    done.failed += len(refused)
    for event_id, why in refused.items():
        row = connection.execute(
            "select outbox.put_back(%s, %s, %s, %s, %s) as parked",
            (taker, [event_id], why.of_this_event, REFUSALS, why.reason),
        ).fetchone()
        assert row is not None
        done.parked += row["parked"]
    return refused


def _calls(events: Sequence[Event]) -> list[list[Event]]:
    """As few calls as the bus's limits allow."""
    calls: list[list[Event]] = []
    size = 0
    for event in events:
        length = len(event.detail.encode()) + 200
        if not calls or len(calls[-1]) == ENTRIES_A_CALL or size + length > BYTES_A_CALL:
            calls.append([])
            size = 0
        calls[-1].append(event)
        size += length
    return calls


def _event(row: Mapping[str, Any]) -> Event:
    detail = {
        "event_id": str(row["event_id"]),
        "program_id": row["program_id"],
        "key": row["key"],
        "subject": None if row["subject"] is None else str(row["subject"]),
        "occurred_at": row["occurred_at"].isoformat(),
        "payload": row["payload"],
    }
    return Event(
        event_id=row["event_id"],
        lane=row["lane"],
        program_id=row["program_id"],
        topic=row["topic"],
        key=row["key"],
        occurred_at=row["occurred_at"],
        detail=json.dumps(detail, separators=(",", ":")),
    )

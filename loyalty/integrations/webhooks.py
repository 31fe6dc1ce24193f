"""Send events to the programme's webhooks: at least once, in order for each member, in bounded pieces."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.integrations.outside import Answer, NotReached
from loyalty.integrations.signing import Keys, NoKey
from loyalty.programme import reading

LANES = 20
# Longer than a sender lives: one that was killed is followed by another after this.
LEASE_SECONDS = 90
GIVE_UP_DAYS, STOP_DAYS = 3, 5
KEPT_DAYS, PURGED_AT_ONCE = 30, 2_000
AT_ONCE = 10
USER_AGENT = "loyalty-webhooks/1"

# A webhook's key by the name of its secret. Raises NoKey.
type KeysOf = Callable[[str], Keys]


class Calls(Protocol):
    """The way to the internet (`loyalty.integrations.outside.Outside`)."""

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer: ...


@dataclass(slots=True)
class Sent:
    """What one run did. `failed`: to be tried again."""

    delivered: int = 0
    failed: int = 0
    given_up: int = 0
    stopped: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: an answer's status, or why there was none."""

    status: int | None
    problem: str | None
    milliseconds: int


def follow(connection: Connection) -> int:
    """Take the webhooks of every programme's current version. How many are switched on."""
    active = 0
    for row in connection.execute("select program_id from integrations.programmes() as program_id").fetchall():
        hooks = reading.current(connection, row["program_id"]).document.integrations.webhooks
        told = [
            {"code": one.code, "url": one.url, "secret": one.secret, "topics": list(one.topics), "active": one.active}
            for one in hooks
        ]
        connection.execute("select integrations.set_webhooks(%s, %s)", (row["program_id"], Jsonb(told)))
        active += sum(one.active for one in hooks)
    return active


def send(connection: Connection, calls: Calls, keys: KeysOf, seconds: float, linger: float = 0) -> Sent:
    """Send what is due until nothing is, or the time is up; look again every second while `linger` seconds last."""
    began = time.monotonic()
    done = Sent()
    row = connection.execute("select clock.new_id() as id").fetchone()
    assert row is not None
    taker = row["id"]
    with ThreadPoolExecutor(AT_ONCE) as several:
        while time.monotonic() - began < seconds:
            rows = connection.execute(
                "select * from integrations.take(%s, %s, %s)", (taker, LANES, LEASE_SECONDS)
            ).fetchall()
            if not rows:
                if time.monotonic() - began >= linger:
                    break
                time.sleep(1)
                continue
            # The keys first, by one thread: a secret is read once.
            signed = {name: _keys(keys, name) for name in {row["secret"] for row in rows}}
            answers = several.map(partial(_deliver, calls), [signed[row["secret"]] for row in rows], rows)
            for row, tried in zip(rows, answers, strict=True):
                _note(connection, taker, row, tried, done)
    return done


def deliver(calls: Calls, keys: Keys, url: str, message_id: str, timestamp: int, body: bytes) -> Tried:
    """One POST with its signature."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": keys.signature(message_id, timestamp, body),
    }
    try:
        answer = calls.call("POST", url, headers, body)
    except NotReached as failure:
        return Tried(None, failure.problem, failure.milliseconds)
    return Tried(answer.status, None, answer.milliseconds)


def body_of(topic: str, occurred_at: datetime, data: Mapping[str, Any]) -> bytes:
    """What is posted: the same bytes for the same event, at every attempt."""
    told = {"type": topic, "timestamp": occurred_at.isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def standing(connection: Connection) -> dict[str, int]:
    """How long the oldest waits, how many wait, how many webhooks are stopped."""
    row = connection.execute("select * from integrations.standing()").fetchone()
    assert row is not None
    return row


def purge(connection: Connection) -> None:
    """Forget what ended long ago, a piece."""
    connection.execute("select integrations.purge(%s, %s)", (KEPT_DAYS, PURGED_AT_ONCE))


def _keys(keys: KeysOf, name: str) -> Keys | None:
    try:
        return keys(name)
    except NoKey:
        return None


def _deliver(calls: Calls, keys: Keys | None, row: Mapping[str, Any]) -> Tried:
    if keys is None:
        return Tried(None, "no-key", 0)
    body = body_of(row["topic"], row["occurred_at"], row["data"])
    return deliver(calls, keys, row["url"], str(row["event_id"]), int(row["said_at"].timestamp()), body)


def _note(connection: Connection, taker: UUID, row: Mapping[str, Any], tried: Tried, done: Sent) -> None:
    told = connection.execute(
        "select integrations.tried(%s, %s, %s, %s, %s, %s, %s, %s) as became",
        (row["program_id"], row["delivery_id"], taker, tried.status, tried.problem, tried.milliseconds, GIVE_UP_DAYS,
         STOP_DAYS),
    ).fetchone()  # fmt: skip
    assert told is not None
    done.delivered += told["became"] == "delivered"
    done.failed += told["became"] == "waiting"
    done.given_up += told["became"] == "given_up"
    done.stopped += told["became"] == "stopped"

"""The canary's own member, and giving its points back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from loyalty.database import Connection

SWEPT_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Prepared:
    """A member with points, and a fresh key to redeem under."""

    program_id: int
    member_id: int
    available: int
    key: UUID


def prepare(connection: Connection, subject: str, points: int) -> Prepared:
    """The membership of this sign-in, made if there is none, with at least so many points."""
    row = connection.execute("select * from canary.prepare(%s, %s)", (subject, points)).fetchone()
    assert row is not None
    return Prepared(**row)


def reverse(
    connection: Connection,
    redemption_id: UUID,
    within_seconds: float = 0.0,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Give its points back, waiting that long for an order that is being placed. Again changes nothing.

    Answers reversed, cancelled (the state machine releases them), waiting (it still is: the sweeper comes back to it)
    or not_found, as canary.reverse does.
    """
    until = monotonic() + within_seconds
    while True:
        row = connection.execute("select canary.reverse(%s) as status", (redemption_id,)).fetchone()
        assert row is not None
        if row["status"] != "waiting" or monotonic() >= until:
            return str(row["status"])
        sleep(1.0)


def sweep(connection: Connection) -> int:
    """Reverse what a canary that died has left. How many."""
    row = connection.execute("select canary.sweep(%s) as count", (SWEPT_AT_ONCE,)).fetchone()
    assert row is not None
    return int(row["count"])

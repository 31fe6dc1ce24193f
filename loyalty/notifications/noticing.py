"""What nobody's event says: what the ledger did since the last look, and points that are about to lapse."""

from __future__ import annotations

import time
from dataclasses import dataclass

from loyalty.database import Connection

JOURNAL_ROWS, DIGESTS, MEMBERS = 2_000, 500, 1_000
# A sender lives for seconds; after this it has died.
SENDING_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Standing:
    """Messages of the last day that nobody knows of or that were refused; lots that lapse within a week unwarned."""

    unknown: int
    failed: int
    unwarned: int


def notice(connection: Connection, seconds: float) -> dict[str, int]:
    """Each piece until nothing is left or its share of the time is up; how much each did."""
    began = time.monotonic()
    done: dict[str, int] = {}
    pieces = (
        ("gave_up", "select notifications.give_up(%s) as count", SENDING_MINUTES),
        ("journal", "select notifications.read_journal(%s) as count", JOURNAL_ROWS),
        ("digests", "select notifications.tell_digests(%s) as count", DIGESTS),
        ("members", "select notifications.warn_expiring(%s) as count", MEMBERS),
    )
    for position, (name, statement, most) in enumerate(pieces, start=1):
        until = began + seconds * position / len(pieces)
        done[name] = 0
        while True:
            row = connection.execute(statement.encode(), (most,)).fetchone()
            assert row is not None
            done[name] += row["count"]
            if row["count"] == 0 or name == "gave_up" or time.monotonic() >= until:
                break
    return done


def standing(connection: Connection) -> Standing:
    """What a person should look at."""
    row = connection.execute("select * from notifications.standing()").fetchone()
    assert row is not None
    return Standing(**row)

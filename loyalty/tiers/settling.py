"""What time and new versions of the programme do to levels; the sweeper calls, in bounded pieces."""

from __future__ import annotations

import time

from loyalty.database import Connection

# Members a transaction, and seconds a call: what is left goes on in the next minute.
BATCH, SECONDS = 2_000, 10.0


def settle_due(connection: Connection) -> int:
    """Periods and grants that have ended. How many members were looked at."""
    return _until_done(connection, "select tiers.settle_due(%s) as count")


def walk(connection: Connection) -> int:
    """Everybody, when levels have changed; newly registered levels once a day. How many members were looked at."""
    return _until_done(connection, "select tiers.walk(%s) as count")


def _until_done(connection: Connection, statement: str) -> int:
    total, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        row = connection.execute(statement.encode(), (BATCH,)).fetchone()
        assert row is not None
        total += int(row["count"])
        if row["count"] == 0:
            break
    return total

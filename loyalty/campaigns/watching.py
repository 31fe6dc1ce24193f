"""What the sweeper does for campaigns: counts audiences, notes states, tells staff once, measures; in pieces."""

from __future__ import annotations

import time

from loyalty.database import Connection

MEMBERS = 10_000
# Of the sweeper's minute; the next one goes on where this one stopped.
SECONDS = 8.0


def watch(connection: Connection) -> int:
    """Note every campaign's state, and tell staff of a budget that is spent. How many have changed."""
    return sum(_count(connection, "select campaigns.watch(%s) as count", one) for one in _programmes(connection))


def count_audiences(connection: Connection) -> int:
    """Count who is in the audiences of the documents. How many members were looked at."""
    return _in_pieces(connection, "select campaigns.count_audiences(%s, %s) as count")


def measure(connection: Connection) -> int:
    """List who takes part in what has started, and what they did. How many members were looked at."""
    return _in_pieces(connection, "select campaigns.measure_some(%s, %s) as count")


def _in_pieces(connection: Connection, statement: str) -> int:
    end, done = time.monotonic() + SECONDS, 0
    for program_id in _programmes(connection):
        while count := _count(connection, statement, program_id, MEMBERS):
            done += count
            if time.monotonic() >= end:
                return done
    return done


def _programmes(connection: Connection) -> list[int]:
    return [row["program_id"] for row in connection.execute("select program_id from campaigns.programmes()").fetchall()]


def _count(connection: Connection, statement: str, *arguments: object) -> int:
    row = connection.execute(statement.encode(), arguments).fetchone()
    assert row is not None
    return int(row["count"])

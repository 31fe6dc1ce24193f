"""Tests share a server, and workers that read the journal stop at the oldest transaction of anybody."""

from __future__ import annotations

import time
from typing import LiteralString

from loyalty.database import Connection


def others_end(connection: Connection) -> None:
    """Wait for every transaction that runs now, half a minute at most."""
    top = _number(connection, "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as number")
    for _ in range(3000):
        if _number(connection, "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as number") >= top:
            return
        time.sleep(0.01)


def _number(connection: Connection, question: LiteralString) -> int:
    row = connection.execute(question).fetchone()
    assert row is not None
    return int(row["number"])

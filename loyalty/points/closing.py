"""The worker's part of the ledger: sums by day kept up to date, months closed when their time has come."""

from __future__ import annotations

from datetime import date
from typing import Any

from loyalty.database import Connection

# Journal rows a transaction, and transactions a call: a backlog is worked off over several calls.
BATCH, BATCHES = 20_000, 10


class MonthRefusedError(Exception):
    """The ledger does not add up at the end of a month: points.month_close.violations says where."""


def roll_up(connection: Connection) -> int:
    """Add what was written since the last time to the daily sums. How many journal rows."""
    total = 0
    for _ in range(BATCHES):
        row = connection.execute("select points.roll_up(%s) as count", (BATCH,)).fetchone()
        assert row is not None
        total += int(row["count"])
        if row["count"] == 0:
            break
    return total


def close_months(connection: Connection, actor: str = "sweeper") -> int:
    """Close each programme's next month if its time has come. How many; raises MonthRefusedError if one was refused."""
    rows = connection.execute("select * from points.close_due_months(%s)", (actor,)).fetchall()
    refused = [f"{row['program_id']}/{row['month']:%Y-%m}" for row in rows if row["status"] == "refused"]
    if refused:
        raise MonthRefusedError(", ".join(refused))
    return sum(row["status"] == "closed" for row in rows)


def closes(connection: Connection, program_id: int) -> list[dict[str, Any]]:
    """What was tried of each month, newest first: `state` closed or refused, and what a refused one found wrong."""
    return connection.execute("select * from points.closes(%s)", (program_id,)).fetchall()


def verify(connection: Connection, program_id: int, month: date) -> dict[str, int] | None:
    """What of a closed month does not agree with the journal any more, by rule; None if it is not closed."""
    row = connection.execute("select points.verify_close(%s, %s) as wrong", (program_id, month)).fetchone()
    assert row is not None
    wrong: dict[str, int] | None = row["wrong"]
    return wrong

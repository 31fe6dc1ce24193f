"""What was left standing, in batches: executions to start, leases to extend, points whose day has come."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from loyalty.database import Connection

BATCH = 200
# Points that lapse are written off in small bites, so that no member waits behind the others.
POINTS_BATCH, POINTS_BATCHES = 200, 20


@dataclass(frozen=True, slots=True)
class Execution:
    """A redemption and the name of its present execution."""

    program_id: int
    redemption_id: UUID
    execution_name: str


def unstarted(connection: Connection, most: int = BATCH) -> list[Execution]:
    """Open redemptions whose execution has not been seen to start; not those of the last seconds."""
    return _executions(connection, "select * from redemptions.unstarted(%s)", most)


def started(connection: Connection, execution: Execution) -> None:
    """It runs, or ran."""
    connection.execute("select redemptions.started(%s, %s)", (execution.program_id, execution.redemption_id))


def to_check(connection: Connection, most: int = BATCH) -> list[Execution]:
    """Open redemptions whose execution was not looked at for two minutes, those not for longest first."""
    return _executions(connection, "select * from redemptions.to_check(%s)", most)


def execution_died(connection: Connection, execution: Execution) -> None:
    """It has ended without ending the redemption: `unstarted` gives it a new name."""
    connection.execute(
        "select redemptions.execution_died(%s, %s, %s)",
        (execution.program_id, execution.redemption_id, execution.execution_name),
    )


def overlooked(connection: Connection, most: int = BATCH) -> list[Execution]:
    """Open redemptions that wait for an answer which went to somebody else; another execution will find it."""
    return _executions(connection, "select * from redemptions.overlooked(%s)", most)


def payments_to_abandon(connection: Connection, most: int = BATCH) -> list[tuple[int, UUID]]:
    """Payments not approved in time, or of cancelled redemptions, that are still open."""
    rows = connection.execute("select * from redemptions.payments_to_abandon(%s)", (most,)).fetchall()
    return [(row["program_id"], row["redemption_id"]) for row in rows]


def extend_leases(connection: Connection) -> int:
    """Holds of redemptions that may have an order do not lapse. How many were extended."""
    return _count(connection, "select redemptions.extend_leases(%s) as count", BATCH)


def abandon(connection: Connection) -> int:
    """Give back what no execution could ever be started for. How many."""
    return _count(connection, "select redemptions.abandon(%s) as count", BATCH)


def mature_points(connection: Connection) -> int:
    """Pending points whose day has come become available. How many accruals."""
    return _until_done(connection, "select points.mature_due(%s, 'sweeper') as count")


def expire_points(connection: Connection) -> int:
    """Lapsed points are written off. How many members."""
    return _until_done(connection, "select points.expire_due(%s, 'sweeper') as count")


def follow_merged(connection: Connection) -> int:
    """What came into the account of a membership that became part of another follows. How many accounts."""
    total, last = 0, 0
    for _ in range(POINTS_BATCHES):
        row = connection.execute("select * from support.forward_late(%s, %s)", (last, POINTS_BATCH)).fetchone()
        assert row is not None
        total += int(row["forwarded"])
        if row["last"] is None:
            break
        # One whose points cannot move now stands in nobody's way.
        last = int(row["last"])
    return total


def lapse_reservations(connection: Connection) -> int:
    """What campaigns promised in quotes that ran out is left again. How many."""
    return _until_done(connection, "select points.lapse_reservations(%s) as count")


def ensure_partitions(connection: Connection) -> int:
    """The journal's next months exist. Always 0: there is nothing to count."""
    connection.execute("call points.ensure_partitions()")
    return 0


def _executions(connection: Connection, statement: str, most: int) -> list[Execution]:
    rows = connection.execute(statement.encode(), (most,)).fetchall()
    return [Execution(row["program_id"], row["redemption_id"], row["execution_name"]) for row in rows]


def _count(connection: Connection, statement: str, most: int) -> int:
    row = connection.execute(statement.encode(), (most,)).fetchone()
    assert row is not None
    return int(row["count"])


def _until_done(connection: Connection, statement: str) -> int:
    total = 0
    for _ in range(POINTS_BATCHES):
        done = _count(connection, statement, POINTS_BATCH)
        total += done
        if done == 0:
            break
    return total

"""Closing an account: the member says so and may undo it for thirty days; then a schedule ends it for good.

The rules are in database/closure/.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from loyalty.database import Connection
from loyalty.points.ledger import request_hash
from loyalty.refusal import Kind, Refusal

UNDO_DAYS = 30
# So long after the end the contact is kept for the message that says so.
KEEP_HOURS = 24
# What failed is looked at again after so long.
RETRY_MINUTES = 60
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """`points` would be lost. `obstacles`: codes of what has to end first, with the redemptions and cases meant."""

    state: str
    started_at: datetime | None
    undo_until: datetime | None
    available: int
    pending: int
    held: int
    debt: int
    obstacles: list[str]
    redemptions: list[UUID]
    cases: list[UUID]

    @property
    def points(self) -> int:
        """Available and pending ones."""
        return self.available + self.pending


_REFUSALS: dict[str, tuple[Kind, str, str, str | None]] = {
    "key_reuse": (Kind.CONFLICT, "key-reuse", "This key was used for another request.", "Idempotency-Key"),
    "key_time": (Kind.INVALID, "key-time", "The key's time is not now; make a new key.", "Idempotency-Key"),
    "closing": (Kind.CONFLICT, "membership-closing", "This membership is being closed already.", None),
    "redemptions_open": (Kind.CONFLICT, "redemptions-open", "Orders of yours are not finished yet.", None),
    "points_held": (Kind.CONFLICT, "points-held", "Points of yours are held for an order.", None),
    "cases_open": (Kind.CONFLICT, "cases-open", "Cases of yours are open. Wait for them, or take them back.", None),
    "frozen": (Kind.FORBIDDEN, "frozen", "Spending is stopped for this membership. Please ask us.", None),
    "blocked": (Kind.FORBIDDEN, "member-blocked", "This membership cannot be closed here. Please ask us.", None),
    "points_changed": (
        Kind.CONFLICT,
        "points-changed",
        "You have other points now than you were shown. Look again.",
        "points",
    ),
}


def standing(connection: Connection, program_id: int, member_id: int) -> Standing:
    """What closing would mean now."""
    row = connection.execute("select * from closure.standing(%s, %s)", (program_id, member_id)).fetchone()
    assert row is not None, "a member without an account"
    codes = [_REFUSALS[obstacle][1] for obstacle in row["obstacles"]]
    return Standing(**row | {"obstacles": codes})


def start(connection: Connection, program_id: int, member_id: int, closure_id: UUID, points: int) -> None:
    """Close the account of a member who was shown so many points; the same request again changes nothing.

    Raises Refusal."""
    row = connection.execute(
        "select closure.start(%s, %s, %s, %s, %s, %s) as status",
        (program_id, member_id, closure_id, points, request_hash("close", {"points": points}), UNDO_DAYS),
    ).fetchone()
    assert row is not None
    if row["status"] not in ("ok", "replay"):
        kind, code, detail, field = _REFUSALS[row["status"]]
        raise Refusal(kind, code, detail, field=field)


def undo(connection: Connection, program_id: int, member_id: int) -> None:
    """Everything is as it was; again, or where nothing is being closed, changes nothing."""
    connection.execute("select closure.undo(%s, %s)", (program_id, member_id))


# ---- what the schedule does ------------------------------------------------------------------------------------------

# Remove a sign-in by its subject; one that is gone already is no failure.
type RemoveSignIn = Callable[[str], None]


@dataclass(slots=True)
class Done:
    """What became of what was due. `waiting`: something has to end first; `failed`: to be looked at again."""

    closed: int = 0
    waiting: int = 0
    sign_ins: int = 0
    erased: int = 0
    late: int = 0
    failed: int = 0


def finish_due(
    connection: Connection, remove_sign_in: RemoveSignIn, said: Callable[[Exception], None], seconds: float
) -> Done:
    """Go on with all that is due, as far as the time goes; one account's trouble is not another's.

    `said`: is told each failure."""
    done = Done()
    end = time.monotonic() + seconds
    # What is done is not due any more, or later only.
    while rows := connection.execute("select * from closure.due(%s)", (AT_ONCE,)).fetchall():
        for row in rows:
            if time.monotonic() > end:
                return done
            try:
                _step(connection, row, remove_sign_in, done)
            except psycopg.OperationalError:
                raise
            except Exception as failure:
                said(failure)
                done.failed += 1
                connection.execute(
                    "select closure.put_off(%s, %s, %s)", (row["program_id"], row["closure_id"], RETRY_MINUTES)
                )
    late = connection.execute("select closure.forfeit_late(%s) as taken", (AT_ONCE,)).fetchone()
    assert late is not None
    done.late = late["taken"]
    return done


def overdue(connection: Connection) -> int:
    """Accounts that the schedule should have looked at hours ago."""
    row = connection.execute("select closure.overdue() as accounts").fetchone()
    assert row is not None
    return int(row["accounts"])


def _step(connection: Connection, due: dict[str, Any], remove_sign_in: RemoveSignIn, done: Done) -> None:
    account = (due["program_id"], due["closure_id"])
    if due["step"] == "finish":
        row = connection.execute("select closure.finish(%s, %s) as became", account).fetchone()
        assert row is not None
        done.closed += row["became"] == "closed"
        done.waiting += row["became"] == "waits"
    elif due["step"] == "remove_sign_in":
        if due["subject"] is not None:
            remove_sign_in(due["subject"])
            done.sign_ins += 1
        connection.execute("select closure.sign_in_removed(%s, %s, %s, %s)", (*account, due["subject"], KEEP_HOURS))
    else:
        row = connection.execute("select closure.erase(%s, %s) as erased", account).fetchone()
        assert row is not None
        done.erased += row["erased"]

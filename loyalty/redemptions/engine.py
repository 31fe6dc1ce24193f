"""The state machine's steps, by name. What each does and may do is in database/redemptions/redemption_2_engine.sql."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from loyalty.database import Connection

_STEPS = {
    "begin": "select redemptions.begin(%s, %s) as answer",
    "screen": "select redemptions.screen(%s, %s) as answer",
    "await_screening": "select redemptions.await_screening(%s, %s) as answer",
    "go": "select redemptions.go(%s, %s) as answer",
    "settle": "select redemptions.settle(%s, %s) as answer",
    "close": "select redemptions.close(%s, %s) as answer",
    "release": "select redemptions.release(%s, %s) as answer",
    "look": "select redemptions.look(%s, %s) as answer",
}
_STEPS_WITH_REASON = {
    "turn_back": "select redemptions.turn_back(%s, %s, %s) as answer",
    "review": "select redemptions.review(%s, %s, %s) as answer",
}


class DatabaseUnavailable(Exception):
    """Nobody knows whether the step was done; doing it again is safe. The state machine retries by this name."""


def step(
    connection: Connection, action: str, program_id: int, redemption_id: UUID, reason: str | None = None
) -> dict[str, Any]:
    """Do one step. Answers ids, amounts and `next`. Raises DatabaseUnavailable, KeyError for an unknown action, or what
    the database says of a step that cannot be where the redemption stands: a mistake of ours, no waiting mends it."""
    statement, arguments = _STEPS.get(action), (program_id, redemption_id)
    if statement is not None:
        answer: dict[str, Any] = _answer(connection, statement, arguments)
    else:
        answer = _answer(connection, _STEPS_WITH_REASON[action], (*arguments, reason or "failed"))
    return answer


def record_order(connection: Connection, program_id: int, redemption_id: UUID) -> dict[str, Any]:
    """Write out what Amazon answered. `outcome`: accepted, partial, rejected, or a state that has no answer yet."""
    answer = _answer(connection, "select to_jsonb(orders.record(%s, %s)) as answer", (program_id, redemption_id))
    return {"outcome": answer}


def _answer(connection: Connection, statement: str, arguments: tuple[Any, ...]) -> Any:
    try:
        row = connection.execute(statement.encode(), arguments).fetchone()
    except psycopg.errors.ObjectNotInPrerequisiteState:
        raise
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        # Lost connections, deadlocks, lock timeouts, a database that is starting.
        raise DatabaseUnavailable(type(error).__name__) from error
    assert row is not None
    return row["answer"]

"""One step of a redemption: the state machine says which, one SQL function does it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from lambdas.observed import observed
from loyalty.database import database
from loyalty.redemptions import engine
from loyalty.redemptions.engine import DatabaseUnavailable


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"action", "program_id", "redemption_id", "reason"?} → ids, amounts and `next`."""
    try:
        connection = database().connection()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(type(error).__name__) from error
    return engine.step(
        connection, event["action"], event["program_id"], UUID(event["redemption_id"]), event.get("reason")
    )

"""Writes what Amazon Business answered about a redemption's order: lines, parts, prices, delivery times."""

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
    """{"program_id", "redemption_id"} → {"outcome": accepted | partial | rejected | …}."""
    try:
        connection = database().connection()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(type(error).__name__) from error
    return engine.record_order(connection, event["program_id"], UUID(event["redemption_id"]))

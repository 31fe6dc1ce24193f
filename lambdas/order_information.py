"""Writes what Amazon Business says of orders: its answer to an order, and all that is heard of it on its way.

Called by the state machine for the answer, and with records of its queue: pushes from the webhook's door, hints from
SNS, and what the orders service has asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from uuid import UUID

import psycopg
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, logger, metrics, observed
from loyalty.database import Connection, database
from loyalty.orders import observing
from loyalty.redemptions import engine
from loyalty.redemptions.engine import DatabaseUnavailable


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"program_id", "redemption_id"} → {"outcome": accepted | partial | …}; {"Records"} → those that failed."""
    try:
        connection = database().connection()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(type(error).__name__) from error
    if "Records" in event:
        return _heard(connection, event["Records"])
    return engine.record_order(connection, event["program_id"], UUID(event["redemption_id"]))


def _heard(connection: Connection, records: list[dict[str, Any]]) -> dict[str, Any]:
    """Each for itself: one that fails comes again, and in the end waits among the dead letters."""
    failed = []
    for record in records:
        try:
            outcome = _take(connection, str(record["body"]))
        except Exception as failure:
            log_failure(failure)
            failed.append({"itemIdentifier": record["messageId"]})
            outcome = "failed"
        metrics.add_metric(f"Heard_{outcome}", MetricUnit.Count, 1)
    return {"batchItemFailures": failed}


def _take(connection: Connection, text: str) -> str:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return _quarantine(connection, "queue", text, "no JSON")
    kind = message.get("kind") if isinstance(message, dict) else None
    if kind == "observation" and isinstance(message.get("observation"), dict):
        heard = observing.observe(connection, str(message["source"]), message["observation"])
        logger.info(
            "heard",
            extra={"source": message["source"], "outcome": heard.outcome, "redemption_id": str(heard.redemption_id)},
        )
        return heard.outcome
    if kind == "follow_up":
        observing.follow_up(connection, int(message["program_id"]), UUID(message["redemption_id"]))
        return "followed_up"
    if kind == "malformed":
        try:
            raw = base64.b64decode(str(message.get("base64")), validate=True)
        except (binascii.Error, ValueError):
            raw = text.encode("utf-8", "surrogatepass")
        return _quarantine(
            connection, str(message.get("source")), raw.decode(errors="replace"), str(message.get("reason"))[:100]
        )
    # Only SNS puts anything else there: a hint, in whatever form it has.
    try:
        hint = observing.from_hint(message)
    except observing.Malformed as reason:
        return _quarantine(connection, "hint", text, str(reason))
    return observing.observe(connection, "hint", hint).outcome


def _quarantine(connection: Connection, source: str, text: str, reason: str) -> str:
    logger.warning("kept unread", extra={"source": source, "reason": reason})
    observing.quarantine(connection, source, text, reason)
    return "malformed"

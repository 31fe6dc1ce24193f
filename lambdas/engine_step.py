"""One step of a redemption: the state machine says which, one SQL function does it."""

from __future__ import annotations

import os
import time
from typing import Any
from uuid import UUID

import psycopg
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, logger, measured, metrics, observed
from loyalty.database import Connection, database
from loyalty.redemptions import engine, measuring
from loyalty.redemptions.engine import DatabaseUnavailable

# After these a redemption may be over.
LAST_STEPS = frozenset({"settle", "close", "release"})


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"action", "program_id", "redemption_id", "reason"?} → ids, amounts and `next`."""
    try:
        connection = database().connection()
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(type(error).__name__) from error
    action, program_id, redemption_id = event["action"], event["program_id"], UUID(event["redemption_id"])
    started = time.perf_counter()
    answer = engine.step(connection, action, program_id, redemption_id, event.get("reason"))
    milliseconds = round((time.perf_counter() - started) * 1000, 3)
    measured({"StepMilliseconds": (MetricUnit.Milliseconds, milliseconds)}, step=action)
    logger.info("step", extra={"step": action, "redemption_id": str(redemption_id), "next": answer.get("next")})
    if action in LAST_STEPS:
        _say_how_it_ended(connection, program_id, redemption_id)
    return answer


def _say_how_it_ended(connection: Connection, program_id: int, redemption_id: UUID) -> None:
    """For dashboards and the objective. A step that is done twice says it twice; a step is not undone for a figure."""
    try:
        ending = measuring.ending(connection, program_id, redemption_id)
    except psycopg.Error as failure:
        log_failure(failure)
        return
    if ending is None:
        return
    metrics.add_metric("RedemptionsEnded", MetricUnit.Count, 1)
    late = ending.late(int(os.environ.get("REDEMPTION_MINUTES", "60")))
    metrics.add_metric("RedemptionsLate", MetricUnit.Count, int(late))
    metrics.add_metric("RedemptionWaitedSeconds", MetricUnit.Seconds, ending.waited_seconds)
    metrics.add_metric("PointsRedeemed", MetricUnit.Count, ending.points)
    measured({"Endings": (MetricUnit.Count, 1)}, outcome=ending.outcome)
    if ending.money_minor:
        measured({"MoneyMinor": (MetricUnit.Count, ending.money_minor)}, currency=ending.currency)
    logger.info("ended", extra={"redemption_id": str(redemption_id), "outcome": ending.outcome, "late": late})

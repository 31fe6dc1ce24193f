"""Every hour: the reconciliation of yesterday, and of whatever was begun, as far as the time goes.

By hand: `{"now": true}` reconciles today as it stands, `{"day": "2026-11-22"}` that day if it is not done, with
`"again": true` also if it is; `"program_id"` picks one programme. Call again until its state is `done`.
"""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, logger, metrics, observed
from loyalty.database import Connection, database
from loyalty.reconciliation import parties, running
from loyalty.reconciliation.running import Parties, Patience, Ran

LONGEST_SECONDS = 780.0
# What is left for the last answer and its writing.
SPARE_SECONDS = 40.0


@observed
def handler(event: Any, context: Any) -> dict[str, Any]:
    """How far each day has come, oldest first. One programme's trouble is not another's."""
    connection = database().connection()
    asked = event if isinstance(event, dict) else {}
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = min(remaining() / 1000 - SPARE_SECONDS if remaining else LONGEST_SECONDS, LONGEST_SECONDS)
    end = time.monotonic() + seconds
    patience = Patience(lambda: end - time.monotonic(), time.sleep)
    everybody = Parties(parties.stores(connection), parties.providers())
    ran = []
    for program_id, day in _wanted(connection, asked):
        again = asked.get("again") is True or asked.get("now") is True
        ran.append(_run(connection, everybody, program_id, day, patience, again=again))
    stands = running.standing(connection)
    metrics.add_metric("ReconciliationUnmatched", MetricUnit.Count, stands.unmatched)
    metrics.add_metric("ReconciliationOldestHours", MetricUnit.Count, stands.oldest_hours)
    metrics.add_metric("ReconciliationOrphans", MetricUnit.Count, stands.orphans)
    metrics.add_metric("ReconciliationBehindHours", MetricUnit.Count, stands.behind_hours)
    return {"days": ran, "unmatched": stands.unmatched, "orphans": stands.orphans}


def _wanted(connection: Connection, asked: dict[str, Any]) -> list[tuple[int, date]]:
    if not asked.get("now") and not asked.get("day"):
        return running.due(connection)
    rows = connection.execute("select program_id, reconciliation.today(program_id) as today from catalogue.stores()")
    days = {row["program_id"]: row["today"] for row in rows.fetchall()}
    if asked.get("day"):
        days = dict.fromkeys(days, date.fromisoformat(str(asked["day"])))
    return [(one, day) for one, day in sorted(days.items()) if asked.get("program_id") in (None, one)]


def _run(
    connection: Connection, everybody: Parties, program_id: int, day: date, patience: Patience, *, again: bool
) -> dict[str, Any]:
    try:
        ran = running.run(connection, everybody, program_id, day, patience, again=again)
    except Exception as failure:  # the others are not to blame, and the next hour tries again
        log_failure(failure)
        metrics.add_metric("ReconciliationFailures", MetricUnit.Count, 1)
        ran = Ran(program_id, day, "failed", stopped=type(failure).__name__)
    logger.info(
        "reconciled",
        extra={"program_id": program_id, "day": str(day), "state": ran.state, "stopped": ran.stopped},
    )
    return {"program_id": program_id, "day": str(day), "state": ran.state, "stopped": ran.stopped}

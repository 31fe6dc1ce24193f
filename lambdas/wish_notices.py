"""Every quarter of an hour: what members wish for, was away and can be had again is said in the outbox.

Nothing is sent here and nobody outside is asked: it looks at the stored copy of the catalogue, in bounded pieces that
may be stopped at any time.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import logger, metrics, observed
from loyalty.database import database
from loyalty.wishes import noticing

BUDGET_SECONDS = 40.0


@observed
def handler(event: Any, context: Any) -> dict[str, int]:
    """Products looked at and members told, of all programmes; each has its share of the time."""
    connection = database().connection()
    programmes = [
        int(row["program_id"]) for row in connection.execute("select program_id from catalogue.stores()").fetchall()
    ]
    looked, told = 0, 0
    for program_id in programmes:
        done = noticing.notice(connection, program_id, BUDGET_SECONDS / len(programmes))
        looked, told = looked + done.looked, told + done.told
    metrics.add_metric("WishesTold", MetricUnit.Count, told)
    logger.info("noticed", extra={"looked": looked, "told": told})
    return {"looked": looked, "told": told}

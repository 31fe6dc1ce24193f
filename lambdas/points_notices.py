"""Every five minutes: what the ledger did since the last look, digests of yesterday, points that are about to lapse.

Nothing is sent here. What members should hear is said in the outbox, in bounded pieces that may be stopped at any time.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import logger, metrics, observed
from loyalty.database import database
from loyalty.notifications import noticing

BUDGET_SECONDS = 40.0


@observed
def handler(event: Any, context: Any) -> dict[str, int]:
    """How much each piece did."""
    connection = database().connection()
    done = noticing.notice(connection, BUDGET_SECONDS)
    stands = noticing.standing(connection)
    metrics.add_metric("UnknownMessages", MetricUnit.Count, stands.unknown)
    metrics.add_metric("FailedMessages", MetricUnit.Count, stands.failed)
    metrics.add_metric("UnwarnedLots", MetricUnit.Count, stands.unwarned)
    logger.info("noticed", extra={"done": done, "unwarned": stands.unwarned})
    return done

"""Every minute: events go to the programme's webhooks, signed, at least once, in order for each member."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas import outside_secrets
from lambdas.observed import logger, metrics, observed
from loyalty.database import database
from loyalty.integrations import checking, webhooks
from loyalty.integrations.outside import Outside, elsewhere

# The schedule comes again after a minute; the function's own limit is longer by an answer's time.
BUDGET_SECONDS = 45.0


@observed
def handler(event: Any, context: Any) -> dict[str, Any]:
    """What was sent, and what waits."""
    connection = database().connection()
    # Where nobody asked for anything there is nothing to wait for.
    waits = webhooks.follow(connection) > 0
    linger = min(float(os.environ.get("LINGER_SECONDS", "0")), BUDGET_SECONDS) if waits else 0
    outside = Outside(hosts=elsewhere(os.environ.get("OUTSIDE_HOSTS")))
    done = webhooks.send(
        connection, outside, lambda name: checking.keys_of(outside_secrets.secret, name), BUDGET_SECONDS, linger
    )
    webhooks.purge(connection)
    stands = webhooks.standing(connection)
    metrics.add_metric("WebhooksOldestSeconds", MetricUnit.Seconds, stands["oldest_seconds"])
    metrics.add_metric("WebhooksStopped", MetricUnit.Count, stands["stopped"])
    metrics.add_metric("WebhooksDelivered", MetricUnit.Count, done.delivered)
    told = {"delivered": done.delivered, "failed": done.failed, "given_up": done.given_up, **stands}
    logger.info("webhooks", extra={"done": told})
    return told

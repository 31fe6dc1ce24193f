"""Every few minutes: what is to be booked goes to each programme's ERP, and what became of it is written down.

By hand: `{"parked": true}` lists what nobody tries any more, `{"redrive": true}` or `{"redrive": ["<id>"]}` sends it
again.

Environment: OUTSIDE_PARTIES (prefix of the secrets' names; secretsmanager:GetSecretValue below it), LINGER_SECONDS, and
on a laptop OUTSIDE_HOSTS. Reaches the internet.
"""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from lambdas import outside_secrets
from lambdas.observed import logger, metrics, observed
from loyalty.database import database
from loyalty.erp import delivering
from loyalty.erp.gateway import ErpGateway
from loyalty.erp.rest import RestErp
from loyalty.integrations.checking import NoSecret
from loyalty.integrations.outside import Outside, elsewhere
from loyalty.integrations.tokens import NoToken, token_of
from loyalty.programme.schema.integrations import Erp

# The schedule comes again; the function's own limit is longer by an answer's time.
BUDGET_SECONDS = 45.0


@observed
def handler(event: Any, context: Any) -> dict[str, Any]:
    """What was sent, and what waits; or what was asked for by hand."""
    connection = database().connection()
    asked = event if isinstance(event, dict) else {}
    if asked.get("parked"):
        return {"parked": [{**row, "document_id": str(row["document_id"]), "ended_at": row["ended_at"].isoformat()}
                           for row in delivering.parked(connection)]}  # fmt: skip
    if again := asked.get("redrive"):
        return {"redriven": delivering.redrive(connection, None if again is True else [UUID(one) for one in again])}
    outside = Outside(hosts=elsewhere(os.environ.get("OUTSIDE_HOSTS")))
    programmes = delivering.connect(connection)
    days = delivering.hand_over_journal(connection)
    # Where nobody has an ERP there is nothing to wait for.
    linger = min(float(os.environ.get("LINGER_SECONDS", "0")), BUDGET_SECONDS) if programmes else 0
    done = delivering.deliver(connection, programmes, lambda where: _erp(outside, where), BUDGET_SECONDS, linger)
    stands = delivering.standing(connection)
    metrics.add_metric("ErpOldestSeconds", MetricUnit.Seconds, stands["oldest_seconds"])
    metrics.add_metric("ErpGivenUp", MetricUnit.Count, stands["given_up"])
    metrics.add_metric("ErpFailing", MetricUnit.Count, stands["failing"])
    metrics.add_metric("ErpPosted", MetricUnit.Count, done.posted)
    told = {
        "journal_days": days,
        "posted": done.posted,
        "refused": done.refused,
        "failed": done.failed,
        **stands,
    }
    logger.info("erp", extra={"done": told})
    return told


def _erp(outside: Outside, where: Erp) -> ErpGateway:
    try:
        token = token_of(outside_secrets.secret(where.secret), where)
    except NoSecret:
        raise NoToken("no-secret") from None
    return RestErp(outside, where.endpoint, token)

"""What comes back of what was sent: deliveries, bounces and complaints of SES, STOP and START of telephones.

The queue's messages hold addresses and numbers, so nothing of them is logged, not even of one that is not understood.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, metrics, observed
from loyalty.database import database
from loyalty.notifications import feedback


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the queue. Answers the records that must come again, each alone."""
    again = []
    for record in event["Records"]:
        try:
            said = feedback.understood(record["body"])
            known = said is None or feedback.take(database().connection(), said)
        except Exception as failure:
            log_failure(failure)
            metrics.add_metric("FeedbackNotUnderstood", MetricUnit.Count, 1)
            again.append(record["messageId"])
            continue
        name = "FeedbackTaken" if said is not None and known else "FeedbackForNobody"
        metrics.add_metric(name, MetricUnit.Count, 1)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}

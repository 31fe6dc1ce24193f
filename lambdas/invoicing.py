"""Members' documents: events of the bus, out of their queue, become rows with numbers and PDFs in the bucket.

A record that fails comes again alone. What was issued stays issued: the next try draws the same facts and puts them
under the same key.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, logger, metrics, observed
from loyalty import aws
from loyalty.database import database
from loyalty.documents import issuing, storing

# A record that is begun may take this long: two pages of fifty lines, and the store's time-outs.
RECORD_MILLISECONDS = 20_000


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the queue. Answers the records that must come again, each alone."""
    again = []
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    for record in event["Records"]:
        if remaining and remaining() < RECORD_MILLISECONDS:
            again.append(record["messageId"])
            continue
        try:
            _follow(json.loads(record["body"]))
        # Whatever it is: the other records are not to blame; after some tries this one waits among the dead letters.
        except Exception as failure:
            log_failure(failure)
            metrics.add_metric("DocumentsNotMade", MetricUnit.Count, 1)
            again.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _follow(said: Any) -> None:
    if not isinstance(said, dict):
        raise issuing.NotAnEvent("the message is no event of the outbox")
    topic = said.get("detail-type")
    if topic not in issuing.TOPICS:
        return
    connection = database().connection()
    program_id, documents = issuing.issue(connection, topic, said.get("detail"))
    for document_id in documents:
        first = storing.store(connection, program_id, document_id, _put)
        if first:
            metrics.add_metric("DocumentsMade", MetricUnit.Count, 1)
        logger.info("document", extra={"document_id": str(document_id), "topic": topic, "first": first})


def _put(key: str, content: bytes) -> None:
    # The bucket encrypts with its own key.
    _s3().put_object(
        Bucket=os.environ["DOCUMENTS_BUCKET"],
        Key=key,
        Body=content,
        ContentType="application/pdf",
        CacheControl="private, no-store",
    )


@cache
def _s3() -> Any:
    return aws.client("s3", attempts=2)

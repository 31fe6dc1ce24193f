"""Mail with invoices: each object that SES has put down is looked at once, recorded, and its papers given to be read.

Whatever the mail is, it is recorded with what became of it and never comes again. Only where we fail ourselves (the
database, the bucket) does the message come again, and in the end into the dead letters.

Environment: DATABASE_*, INVOICES_BUCKET, INVOICES_DOMAIN (the part after the @ of our addresses), INVOICE_DESK_ARN.
May: s3:GetObject and s3:GetObjectVersion on mail/*, s3:PutObject on documents/*, kms:Decrypt and kms:GenerateDataKey
with the bucket's key, states:StartExecution on the Invoice Desk.
A mail of 40 MB needs 2,048 MB; one of twenty traps takes two and a half minutes: 180 s, one message at a time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.invoice_papers import begin, keep, s3
from lambdas.observed import log_failure, logger, metrics, observed
from loyalty.database import Connection, database
from loyalty.invoices import mail, taking, vouching
from loyalty.invoices.taking import Arrived, Taken

PREFIX = "mail/"
# What SES puts down when a rule is made, to see whether it may.
SETUP_NOTIFICATION = f"{PREFIX}AMAZON_SES_SETUP_NOTIFICATION"


@dataclass(frozen=True, slots=True)
class _Object:
    bucket: str
    key: str
    version: str | None


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the queue. Answers the messages that must come again, each alone."""
    again = []
    for record in event["Records"]:
        try:
            for one in _named(record["body"]):
                _take(one)
        except Exception as failure:
            log_failure(failure)
            metrics.add_metric("InvoiceIntakeFailures", MetricUnit.Count, 1)
            again.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _named(body: str) -> Iterator[_Object]:
    """The objects of EventBridge's event, with keys as they are, or of S3's own, which spells them as in a query."""
    told = json.loads(body)
    if told.get("detail-type") == "Object Created":
        detail = told["detail"]
        yield _Object(detail["bucket"]["name"], detail["object"]["key"], detail["object"].get("version-id"))
    for record in told.get("Records", []):
        named = record["s3"]["object"]
        yield _Object(record["s3"]["bucket"]["name"], unquote_plus(named["key"]), named.get("versionId"))


def _take(one: _Object) -> None:
    if one.bucket != os.environ["INVOICES_BUCKET"] or not one.key.startswith(PREFIX) or one.key == SETUP_NOTIFICATION:
        logger.info("no mail of ours", extra={"key": one.key[:200]})
        return
    arrived = _read(one)
    if arrived is None:
        logger.warning("mail is gone", extra={"key": one.key[:200]})
        metrics.add_metric("InvoiceMailsGone", MetricUnit.Count, 1)
        return
    connection = database().connection()
    taken = taking.take(connection, arrived, os.environ["INVOICES_DOMAIN"], keep)
    _tell(one, taken)
    if taken.program_id is not None:
        for document_id in taken.received:
            _begin(connection, taken.program_id, document_id)


def _read(one: _Object) -> Arrived | None:
    """The mail, of a very large one the beginning; None if it is not there any more."""
    version = {"VersionId": one.version} if one.version else {}
    client = s3()
    try:
        answer = client.get_object(Bucket=one.bucket, Key=one.key, **version)
    except client.exceptions.ClientError as failure:
        if failure.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    size = int(answer["ContentLength"])
    raw = answer["Body"].read(vouching.HEAD_BYTES if size > mail.LARGEST_BYTES else mail.LARGEST_BYTES)
    answer["Body"].close()
    return Arrived(one.key, raw, size, answer["LastModified"])


def _begin(connection: Connection, program_id: int, document_id: UUID) -> None:
    try:
        begin(connection, program_id, document_id)
    # It is recorded, and the watch begins what nobody has begun.
    except Exception as failure:
        log_failure(failure)
        metrics.add_metric("InvoiceStartFailures", MetricUnit.Count, 1)


def _tell(one: _Object, taken: Taken) -> None:
    metrics.add_metric("InvoiceMailsRefused" if taken.reason else "InvoiceMailsTaken", MetricUnit.Count, 1)
    metrics.add_metric("InvoiceDocumentsRefused", MetricUnit.Count, len(taken.refused))
    metrics.add_metric("InvoiceDocumentsTaken", MetricUnit.Count, len(taken.received))
    logger.info(
        "mail refused" if taken.reason else "mail taken",
        extra={
            "key": one.key[:200],
            "program_id": taken.program_id,
            "reason": taken.reason,
            "documents": [str(document_id) for document_id in taken.received],
            "known": taken.known,
            "refused": list(taken.refused),
        },
    )

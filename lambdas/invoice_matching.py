"""Two steps of the Invoice Desk: what was read is judged, or the paper is given up and a person gets it.

Environment: DATABASE_*, INVOICES_BUCKET. May: s3:GetObject on readings/*.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import logger, metrics, observed
from loyalty import aws
from loyalty.database import Connection, database
from loyalty.invoices import normalising, recalling, recording
from loyalty.invoices.recording import Unavailable
from loyalty.programme import reading


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"do": "judge" or "give_up", "reason"?} → {"state"}: of its invoices' the one that wants most of somebody.

    Raises Unavailable, which is tried again. Again it answers what became of it the first time.
    """
    program_id, document_id = int(event["program_id"]), UUID(event["document_id"])
    try:
        connection = database().connection()
        if event["do"] == "judge":
            judged = _judge(connection, program_id, document_id)
        elif event["do"] == "give_up":
            judged = recording.give_up(connection, program_id, document_id, event.get("reason"))
        else:
            raise ValueError("do is judge or give_up")
    except psycopg.OperationalError as error:
        raise Unavailable(f"SQLSTATE {error.sqlstate}") from None
    for one in judged["invoices"]:
        metrics.add_metric(f"Invoices{one['state'].capitalize()}", MetricUnit.Count, 1)
    logger.info(
        "paper judged",
        extra={
            "document_id": str(document_id),
            "state": judged["state"],
            "invoices": [
                {"invoice_id": one["invoice_id"], "state": one["state"], "codes": _codes(one)}
                for one in judged["invoices"][:20]
            ],
        },
    )
    return {"state": judged["state"]}


def _judge(connection: Connection, program_id: int, document_id: UUID) -> dict[str, Any]:
    if recording.paper(connection, program_id, document_id).ended:
        return recording.judge(connection, program_id, document_id, ())
    rules = reading.current(connection, program_id).document.invoices
    readings = normalising.read(_documents(program_id, document_id), rules, recalling.ours(connection, program_id))
    return recording.judge(connection, program_id, document_id, readings)


def _documents(program_id: int, document_id: UUID) -> list[dict[str, Any]]:
    """What Textract has read. Raises Unavailable; a reading that is gone is no case of that."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = _s3().get_object(Bucket=os.environ["INVOICES_BUCKET"], Key=f"readings/{program_id}/{document_id}.json")
        documents: list[dict[str, Any]] = json.loads(answer["Body"].read())
        return documents
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise
        raise Unavailable("S3") from None
    except BotoCoreError as error:
        raise Unavailable(type(error).__name__) from None


def _codes(one: dict[str, Any]) -> list[str]:
    return sorted({finding["code"] for finding in one["findings"]})


@cache
def _s3() -> Any:
    return aws.client("s3", connect_seconds=3, read_seconds=15, attempts=2)

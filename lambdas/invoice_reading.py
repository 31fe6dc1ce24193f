"""Two steps of the Invoice Desk: Textract is asked to read a paper, and what it has read is put beside it.

Environment: DATABASE_*, INVOICES_BUCKET, TEXTRACT_PER_SECOND and TEXTRACT_BURST (the account's quota).
May: textract:StartExpenseAnalysis and GetExpenseAnalysis, s3:GetObject on documents/* (Textract reads as the caller),
s3:PutObject on readings/*.
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
from loyalty.invoices import recording
from loyalty.invoices.recording import Throttled, Unavailable

# What is kept of one paper's reading, and how many pages of the answer are asked for; twenty documents a page.
MOST_BYTES = 64 << 20
MOST_PAGES = 500
DOCUMENTS_A_PAGE = 20

_NOT_NOW = {"ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "LimitExceededException"}
# The paper's fault: another time it is no better.
_NEVER = {
    "UnsupportedDocumentException": "unsupported_document",
    "BadDocumentException": "bad_document",
    "DocumentTooLargeException": "too_large",
    "InvalidS3ObjectException": "not_in_store",
    "InvalidJobIdException": "reading_lapsed",
}


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """{"do": "start"} → {"job_id"}; {"do": "collect", "job_id"} → {"status": IN_PROGRESS, READ or FAILED}.

    Raises Throttled and Unavailable, which are tried again. A paper that cannot be read has a name of no job, and is
    FAILED when it is collected.
    """
    program_id, document_id = int(event["program_id"]), UUID(event["document_id"])
    try:
        connection = database().connection()
        if event["do"] == "start":
            return _start(connection, program_id, document_id)
        if event["do"] == "collect":
            return {"status": _collect(connection, program_id, document_id, event["job_id"])}
    except psycopg.OperationalError as error:
        raise Unavailable(f"SQLSTATE {error.sqlstate}") from None
    raise ValueError("do is start or collect")


def _start(connection: Connection, program_id: int, document_id: UUID) -> dict[str, str]:
    paper = recording.paper(connection, program_id, document_id)
    if paper.ended or paper.object_key is None:
        return {"job_id": paper.job_id or ""}
    recording.take_token(connection, float(os.environ["TEXTRACT_PER_SECOND"]), int(os.environ["TEXTRACT_BURST"]))
    job_id = ""
    try:
        # The token makes a second start the same job.
        answer = _called(
            _textract().start_expense_analysis,
            DocumentLocation={"S3Object": {"Bucket": os.environ["INVOICES_BUCKET"], "Name": paper.object_key}},
            ClientRequestToken=str(document_id),
            JobTag=str(document_id),
        )
        job_id = str(answer["JobId"])
        recording.being_read(connection, program_id, document_id, job_id)
    except _NotReadable as failure:
        _note(connection, program_id, document_id, failure.reason)
    return {"job_id": job_id}


def _collect(connection: Connection, program_id: int, document_id: UUID, job_id: str) -> str:
    paper = recording.paper(connection, program_id, document_id)
    if paper.ended:
        return "READ" if paper.state == "read" else "FAILED"
    if paper.reason is not None or not job_id:
        return "FAILED"
    try:
        documents = _read(job_id)
    except _NotReadable as failure:
        _note(connection, program_id, document_id, failure.reason)
        return "FAILED"
    if documents is None:
        return "IN_PROGRESS"
    _keep(program_id, document_id, documents)
    logger.info("paper read", extra={"document_id": str(document_id), "documents": len(documents)})
    metrics.add_metric("InvoicesRead", MetricUnit.Count, 1)
    return "READ"


def _keep(program_id: int, document_id: UUID, documents: list[recording.ExpenseDocument]) -> None:
    """Beside the paper. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError

    content = json.dumps(documents, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        _s3().put_object(
            Bucket=os.environ["INVOICES_BUCKET"],
            Key=f"readings/{program_id}/{document_id}.json",
            Body=content,
            ContentType="application/json",
        )
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(type(error).__name__) from None


def _read(job_id: str) -> list[recording.ExpenseDocument] | None:
    """All that Textract has read of it; None: not yet. Raises _NotReadable."""
    found: list[dict[str, Any]] = []
    size, token = 0, None
    for _ in range(MOST_PAGES):
        answer = _called(
            _textract().get_expense_analysis,
            JobId=job_id,
            MaxResults=DOCUMENTS_A_PAGE,
            **({"NextToken": token} if token else {}),
        )
        status = answer["JobStatus"]
        if status == "IN_PROGRESS":
            return None
        if status != "SUCCEEDED":
            # Of an invoice with a page missing nothing is believed.
            raise _NotReadable("partly_read" if status == "PARTIAL_SUCCESS" else "not_read")
        documents = answer.get("ExpenseDocuments") or []
        size += len(json.dumps(documents))
        if size > MOST_BYTES:
            raise _NotReadable("too_much_text")
        found += documents
        token = answer.get("NextToken")
        if not token:
            return recording.joined(found)
    raise _NotReadable("too_many_pages")


class _NotReadable(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _called(operation: Any, **arguments: Any) -> dict[str, Any]:
    """Textract's answer. Raises Throttled, Unavailable, _NotReadable. Nothing of what it says in words is kept."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer: dict[str, Any] = operation(**arguments)
        return answer
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _NOT_NOW:
            raise Throttled(code) from None
        if code in _NEVER:
            raise _NotReadable(_NEVER[code]) from None
        # Also what a missing permission or a wrong parameter says: then no paper is read until somebody has mended it.
        raise Unavailable(code) from None
    except BotoCoreError as error:
        raise Unavailable(type(error).__name__) from None


def _note(connection: Connection, program_id: int, document_id: UUID, reason: str) -> None:
    recording.not_readable(connection, program_id, document_id, reason)
    logger.warning("paper not readable", extra={"document_id": str(document_id), "reason": reason})
    metrics.add_metric("InvoicesNotReadable", MetricUnit.Count, 1)


@cache
def _textract() -> Any:
    return _client("textract")


@cache
def _s3() -> Any:
    return _client("s3")


def _client(service: str) -> Any:
    # The state machine tries again; here a call either works or says so quickly.
    return aws.client(service, connect_seconds=3, read_seconds=15, attempts=2)

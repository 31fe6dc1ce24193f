"""A stand-in for Amazon Textract's AnalyzeExpense that really reads: JSON 1.1 in and out, strict, on the turned clock.

    python -m local.simulators.textract --port 4640 --database .local/textract.sqlite

AnalyzeExpense, StartExpenseAnalysis and GetExpenseAnalysis, as boto3 speaks them (`AWS_ENDPOINT_URL_TEXTRACT`). It
reads documents from S3 with its own client (`AWS_ENDPOINT_URL`), each in a limited child process, and asks no signature
to be right, only to be there. What it leaves out is refused by name: NotificationChannel, OutputConfig, KMSKeyId, CBOR.
Its file (SQLite, WAL; times ISO 8601):

    jobs       job_id, token, tag, bucket, name, version, status IN_PROGRESS|SUCCEEDED|FAILED|PARTIAL_SUCCESS, message,
               pages, fault, started_at, ready_at, finished_at. After seven days a job is not known any more.
    requests   sequence, at, operation, job_id, status (0: no answer), code (the error's name), fault: no contents
    faults     operation, kind, code, times
    settings   rates (off, or {operation: {burst, per_second}}), open_jobs, job_seconds, slow_seconds, hold_seconds,
               page_size, document_seconds, off (true: every call gets 503)

Control plane: GET /_simulator/health · GET, PUT, DELETE /_simulator/faults · GET, PUT /_simulator/settings · GET
/_simulator/jobs, /_simulator/requests. Faults, for the next `times` calls of an `operation` (or `*`): throttle,
throughput, limit, access_denied, error_500, timeout_before, timeout_after_commit, reset, malformed; and for the job
that a call starts (smudge also for AnalyzeExpense): fail_job, partial, slow, smudge (`code`: the share of the
confidences that is left, 0.7 if not said).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette


def create_app(database: Path) -> Starlette:
    """The stand-in on its own file. (Imported late: the engine below this package runs without a server.)"""
    from local.simulators.textract.app import create_app as create

    return create(database)


__all__ = ["create_app"]

"""Invoices' papers in their bucket, and the execution that reads one: what intake and watch both do."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import cache
from typing import Any
from uuid import UUID

from lambdas.step_functions import step_functions
from loyalty import aws
from loyalty.database import Connection


def keep(key: str, pdf: bytes) -> None:
    """Put a document into the bucket. The same key always has the same content: it is named by it."""
    s3().put_object(Bucket=os.environ["INVOICES_BUCKET"], Key=key, Body=pdf, ContentType="application/pdf")


def begin(connection: Connection, program_id: int, document_id: UUID, starts: int = 0) -> None:
    """Start the Invoice Desk for a document; one that is there already is as good. Raises what boto3 raises.

    `starts`: so often it was begun before; an execution that has ended keeps its name.
    """
    client = step_functions()
    told = {"program_id": program_id, "document_id": str(document_id)}
    with suppress(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(
            stateMachineArn=os.environ["INVOICE_DESK_ARN"],
            name=f"{document_id}-{starts}" if starts else str(document_id),
            input=json.dumps(told),
        )
    connection.execute("select invoices.begun(%s, %s)", (program_id, document_id))


@cache
def s3() -> Any:
    """The client of buckets."""
    return aws.client("s3", read_seconds=15)

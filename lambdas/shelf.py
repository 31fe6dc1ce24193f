"""The way to a stored document: an address that opens for five minutes and for whoever has it."""

from __future__ import annotations

import os
from functools import cache
from typing import Any
from uuid import UUID

from lambdas.http import View, logger
from loyalty import aws

GOOD_SECONDS = 300


class Document(View):
    """A receipt, tax invoice or credit note. `state` ready, or in_preparation: there is no PDF yet. `corrects`: the
    document that a credit note takes back in part."""

    document_id: UUID
    redemption_id: UUID
    kind: str
    number: str
    issued_on: str
    state: str
    points: int
    money_minor: int
    currency: str
    corrects: UUID | None


class Documents(View):
    """Oldest first."""

    documents: list[Document]


class Download(View):
    """Where its PDF is, for `seconds` from now."""

    document_id: UUID
    number: str
    kind: str
    url: str
    seconds: int


def download(found: dict[str, Any], caller: str) -> Download:
    """The address of a document that is ready."""
    number = str(found["number"])
    url = _s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": os.environ["DOCUMENTS_BUCKET"],
            "Key": found["object_key"],
            "ResponseContentType": "application/pdf",
            "ResponseContentDisposition": f'inline; filename="{number}.pdf"',
            "ResponseCacheControl": "private, no-store",
        },
        ExpiresIn=GOOD_SECONDS,
    )
    # Who looked at what; the address itself is never logged.
    logger.info("document opened", extra={"document_id": str(found["document_id"]), "by": caller})
    return Download(
        document_id=UUID(str(found["document_id"])), number=number, kind=found["kind"], url=url, seconds=GOOD_SECONDS
    )


@cache
def _s3() -> Any:
    # Buckets with a KMS key take no older signature; the region's own host, because the global one redirects.
    return aws.client("s3", **aws.REGIONAL)

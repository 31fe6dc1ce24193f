"""Documents in S3, read with the stand-in's own client."""

from __future__ import annotations

from typing import Any

from local.simulators.aws_json.clients import client
from local.simulators.textract.documents import LARGEST_BYTES, LARGEST_SYNCHRONOUS_BYTES
from local.simulators.textract.refusals import Refused
from local.simulators.textract.validation import Place


def check(place: Place) -> None:
    """It is there and not too large; InvalidS3ObjectException, DocumentTooLargeException."""
    if _ask("head_object", place)["ContentLength"] > LARGEST_BYTES:
        raise Refused("DocumentTooLargeException")


def content(place: Place, *, synchronous: bool = False) -> bytes:
    """The object's bytes."""
    answer = _ask("get_object", place)
    if answer["ContentLength"] > (LARGEST_SYNCHRONOUS_BYTES if synchronous else LARGEST_BYTES):
        raise Refused("DocumentTooLargeException")
    body: bytes = answer["Body"].read()
    return body


def _ask(operation: str, place: Place) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    version = {"VersionId": place.version} if place.version else {}
    try:
        answer: dict[str, Any] = getattr(client("s3"), operation)(Bucket=place.bucket, Key=place.name, **version)
    except (BotoCoreError, ClientError):
        raise Refused("InvalidS3ObjectException") from None
    return answer

"""Documents in S3, read with the stand-in's own client."""

from __future__ import annotations

import functools
import os
from typing import Any

from local.simulators.textract.documents import LARGEST_BYTES, LARGEST_SYNCHRONOUS_BYTES
from local.simulators.textract.refusals import Refused
from local.simulators.textract.validation import Place


@functools.cache
def _client(endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 2}
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        config=config,
    )


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
    client = _client(os.environ.get("AWS_ENDPOINT_URL"))
    try:
        answer: dict[str, Any] = getattr(client, operation)(Bucket=place.bucket, Key=place.name, **version)
    except (BotoCoreError, ClientError):
        raise Refused("InvalidS3ObjectException") from None
    return answer

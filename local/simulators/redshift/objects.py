"""Objects in S3, fetched with the stand-in's own client."""

from __future__ import annotations

import uuid
from pathlib import Path

from local.simulators.aws_json.clients import client


def fetch(url: str, folder: Path) -> Path:
    """An object of s3://bucket/key as a file in the folder. FileNotFoundError: it cannot be had."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not key:
        raise FileNotFoundError(url)
    path = folder / uuid.uuid4().hex
    try:
        client("s3").download_file(bucket, key, str(path))
    except (BotoCoreError, ClientError):
        raise FileNotFoundError(url) from None
    return path

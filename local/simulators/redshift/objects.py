"""Objects in S3, fetched with the stand-in's own client."""

from __future__ import annotations

import functools
import os
import uuid
from pathlib import Path
from typing import Any


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


def fetch(url: str, folder: Path) -> Path:
    """An object of s3://bucket/key as a file in the folder. FileNotFoundError: it cannot be had."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not key:
        raise FileNotFoundError(url)
    path = folder / uuid.uuid4().hex
    try:
        _client(os.environ.get("AWS_ENDPOINT_URL")).download_file(bucket, key, str(path))
    except (BotoCoreError, ClientError):
        raise FileNotFoundError(url) from None
    return path

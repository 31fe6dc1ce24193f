"""The emulator as a stand-in asks it: what is deployed there, and the objects of its buckets."""

from __future__ import annotations

import functools
import os
from typing import Any


def client(service: str) -> Any:
    """boto3's client of the service at AWS_ENDPOINT_URL, as that is now."""
    return _made(service, os.environ.get("AWS_ENDPOINT_URL"))


@functools.cache
def _made(service: str, endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 2}
    )
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        config=config,
    )

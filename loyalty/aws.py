"""Clients of AWS that give up: nobody waits for a minute because a service is away, and tries come apart by chance."""

from __future__ import annotations

from typing import Any

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
ATTEMPTS = 3
# A queue is asked to wait twenty seconds for a message.
LONG_POLL_SECONDS = 30.0
# For addresses that somebody else uses: buckets with a KMS key take no older signature; the region's own host, because
# the global one redirects.
REGIONAL: dict[str, Any] = {"signature_version": "s3v4", "s3": {"us_east_1_regional_endpoint": "regional"}}


def client(
    service: str,
    *,
    connect_seconds: float = CONNECT_SECONDS,
    read_seconds: float = READ_SECONDS,
    attempts: int = ATTEMPTS,
    **more: Any,
) -> Any:
    """boto3's client of `service`. `attempts`: tries in all, with growing pauses and jitter between them.

    `read_seconds` of silence end a try; a long poll needs more. `more` is botocore's Config: how S3 signs, for one.
    """
    import boto3  # slow to import, and few calls need it
    from botocore.config import Config

    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        **more,
    )
    made: Any = boto3.client
    return made(service, config=config)

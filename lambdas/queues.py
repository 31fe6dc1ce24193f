"""The client of queues, for doors that hand work on."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def sqs() -> Any:
    """The client of queues; it gives up soon, because somebody waits."""
    import boto3
    from botocore.config import Config

    return boto3.client("sqs", config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}))


@cache
def hasty_sqs() -> Any:
    """The same for what is well to have: whoever waits is not kept for it."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=0.2, read_timeout=0.4, retries={"total_max_attempts": 1})
    return boto3.client("sqs", config=config)

"""The client of queues, for doors that hand work on."""

from __future__ import annotations

from functools import cache
from typing import Any

from loyalty import aws


@cache
def sqs() -> Any:
    """The client of queues; it gives up soon, because somebody waits."""
    return aws.client("sqs", attempts=2)


@cache
def hasty_sqs() -> Any:
    """The same for what is well to have: whoever waits is not kept for it."""
    return aws.client("sqs", connect_seconds=0.2, read_seconds=0.4, attempts=1)

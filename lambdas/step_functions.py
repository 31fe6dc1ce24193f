"""The client of state machines."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def step_functions() -> Any:
    """Impatient: whatever could not be started is started by somebody who looks for it later."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "stepfunctions", config=Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
    )

"""What was deployed: jobs as the emulator knows them."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any

from local.simulators.glue.refusals import Refused

LONGEST_MINUTES = 2880


@dataclass(frozen=True)
class Job:
    """A deployed job. `at_once`: how many runs it may have."""

    name: str
    arguments: dict[str, str]
    timeout_minutes: int
    at_once: int
    worker_type: str
    workers: int
    version: str


@functools.cache
def _client(endpoint: str | None) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "glue",
        endpoint_url=endpoint,
        region_name=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        config=Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 2}),
    )


def job(name: str) -> Job:
    """As it is deployed now. Raises Refused (EntityNotFoundException)."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = _client(os.environ.get("AWS_ENDPOINT_URL")).get_job(JobName=name)["Job"]
    except (BotoCoreError, ClientError):
        raise Refused("EntityNotFoundException", f"Failed to start job run due to missing metadata: {name}") from None
    return Job(
        name,
        {str(key): str(value) for key, value in (found.get("DefaultArguments") or {}).items()},
        int(found.get("Timeout") or LONGEST_MINUTES),
        int((found.get("ExecutionProperty") or {}).get("MaxConcurrentRuns") or 1),
        str(found.get("WorkerType") or "G.1X"),
        int(found.get("NumberOfWorkers") or 2),
        str(found.get("GlueVersion") or "5.1"),
    )

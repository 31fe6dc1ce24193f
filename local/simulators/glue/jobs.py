"""What was deployed: jobs as the emulator knows them."""

from __future__ import annotations

from dataclasses import dataclass

from local.simulators.aws_json.clients import client
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


def job(name: str) -> Job:
    """As it is deployed now. Raises Refused (EntityNotFoundException)."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found = client("glue").get_job(JobName=name)["Job"]
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

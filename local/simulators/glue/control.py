"""What can go wrong here on purpose, and what is shown of what happened."""

from __future__ import annotations

from local.simulators.aws_json.control import Plane
from local.simulators.glue.files import OPERATIONS, File

# What each does is said in the package's first lines.
KINDS = (
    "throttle", "limit", "access_denied", "error_500", "timeout_before", "timeout_after_commit", "reset", "malformed",
    "fail_run", "kill_run", "time_out", "slow",
)  # fmt: skip
SHOWN = {
    "runs": "run_id, job, attempt, state, message, arguments, timeout_minutes, fault, told, started_at, changed_at,"
    " ended_at",
}


def plane(file: File) -> Plane:
    """The control plane."""
    return Plane(file, KINDS, OPERATIONS, SHOWN)

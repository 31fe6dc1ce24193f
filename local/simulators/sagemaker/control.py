"""What can go wrong here on purpose, and what is shown of what happened."""

from __future__ import annotations

from local.simulators.aws_json.control import Plane
from local.simulators.sagemaker.files import OPERATIONS, File

# What each does is said in the package's first lines.
KINDS = (
    "throttle", "limit", "access_denied", "error_500", "timeout_before", "timeout_after_commit", "reset", "malformed",
    "fail_job", "kill_job", "time_out", "slow",
)  # fmt: skip
SHOWN = {
    "jobs": "kind, name, status, secondary, reason, message, metrics, artefact, fault, created_at, started_at,"
    " ended_at",
    "models": "name, asked, created_at",
    "packages": "group_name, version, approval, asked, created_at, changed_at",
}


def plane(file: File) -> Plane:
    """The control plane."""
    return Plane(file, KINDS, OPERATIONS, SHOWN)

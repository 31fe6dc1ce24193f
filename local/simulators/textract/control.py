"""What can go wrong here on purpose, and what is shown of what happened."""

from __future__ import annotations

from typing import Any

from local.simulators.aws_json.control import Plane
from local.simulators.textract.files import PUBLISHED, File

# What each does is said in the package's first lines.
KINDS = (
    "throttle", "throughput", "limit", "access_denied", "error_500", "timeout_before", "timeout_after_commit", "reset",
    "malformed", "fail_job", "partial", "slow", "smudge",
)  # fmt: skip
SHOWN = {
    "jobs": "job_id, token, tag, bucket, name, version, status, message, pages, fault, started_at, ready_at,"
    " finished_at",
}


def plane(file: File) -> Plane:
    """The control plane."""
    return Plane(file, KINDS, PUBLISHED, SHOWN, _wrong)


def _wrong(kind: str, code: Any) -> str | None:
    return "code must be a share, 0 to 1" if kind == "smudge" and code is not None and not _is_share(code) else None


def _is_share(code: Any) -> bool:
    try:
        return 0 <= float(code) <= 1
    except (TypeError, ValueError):
        return False

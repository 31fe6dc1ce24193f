"""What can go wrong here on purpose, and what is shown of what happened."""

from __future__ import annotations

from local.simulators.aws_json.control import Plane
from local.simulators.redshift.files import PUBLISHED, File

# What each does is said in the package's first lines.
KINDS = (
    "throttle", "access_denied", "error_500", "limit", "timeout_before", "timeout_after_commit", "reset", "malformed",
    "slow", "fail", "abort",
)  # fmt: skip
SHOWN = {
    "statements": "id, name, token, database, place, batch, mode, status, error, fault, created_at, updated_at,"
    " duration_ns, (select count(*) from parts where parts.id = statements.id) as parts",
}


def plane(file: File) -> Plane:
    """The control plane."""
    return Plane(file, KINDS, PUBLISHED, SHOWN)

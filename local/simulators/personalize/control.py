"""What can go wrong here on purpose, and what is shown of what happened."""

from __future__ import annotations

from local.simulators.aws_json.control import Plane
from local.simulators.personalize.files import File
from local.simulators.personalize.kinds import OPERATIONS

REST = ("PutEvents", "GetRecommendations", "GetPersonalizedRanking")
KINDS = (
    "throttle", "access_denied", "limit", "error_500", "timeout_before", "timeout_after_commit", "reset", "malformed",
    "fail", "slow",
)  # fmt: skip
SHOWN = {
    "resources": "arn, kind, name, parent, status, failure, created_at, changed_at",
    "rows": "dataset, row, user, item, at, live",
}


def plane(file: File) -> Plane:
    """The control plane."""
    return Plane(file, KINDS, (*OPERATIONS, *REST), SHOWN)

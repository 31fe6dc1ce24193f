"""The client of state machines."""

from __future__ import annotations

from functools import cache
from typing import Any

from loyalty import aws


@cache
def step_functions() -> Any:
    """Impatient: whatever could not be started is started by somebody who looks for it later."""
    return aws.client("stepfunctions", attempts=2)

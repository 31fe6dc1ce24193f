"""The simulators' time: the machine's, shifted by the file that also moves the database's clock."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path


def now() -> datetime:
    """UTC now, moved by `shift_seconds` in the file that LOCAL_CLOCK_FILE names (absent: not moved)."""
    path = os.environ.get("LOCAL_CLOCK_FILE")
    shift_seconds = 0.0
    if path and Path(path).exists():
        shift_seconds = float(json.loads(Path(path).read_text())["shift_seconds"])
    return datetime.now(UTC) + timedelta(seconds=shift_seconds)

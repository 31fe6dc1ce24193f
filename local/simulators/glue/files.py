"""The stand-in's own database file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.simulators.aws_json import files

SCHEMA = """
create table if not exists runs(
    run_id text primary key, job text not null, attempt integer not null default 0, state text not null, message text,
    arguments text not null, timeout_minutes integer not null, worker_type text, workers integer, fault text, told text,
    started_at text not null, changed_at text not null, ended_at text);
"""

DEFAULT_SETTINGS: dict[str, Any] = {"start_seconds": 0.2, "slow_seconds": 5.0, "hold_seconds": 60, "page_size": 200}
OPERATIONS = ("StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun")


class File(files.File):
    """The service's tables beside those of every stand-in."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS, "run_id")
        self.folder = path.parent

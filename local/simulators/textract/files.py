"""The stand-in's own database file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.simulators.aws_json import files

SCHEMA = """
create table if not exists jobs(
    job_id text primary key, token text unique, fingerprint text not null, tag text, bucket text not null,
    name text not null, version text, status text not null, message text, pages integer, fault text, fault_code text,
    warnings text not null default '[]', documents blob, started_at text not null, ready_at text not null,
    finished_at text);
"""

# How often a second the service lets an account call; it differs from region to region and may be raised.
PUBLISHED = {
    "AnalyzeExpense": {"burst": 5, "per_second": 5},
    "StartExpenseAnalysis": {"burst": 5, "per_second": 5},
    "GetExpenseAnalysis": {"burst": 10, "per_second": 10},
}
DEFAULT_SETTINGS: dict[str, Any] = {
    "rates": PUBLISHED,
    "open_jobs": 100,
    "job_seconds": 1.0,
    "slow_seconds": 30.0,
    "hold_seconds": 60,
    "page_size": 20,
    "document_seconds": 60,
}


class File(files.File):
    """The service's tables beside those of every stand-in."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS, "job_id")

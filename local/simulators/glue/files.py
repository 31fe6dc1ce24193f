"""The stand-in's own database file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.simulators.amazon_pay.files import File as SqliteFile

SCHEMA = """
create table if not exists settings(name text primary key, value text not null);
create table if not exists faults(
    fault_id integer primary key, operation text not null, kind text not null, code text, times integer not null);
create table if not exists requests(
    sequence integer primary key, at text not null, operation text not null, run_id text, status integer not null,
    code text, fault text);
create table if not exists runs(
    run_id text primary key, job text not null, attempt integer not null default 0, state text not null, message text,
    arguments text not null, timeout_minutes integer not null, worker_type text, workers integer, fault text, told text,
    started_at text not null, changed_at text not null, ended_at text);
"""

DEFAULT_SETTINGS: dict[str, Any] = {"start_seconds": 0.2, "slow_seconds": 5.0, "hold_seconds": 60, "page_size": 200}
OPERATIONS = ("StartJobRun", "GetJobRun", "GetJobRuns", "BatchStopJobRun")


class File(SqliteFile):
    """One writer at a time; each `transaction` is all or nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS)
        self.folder = path.parent

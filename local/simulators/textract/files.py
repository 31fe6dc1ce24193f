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
    sequence integer primary key, at text not null, operation text not null, job_id text, status integer not null,
    code text, fault text);
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


class File(SqliteFile):
    """One writer at a time; each `transaction` is all or nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS)

"""The stand-in's own database file: what was asked, how it stands, what it answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.simulators.aws_json import files

SCHEMA = """
create table if not exists statements(
    sequence integer primary key, id text not null unique, name text, token text unique, fingerprint text not null,
    database text not null, place text not null, cluster integer not null, secret_arn text, db_user text,
    batch integer not null, mode text not null, parameters text not null, status text not null, error text, fault text,
    fault_code text, created_at text not null, updated_at text not null, duration_ns integer not null default 0);
create index if not exists statements_status on statements(status);
create table if not exists parts(
    id text not null references statements(id) on delete cascade, number integer not null, sql text not null,
    status text not null, error text, duration_ns integer not null default 0, rows integer not null default -1,
    bytes integer not null default -1, has_result integer not null default 0, updated_at text not null,
    primary key (id, number));
create table if not exists results(
    id text not null references statements(id) on delete cascade, number integer not null, columns text not null,
    rows blob not null, primary key (id, number));
"""

# How often a second the service lets an account call.
PUBLISHED = {
    "BatchExecuteStatement": {"burst": 20, "per_second": 20},
    "CancelStatement": {"burst": 3, "per_second": 3},
    "DescribeStatement": {"burst": 100, "per_second": 100},
    "ExecuteStatement": {"burst": 30, "per_second": 30},
    "GetStatementResult": {"burst": 20, "per_second": 20},
    "ListStatements": {"burst": 3, "per_second": 3},
}
DEFAULT_SETTINGS: dict[str, Any] = {
    "rates": PUBLISHED,
    "active_statements": 500,
    "run_seconds": 0.1,
    "slow_seconds": 30.0,
    "hold_seconds": 60,
    "page_rows": 1000,
}


class File(files.File):
    """The service's tables beside those of every stand-in."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS, "statement_id")

"""The stand-in's own database file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from local.simulators import clock
from local.simulators.amazon_pay.files import File as SqliteFile

SCHEMA = """
create table if not exists credentials(token text primary key);
create table if not exists settings(name text primary key, value text not null);
create table if not exists faults(
    fault_id integer primary key, operation text not null, kind text not null, code text, times integer not null);
create table if not exists requests(
    sequence integer primary key, at text not null, operation text not null, object_id text, status integer not null,
    code text, idempotency_key text, fault text);
create table if not exists vendors(name text primary key, state text not null);
create table if not exists periods(month text primary key, state text not null);
create table if not exists documents(
    document_id text primary key, kind text not null, format text not null, key text not null unique,
    sha256 text not null, vendor text not null, number text not null, booked_on text not null, currency text not null,
    total_minor integer not null, tax_minor integer not null, corrects text, status text not null, reason text,
    body text not null, taken_at text not null, due_at text not null, posted_at text,
    unique (kind, vendor, number));
create table if not exists entries(
    document_id text not null references documents, line integer not null, account text not null,
    debit_minor integer not null, credit_minor integer not null, words text not null,
    primary key (document_id, line));
"""

DEFAULT_SETTINGS: dict[str, Any] = {
    # Null: it posts at once, and answers 201.
    "pending_seconds": None,
    "hold_seconds": 60,
    # Null: whoever is named is taken for a vendor, unless blocked.
    "vendors_must_be_known": False,
}


class File(SqliteFile):
    """One writer at a time; each `transaction` is all or nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS)


def stored(when: datetime) -> str:
    """As the file's columns hold it."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """The simulators' own time."""
    return stored(clock.now())

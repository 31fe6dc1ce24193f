"""The stand-in's own database file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

SCHEMA = """
create table if not exists credentials(public_key_id text primary key, public_key_pem text not null);
create table if not exists settings(name text primary key, value text not null);
create table if not exists faults(
    fault_id integer primary key, operation text not null, kind text not null, code text, times integer not null);
create table if not exists replies(
    idempotency_key text primary key, fingerprint text not null, status integer not null, document text not null);
create table if not exists requests(
    sequence integer primary key, at text not null, operation text not null, object_id text, status integer not null,
    reason_code text, idempotency_key text, fault text);
create table if not exists sessions(
    session_id text primary key, merchant_reference text, state text not null, reason_code text,
    intent text, pending_allowed integer not null default 0, amount_minor integer, currency text,
    approved_at text, card text, permission_id text, charge_id text, document text not null,
    created_at text not null, updated_at text not null, expires_at text not null);
create table if not exists permissions(
    permission_id text primary key, merchant_reference text, state text not null, reason_code text,
    limit_minor integer not null, currency text not null, created_at text not null, updated_at text not null,
    expires_at text not null);
create table if not exists charges(
    charge_id text primary key, permission_id text not null references permissions, merchant_reference text,
    state text not null, reason_code text, currency text not null, authorised_minor integer not null,
    captured_minor integer not null default 0, cancelled_minor integer not null default 0,
    refunded_minor integer not null default 0, asked_minor integer, outcome text, authorised_at text,
    expires_at text not null, created_at text not null, updated_at text not null);
create index if not exists charges_permission on charges(permission_id);
create index if not exists charges_reference on charges(merchant_reference);
create table if not exists refunds(
    refund_id text primary key, charge_id text not null references charges, state text not null, reason_code text,
    amount_minor integer not null, currency text not null, created_at text not null, updated_at text not null,
    outcome text);
create table if not exists notices(
    notice_id integer primary key, object_type text not null, object_id text not null, permission_id text,
    delivered integer not null default 0, answer integer);
create trigger if not exists charge_made after insert on charges begin
    insert into notices(object_type, object_id, permission_id) values ('CHARGE', new.charge_id, new.permission_id); end;
create trigger if not exists charge_moved after update of state on charges when old.state <> new.state begin
    insert into notices(object_type, object_id, permission_id) values ('CHARGE', new.charge_id, new.permission_id); end;
create trigger if not exists permission_moved after update of state on permissions when old.state <> new.state begin
    insert into notices(object_type, object_id, permission_id)
    values ('CHARGE_PERMISSION', new.permission_id, new.permission_id); end;
create trigger if not exists refund_moved after update of state on refunds when old.state <> new.state begin
    insert into notices(object_type, object_id, permission_id)
    select 'REFUND', new.refund_id, permission_id from charges where charge_id = new.charge_id; end;
"""

DEFAULT_SETTINGS: dict[str, Any] = {
    "rates": "live",
    "skew_seconds": 900,
    "pending_seconds": 30,
    "hold_seconds": 60,
    "faults_percent": 0,
    "webhook_url": None,
    "public_url": None,
}


class File:
    """One writer at a time; each `transaction` is all or nothing."""

    def __init__(self, path: Path, schema: str = SCHEMA, defaults: dict[str, Any] | None = None) -> None:
        self._defaults = DEFAULT_SETTINGS if defaults is None else defaults
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.execute("pragma foreign_keys = on")
        self._connection.executescript(schema)
        # A file of an earlier version.
        columns = {row["name"] for row in self._connection.execute("pragma table_info(refunds)")}
        if columns and "outcome" not in columns:
            self._connection.execute("alter table refunds add column outcome text")

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """Commit, or roll back when an exception leaves the block."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def all(self, statement: str, *arguments: Any) -> list[dict[str, Any]]:
        """All rows of a statement."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(statement, arguments).fetchall()]

    def one(self, statement: str, *arguments: Any) -> dict[str, Any] | None:
        """The first row of a statement."""
        rows = self.all(statement, *arguments)
        return rows[0] if rows else None

    def run(self, statement: str, *arguments: Any) -> None:
        """A statement without rows."""
        with self._lock:
            self._connection.execute(statement, arguments)

    def settings(self) -> dict[str, Any]:
        """All settings, set or default."""
        rows = self.all("select name, value from settings where name <> 'sns_key'")
        return self._defaults | {row["name"]: json.loads(row["value"]) for row in rows}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

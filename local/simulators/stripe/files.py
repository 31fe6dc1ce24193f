"""The stand-in's own database file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.simulators.amazon_pay.files import File as SqliteFile

SCHEMA = """
create table if not exists credentials(api_key text primary key);
create table if not exists settings(name text primary key, value text not null);
create table if not exists faults(
    fault_id integer primary key, operation text not null, kind text not null, code text, times integer not null);
create table if not exists replies(
    idempotency_key text primary key, fingerprint text not null, status integer not null, document text not null,
    created_at text not null);
create table if not exists requests(
    sequence integer primary key, at text not null, operation text not null, object_id text, status integer not null,
    code text, idempotency_key text, fault text);
create table if not exists sessions(
    session_id text primary key, reference text, status text not null, intent_id text, amount_minor integer not null,
    currency text not null, document text not null, public_url text not null, created_at text not null,
    expires_at text not null);
create table if not exists intents(
    intent_id text primary key, reference text, status text not null, amount_minor integer not null,
    currency text not null, captured_minor integer not null default 0, capturable_minor integer not null default 0,
    refunded_minor integer not null default 0, error_code text, cancellation_reason text,
    multicapture integer not null default 0, captures integer not null default 0, charge_id text,
    metadata text not null, authorised_at text, expires_at text, created_at text not null);
create index if not exists intents_reference on intents(reference);
create table if not exists refunds(
    refund_id text primary key, intent_id text not null references intents, status text not null, failure_reason text,
    outcome text, amount_minor integer not null, currency text not null, metadata text not null, reference text,
    created_at text not null, updated_at text not null);
create table if not exists disputes(
    dispute_id text primary key, intent_id text not null references intents, status text not null,
    amount_minor integer not null, currency text not null, created_at text not null);
create table if not exists events(
    event_id text primary key, kind text not null, document text not null, delivered integer not null default 0,
    answer integer, created_at text not null);
"""

DEFAULT_SETTINGS: dict[str, Any] = {
    "multicapture": False,
    "refund_seconds": 0,
    "hold_seconds": 60,
    "webhook_url": None,
    "webhook_secret": None,
    "requests_per_second": 100,
}


class File(SqliteFile):
    """One writer at a time; each `transaction` is all or nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA, DEFAULT_SETTINGS)

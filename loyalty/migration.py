"""Bring a database to this version of the code: tables forward only, repeatable SQL when it changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loyalty.database import Connection

DATABASE_FOLDER = Path(__file__).resolve().parent.parent / "database"

# A room may name what stands before it, never what comes after.
ROOMS = (
    "clock",
    "casework",
    "programme",
    "audit",
    "outbox",
    "points",
    "members",
    "tiers",
    "catalogue",
    "payments",
    "orders",
    "redemptions",
    "cases",
    "wishes",
    "interactions",
    "recommendations",
    "notifications",
    "documents",
    "reports",
    "erp",
    "campaigns",
    "reconciliation",
    "invoices",
    "closure",
    "support",
    "integrations",
    "privacy",
    "lake",
    "demand",
    "simulation",
    "canary",
)

# Any fixed number; two migrations of one database wait for each other on it.
LOCK_KEY = 7_203_114


class MigrationError(Exception):
    """A file that was applied has changed, or SQL failed: the message names the file."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The files this run applied, in order."""

    migrations: tuple[str, ...]
    repeatables: tuple[str, ...]


def migrate(connection: Connection, folder: Path = DATABASE_FOLDER) -> Applied:
    """Apply what is missing as the owner of the schemas; safe to run twice or at once. Raises MigrationError."""
    connection.execute("select pg_advisory_lock(%s)", (LOCK_KEY,))
    try:
        connection.execute(
            "create schema if not exists migration;"
            "create table if not exists migration.applied(name text primary key, checksum text not null,"
            " applied_at timestamptz not null default statement_timestamp())"
        )
        known = {
            row["name"]: row["checksum"]
            for row in connection.execute("select name, checksum from migration.applied").fetchall()
        }
        return Applied(
            tuple(_apply_migrations(connection, folder, known)),
            tuple(_apply_repeatables(connection, folder, known)),
        )
    finally:
        connection.execute("select pg_advisory_unlock(%s)", (LOCK_KEY,))


def _apply_migrations(connection: Connection, folder: Path, known: dict[str, str]) -> Iterator[str]:
    for path in sorted((folder / "migrations").glob("*.sql")):
        name, sql = f"migrations/{path.name}", path.read_text()
        checksum = hashlib.sha256(sql.encode()).hexdigest()
        if name not in known:
            _apply(connection, name, sql, checksum)
            yield name
        elif known[name] != checksum:
            raise MigrationError(f"{name}: was applied and has changed since; add a new migration instead")


def _apply_repeatables(connection: Connection, folder: Path, known: dict[str, str]) -> Iterator[str]:
    # Later files may depend on a function that an earlier one replaces: from the first change on, all are applied.
    changed = False
    for room in ROOMS:
        for path in sorted((folder / room).glob("*.sql")):
            name, sql = f"{room}/{path.name}", path.read_text()
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            if changed or known.get(name) != checksum:
                changed = True
                _apply(connection, name, sql, checksum)
                yield name


def _apply(connection: Connection, name: str, sql: str, checksum: str) -> None:
    try:
        with connection.transaction():
            connection.execute(sql.encode())
            connection.execute(
                "insert into migration.applied(name, checksum) values (%s, %s)"
                " on conflict (name) do update"
                " set checksum = excluded.checksum, applied_at = statement_timestamp()",
                (name, checksum),
            )
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = f":{sql[: int(position)].count(chr(10)) + 1}" if position else ""
        raise MigrationError(f"database/{name}{line}: {error.diag.message_primary or error}") from error

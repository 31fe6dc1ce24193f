"""A server for the proofs and databases on it, each with the ledger as deployed and a clock that can be set."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

import psycopg

from local import postgres
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import DATABASE_FOLDER, migrate
from proofs.ledger.calls import Plain
from tests.conftest import REPOSITORY, TEMPLATE

# The proofs' days begin here and have hours to spare: a day turns only while all clients are at rest.
MORNING = time(2, tzinfo=UTC)
QUIET = ("log_min_messages=panic", "shared_buffers=512MB", "max_wal_size=4GB", "jit=off")


@contextmanager
def server(*, durable: bool, settings: tuple[str, ...] = QUIET) -> Iterator[postgres.Server]:
    """A server of one's own with the template database; gone afterwards."""
    data = postgres.temporary("loyalty-proofs") / "data"
    running = postgres.start(data, postgres.free_port(), durable=durable, settings=settings)
    try:
        create(running.port, TEMPLATE)
        with owner(running.port, TEMPLATE) as connection:
            build(connection)
        yield running
    finally:
        running.stop("immediate")
        postgres.remove(data.parent)


def build(connection: Connection, folder: Path = DATABASE_FOLDER) -> None:
    """The schema as deployed, with the settable clock."""
    migrate(connection, folder)
    connection.execute((REPOSITORY / "local" / "settable_clock.sql").read_bytes())


def create(port: int, name: str, template: str = "template1") -> None:
    with psycopg.connect(address(port, "postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} template {template}".encode())


@contextmanager
def clone(port: int, template: str = TEMPLATE) -> Iterator[str]:
    """A database like the template, for one use; its name."""
    name = f"proof_{uuid.uuid4().hex}"
    create(port, name, template)
    try:
        yield name
    finally:
        with psycopg.connect(address(port, "postgres"), autocommit=True) as admin:
            admin.execute(f"drop database {name} with (force)".encode())


def settings_of(port: int, name: str) -> DatabaseSettings:
    return DatabaseSettings("127.0.0.1", port, name, postgres.SUPERUSER, sslmode="disable")


def owner(port: int, name: str) -> Connection:
    return connect(settings_of(port, name))


def address(port: int, name: str) -> str:
    return f"postgresql://{postgres.SUPERUSER}@127.0.0.1:{port}/{name}"


def begin_day(connection: Plain, day: date) -> int:
    """Set the database's clock to the morning of the day; that instant in milliseconds."""
    morning = datetime.combine(day, MORNING)
    connection.execute(b"update clock.setting set shift = %s - transaction_timestamp()", (morning,))
    connection.execute(b"call points.ensure_partitions()")
    return int(morning.timestamp() * 1000)


def open_accounts(connection: Plain, count: int) -> list[int]:
    """Members 1 to `count` of the main programme."""
    members = list(range(1, count + 1))
    for member in members:
        connection.execute(b"select points.open_account(1, %s)", (member,))
    return members


def violations(connection: Plain) -> dict[str, int]:
    """The invariants that do not hold, with how often."""
    rows = connection.execute(b"select name, violations from points.invariants").fetchall()
    assert len(rows) == 8
    return {name: count for name, count in rows if count}

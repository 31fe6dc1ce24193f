"""A server for the proofs and databases on it, each with the ledger as deployed and a clock that can be set."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

import psycopg
from psycopg import sql

from local import postgres
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import DATABASE_FOLDER, migrate
from proofs.guard import guarded
from proofs.ledger.calls import GIVEN_A_DAY, Plain
from tests.conftest import REPOSITORY, TEMPLATE
from tests.domain.people import changed_points

# The proofs' days begin here and have hours to spare: a day turns only while all clients are at rest.
MORNING, NOON = time(2, tzinfo=UTC), time(12, tzinfo=UTC)
# The days here take seconds: statistics are as fresh as in a day of hours only if somebody looks that often.
QUIET = ("log_min_messages=panic", "shared_buffers=512MB", "max_wal_size=4GB", "jit=off", "autovacuum_naptime=2s")


@contextmanager
def server(*, durable: bool, settings: tuple[str, ...] = QUIET) -> Iterator[postgres.Server]:
    """A server of one's own with the template database; gone afterwards, and also if this process is killed."""
    folder = postgres.temporary("loyalty-proofs")
    with guarded(folder):
        running = postgres.start(folder / "data", postgres.free_port(), durable=durable, settings=settings)
        create(running.port, TEMPLATE)
        with owner(running.port, TEMPLATE) as connection:
            build(connection)
        yield running


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


def begin_day(connection: Plain, day: date, *, noon: bool = False) -> int:
    """Set the database's clock to the morning (or noon) of the day; that instant in milliseconds.

    The shift is a constant in the clock, not a row to read: it costs an operation no more than the cloud's clock does.
    """
    start = datetime.combine(day, NOON if noon else MORNING)
    row = connection.execute(b"select %s::timestamptz - transaction_timestamp()", (start,)).fetchone()
    assert row is not None
    connection.execute(
        sql.SQL(
            "create or replace function clock.now() returns timestamptz language sql stable parallel safe"
            " return transaction_timestamp() + {}::interval"
        ).format(sql.Literal(row[0]))
    )
    connection.execute(b"call points.ensure_partitions()")
    return int(start.timestamp() * 1000)


def allow_transfers(settings: DatabaseSettings) -> None:
    """Publish a programme whose members may give points to each other."""
    with connect(settings) as connection:
        changed_points(connection, transfers_enabled=True, transfer_daily_limit=GIVEN_A_DAY, time_zone="UTC")


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

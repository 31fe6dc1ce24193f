"""One PostgreSQL a session, shared by parallel workers; a cheap clone of its template for a module or a test."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from local import postgres
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import migrate

pytest_plugins = ["tests.budget"]

REPOSITORY = Path(__file__).resolve().parent.parent
TEMPLATE = "template_loyalty"
MEMORY, PLENTY_BYTES = Path("/dev/shm"), 4 * 2**30


class Kept:
    """Connections between tests: opening one, and reading every function again, costs more than most tests do."""

    AS_NEW = "reset session authorization; reset all; unlisten *; discard temp; select pg_advisory_unlock_all()"

    def __init__(self) -> None:
        self._idle: dict[DatabaseSettings, list[Connection]] = defaultdict(list)
        self._lock = threading.Lock()

    def take(self, settings: DatabaseSettings) -> Connection:
        """One that nobody has."""
        with self._lock:
            idle = self._idle[settings]
            while idle:
                connection = idle.pop()
                if not connection.closed and _alive(connection):
                    return connection
        connection = connect(settings)
        connection.close = lambda: self._back(settings, connection)  # type: ignore[method-assign]
        return connection

    def _back(self, settings: DatabaseSettings, connection: Connection) -> None:
        with self._lock:
            if any(connection is one for one in self._idle[settings]):
                return
        with suppress(psycopg.Error):
            if connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
                connection.execute(self.AS_NEW)
                connection.row_factory = dict_row
                with self._lock:
                    self._idle[settings].append(connection)
                return
        type(connection).close(connection)

    def forget(self, name: str) -> None:
        """Close those of a database."""
        with self._lock:
            gone = [settings for settings in self._idle if settings.name == name]
            connections = [connection for settings in gone for connection in self._idle.pop(settings)]
        for connection in connections:
            type(connection).close(connection)


def _alive(connection: Connection) -> bool:
    """Whether the server has not ended it since."""
    return not select.select([connection.fileno()], [], [], 0)[0]


KEPT = Kept()


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A database of its own; `connect(role)` comes in as an entry point's role, `owner()` as the superuser."""

    __test__ = False
    port: int
    name: str

    def settings(self, role: str) -> DatabaseSettings:
        return DatabaseSettings("127.0.0.1", self.port, self.name, role, sslmode="disable")

    def connect(self, role: str) -> Connection:
        """A connection as the role; closed, it is kept for the next who comes as that, as functions keep theirs."""
        return KEPT.take(self.settings(role))

    def owner(self) -> Connection:
        return self.connect(postgres.SUPERUSER)

    def leave(self) -> None:
        """Close the connections that are kept: a database is copied only while nobody is in it."""
        KEPT.forget(self.name)

    def environment(self, role: str) -> dict[str, str]:
        """What a function or worker of this role finds in its environment."""
        return {
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": self.name,
            "DATABASE_ROLE": role,
            "DATABASE_SSLMODE": "disable",
        }

    def shift_clock(self, interval: str) -> None:
        """Move the database's clock, e.g. '3 days'."""
        with self.owner() as connection:
            connection.execute("update clock.setting set shift = shift + %s::interval", (interval,))


@pytest.fixture(scope="session")
def postgres_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The session's server: the first worker to come starts it, the last to go stops it."""
    root = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        root = root.parent
    state = root / "postgres.json"
    with _Locked(root):
        shared = json.loads(state.read_text()) if state.exists() else _start_server()
        shared["users"] += 1
        state.write_text(json.dumps(shared))
    yield shared["port"]
    with _Locked(root):
        shared = json.loads(state.read_text())
        shared["users"] -= 1
        state.write_text(json.dumps(shared))
        if shared["users"] == 0:
            state.unlink()
            data = Path(shared["data"])
            postgres.Server(data, shared["port"]).stop("immediate")
            postgres.remove(data.parent)


@pytest.fixture(scope="module")
def database(postgres_port: int) -> Iterator[TestDatabase]:
    """A migrated database for one module: give each test members of its own."""
    yield from _clone(postgres_port)


@pytest.fixture
def fresh_database(postgres_port: int) -> Iterator[TestDatabase]:
    """A migrated database for one test (about 30 ms): for tests that turn the clock or count everything."""
    yield from _clone(postgres_port)


def _start_server() -> dict[str, Any]:
    data = postgres.temporary("loyalty-tests", _memory()) / "data"
    server = postgres.start(data, postgres.free_port(), durable=False)
    with psycopg.connect(server.dsn, autocommit=True) as admin:
        admin.execute(f"create database {TEMPLATE}")
    settings = DatabaseSettings("127.0.0.1", server.port, TEMPLATE, postgres.SUPERUSER, sslmode="disable")
    with connect(settings) as connection:
        migrate(connection)
        connection.execute((REPOSITORY / "local" / "settable_clock.sql").read_bytes())
    return {"port": server.port, "data": str(data), "users": 0}


def _memory() -> Path | None:
    """Where files are memory, if there is plenty of it: a clone is nine hundred files, and a test's own."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > PLENTY_BYTES:
        return MEMORY
    return None


def _clone(port: int) -> Iterator[TestDatabase]:
    name = f"t_{uuid.uuid4().hex}"
    dsn = f"postgresql://{postgres.SUPERUSER}@127.0.0.1:{port}/postgres"
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as admin:
        admin.execute(f"create database {name} template {TEMPLATE} strategy file_copy")
    yield TestDatabase(port, name)
    KEPT.forget(name)
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


class _Locked:
    """A lock between the session's worker processes."""

    def __init__(self, root: Path) -> None:
        self._path = root / "postgres.lock"

    def __enter__(self) -> None:
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()

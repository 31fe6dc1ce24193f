"""A server with backups as Aurora's are: a copy of its files while it runs, all that it writes kept since, and a server
of any instant made of both."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from local import postgres
from loyalty.database import DatabaseSettings, connect
from loyalty.migration import migrate
from tests.conftest import REPOSITORY, TestDatabase

PROMOTED_SECONDS = 60


@dataclass
class BackedUp:
    """`server` writes each piece of its log into `archive` as well; `folder` holds everything."""

    folder: Path
    server: postgres.Server

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def base_backup(self) -> Path:
        """Its files, copied while it goes on."""
        copy = _writable(self.folder / f"backup-{time.monotonic_ns()}")
        port = str(self.server.port)
        postgres._run(
            *("pg_basebackup", "-h", "127.0.0.1", "-p", port, "-U", postgres.SUPERUSER),
            *("-D", str(copy), "-X", "none", "-c", "fast"),
        )
        return copy

    def instant(self) -> datetime:
        """Now, as the server's log has it; nothing before it and nothing after it happens in the same moment."""
        time.sleep(0.01)
        with psycopg.connect(self.server.dsn, autocommit=True) as admin:
            row = admin.execute("select clock_timestamp()").fetchone()
        time.sleep(0.01)
        assert row is not None
        found: datetime = row[0]
        return found

    def lose(self) -> None:
        """The machine is gone, after the log of what it last did came into the archive."""
        with psycopg.connect(self.server.dsn, autocommit=True) as admin:
            admin.execute("select pg_switch_wal()")
            _until(admin, "select last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) from pg_stat_archiver")
        self.server.kill()

    def restore(self, backup: Path, instant: datetime) -> None:
        """A server at the same address that knows everything until `instant`, and nothing after."""
        (backup / "recovery.signal").touch()
        with (backup / "postgresql.auto.conf").open("a") as settings:
            settings.write(
                f"restore_command = 'cp {self.archive}/%f %p'\n"
                f"recovery_target_time = '{instant.isoformat()}'\n"
                "recovery_target_action = 'promote'\n"
            )
        # Its log goes on in another line, which is not kept: one disaster is enough.
        self.server = postgres.start(backup, self.server.port)
        with psycopg.connect(self.server.dsn, autocommit=True) as admin:
            _until(admin, "select not pg_is_in_recovery()")


@contextmanager
def backed_up(name: str) -> Iterator[tuple[BackedUp, TestDatabase]]:
    """A server with the database `name`, migrated, its clock settable."""
    folder = _writable(postgres.temporary("loyalty-restore"))
    archive = _writable(folder / "archive")
    settings = ("wal_level=replica", "archive_mode=on", f"archive_command='cp %p {archive}/%f'")
    made = BackedUp(folder, postgres.start(folder / "data", postgres.free_port(), settings=settings))
    database = TestDatabase(made.server.port, name)
    try:
        with psycopg.connect(made.server.dsn, autocommit=True) as admin:
            admin.execute(f"create database {name}".encode())
        with connect(
            DatabaseSettings("127.0.0.1", made.server.port, name, postgres.SUPERUSER, sslmode="disable")
        ) as owner:
            migrate(owner)
            owner.execute((REPOSITORY / "local" / "settable_clock.sql").read_bytes())
        yield made, database
    finally:
        database.leave()
        made.server.stop("immediate")
        postgres.remove(folder)


def _writable(folder: Path) -> Path:
    """By PostgreSQL's own user, which is another than root."""
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        postgres.ensure_user_exists(postgres.SYSTEM_USER)
        user = pwd.getpwnam(postgres.SYSTEM_USER)
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700 if folder.name.startswith("backup") else 0o755)
    return folder


def _until(admin: psycopg.Connection[tuple[object, ...]], question: str) -> None:
    deadline = time.monotonic() + PROMOTED_SECONDS
    while time.monotonic() < deadline:
        row = admin.execute(question.encode()).fetchone()
        if row is not None and row[0]:
            return
        time.sleep(0.05)
    raise AssertionError(f"it never came true: {question}")

"""A durable server of the bench's own, databases with the schema as deployed, and members with lots in them."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.ledger import safeties
from local import postgres
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import migrate

BINARIES = postgres._BINARIES
SETTINGS = ("shared_buffers=1GB", "max_wal_size=16GB", "checkpoint_timeout=30min", "wal_buffers=32MB", "jit=off")
# May do what the member API's role may, and hold and settle, which that role only does through the redemptions room.
CALLER = "bench_caller"
REFERENCE = "bench_reference"
BATCH = 500
LOT_POINTS = 1_000_000
IDLE_SECONDS = 10.0

# What the members' rows are compared with. The journal's side has no key at all.
REFERENCE_TABLES = """
create schema bench;
create table bench.account (id bigint primary key, balance bigint not null, version bigint not null)
    with (fillfactor = 50);
create table bench.history (account_id bigint not null, delta bigint not null, at timestamptz not null default now());
insert into bench.account select member, 0, 0 from generate_series(1, %(members)s) as member;
grant usage on schema bench to bench_reference;
grant select, update on bench.account to bench_reference;
grant insert on bench.history to bench_reference;
"""
ACCRUE = """
select count(*) filter (where status = 'ok') as done from points.accrue_many(1, 'shop', 'shop', 5000, 'bench',
    array(select %(first)s::bigint + n / %(lots)s from generate_series(%(from)s::int, %(to)s) n),
    array(select clock.new_id() from generate_series(%(from)s::int, %(to)s)),
    array_fill(%(points)s::bigint, array[%(rows)s]),
    array(select (clock.now() + (n %% %(lots)s + 1) * interval '30 days')::date
        from generate_series(%(from)s::int, %(to)s) n),
    array_fill(clock.now(), array[%(rows)s]),
    array(select 'bench-' || %(first)s + n / %(lots)s || '-' || n %% %(lots)s
        from generate_series(%(from)s::int, %(to)s) n),
    array_fill(sha256('bench'), array[%(rows)s]))
"""
# Open holds of a round are settled before the next: a member with dozens of them is not what is measured. One of each
# member's at a time: in one transaction each settle would walk over all the versions of the row that came before.
OPEN_HOLDS = """
create temp table open_hold as
select m, j.op_id, j.amount, row_number() over (partition by m order by j.op_id desc) as turn
from generate_series({first}::bigint, {last}) m,
    lateral (select j.op_id, j.amount from points.journal j
        where j.program_id = 1 and j.member_id = m and j.op_id >= '{since}' and j.kind = 'hold' offset 0) j
"""
SETTLE = """
select count(*) from open_hold h, lateral points.settle(1, h.m, clock.new_id(), h.op_id, h.amount, 'bench')
where h.turn = %s
"""


@dataclass
class Place:
    """A running server and a folder for files."""

    server: postgres.Server
    folder: Path
    admin: Connection
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def port(self) -> int:
        return self.server.port

    def next_number(self) -> int:
        return next(self.numbers)

    def owner(self, database: str) -> Connection:
        return connect(DatabaseSettings("127.0.0.1", self.port, database, postgres.SUPERUSER, "disable"))

    def create(self, database: str, template: str = "template1") -> None:
        self.admin.execute(f"create database {database} template {template}".encode())

    def drop(self, database: str) -> None:
        self.admin.execute(f"drop database {database} with (force)".encode())

    def backends(self, application: str) -> list[int]:
        rows = self.admin.execute(
            "select pid from pg_stat_activity where application_name = %s and state = 'idle' or"
            " application_name = %s and state = 'active'",
            (application, application),
        ).fetchall()
        return [int(row["pid"]) for row in rows]

    def wait_until_idle(self, application: str) -> None:
        """Raises RuntimeError if one of them is still at work after ten seconds."""
        deadline = time.monotonic() + IDLE_SECONDS
        while True:
            row = self.admin.execute(
                "select count(*) as busy from pg_stat_activity where application_name = %s and state <> 'idle'",
                (application,),
            ).fetchone()
            assert row is not None
            if row["busy"] == 0:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"{application} does not come to rest")
            time.sleep(0.002)

    def set(self, setting: str, value: str) -> None:
        """For the whole server, from now on."""
        self.admin.execute(f"alter system set {setting} = '{value}'".encode())
        self.admin.execute("select pg_reload_conf()")
        time.sleep(0.2)

    def reset(self, setting: str) -> None:
        self.admin.execute(f"alter system reset {setting}".encode())
        self.admin.execute("select pg_reload_conf()")
        time.sleep(0.2)

    def checkpoint(self) -> None:
        self.admin.execute("checkpoint")


@contextmanager
def durable_place() -> Iterator[Place]:
    """Started, and gone afterwards."""
    folder = postgres.temporary("loyalty-bench")
    server = postgres.start(folder / "data", postgres.free_port(), durable=True, settings=SETTINGS)
    try:
        settings = DatabaseSettings("127.0.0.1", server.port, "postgres", postgres.SUPERUSER, "disable")
        with connect(settings) as admin:
            yield Place(server, folder, admin)
    finally:
        server.stop("immediate")
        postgres.remove(folder)


def build(place: Place, database: str) -> None:
    """A new database as deployed, with the callers' rights. Raises NotAsDeployed."""
    place.create(database)
    with place.owner(database) as connection:
        migrate(connection)
        for role, within in ((CALLER, "in role member_api"), (REFERENCE, "")):
            exists = connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone()
            if exists is None:
                connection.execute(f"create role {role} login {within}".encode())
        for function in ("hold", "settle"):
            connection.execute(f"grant execute on function points.{function} to {CALLER}".encode())
        # The plain primary key read that reading a balance is compared with.
        connection.execute(f"grant usage on schema points to {REFERENCE}".encode())
        connection.execute(f"grant select on points.member to {REFERENCE}".encode())
        safeties.require(connection)


def build_reference(place: Place, database: str, members: int) -> None:
    place.create(database)
    with place.owner(database) as connection:
        connection.execute((REFERENCE_TABLES % {"members": members}).encode())
        connection.execute("vacuum analyze")


def open_members(connection: Connection, members: range) -> None:
    connection.execute(
        "select points.open_account(1, member) from generate_series(%s::bigint, %s) as member",
        (members.start, members.stop - 1),
    )


def fill(connection: Connection, members: range, lots: int) -> float:
    """Each of these open accounts gets so many lots by the importer's function; accruals a second of a median batch."""
    rates = []
    total = len(members) * lots
    for start in range(0, total, BATCH):
        rows = min(BATCH, total - start)
        began = time.monotonic()
        row = connection.execute(
            ACCRUE.encode(),
            {
                "first": members.start, "lots": lots, "from": start, "to": start + rows - 1, "rows": rows,
                "points": LOT_POINTS,
            },
        ).fetchone()  # fmt: skip
        rates.append(rows / (time.monotonic() - began))
        if start == 0:
            # Without statistics the look-up of an accrual may take the wrong index; a server makes them within minutes.
            connection.execute("analyze points.accrual")
        if row is None or row["done"] != rows:
            raise RuntimeError(f"not all accruals were made: {row}")
    return statistics.median(rates)


class Sweep:
    """Settles what a race's holds left open; a call settles what was held since the call before."""

    def __init__(self, place: Place, databases: dict[str, Sequence[range]]) -> None:
        self._databases = databases
        self._connections = {database: place.owner(database) for database in databases}
        self._since = {database: self._now(database) for database in databases}

    def __call__(self) -> None:
        for database, groups in self._databases.items():
            until = self._now(database)
            for members in groups:
                self._settle(self._connections[database], members, self._since[database])
            self._since[database] = until

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def _settle(self, connection: Connection, members: range, since: str) -> None:
        connection.execute(OPEN_HOLDS.format(first=members.start, last=members.stop - 1, since=since).encode())
        row = connection.execute("select coalesce(max(turn), 0) as turns from open_hold").fetchone()
        assert row is not None
        for turn in range(1, row["turns"] + 1):
            connection.execute(SETTLE.encode(), (turn,))
        connection.execute("drop table open_hold")

    def _now(self, database: str) -> str:
        row = self._connections[database].execute("select clock.first_id(clock_timestamp()) as id").fetchone()
        assert row is not None
        return str(row["id"])


def violations(connection: Connection) -> dict[str, int]:
    """The invariants that do not hold, with how often."""
    rows = connection.execute("select name, violations from points.invariants").fetchall()
    if len(rows) != 8:
        raise RuntimeError(f"there are eight invariants, not {len(rows)}")
    return {row["name"]: int(row["violations"]) for row in rows if row["violations"]}


def torn_members(connection: Connection) -> dict[str, int]:
    """Members whose row is not where their journal ends: quick where the invariants would read millions of rows."""
    row = connection.execute(
        "select count(*) as members from points.member m, points.head(m.program_id, m.member_id) h"
        " where (h.sequence, h.chain, h.available, h.held, h.pending, h.debt) is distinct from ("
        "  select (a.sequence, a.chain, a.available, a.held, a.pending, a.debt)"
        "  from points.balance_at(m.program_id, m.member_id, null) a)"
    ).fetchone()
    assert row is not None
    return {"member is where his journal ends": int(row["members"])} if row["members"] else {}


def journal_bytes(connection: Connection) -> float:
    """Bytes of a row with its share of all indexes."""
    row = connection.execute(
        "select sum(pg_total_relation_size(relid))::float / (select count(*) from points.journal) as bytes"
        " from pg_partition_tree('points.journal')"
    ).fetchone()
    assert row is not None
    return float(row["bytes"])


def plain(place: Place, database: str, role: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection that prepares every statement at once."""
    return psycopg.connect(
        host="127.0.0.1", port=place.port, dbname=database, user=role, autocommit=True, prepare_threshold=0
    )

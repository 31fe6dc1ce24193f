"""The ledger against the least PostgreSQL can do: one statement with one UPDATE and one INSERT, on the same server.

A durable server of its own, the schema as deployed, 10,000 members of 10 lots each, 8 pgbench connections with prepared
statements. The two sides alternate (reference, hold, reference) in each of 5 rounds; a round's ratio is the hold's rate
to the mean of its two references. CPU is the server's, user and system, by the postmaster's account of its children.
The machine should be quiet; the spread is reported so that a noisy run is seen.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from local import postgres
from loyalty.database import Connection, DatabaseSettings, connect
from loyalty.migration import migrate

ROUNDS = 5
SLOT_SECONDS = 3
CLIENTS = 8
MEMBERS = 10_000
LOTS = 10
BATCH = 500
SETTINGS = ("shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "wal_buffers=32MB", "jit=off")

# A UUIDv7 made on the server and an answer with all balances are part of what is measured.
HOLD = """\\set member random(1, {members})
\\set amount random(1, 20)
select status, available, held, version from points.hold(1, :member, clock.new_id(), :amount,
    clock.now() + interval '30 minutes', '\\x5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02', 'bench')
"""
REFERENCE = """\\set member random(1, {members})
with changed as (update bench.account set balance = balance + 1, version = version + 1 where id = :member returning id)
insert into bench.history (account_id, delta) select id, 1 from changed
"""
REFERENCE_TABLES = """
create schema bench;
create table bench.account (id bigint primary key, balance bigint not null, version bigint not null)
    with (fillfactor = 50);
create table bench.history (account_id bigint not null, delta bigint not null, at timestamptz not null default now());
insert into bench.account select member, 0, 0 from generate_series(1, %(members)s) as member;
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """One run of one side."""

    per_second: float
    cpu_microseconds: float


def run() -> dict[str, float | str]:
    """Measure; takes about two minutes. Raises RuntimeError if pgbench fails or an invariant is violated after it."""
    folder = postgres.temporary("loyalty-bench")
    server = postgres.start(folder / "data", postgres.free_port(), durable=True, settings=SETTINGS)
    try:
        with connect(
            DatabaseSettings("127.0.0.1", server.port, "postgres", postgres.SUPERUSER, "disable")
        ) as connection:
            migrate(connection)
            _require_safeties(connection)
            accruals_per_second = _fill(connection)
            connection.execute((REFERENCE_TABLES % {"members": MEMBERS}).encode())
            connection.execute("vacuum analyze")
            connection.execute("checkpoint")
            figures = _compare(server, folder)
            started = time.monotonic()
            _require_invariants(connection)
            seconds = time.monotonic() - started
            bytes_a_row = connection.execute(
                "select sum(pg_total_relation_size(relid)) / (select count(*) from points.journal) as bytes"
                " from pg_partition_tree('points.journal')"
            ).fetchone()
            assert bytes_a_row is not None
        return {
            **figures,
            "accruals_per_second": round(accruals_per_second),
            "journal_bytes": round(float(bytes_a_row["bytes"])),
            "invariants_seconds": round(seconds, 1),
        }
    finally:
        server.stop("immediate")
        postgres.remove(folder)


def _fill(connection: Connection) -> float:
    """Every member gets his lots by the importer's path; accruals per second of the median batch of 500."""
    connection.execute(
        "select points.open_account(1, member) from generate_series(1, %s::bigint) as member", (MEMBERS,)
    )
    seconds = []
    for first in range(1, MEMBERS + 1, BATCH // LOTS):
        started = time.monotonic()
        connection.execute(
            "select count(*) from points.accrue_many(1, 'shop', 'shop', 5000, 'bench',"
            " array(select m from generate_series(%(first)s::bigint, %(last)s) m, generate_series(1, %(lots)s) l),"
            " array(select clock.new_id() from generate_series(1, %(rows)s)),"
            " array_fill(1000000::bigint, array[%(rows)s]),"
            " array(select (clock.now() + l * interval '60 days')::date"
            "   from generate_series(%(first)s::bigint, %(last)s) m, generate_series(1, %(lots)s) l),"
            " array_fill(clock.now(), array[%(rows)s]),"
            " array(select m || '-' || l from generate_series(%(first)s::bigint, %(last)s) m,"
            "   generate_series(1, %(lots)s) l),"
            " array_fill('\\x00'::bytea, array[%(rows)s]))",
            {"first": first, "last": first + BATCH // LOTS - 1, "lots": LOTS, "rows": BATCH},
        )
        seconds.append(time.monotonic() - started)
    row = connection.execute("select sum(available) as points from points.member").fetchone()
    assert row is not None
    assert row["points"] == MEMBERS * LOTS * 1_000_000
    return BATCH / statistics.median(seconds)


def _compare(server: postgres.Server, folder: Path) -> dict[str, float | str]:
    hold, reference = folder / "hold.sql", folder / "reference.sql"
    hold.write_text(HOLD.format(members=MEMBERS).replace("\n    clock", " clock"))
    reference.write_text(REFERENCE.format(members=MEMBERS).replace("\ninsert", " insert"))
    for script in (reference, hold):  # caches, plans and files exist before anything counts
        _slot(server, script, 1)
    ratios, cpu_ratios, rates, reference_rates = [], [], [], []
    for _ in range(ROUNDS):
        before, mine, after = (_slot(server, script, SLOT_SECONDS) for script in (reference, hold, reference))
        ratios.append(mine.per_second * 2 / (before.per_second + after.per_second))
        cpu_ratios.append(mine.cpu_microseconds * 2 / (before.cpu_microseconds + after.cpu_microseconds))
        rates.append(mine.per_second)
        reference_rates += [before.per_second, after.per_second]
    return {
        "hold_ratio": round(statistics.median(ratios), 2),
        "hold_ratio_spread": f"{min(ratios):.2f}-{max(ratios):.2f}",
        "hold_cpu_ratio": round(statistics.median(cpu_ratios), 2),
        "holds_per_second": round(statistics.median(rates)),
        "reference_per_second": round(statistics.median(reference_rates)),
    }


def _slot(server: postgres.Server, script: Path, seconds: int) -> Slot:
    cpu = _server_cpu_seconds(server)
    done = subprocess.run(
        [
            str(postgres._BINARIES / "pgbench"),
            "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), "-f", str(script),
            "-h", "127.0.0.1", "-p", str(server.port), "-U", postgres.SUPERUSER, "postgres",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    count = re.search(r"transactions actually processed: (\d+)", done.stdout)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode != 0 or count is None or rate is None:
        raise RuntimeError(f"pgbench: {done.stderr[-500:]}")
    time.sleep(0.1)  # the postmaster counts a child's time when it has buried it
    return Slot(float(rate[1]), (_server_cpu_seconds(server) - cpu) / int(count[1]) * 1e6)


def _server_cpu_seconds(server: postgres.Server) -> float:
    pid = (server.data / "postmaster.pid").read_text().split()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _require_safeties(connection: Connection) -> None:
    """A fast ledger without its walls would be no result."""
    row = connection.execute(
        "select (select count(*) from pg_constraint where conrelid = 'points.member'::regclass"
        "   and conname = 'available_is_the_sum_of_its_lots' and convalidated) as sum_check,"
        " (select count(*) from pg_inherits where inhparent = 'points.journal'::regclass) as partitions,"
        " (select count(*) from pg_trigger where tgrelid = 'points.journal'::regclass"
        "   and tgfoid = 'points.refuse_change'::regproc and tgenabled = 'O') as walls,"
        " (select count(*) from pg_attribute where attrelid = 'points.journal'::regclass"
        "   and attname in ('chain', 'request_hash') and attnotnull) as chained"
    ).fetchone()
    assert row is not None
    if row["sum_check"] != 1 or row["partitions"] < 6 or row["walls"] != 2 or row["chained"] != 2:
        raise RuntimeError(f"the ledger is not as deployed: {row}")


def _require_invariants(connection: Connection) -> None:
    broken = connection.execute("select name, violations from points.invariants where violations <> 0").fetchall()
    if broken:
        raise RuntimeError(f"invariants violated after the bench: {broken}")

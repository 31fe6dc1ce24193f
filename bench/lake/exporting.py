"""The laptop's export of order lines from a database of their own: a million at once, then what changed, and under a
transaction that takes long.

Where Spark is installed (`make spark`), the Glue job exports the same lines beside it.

The lines are put there as they are, without the orders they would belong to: this measures reading and writing, not
taking orders. Each export is a process of its own, so that its memory is its own.
"""

# Statements are put together from a folder of the bench's own and this file's words.
# ruff: noqa: S608

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from analytics.export import duck, manifest
from analytics.export.contract import Contract, contracts
from analytics.export.target import Folder
from bench._figures import REPOSITORY, environment
from bench.ledger import place
from loyalty.database import Connection

TABLE = "redemption_line"
ROWS, CHANGED = 1_000_000, 8_000
SPARK = REPOSITORY / "build" / "spark" / "bin" / "python"
JAR = Path("/usr/share/java/postgresql.jar")
LINES = """
insert into redemptions.line (
    program_id, redemption_id, line_number, asin, title, quantity, unit_points, unit_money_minor, accepted_quantity,
    reasons)
select 1, clock.new_id(), 1, 'B0' || lpad((n %% 5000)::text, 8, '0'),
       'A reward with a name of usual length, number ' || n %% 5000, 1 + n %% 2, 500 + n %% 20000, n %% 3 * 99, 1,
       case n %% 50 when 0 then array['UnavailableQuantity'] else '{}' end
from generate_series(1, %s) as n
"""
CHANGE = """
update redemptions.line set unit_points = unit_points + 1
where (program_id, redemption_id, line_number) in (
    select program_id, redemption_id, line_number from redemptions.line order by redemption_id %s limit %s)
"""
SUMS = "select count(*), sum(unit_points) from {}"


@dataclass(frozen=True)
class Exports:
    """Seconds of the export itself and the memory of its process, MB; rows whose newest state is not in the lake.
    `spark_ratio`: how many times as long the Glue job's process takes as DuckDB's; None: Spark is not here."""

    rows: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    changed: int
    changed_seconds: float
    lost: int
    spark_ratio: float | None


def measure(rows: int = ROWS, changed: int = CHANGED) -> Exports:
    """Takes some minutes, most of them for making the lines. Raises RuntimeError if an export refuses its table."""
    with place.durable_place() as here:
        place.build(here, "lake")
        lake = here.folder / "lake"
        dsn = f"host=127.0.0.1 port={here.port} dbname=lake user=lake_reader"
        with here.owner("lake") as connection, here.owner("lake") as slow:
            # Lines without orders: neither foreign keys nor triggers are asked.
            connection.execute("set session_replication_role = replica")
            connection.execute(LINES.encode(), (rows,))
            connection.execute("reset session_replication_role")
            connection.execute("vacuum analyze redemptions.line")
            here.checkpoint()
            whole = _export(dsn, lake)
            spark = _spark(here.port, here.folder / "spark", rows)
            connection.execute((CHANGE % ("desc", changed)).encode())
            part = _export(dsn, lake)
            # One is changed and not committed while another is, and is exported.
            slow.execute("begin")
            slow.execute((CHANGE % ("asc", 1)).encode())
            connection.execute((CHANGE % ("desc", 1)).encode())
            _export(dsn, lake)
            slow.execute("commit")
            _export(dsn, lake)
            lost = _lost(connection, lake)
    return Exports(
        int(whole["rows"]), whole["seconds"], whole["cpu_seconds"], whole["peak_mb"], int(part["rows"]),
        part["seconds"], lost, spark / whole["process_seconds"] if spark else None,
    )  # fmt: skip


def _export(dsn: str, lake: Path) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", "bench.lake.exporting", dsn, str(lake)]
    began = time.monotonic()
    answer: dict[str, float] = json.loads(_ran(command).splitlines()[-1])
    return answer | {"process_seconds": time.monotonic() - began}


def _spark(port: int, lake: Path, rows: int) -> float | None:
    """Seconds that the Glue job's process takes for the same lines, with two cores as Spark has them here."""
    if not (SPARK.exists() and JAR.exists()):
        return None
    url = f"jdbc:postgresql://127.0.0.1:{port}/lake"
    given = ("--lake", str(lake), "--url", url, "--user", "lake_reader", "--jar", str(JAR), "--tables", TABLE)
    began = time.monotonic()
    (told,) = json.loads(_ran([str(SPARK), "-m", "analytics.export.job", *given]).splitlines()[-1])
    if (told["status"], told["rows"]) != ("exported", rows):
        raise RuntimeError(f"Spark: {told}")
    return time.monotonic() - began


def _ran(command: list[str]) -> str:
    """What it wrote. Raises RuntimeError if it ends with anything but 0."""
    done = subprocess.run(command, cwd=REPOSITORY, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-1000:])
    return done.stdout


def _lost(connection: Connection, lake: Path) -> int:
    """Lines whose newest state the database has and the lake has not: each change added one point to one line."""
    row = connection.execute(SUMS.format("lake.redemption_line").encode()).fetchone()
    assert row is not None
    state, _ = manifest.state_of(Folder(lake), TABLE)
    assert state is not None
    with duckdb.connect() as reader:
        newest = (
            f"(select * from read_parquet('{lake}/bronze/{TABLE}/*/*.parquet', hive_partitioning = true)"
            " qualify row_number() over (partition by redemption_id, line_number order by batch desc) = 1)"
        )
        count, points = reader.execute(SUMS.format(newest)).fetchall()[0]
    return abs(int(row["count"]) - int(count)) + abs(int(row["sum"]) - int(points))


def _contract() -> Contract:
    return next(contract for contract in contracts() if contract.table == TABLE)


def main(dsn: str, lake: str) -> int:
    """One export, told as a line of JSON."""
    began, used = time.monotonic(), time.process_time()
    exported = duck.export(dsn, Folder(Path(lake)), [_contract()])
    seconds, cpu = time.monotonic() - began, time.process_time() - used
    if exported.problems:
        print("; ".join(exported.problems), file=sys.stderr)
        return 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "rows": exported[TABLE].rows, "peak_mb": peak}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

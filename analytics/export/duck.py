"""The export without Spark: DuckDB reads the views and writes Parquet. On a laptop, and the Glue job's yardstick.

Everything is read in one snapshot, which also says which transactions are over and what the sums are; it is let go
before anything is published. A table that does not keep its contract, a rule or its sums is refused and said why; the
others go on.
"""

# Statements are put together from contracts, which are files of this repository, and from numbers.
# ruff: noqa: S608

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from analytics.export import publishing
from analytics.export.contract import Contract, contracts, drift
from analytics.export.manifest import Content
from analytics.export.publishing import Exported, Read, Table
from analytics.export.quality import rules
from analytics.export.source import INSTANCE, columns_of, rows_of, totals_of
from analytics.export.target import Target, target
from analytics.export.window import Instance

MEMORY = "160MB"
THREADS = 2
# Rows of one file: some 100 MB.
ROWS_PER_FILE = 4_000_000


class Unreachable(Exception):
    """The database did not answer; said without how it was asked, which may hold a password."""


def export(dsn: str, lake: Target, listed: Iterable[Contract] | None = None, scratch: Path | None = None) -> Exported:
    """Export what is new of every table. `dsn`: libpq's, of the writer, as lake_reader. `scratch`: a folder for files
    on their way.

    Raises Unreachable, NotTheWriter; what is wrong with one table is in its result.
    """
    listed = contracts() if listed is None else tuple(listed)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        with _snapshot(dsn, Path(folder)) as duck:
            cluster_id, epoch, writer, xmin, xmax = _database(duck, INSTANCE)[0]
            instance = Instance(cluster_id, epoch, writer, xmin, xmax)
            reads = [_read(duck, contract, instance, lake, Path(folder)) for contract in listed]
        return publishing.exported(lake, [_publish(lake, read, files) for read, files in reads])


@contextmanager
def _snapshot(dsn: str, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the database as `pg` in one repeatable-read transaction."""
    extension = next(_extensions().rglob("postgres_scanner.duckdb_extension"))
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY, "threads": THREADS, "temp_directory": str(folder / "spill"),
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    }  # fmt: skip
    with duckdb.connect(config=settings) as duck:
        duck.execute("set timezone = 'UTC'") if _has_icu(duck) else None
        duck.execute(f"load '{extension}'")
        duck.execute("create temp macro regexp_like(text, pattern) as regexp_matches(text, pattern)")
        duck.execute("create temp macro octet_length(text) as strlen(text)")
        try:
            duck.execute(f"attach '{_quoted(dsn)}' as pg (type postgres, read_only)")
        except duckdb.Error as failure:
            told = str(failure).replace(dsn, "…").splitlines()
            raise Unreachable(next((line for line in reversed(told) if "FATAL" in line), "no connection")) from None
        duck.execute("begin")
        yield duck
        duck.execute("rollback")


def _read(
    duck: duckdb.DuckDBPyConnection, contract: Contract, instance: Instance, lake: Target, folder: Path
) -> tuple[Read, list[Path]]:
    """A table's new rows in files, compared with their source; no files and problems if they are not as agreed."""
    read = publishing.begin(contract, instance, lake)
    read.problems += drift(contract, [(str(name), str(kind)) for name, kind in _database(duck, columns_of(contract))])
    if read.problems:
        return read, []
    names = ("rows", *contract.summed)
    condition = read.taken.condition()
    expected = dict(zip(names, _database(duck, totals_of(contract, condition))[0], strict=True))
    if expected["rows"] == "0" and not read.taken.replaces:
        return read, []
    files = _write(duck, contract, condition, int(expected["rows"]), folder / contract.table)
    source = f"read_parquet('{_quoted(str(folder / contract.table))}/*.parquet')"
    sums = "".join(f", sum({name})::hugeint::varchar" for name in contract.summed)
    found = dict(zip(names, duck.sql(f"select count(*){sums} from {source}").fetchall()[0], strict=True))
    read.compare(found, expected)
    broken = rules.broken(contract, rules.rules(contract), source, lambda sql: duck.sql(sql).fetchall())
    read.problems += [str(one) for one in broken]
    read.content = Content(int(found["rows"]), {n: str(found[n] or 0) for n in contract.summed}, _digest(files))
    return read, files


def _write(duck: duckdb.DuckDBPyConnection, contract: Contract, condition: str, rows: int, folder: Path) -> list[Path]:
    """Sorted and in few files: part-00000.parquet, …"""
    folder.mkdir(parents=True)
    columns = ", ".join(f"cast({c.name} as {c.duck}) as {c.name}" for c in contract.columns)
    asked = rows_of(contract, condition)
    parts = max(1, math.ceil(rows / ROWS_PER_FILE))
    sorted_rows = f"select {columns} from postgres_query('pg', '{_quoted(asked)}') order by {', '.join(contract.sort)}"
    options = "(format parquet, compression zstd, row_group_size 122880)"
    if parts == 1:
        duck.execute(f"copy ({sorted_rows}) to '{_quoted(str(folder))}/part-00000.parquet' {options}")
        return [folder / "part-00000.parquet"]
    whole = folder.parent / f"{contract.table}.parquet"
    duck.execute(f"copy ({sorted_rows}) to '{_quoted(str(whole))}' {options}")
    files = []
    for part in range(parts):
        files.append(folder / f"part-{part:05}.parquet")
        first = part * ROWS_PER_FILE
        duck.execute(
            "copy (select * exclude (file_row_number)"
            f" from read_parquet('{_quoted(str(whole))}', file_row_number = true)"
            f" where file_row_number >= {first} and file_row_number < {first + ROWS_PER_FILE})"
            f" to '{_quoted(str(files[-1]))}' {options}"
        )
    whole.unlink()
    return files


def _publish(lake: Target, read: Read, files: list[Path]) -> Table:
    """Files, then what makes them a batch."""
    sizes = {read.folder + path.name: path.stat().st_size for path in files}
    if read.is_news and not read.problems:
        for path in files:
            lake.upload(read.folder + path.name, path)
    return publishing.publish(lake, read, sizes)


def _database(duck: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a statement that PostgreSQL runs, in the snapshot."""
    return duck.sql(f"select * from postgres_query('pg', '{_quoted(sql)}')").fetchall()


def _digest(files: list[Path]) -> str:
    told = hashlib.sha256()
    for path in files:
        with path.open("rb") as content:
            told.update(hashlib.file_digest(content, "sha256").digest())
    return told.hexdigest()


def _extensions() -> Path:
    import duckdb_extension_postgres_scanner as packaged  # type: ignore[import-untyped]

    return Path(packaged.__file__).parent


def _has_icu(duck: duckdb.DuckDBPyConnection) -> bool:
    found = duck.sql("select loaded from duckdb_extensions() where extension_name = 'icu'").fetchone()
    return bool(found and found[0])


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def main() -> int:
    """By hand: `python -m analytics.export.duck <dsn> <s3://… or folder>`. One JSON line; 1 if a table was refused."""
    asked = argparse.ArgumentParser(description=main.__doc__)
    asked.add_argument("dsn")
    asked.add_argument("lake")
    given = asked.parse_args()
    done = export(given.dsn, target(given.lake))
    sys.stdout.write(json.dumps([table.__dict__ for table in done.tables], default=list) + "\n")
    return 1 if done.problems else 0


if __name__ == "__main__":
    sys.exit(main())

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from analytics.export import manifest
from analytics.export.contract import Contract, contracts, drift
from analytics.export.manifest import Content, StateMoved
from analytics.export.quality import rules
from analytics.export.target import Target, target
from analytics.export.window import Batch, Instance, State, Window, advanced, window

MEMORY = "256MB"
THREADS = 2
# Rows of one file: some 100 MB.
ROWS_PER_FILE = 4_000_000


@dataclass(frozen=True)
class Table:
    """What became of one table. `status`: exported, unchanged, refused; `batch` None: nothing was written.
    `why_full`: why all of it was taken; `problems`: why it was refused, in words."""

    table: str
    status: str
    batch: int | None = None
    manifest: str | None = None
    rows: int = 0
    bytes: int = 0
    replaces: bool = False
    why_full: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exported:
    """All tables, in the contracts' order."""

    tables: tuple[Table, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(problem for table in self.tables for problem in table.problems)

    def __getitem__(self, table: str) -> Table:
        return next(one for one in self.tables if one.table == table)


class Unreachable(Exception):
    """The database did not answer; said without how it was asked, which may hold a password."""


@dataclass
class _Read:
    contract: Contract
    state: State | None
    tag: str | None
    taken: Window
    instance: Instance
    content: Content | None = None
    files: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def export(dsn: str, lake: Target, listed: Iterable[Contract] | None = None, scratch: Path | None = None) -> Exported:
    """Export what is new of every table. `dsn`: libpq's, of the writer, as lake_reader. `scratch`: a folder for files
    on their way.

    Raises Unreachable, NotTheWriter; what is wrong with one table is in its result.
    """
    listed = contracts() if listed is None else tuple(listed)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        with _snapshot(dsn, Path(folder)) as duck:
            asked = "select cluster_id, epoch, writer, xmin, xmax from lake.instance"
            cluster_id, epoch, writer, xmin, xmax = _database(duck, asked)[0]
            instance = Instance(cluster_id, epoch, writer, xmin, xmax)
            reads = [_read(duck, contract, instance, lake, Path(folder)) for contract in listed]
        return Exported(tuple(_publish(lake, read) for read in reads))


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


def _read(duck: duckdb.DuckDBPyConnection, contract: Contract, instance: Instance, lake: Target, folder: Path) -> _Read:
    """A table's new rows in a file, compared with their source; with problems instead if they are not as agreed."""
    state, tag = manifest.state_of(lake, contract.table)
    read = _Read(contract, state, tag, window(contract, state, instance), instance)
    read.problems += drift(
        contract, [(str(name), str(kind)) for name, kind in _database(duck, _COLUMNS, contract.source)]
    )
    if read.problems:
        return read
    condition = read.taken.condition()
    sums = "".join(f", sum({name})::text as {name}" for name in contract.summed)
    expected = _database(duck, f"select count(*){sums} from {contract.source} where {condition}")[0]
    if not expected[0] and not read.taken.replaces:
        return read
    read.files = _write(duck, contract, condition, int(str(expected[0])), folder / contract.table)
    source = f"read_parquet('{_quoted(str(folder / contract.table))}/*.parquet')"
    totals = "".join(f", sum({name})::hugeint::varchar" for name in contract.summed)
    found = duck.sql(f"select count(*){totals} from {source}").fetchall()[0]
    for name, ours, theirs in zip(("rows", *contract.summed), found, expected, strict=True):
        if str(ours) != str(theirs):
            read.problems.append(f"{contract.table}: {name}: the files have {ours}, the database {theirs}")
    broken = rules.broken(contract, rules.rules(contract), source, lambda sql: duck.sql(sql).fetchall())
    read.problems += [str(one) for one in broken]
    read.content = Content(
        int(found[0]), {n: str(s or 0) for n, s in zip(contract.summed, found[1:], strict=True)}, _digest(read.files)
    )
    return read


def _write(duck: duckdb.DuckDBPyConnection, contract: Contract, condition: str, rows: int, folder: Path) -> list[Path]:
    """Sorted and in few files: part-00000.parquet, …"""
    folder.mkdir(parents=True)
    columns = ", ".join(f"cast({c.name} as {c.duck}) as {c.name}" for c in contract.columns)
    names = ", ".join(c.name for c in contract.columns)
    asked = f"select {names} from {contract.source} where {condition}"
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


def _publish(lake: Target, read: _Read) -> Table:
    """Files, then their manifest, then the state: what stops in between has never been."""
    table, taken = read.contract.table, read.taken
    refused = Table(table, "refused", replaces=taken.replaces, why_full=taken.full, problems=tuple(read.problems))
    if read.problems:
        return refused
    batch: Batch | None = None
    files: dict[str, int] = {}
    if read.content is not None and not _as_before(read, read.content):
        prefix = manifest.folder_of(table, taken.batch)
        files = {prefix + path.name: path.stat().st_size for path in read.files}
        lake.remove([key for key in lake.sizes(prefix) if key not in files])
        for path in read.files:
            lake.upload(prefix + path.name, path)
        batch, told = manifest.publish(lake, read.contract, taken, read.content, files)
        if missing := manifest.problems(lake, told):
            return Table(table, "refused", problems=tuple(missing))
    state = advanced(read.state, taken, read.instance, batch, table)
    try:
        if state != read.state:
            manifest.commit(lake, state, read.tag)
    except StateMoved as moved:
        return Table(table, "refused", problems=(str(moved),))
    if batch is None:
        return Table(table, "unchanged", why_full=taken.full)
    return Table(
        table, "exported", batch.batch, batch.manifest, batch.rows, sum(files.values()), batch.replaces, taken.full
    )


def _as_before(read: _Read, content: Content) -> bool:
    """Whether a whole table is what its last batch already is."""
    last = read.state.batches[-1] if read.state and read.state.batches else None
    return read.contract.whole and not read.taken.full and last is not None and last.digest == content.digest


_COLUMNS = (
    "select a.attname::text, format_type(a.atttypid, a.atttypmod) from pg_attribute as a"
    " where a.attrelid = to_regclass('{}') and a.attnum > 0 and not a.attisdropped"
    " and has_table_privilege(a.attrelid, 'select') order by a.attnum"
)


def _database(duck: duckdb.DuckDBPyConnection, sql: str, about: str = "") -> list[tuple[Any, ...]]:
    """Rows of a statement that PostgreSQL runs, in the snapshot. `about`: a contract's source, for its `{}`."""
    asked = _quoted(sql.format(about) if about else sql)
    return duck.sql(f"select * from postgres_query('pg', '{asked}')").fetchall()


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

"""The warehouse on DuckDB: runs Redshift's statements, translated, each list of them one transaction."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import duckdb
import sqlglot
from sqlglot import exp

from analytics.warehouse import copying, portable, unloading
from analytics.warehouse.copying import Fetch, local_file
from analytics.warehouse.unloading import LocalStore, Store

MEMORY = "1GB"
THREADS = 2
# What Redshift knows of a table and DuckDB does not.
_OWN = (
    "create schema if not exists redshift",
    "create table if not exists redshift.column_bytes (schema_name varchar, table_name varchar, column_name varchar,"
    " bytes integer)",
)


@dataclass(frozen=True, slots=True)
class Column:
    """`type`: DuckDB's name of it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement did. `columns` None: it is none that answers with rows; then `count` is the rows it changed, -1
    if it is none that changes rows."""

    columns: tuple[Column, ...] | None
    rows: list[tuple[Any, ...]]
    count: int


class StatementFailed(Exception):
    """A statement that did not run; nothing of its transaction stays. `number`: which, from 1."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number, self.message = number, message


class Warehouse:
    """One DuckDB file (or `:memory:`). Any number of readers, one writer at a time.

    `fetch` gets the objects of a COPY, `store` takes the files of an UNLOAD; `now` is what GETDATE() answers, None the
    machine's time.
    """

    def __init__(
        self,
        path: str | Path = ":memory:",
        fetch: Fetch = local_file,
        now: Callable[[], datetime | None] = lambda: None,
        store: Store | None = None,
    ) -> None:
        if str(path) != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY, "threads": THREADS, "preserve_insertion_order": False,
            "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        }  # fmt: skip
        self._connection = duckdb.connect(config=config)
        # Under a name of its own: a file's name may be that of a schema.
        self._connection.execute(f"attach '{str(path).replace("'", "''")}' as warehouse")
        self._connection.execute("use warehouse")
        self._fetch, self._now, self._store = fetch, now, store or LocalStore()
        self._writing = threading.Lock()
        for statement in _OWN:
            self._connection.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def query(self, sql: str, parameters: Mapping[str, str] | None = None) -> list[tuple[Any, ...]]:
        """A statement's rows."""
        return self.run([sql], parameters)[0].rows

    def run(self, statements: Iterable[str], parameters: Mapping[str, str] | None = None) -> list[Outcome]:
        """Run all, or nothing stays: StatementFailed. `parameters`: the text that :name stands for."""
        given = list(statements)
        with self.session(writes=any(writes(sql) for sql in given)) as session:
            session.begin()
            outcomes = [session.execute(number, sql, parameters) for number, sql in enumerate(given, 1)]
            session.commit()
            return outcomes

    @contextmanager
    def session(self, *, writes: bool) -> Iterator[Session]:
        """A connection of its own; what is open at the end is rolled back."""
        if writes:
            self._writing.acquire()
        try:
            cursor = self._connection.cursor()
            cursor.execute("use warehouse")
            try:
                yield Session(cursor, self._fetch, self._now, self._store)
            finally:
                cursor.close()
        finally:
            if writes:
                self._writing.release()


class Session:
    """One transaction at a time. `interrupt` may be called from another thread."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, fetch: Fetch, now: Callable[[], datetime | None], store: Store
    ) -> None:
        self._cursor, self._fetch, self._now, self._store = cursor, fetch, now, store

    def begin(self) -> None:
        self._cursor.execute("begin transaction")

    def commit(self) -> None:
        self._cursor.execute("commit")

    def rollback(self) -> None:
        self._cursor.execute("rollback")

    def interrupt(self) -> None:
        """Whatever runs now fails."""
        self._cursor.interrupt()

    def execute(self, number: int, sql: str, parameters: Mapping[str, str] | None = None) -> Outcome:
        """One statement; `number` is told by StatementFailed."""
        try:
            copy = copying.parsed(sql)
            if copy is not None:
                with tempfile.TemporaryDirectory(prefix="warehouse-") as folder:
                    return Outcome(None, [], copying.run(self._cursor, copy, self._fetch, Path(folder)))
            unload = unloading.parsed(sql)
            if unload is not None:
                return Outcome(None, [], self._unloaded(unload))
            translated = portable.for_duckdb(bound(sql, parameters or {}), self._now())
            if not translated:
                return Outcome(None, [], -1)
            self._cursor.execute(translated)
            if sql.lstrip()[:12].upper() == "CREATE TABLE":
                self._remember_bytes(sql)
                return Outcome(None, [], -1)
            return self._outcome(sql)
        except (duckdb.Error, portable.NotPortable, copying.CopyFailed, unloading.UnloadFailed) as error:
            raise StatementFailed(number, str(error)) from None

    def _unloaded(self, unload: unloading.Unload) -> int:
        translated = portable.for_duckdb(unload.query, self._now())
        with tempfile.TemporaryDirectory(prefix="warehouse-") as folder:
            return unloading.run(self._cursor, unload, translated, self._store, Path(folder))

    def _outcome(self, sql: str) -> Outcome:
        described = self._cursor.description or []
        first = sql.lstrip().split(maxsplit=1)[0].upper()
        if first in ("SELECT", "WITH", "("):
            columns = tuple(Column(name, str(kind)) for name, kind, *_ in described)
            rows = self._cursor.fetchall()
            return Outcome(columns, rows, len(rows))
        changed = self._cursor.fetchone() if described and first in ("INSERT", "UPDATE", "DELETE", "MERGE") else None
        return Outcome(None, [], int(changed[0]) if changed else -1)

    def _remember_bytes(self, sql: str) -> None:
        table = sqlglot.parse_one(sql, read="redshift")
        name = table.find(exp.Table)
        if name is None or not isinstance(table.this, exp.Schema):
            return
        self._cursor.execute(
            "delete from redshift.column_bytes where schema_name = ? and table_name = ?", [name.db, name.name]
        )
        limits = [
            (name.db, name.name, column.name, int(column.args["kind"].expressions[0].name))
            for column in table.find_all(exp.ColumnDef)
            if column.args["kind"].this == exp.DType.VARCHAR and column.args["kind"].expressions
        ]
        if limits:
            places = ", ".join(["(?, ?, ?, ?)"] * len(limits))
            values = [value for limit in limits for value in limit]
            self._cursor.execute(f"insert into redshift.column_bytes values {places}", values)  # noqa: S608


def writes(sql: str) -> bool:
    """Whether a statement may change something."""
    return sql.lstrip().split(maxsplit=1)[0].upper() not in ("SELECT", "WITH", "(", "EXPLAIN", "UNLOAD")


def bound(sql: str, parameters: Mapping[str, str]) -> str:
    """The statement with the texts that :name stands for, as literals; Redshift finds their types where they stand.

    NotPortable for a name that has no value.
    """
    if ":" not in sql or not parameters:
        return sql
    try:
        tree = sqlglot.parse_one(sql, read="redshift")
    except sqlglot.errors.SqlglotError:
        return sql
    for placeholder in list(tree.find_all(exp.Placeholder)):
        if placeholder.name not in parameters:
            raise portable.NotPortable(f"the parameter :{placeholder.name} has no value")
        placeholder.replace(exp.Literal.string(parameters[placeholder.name]))
    return tree.sql("redshift")

"""COPY of a batch by its manifest, as Redshift does it for Parquet: by the order of columns, strict about types."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

# Fetches an object's file: (address, folder for it) → where it is now. FileNotFoundError: there is none.
type Fetch = Callable[[str, Path], Path]

_COPY = re.compile(
    r"\s*COPY\s+(?P<schema>[a-z_]+)\.(?P<table>[a-z_]+)\s+FROM\s+'(?P<url>[^']+)'\s+IAM_ROLE\s+(DEFAULT|'[^']+')"
    r"\s+FORMAT\s+(AS\s+)?PARQUET\s+MANIFEST\s*;?\s*",
    re.IGNORECASE,
)
_LARGEST_MANIFEST_BYTES = 16 * 1024 * 1024


class CopyFailed(Exception):
    """A COPY that loads nothing; the message is for whoever looks for the reason."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Which table, from which manifest."""

    schema: str
    table: str
    url: str


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: str
    bytes: int | None


def parsed(sql: str) -> Copy | None:
    """The COPY that a statement is, None if it is none. CopyFailed for one in another form than loads use."""
    if not re.match(r"\s*COPY\b", sql, re.IGNORECASE):
        return None
    found = _COPY.fullmatch(sql)
    if found is None:
        raise CopyFailed("only COPY schema.table FROM '…' IAM_ROLE … FORMAT AS PARQUET MANIFEST is understood here")
    return Copy(found["schema"].lower(), found["table"].lower(), found["url"])


def local_file(url: str, _: Path) -> Path:
    """For tests and benches: file:// addresses and plain paths."""
    path = Path(url.removeprefix("file://"))
    if not path.exists():
        raise FileNotFoundError(url)
    return path


def run(cursor: duckdb.DuckDBPyConnection, copy: Copy, fetch: Fetch, folder: Path) -> int:
    """Load all files of the manifest, in the cursor's transaction; how many rows. CopyFailed: none."""
    columns = _columns(cursor, copy)
    rows = 0
    for url, promised in _entries(copy.url, fetch, folder):
        path = _fetched(url, fetch, folder)
        if promised is not None and path.stat().st_size != promised:
            raise CopyFailed(f"{url}: the manifest promises {promised} bytes, the object has {path.stat().st_size}")
        _check(cursor, copy, columns, url, path)
        names = ", ".join(column.name for column in columns)
        cursor.execute(
            f"insert into {copy.schema}.{copy.table} ({names})"  # noqa: S608 - names of the catalogue
            f" select * from read_parquet({_quoted(path)}, hive_partitioning = false)"
        )
        rows += int((cursor.fetchone() or (0,))[0])
        if path.is_relative_to(folder):
            path.unlink()
    _check_lengths(cursor, copy, columns)
    return rows


def _columns(cursor: duckdb.DuckDBPyConnection, copy: Copy) -> list[_Column]:
    found = cursor.execute(
        "select c.column_name, c.data_type, b.bytes from duckdb_columns() as c left join redshift.column_bytes as b"
        " on b.schema_name = c.schema_name and b.table_name = c.table_name and b.column_name = c.column_name"
        " where c.database_name = 'warehouse' and c.schema_name = ? and c.table_name = ? order by c.column_index",
        [copy.schema, copy.table],
    ).fetchall()
    if not found:
        raise CopyFailed(f'relation "{copy.schema}.{copy.table}" does not exist')
    return [_Column(*row) for row in found]


def _entries(url: str, fetch: Fetch, folder: Path) -> list[tuple[str, int | None]]:
    """Addresses and promised sizes of a manifest's files."""
    path = _fetched(url, fetch, folder)
    try:
        if path.stat().st_size > _LARGEST_MANIFEST_BYTES:
            raise ValueError("too large")
        told: Any = json.loads(path.read_bytes())
        return [(str(entry["url"]), _size(entry)) for entry in told["entries"]]
    except (ValueError, KeyError, TypeError):
        raise CopyFailed(f"{url}: not a manifest: it needs entries, each with a url") from None


def _size(entry: dict[str, Any]) -> int | None:
    size = entry.get("meta", {}).get("content_length")
    return None if size is None else int(size)


def _fetched(url: str, fetch: Fetch, folder: Path) -> Path:
    try:
        return fetch(url, folder)
    except FileNotFoundError:
        raise CopyFailed(f"S3ServiceException: the object {url} does not exist or may not be read") from None


def _check(cursor: duckdb.DuckDBPyConnection, copy: Copy, columns: list[_Column], url: str, path: Path) -> None:
    """Number, types and lengths of the file's columns against the table's."""
    try:
        found = cursor.execute(
            f"describe select * from read_parquet({_quoted(path)}, hive_partitioning = false)"  # noqa: S608
        ).fetchall()
    except duckdb.Error as error:
        raise CopyFailed(f"Spectrum Scan Error: {url} is not a Parquet file: {_first_line(error)}") from None
    if len(found) != len(columns):
        raise CopyFailed(
            f"Spectrum Scan Error: {url}: unmatched number of columns between table and file."
            f" Table columns: {len(columns)}, data columns: {len(found)}"
        )
    for column, (name, kind, *_) in zip(columns, found, strict=True):
        if _plain(kind) != _plain(column.type):
            raise CopyFailed(
                f"Spectrum Scan Error: {url} has an incompatible Parquet schema for column {copy.table}.{column.name}."
                f" Column type: {column.type}, Parquet: {name} {kind}"
            )


def _check_lengths(cursor: duckdb.DuckDBPyConnection, copy: Copy, columns: list[_Column]) -> None:
    """Of what is in the table now: read there once more, not from Parquet."""
    limited = [column for column in columns if column.bytes is not None]
    if not limited:
        return
    longest = ", ".join(f"max(strlen({column.name}))" for column in limited)
    found = cursor.execute(f"select {longest} from {copy.schema}.{copy.table}").fetchone()  # noqa: S608
    for column, size in zip(limited, found or (), strict=True):
        if size is not None and column.bytes is not None and size > column.bytes:
            raise CopyFailed(
                f"Spectrum Scan Error: the length of the data column {column.name} is longer than the length defined in"
                f" the table. Table: {column.bytes}, data: {size}, manifest: {copy.url}"
            )


def _plain(kind: str) -> str:
    return "TIMESTAMP" if kind == "TIMESTAMP WITH TIME ZONE" else kind


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]

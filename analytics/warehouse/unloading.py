"""UNLOAD of a query to Parquet in S3, as Redshift does it: several files, rows in no order, nothing overwritten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import sqlglot
from sqlglot import exp

# Two slices write beside each other: who reads it has to take all files of a prefix.
SLICES = 2
SMALLEST_FILE_MB, LARGEST_FILE_MB = 5, 6348
_MB = 1024 * 1024

_UNLOAD = re.compile(
    r"\s*UNLOAD\s*\(\s*(?:'(?P<quoted>(?:[^']|'')*)'|\$\$(?P<dollars>.*?)\$\$)\s*\)\s*TO\s*'(?P<url>[^']+)'"
    r"\s*IAM_ROLE\s+(?P<role>DEFAULT|'[^']+')(?P<options>.*?);?\s*",
    re.IGNORECASE | re.DOTALL,
)
_ROLE = re.compile(r"'arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+'")
_URL = re.compile(r"(s3://[a-z0-9.-]{3,63}/|file:///)\S+")
_OPTIONS = {
    "format": re.compile(r"\s*FORMAT\s+(?:AS\s+)?PARQUET\b", re.IGNORECASE),
    "partition": re.compile(r"\s*PARTITION\s+BY\s*\(\s*(\w+(?:\s*,\s*\w+)*)\s*\)(\s+INCLUDE\b)?", re.IGNORECASE),
    "overwrite": re.compile(r"\s*ALLOWOVERWRITE\b", re.IGNORECASE),
    "clean": re.compile(r"\s*CLEANPATH\b", re.IGNORECASE),
    "parallel": re.compile(r"\s*PARALLEL(?:\s+(ON|TRUE|OFF|FALSE))?\b", re.IGNORECASE),
    "size": re.compile(r"\s*MAXFILESIZE\s+(?:AS\s+)?([0-9.]+)\s*(MB|GB)?\b", re.IGNORECASE),
    "key": re.compile(r"\s*KMS_KEY_ID\s+(?:AS\s+)?'[^']+'", re.IGNORECASE),
    "encrypted": re.compile(r"\s*ENCRYPTED\b(?:\s+AUTO\b)?", re.IGNORECASE),
}


class UnloadFailed(Exception):
    """An UNLOAD that leaves nothing; the message is for whoever looks for the reason."""


class Store(Protocol):
    """Where files go. All raise OSError when it cannot be reached."""

    def holds(self, url: str) -> bool:
        """Whether there is something below an address."""

    def clear(self, url: str) -> None:
        """Remove what is below an address."""

    def put(self, path: Path, url: str) -> None:
        """A file to its address."""


class LocalStore:
    """For tests and benches: file:// addresses."""

    def holds(self, url: str) -> bool:
        folder, name = self._place(url)
        return any(folder.glob(f"{name}*"))

    def clear(self, url: str) -> None:
        folder, name = self._place(url)
        for path in sorted(folder.glob(f"{name}*")):
            for file in [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]:
                file.unlink()

    def put(self, path: Path, url: str) -> None:
        target = Path(url.removeprefix("file://"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())

    @staticmethod
    def _place(url: str) -> tuple[Path, str]:
        folder, _, name = url.removeprefix("file://").rpartition("/")
        return Path(folder), name


@dataclass(frozen=True, slots=True)
class Unload:
    """What goes where. `partition`: columns whose values are folders; `included`: they are in the files too."""

    query: str
    url: str
    partition: tuple[str, ...]
    included: bool
    overwrite: bool
    clean: bool
    parallel: bool
    file_bytes: int


def parsed(sql: str) -> Unload | None:
    """The UNLOAD that a statement is, None if it is none. UnloadFailed for one that Redshift would not run, or of
    another form than Parquet."""
    if not re.match(r"\s*UNLOAD\b", sql, re.IGNORECASE):
        return None
    found = _UNLOAD.fullmatch(sql)
    if found is None:
        raise UnloadFailed("syntax error: UNLOAD ('query') TO 's3://…' IAM_ROLE default|'arn' FORMAT AS PARQUET …")
    if found["role"].upper() != "DEFAULT" and not _ROLE.fullmatch(found["role"]):
        raise UnloadFailed(f"Invalid IAM role: {found['role']}")
    if not _URL.fullmatch(found["url"]):
        raise UnloadFailed(f"The S3 path {found['url']} is not valid")
    query = found["dollars"] if found["quoted"] is None else found["quoted"].replace("''", "'")
    _check(query)
    given = _options(found["options"])
    if "format" not in given:
        raise UnloadFailed("only FORMAT AS PARQUET is understood here")
    if "overwrite" in given and "clean" in given:
        raise UnloadFailed("ALLOWOVERWRITE and CLEANPATH are mutually exclusive")
    if "key" in given and "encrypted" not in given:
        raise UnloadFailed("KMS_KEY_ID needs ENCRYPTED")
    partition = given.get("partition")
    return Unload(
        query=query,
        url=found["url"],
        partition=tuple(name.strip() for name in partition[1].split(",")) if partition else (),
        included=bool(partition and partition[2]),
        overwrite="overwrite" in given,
        clean="clean" in given,
        parallel="parallel" not in given or (given["parallel"][1] or "ON").upper() in ("ON", "TRUE"),
        file_bytes=_file_bytes(given.get("size")),
    )


def _options(text: str) -> dict[str, re.Match[str]]:
    found: dict[str, re.Match[str]] = {}
    while text.strip():
        for name, pattern in _OPTIONS.items():
            if match := pattern.match(text):
                if name in found:
                    raise UnloadFailed(f"conflicting or redundant options: {match[0].strip()}")
                found[name], text = match, text[match.end() :]
                break
        else:
            raise UnloadFailed(f"not understood here: {text.strip()[:60]}")
    return found


def _check(query: str) -> None:
    try:
        tree = sqlglot.parse_one(query, read="redshift")
    except sqlglot.errors.SqlglotError as error:
        raise UnloadFailed(str(error).splitlines()[0]) from None
    if not isinstance(tree, exp.Query):
        raise UnloadFailed("UNLOAD takes a query")
    if tree.args.get("limit"):
        raise UnloadFailed("LIMIT clause is not supported in the outer SELECT of UNLOAD")


def _file_bytes(size: re.Match[str] | None) -> int:
    if size is None:
        return LARGEST_FILE_MB * _MB
    megabytes = float(size[1]) * (1024 if (size[2] or "MB").upper() == "GB" else 1)
    if not SMALLEST_FILE_MB <= megabytes <= LARGEST_FILE_MB + 1:
        raise UnloadFailed("MAXFILESIZE is between 5 MB and 6.2 GB")
    return int(megabytes * _MB)


def run(cursor: duckdb.DuckDBPyConnection, unload: Unload, translated: str, store: Store, folder: Path) -> int:
    """Write the files of the query as DuckDB understands it; how many rows. UnloadFailed: nothing was written."""
    try:
        if unload.clean:
            store.clear(unload.url)
        elif not unload.overwrite and store.holds(unload.url):
            raise UnloadFailed(
                "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually"
                " removing the target files in S3, or using the ALLOWOVERWRITE option."
            )
        rows, names = _materialised(cursor, translated)
        if strange := [name for name in unload.partition if name not in names]:
            raise UnloadFailed(f'the column "{strange[0]}" of PARTITION BY is not in the query')
        if unload.partition and not unload.included and len(unload.partition) == len(names):
            raise UnloadFailed("PARTITION BY may not take all columns")
        for path, key in _written(cursor, unload, folder):
            store.put(path, f"{unload.url}{key}")
        return rows
    except OSError as error:
        raise UnloadFailed(f"S3ServiceException: {unload.url} cannot be written: {error}") from None
    finally:
        cursor.execute("drop table if exists temp.unloaded")


def _materialised(cursor: duckdb.DuckDBPyConnection, translated: str) -> tuple[int, list[str]]:
    """The query's rows, each with the slice that writes it; how many, and their columns."""
    described = cursor.execute(f"describe {translated}").fetchall()
    # Redshift's numeric; as it is, Parquet would get a double.
    columns = ", ".join(
        f'"{name}"::decimal(38, 0) as "{name}"' if kind == "HUGEINT" else f'"{name}"' for name, kind, *_ in described
    )
    cursor.execute("drop table if exists temp.unloaded")
    cursor.execute(
        f"create temp table unloaded as select {columns}, row_number() over () % {SLICES} as unloaded_by"  # noqa: S608
        f" from ({translated})"
    )
    (rows,) = cursor.execute("select count(*) from temp.unloaded").fetchone() or (0,)
    return int(rows), [str(name) for name, *_ in described]


def _written(cursor: duckdb.DuckDBPyConnection, unload: Unload, folder: Path) -> list[tuple[Path, str]]:
    """The files, and what their keys end with. No rows, no files."""
    if unload.partition:
        included = f", write_partition_columns {str(unload.included).lower()}"
        _copy(cursor, folder / "all", f", partition_by ({', '.join(unload.partition)}){included}", "true")
        found = []
        for part in sorted({path.parent for path in (folder / "all").rglob("*.parquet")}):
            prefix = "" if unload.url.endswith("/") else "/"
            key = f"{prefix}{part.relative_to(folder / 'all').as_posix()}"
            found += [
                (path, f"{key}/{number:04}_part_00.parquet") for number, path in enumerate(sorted(part.glob("*")))
            ]
        return found
    found = []
    for number in range(SLICES if unload.parallel else 1):
        written = folder / f"slice-{number}"
        mine = f"unloaded_by = {number}" if unload.parallel else "true"
        (count,) = cursor.execute(f"select count(*) from temp.unloaded where {mine}").fetchone() or (0,)  # noqa: S608
        if not count:
            continue
        _copy(cursor, written, f", file_size_bytes {unload.file_bytes}", mine)
        for number_of_file, file in enumerate(sorted(written.glob("*.parquet"))):
            found.append(
                (
                    file,
                    f"{number:04}_part_{number_of_file:02}.parquet"
                    if unload.parallel
                    else f"{number_of_file:03}.parquet",
                )
            )
    return found


def _copy(cursor: duckdb.DuckDBPyConnection, folder: Path, more: str, which: str) -> None:
    target = str(folder).replace("'", "''")
    cursor.execute(
        f"copy (select * exclude (unloaded_by) from temp.unloaded where {which}) to '{target}'"  # noqa: S608
        f" (format parquet, compression snappy{more})"
    )

"""The warehouse's statements in Redshift's SQL: its schema, and what loads a batch. No SDK, no parser: plain text.

A batch of a table is one transaction (one batchExecuteStatement): COPY by the batch's manifest into staging, what
counts of it into a temporary table `latest_<table>` (one row a key; nothing, if the batch was loaded before or a later
one says more), from there into the star, and a row of loyalty.load_log. Then `derive` makes again what is made of
several tables.

    for statements in batches(bootstrap()): …            once, and after every change of the schema
    load("accrual", "s3://lake/…/manifest.json", 746)    a batch
    derive()                                             after the tables of a night
    refresh()                                            the materialised view, in a transaction of its own
"""

# Statements are put together from contracts, which are files of this repository, from numbers, and from checked names.
# ruff: noqa: S608

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

from analytics.export.contract import FOLDER, Contract, read
from analytics.warehouse import files
from analytics.warehouse.targets import TARGETS, TOUCHED, Target

# What one call of the Data API takes.
MOST_STATEMENTS = 40
DEFAULT_ROLE = "default"

_URL = re.compile(r"(s3|file)://[A-Za-z0-9._~+\-/=]+")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_USER = re.compile(r"(IAMR?:)?[\w+=,.@-]{1,120}")


def tables() -> tuple[str, ...]:
    """The tables of the lake that are loaded."""
    return tuple(TARGETS)


def bootstrap(*, loaders: Iterable[str] = (), reporters: Iterable[str] = ()) -> list[str]:
    """Schemas, tables, calendar, views and rights; once more changes nothing. Run as the database's owner.

    `loaders`, `reporters`: database users (an IAM role is `IAMR:name`) that get the role loader or reporter; whoever
    comes with the principal tag RedshiftDbRoles needs no line here.
    """
    made = [*files.statements("schema/loyalty"), *files.statements("schema/base")]
    made += [*files.statements("schema/added"), *_staging()]
    made += [
        *files.statements("schema/calendar"),
        *files.statements("schema/views"),
        *files.statements("schema/grants"),
    ]
    for role, users in (("loader", loaders), ("reporter", reporters)):
        for user in users:
            named = _checked(user, _USER, "user")
            made += [f"CALL base.ensure_user('{named}')", f'GRANT ROLE {role} TO "{named}"']
    return made


def batches(statements: list[str]) -> Iterator[list[str]]:
    """As many statements at a time as one call takes."""
    for start in range(0, len(statements), MOST_STATEMENTS):
        yield statements[start : start + MOST_STATEMENTS]


def load(
    table: str, manifest_url: str, batch: int, role: str = DEFAULT_ROLE, *, replaces: bool | None = None
) -> list[str]:
    """The statements that load a batch, of one transaction; the same batch once more changes nothing.

    `replaces`: the batch holds the whole table (its manifest's meta says so; None: as the contract says). `role`: an
    IAM role's ARN, or the workgroup's default. Raises KeyError for an unknown table, ValueError for a bad address or
    role.
    """
    target, contract = TARGETS[table], _contract(table)
    whole = contract.whole if replaces is None else replaces
    number = int(batch)
    loading = _Loading(contract, target, number, whole)
    staging = f"staging.{table}"
    return [
        f"LOCK {staging}",
        f"DELETE FROM {staging}",
        f"COPY {staging} FROM '{_checked(manifest_url, _URL, 'address')}' IAM_ROLE {_role(role)}"
        " FORMAT AS PARQUET MANIFEST",
        loading.latest(),
        *loading.touched(before=True),
        *loading.emptied(),
        *loading.into_target(),
        *loading.touched(before=False),
        loading.logged(),
        f"DROP TABLE latest_{table}",
        f"DELETE FROM {staging}",
    ]


def derive() -> list[str]:
    """Make again what the loads since the last time touched: one transaction, nothing to do if nothing was touched."""
    return list(files.statements("load/derived"))


def refresh() -> list[str]:
    """Bring the materialised view up to date, alone: not in one transaction with loads."""
    return ["CALL base.refresh_views()"]


@functools.cache
def _contract(table: str) -> Contract:
    return read(FOLDER / f"{table}.json")


def _staging() -> Iterator[str]:
    yield "CREATE SCHEMA IF NOT EXISTS staging"
    for table in TARGETS:
        contract = _contract(table)
        columns = ", ".join(
            f"{column.name} {_type(column.type)}{'' if column.nullable else ' NOT NULL'}" for column in contract.columns
        )
        # Nothing lies in staging between loads: a changed contract needs no ALTER.
        yield f"DROP TABLE IF EXISTS staging.{table}"
        yield f"CREATE TABLE staging.{table} ({columns}) DISTSTYLE EVEN"


def _type(declared: str) -> str:
    return f"VARCHAR{declared[4:]}" if declared.startswith("text(") else declared.upper()


class _Loading:
    """The statements of one batch, each by its task."""

    def __init__(self, contract: Contract, target: Target, batch: int, replaces: bool) -> None:
        self._contract, self._target, self._batch, self._replaces = contract, target, batch, replaces
        self._source = f"latest_{contract.table}"
        self._columns = [column.name for column in contract.columns]

    @property
    def _superseded(self) -> str:
        """Whether this batch is in, or one that has more to say than it."""
        later = f"batch > {self._batch}" + ("" if self._replaces else " AND replaces")
        return (
            f"EXISTS (SELECT 1 FROM loyalty.load_log WHERE table_name = '{self._contract.table}'"
            f" AND (batch = {self._batch} OR ({later})))"
        )

    def latest(self) -> str:
        """What counts of the batch: nothing that was loaded or superseded before, and one row a key.

        Rows that files repeat are rare, so only those are put in order: the last by their other columns counts.
        """
        table, key = self._contract.table, self._contract.key
        columns, keys = ", ".join(f"s.{name}" for name in self._columns), ", ".join(key)
        rest = ", ".join(f"s.{name} DESC" for name in self._columns if name not in key) or "s.program_id"
        partition = ", ".join(f"s.{name}" for name in key)
        counts = f"NOT {self._superseded}"
        if self._target.numbered and not self._replaces:
            by = self._contract.group if self._target.rule == "group" else key
            newer = _equal("t", "s", by or ())
            counts += (
                f" AND NOT EXISTS (SELECT 1 FROM {self._target.table} AS t WHERE {newer} AND t.batch > {self._batch})"
            )
        repeated = f"SELECT {keys} FROM staging.{table} GROUP BY {keys} HAVING COUNT(*) > 1"
        return (
            f"CREATE TEMP TABLE {self._source} AS WITH repeated AS ({repeated}), ordered AS (SELECT {columns},"
            f" ROW_NUMBER() OVER (PARTITION BY {partition} ORDER BY {rest}) AS place FROM staging.{table} AS s"
            f" JOIN repeated AS r ON {_equal('r', 's', key)})"
            f" SELECT {columns} FROM staging.{table} AS s LEFT JOIN repeated AS r ON {_equal('r', 's', key)}"
            f" WHERE r.program_id IS NULL AND {counts}"
            f" UNION ALL SELECT {columns} FROM ordered AS s WHERE s.place = 1 AND {counts}"
        )

    def touched(self, *, before: bool) -> Iterator[str]:
        """Whose derived rows change: those in the batch, and, before a replacement, those that are there."""
        what = self._target.touches
        if what is not None and (not before or self._replaces):
            key = TOUCHED[what]
            source = self._target.table if before else self._source
            where = f" AND NOT {self._superseded}" if before else ""
            yield (
                f"INSERT INTO base.touched_{what} (program_id, {key}) SELECT DISTINCT program_id, {key} FROM {source}"
                f" WHERE {key} IS NOT NULL{where}"
            )
        if self._contract.table == "product" and not before:
            yield (
                "INSERT INTO base.touched_redemption (program_id, redemption_id)"
                " SELECT DISTINCT f.program_id, f.redemption_id FROM loyalty.fact_redemption_line AS f"
                f" JOIN {self._source} AS s ON s.program_id = f.program_id AND s.asin = f.asin"
                " WHERE COALESCE(s.category, '') <> COALESCE(f.category, '')"
            )

    def emptied(self) -> Iterator[str]:
        """What the batch stands for goes first, if it stands for everything or for groups."""
        target = self._target.table
        if self._replaces and self._target.rule == "version":
            same = _equal(target, "s", self._contract.key)
            yield (
                f"DELETE FROM {target} WHERE NOT EXISTS (SELECT 1 FROM {self._source} AS s WHERE {same})"
                f" AND NOT {self._superseded}"
            )
        elif self._replaces:
            yield f"DELETE FROM {target} WHERE NOT {self._superseded}"
        elif self._target.rule == "group":
            same = _equal(target, self._source, self._contract.group or ())
            yield f"DELETE FROM {target} USING {self._source} WHERE {same}"

    def into_target(self) -> Iterator[str]:
        """By the target's rule."""
        if self._target.rule == "version":
            for statement in files.statements("load/member"):
                yield statement.replace(":batch", str(self._batch))
            return
        values = {name: f"s.{name}" for name in self._columns}
        if self._target.day:
            values["day"] = f"CAST(s.{self._target.day} AS DATE)"
        if self._target.numbered:
            values["batch"] = str(self._batch)
        into, given = ", ".join(values), ", ".join(values.values())
        target = self._target.table
        if self._replaces or self._target.rule == "group":
            # What was there and could be meant is gone.
            yield f"INSERT INTO {target} ({into}) SELECT {given} FROM {self._source} AS s"
        elif self._target.rule == "merge":
            changes = ", ".join(f"{name} = {value}" for name, value in values.items() if name not in self._contract.key)
            yield (
                f"MERGE INTO {target} USING {self._source} AS s ON {_equal(target, 's', self._contract.key)}"
                f" WHEN MATCHED THEN UPDATE SET {changes} WHEN NOT MATCHED THEN INSERT ({into}) VALUES ({given})"
            )
        else:
            yield (
                f"INSERT INTO {target} ({into}) SELECT {given} FROM {self._source} AS s LEFT JOIN {target} AS t"
                f" ON {_equal('t', 's', self._contract.key)} WHERE t.program_id IS NULL"
            )

    def logged(self) -> str:
        """The batch is in: said where it is, and only once."""
        return (
            "INSERT INTO loyalty.load_log (table_name, batch, rows, loaded_at, replaces)"
            f" SELECT '{self._contract.table}', {self._batch}, counted.rows, GETDATE(), {self._replaces!s}"
            f" FROM (SELECT COUNT(*) AS rows FROM {self._source}) AS counted WHERE NOT {self._superseded}"
        )


def _equal(left: str, right: str, columns: Iterable[str]) -> str:
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in columns)


def _role(role: str) -> str:
    return DEFAULT_ROLE if role == DEFAULT_ROLE else f"'{_checked(role, _ROLE, 'role')}'"


def _checked(value: str, pattern: re.Pattern[str], what: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} is no {what} that a statement takes")
    return value

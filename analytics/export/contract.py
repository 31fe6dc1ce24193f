"""Contracts: what a table of the lake has, by name, type and order; a file a table in analytics/contracts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

# Also out of a zip, as Glue has it.
FOLDER: Traversable = files("analytics") / "contracts"
RELEASED = FOLDER / "released.json"

_TEXT = re.compile(r"text\((\d{1,5})\)")
# What PostgreSQL's view must have for each type of a contract.
_POSTGRES = {
    "bigint": "bigint",
    "integer": "integer",
    "smallint": "smallint",
    "boolean": "boolean",
    "timestamp": "timestamp without time zone",
    "date": "date",
    "decimal(18,0)": "numeric(18,0)",
}
_SUMMED = ("bigint", "integer", "decimal(18,0)")


@dataclass(frozen=True)
class Column:
    """`type`: bigint, integer, smallint, boolean, text(bytes), timestamp (UTC, microseconds), date, decimal(18,0).
    `personal`: none, or hashed: a key that says nothing by itself."""

    name: str
    type: str
    nullable: bool
    description: str
    personal: str

    @property
    def bytes(self) -> int | None:
        """The most a text may have; None for other types."""
        found = _TEXT.fullmatch(self.type)
        return int(found[1]) if found else None

    @property
    def postgres(self) -> str:
        """The type that the view's column must have."""
        return "text" if self.bytes else _POSTGRES[self.type]

    @property
    def duck(self) -> str:
        """The type it has in DuckDB and so in Parquet."""
        return "VARCHAR" if self.bytes else self.type.upper()

    @property
    def spark(self) -> str:
        """The same in Spark."""
        return "string" if self.bytes else {"timestamp": "timestamp_ntz"}.get(self.type, self.type)


@dataclass(frozen=True)
class Contract:
    """`watermark` None: every batch is the whole table as it is. `group`: a batch has all rows of such a group if it
    has one, and stands for the group. `day`: the column that tells a row's day."""

    table: str
    source: str
    description: str
    key: tuple[str, ...]
    watermark: str | None
    sort: tuple[str, ...]
    day: str | None
    append_only: bool
    group: tuple[str, ...] | None
    columns: tuple[Column, ...]

    @property
    def whole(self) -> bool:
        return self.watermark is None

    @property
    def summed(self) -> tuple[str, ...]:
        """Columns whose sums are compared with the database: all whole numbers that are not part of the key."""
        return tuple(c.name for c in self.columns if c.type in _SUMMED and c.name not in self.key)

    @property
    def schema_hash(self) -> str:
        """Says whether two batches have the same columns: of names, types, order."""
        told = json.dumps([[c.name, c.type, c.nullable] for c in self.columns])
        return hashlib.sha256(told.encode()).hexdigest()


def contracts(folder: Traversable = FOLDER) -> tuple[Contract, ...]:
    """All contracts, by table name. Raises KeyError, ValueError for a file that is none."""
    found = {path.name: path for path in folder.iterdir() if path.name.endswith(".json") and path.name != RELEASED.name}
    return tuple(read(found[name]) for name in sorted(found))


def read(path: Traversable) -> Contract:
    """One contract's file."""
    told = json.loads(path.read_text())
    columns = tuple(Column(**column) for column in told.pop("columns"))
    for column in columns:
        if not (column.bytes or column.type in _POSTGRES) or column.personal not in ("none", "hashed"):
            raise ValueError(f"{path.name}: {column.name}: no such type or kind: {column.type}, {column.personal}")
    names = [column.name for column in columns]
    for place in ("key", "sort", "group"):
        told[place] = tuple(told[place]) if told[place] else None
        if set(told[place] or ()) - set(names):
            raise ValueError(f"{path.name}: {place} names what is not a column")
    return Contract(columns=columns, **told)


def drift(contract: Contract, found: Iterable[tuple[str, str]]) -> list[str]:
    """How a view differs from its contract, in words; empty: not at all. `found`: its columns in order, as (name,
    PostgreSQL's type)."""
    view = {name: kind for name, kind in found if name != "row_xid"}
    if not view:
        return [f"{contract.source}: there is no such view, or it may not be read"]
    told = []
    for column in contract.columns:
        has = view.get(column.name)
        if has is None:
            told.append(f"{contract.source}.{column.name}: the contract has it, the view has not")
        elif has != column.postgres:
            told.append(f"{contract.source}.{column.name}: the contract says {column.type}, the view has {has}")
    known = [column.name for column in contract.columns]
    told += [f"{contract.source}.{name}: the view has it, the contract has not" for name in view if name not in known]
    if not told and list(view) != known:
        told.append(f"{contract.source}: the view's columns come in another order than the contract's")
    return told


def broken_promises(now: Iterable[Contract], released: Mapping[str, list[list[object]]]) -> list[str]:
    """What was released and is no more, in words: tables and columns stay; new columns come last and may be null."""
    tables = {contract.table: contract for contract in now}
    told = []
    for table, columns in released.items():
        contract = tables.get(table)
        if contract is None:
            told.append(f"{table}: was released and is gone")
            continue
        have = [[c.name, c.type, c.nullable] for c in contract.columns]
        for place, column in enumerate(columns):
            if place >= len(have) or have[place] != column:
                told.append(f"{table}: column {place + 1} was released as {column[0]} {column[1]}")
        told += [f"{table}.{column[0]}: a new column may be null" for column in have[len(columns) :] if not column[2]]
    return told

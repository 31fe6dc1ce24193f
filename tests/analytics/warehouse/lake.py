"""A lake of a few rows: Parquet and manifests as the export leaves them, made from the contracts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from analytics.export.contract import FOLDER, Column, Contract, read
from analytics.warehouse import statements
from analytics.warehouse.engine import Outcome, Warehouse

# What a column has that a test says nothing of.
FILLED = {"boolean": False, "timestamp": "2026-03-01 12:00:00", "date": "2026-03-01"}
MEMBER = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
ORDER = "33333333-3333-4333-8333-333333333333"
SECOND = "44444444-4444-4444-8444-444444444444"


def filled(column: Column) -> Any:
    """Something of the column's type; null where the contract allows it."""
    if column.nullable:
        return None
    known = {"program_id": 1, "member_key": MEMBER, "redemption_id": ORDER, "line_number": 1, "currency": "EUR"}
    if column.name in known:
        return known[column.name]
    return FILLED.get(column.type, "x" if column.bytes else 0)


@dataclass
class Lake:
    """Batches in a folder, and a warehouse that loads them."""

    folder: Path
    warehouse: Warehouse
    numbers: dict[str, int] = field(default_factory=dict)

    def write(self, table: str, rows: list[dict[str, Any]], batch: int, types: dict[str, str] | None = None) -> str:
        """The address of the manifest of a new batch. `types`: columns that come with another type than agreed."""
        contract = read(FOLDER / f"{table}.json")
        place = self.folder / "bronze" / table / f"batch={batch}"
        place.mkdir(parents=True, exist_ok=True)
        path = place / "part-00000.parquet"
        parquet(path, contract, rows, types or {})
        manifest = place / "manifest.json"
        entry = {"url": f"file://{path}", "mandatory": True, "meta": {"content_length": path.stat().st_size}}
        manifest.write_text(json.dumps({"entries": [entry]}))
        return f"file://{manifest}"

    def load(
        self, table: str, *rows: dict[str, Any], batch: int | None = None, replaces: bool | None = None
    ) -> list[Outcome]:
        """Write the rows and load them, as the next batch if no number is given."""
        number = batch if batch is not None else self.numbers.get(table, 0) + 1
        self.numbers[table] = max(number, self.numbers.get(table, 0))
        url = self.write(table, list(rows), number)
        return self.warehouse.run(statements.load(table, url, number, replaces=replaces))

    def again(self, table: str, batch: int, *, replaces: bool | None = None) -> None:
        """Load a batch that is written already."""
        url = f"file://{self.folder}/bronze/{table}/batch={batch}/manifest.json"
        self.warehouse.run(statements.load(table, url, batch, replaces=replaces))

    def derive(self) -> None:
        self.warehouse.run(statements.derive())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.query(sql)

    def whole(self) -> dict[str, list[tuple[Any, ...]]]:
        """All of the star, the bases and the log, to compare."""
        names = self.rows(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('loyalty', 'base')"
            " and table_name <> 'dim_date' order by 1"
        )
        return {name: sorted(self.rows(f"select * from {name}"), key=repr) for (name,) in names}


def parquet(path: Path, contract: Contract, rows: list[dict[str, Any]], types: dict[str, str]) -> None:
    """A file with the contract's columns in their order."""
    with duckdb.connect() as duck:
        columns = ", ".join(f"{column.name} {types.get(column.name, column.duck)}" for column in contract.columns)
        duck.execute(f"create table t ({columns})")
        for row in rows:
            unknown = row.keys() - {column.name for column in contract.columns}
            assert not unknown, f"{contract.table} has no {unknown}"
            values = [row.get(column.name, filled(column)) for column in contract.columns]
            duck.execute(f"insert into t values ({', '.join('?' * len(values))})", values)
        duck.execute(f"copy t to '{path}' (format parquet)")

"""A small night's tables, as the warehouse unloads them."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from containers.forecast.tables import SCHEMAS

AS_OF = date(2026, 11, 21)
PLAN = {"run": "night-1", "as_of": AS_OF.isoformat(), "slow_days": {"1": 10}}


def rows(name: str, given: list[dict[str, Any]]) -> pa.Table:
    """Rows in the table's types; what is not said is null."""
    return pa.Table.from_pylist(given, schema=SCHEMAS[name])


def demand(asins: list[str], days: int = 120, program: int = 1) -> pa.Table:
    """Every product asked for every other day, units 1 to 5."""
    return rows(
        "demand",
        [
            {
                "program_id": program, "asin": asin, "day": AS_OF - timedelta(days=back), "refused": 0.0,
                "units": float((back + number) % 5 + 1), "campaign": 0.0, "price_minor": 1000.0, "category": "kitchen",
            }
            for number, asin in enumerate(asins)
            for back in range(0, days, 2)
        ],
    )  # fmt: skip


def products(asins: list[str], program: int = 1) -> pa.Table:
    first = AS_OF - timedelta(days=200)
    return rows(
        "products",
        [
            {
                "program_id": program, "asin": asin, "category": "kitchen", "price_minor": 1000, "available": True,
                "first_seen_on": first,
            }
            for asin in asins
        ],
    )  # fmt: skip


def availability(asin: str, *changes: tuple[str, str]) -> pa.Table:
    """(moment, state) of a product of programme 1."""
    return rows(
        "availability",
        [{"program_id": 1, "asin": asin, "at": datetime.fromisoformat(at), "state": state} for at, state in changes],
    )


def write(folder: Path, plan: dict[str, Any] = PLAN, **tables: pa.Table) -> Path:
    """The folder `in` of a night."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    for name, table in tables.items():
        (folder / name).mkdir(exist_ok=True)
        pq.write_table(table, folder / name / "0000_part_00.parquet")
    return folder

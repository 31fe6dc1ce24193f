"""The warehouse's tables as they were unloaded: Parquet files below a folder each, and the night's plan."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from containers.forecast.ending import Unusable

_WHEN = pa.timestamp("us")
SCHEMAS: dict[str, pa.Schema] = {
    "demand": pa.schema(
        [
            ("program_id", pa.int32()), ("asin", pa.string()), ("day", pa.date32()), ("units", pa.float64()),
            ("refused", pa.float64()), ("campaign", pa.float64()), ("price_minor", pa.float64()),
            ("category", pa.string()), ("brand", pa.string()),
        ]
    ),
    "products": pa.schema(
        [
            ("program_id", pa.int32()), ("asin", pa.string()), ("category", pa.string()), ("brand", pa.string()),
            ("price_minor", pa.int64()), ("available", pa.bool_()), ("first_seen_on", pa.date32()),
        ]
    ),
    "interactions": pa.schema(
        [
            ("program_id", pa.int32()), ("member_key", pa.string()), ("asin", pa.string()), ("day", pa.date32()),
            ("kind", pa.string()), ("weight", pa.float64()),
        ]
    ),
    "availability": pa.schema(
        [
            ("program_id", pa.int32()), ("asin", pa.string()), ("at", _WHEN), ("state", pa.string()),
            ("quantity", pa.int64()), ("delivery_days", pa.int32()), ("price_minor", pa.int64()),
        ]
    ),
    "consents": pa.schema([("program_id", pa.int32()), ("member_key", pa.string())]),
}  # fmt: skip
_RUN = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the night is about. `as_of`: the last whole day. `slow_days`: how long a delivery may take, by programme.
    `own_stock`: (days until an order comes, in how many of a hundred cases there is enough), by product."""

    run: str
    as_of: date
    slow_days: dict[int, int] = field(default_factory=dict)
    own_stock: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Any) -> Plan:
        """From its JSON. Raises Unusable."""
        try:
            run, as_of = str(told["run"]), date.fromisoformat(told["as_of"])
            slow = {int(program): int(days) for program, days in (told.get("slow_days") or {}).items()}
            kept = {
                (int(one["program_id"]), str(one["asin"])): (int(one["lead_days"]), int(one["service_percent"]))
                for one in told.get("own_stock") or ()
            }
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise Unusable(f"plan.json needs run, as_of (a date) and slow_days: {type(error).__name__}") from None
        if not _RUN.fullmatch(run):
            raise Unusable("plan.json: run has letters, digits, _ and - only, at most 100")
        if any(lead < 1 or not 1 <= percent <= 99 for lead, percent in kept.values()):
            raise Unusable("plan.json: own_stock has a lead of at least a day, and 1 to 99 percent")
        return cls(run, as_of, slow, kept)

    def document(self) -> dict[str, Any]:
        """As its JSON has it, for forecasting: nothing is reordered by it."""
        slow = {str(program): days for program, days in self.slow_days.items()}
        return {"run": self.run, "as_of": self.as_of.isoformat(), "slow_days": slow}


def plan(folder: Path) -> Plan:
    """The night's, from plan.json. Raises Unusable."""
    try:
        return Plan.of(json.loads((folder / "plan.json").read_text()))
    except OSError:
        raise Unusable("there is no plan.json") from None
    except ValueError:
        raise Unusable("plan.json is no JSON") from None


def table(folder: Path, name: str) -> pa.Table:
    """All files of a table, in its types; empty where there is none. Raises Unusable, naming file and column."""
    schema = SCHEMAS[name]
    files = sorted(path for path in (folder / name).rglob("*") if path.is_file() and path.stat().st_size)
    parts = [_typed(pq.ParquetFile, path, name) for path in files]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _typed(read: Any, path: Path, name: str) -> pa.Table:
    try:
        found = read(path).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise Unusable(f"{name}/{path.name} is no Parquet file: {_first_line(error)}") from None
    return typed(found, name, path.name)


def typed(found: pa.Table, name: str, where: str = "") -> pa.Table:
    """A table in the types that are agreed. What does not fit (a text for a number) is refused. Raises Unusable."""
    columns = []
    for column in SCHEMAS[name]:
        if column.name not in found.column_names:
            raise Unusable(f"{name}/{where}: the column {column.name} is missing")
        try:
            columns.append(pc.cast(found[column.name], column.type, safe=False))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise Unusable(f"{name}/{where}: the column {column.name}: {_first_line(error)}") from None
    return _known(pa.table(columns, schema=SCHEMAS[name]))


def _known(rows: pa.Table) -> pa.Table:
    """Without rows that say about nothing: no programme, no product, no member, no day."""
    keys = [name for name in ("program_id", "asin", "member_key", "day", "at") if name in rows.column_names]
    known = pc.is_valid(rows[keys[0]])
    for name in keys[1:]:
        known = pc.and_(known, pc.is_valid(rows[name]))
    return rows.filter(known)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]

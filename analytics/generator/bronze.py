"""A generated programme as the lake has it: Parquet batches by contract, with manifests, and no database."""

# Statements are put together from contracts, which are files of this repository, and from numbers.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from analytics.export import manifest
from analytics.export.contract import Contract, contracts
from analytics.export.manifest import Content
from analytics.export.target import Folder
from analytics.export.window import State, Window
from analytics.generator import tables
from analytics.generator.tables import Generated

MEMORY = "2GB"
THREADS = 2
BATCH = 1
WINDOW = Window(lo=0, hi=1, batch=BATCH, generation=1, whole=False, full="generated")
SELECTS = Path(__file__).with_name("bronze.sql")


@dataclass(frozen=True)
class Written:
    """One table's batch. `manifest`: its address."""

    table: str
    manifest: str
    batch: int
    rows: int
    bytes: int


def write(made: Generated, folder: Path, program_id: int = 1) -> dict[str, Written]:
    """All tables of the lake into a folder, each as one first batch that replaces what is there; by table. The same
    programme gives the same bytes."""
    lake = Folder(folder.resolve())
    with _opened(made, program_id) as duck:
        return {contract.table: _batch(duck, contract, made, lake) for contract in contracts()}


@contextmanager
def _opened(made: Generated, program_id: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with a view `bronze_<table>` for each table of the lake."""
    with tempfile.TemporaryDirectory() as spill:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY, "threads": THREADS, "temp_directory": spill,
            "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        }  # fmt: skip
        with duckdb.connect(config=settings) as duck:
            duck.execute("set enable_progress_bar = false")
            for name, columns in _columns(made).items():
                duck.register(name, columns)
            for name, value in _settings(made, program_id).items():
                duck.execute(f"create macro {name}() as {value}")
            duck.execute(SELECTS.read_text())
            yield duck


def _columns(made: Generated) -> dict[str, dict[str, Any]]:
    """The generated tables as columns of DuckDB's own tables: dates become times, which is what it takes,
    and `at`, a word of its own, becomes `happened`."""
    found = {}
    for name in (
        "members", "products", "campaigns", "participants", "accruals", "entries", "movements", "redemptions", "lines",
        "back", "invoice_lines", "tier_changes", "wishes", "availability",
    ):  # fmt: skip
        columns = vars(getattr(made, name))
        found[f"made_{name}"] = {
            "n": np.arange(len(next(iter(columns.values()))), dtype=np.int64),
            **{
                each if each != "at" else "happened": column.astype("datetime64[us]")
                if column.dtype.kind == "M"
                else column
                for each, column in columns.items()
            },
        }
    return found


def _settings(made: Generated, program_id: int) -> dict[str, str]:
    lists = {
        "partner": tables.PARTNERS, "country": tables.COUNTRIES, "language": tables.LANGUAGES,
        "member_state": tables.MEMBER_STATES, "tier": tables.TIERS, "tier_name": tables.TIER_NAMES,
        "direction": tables.DIRECTIONS, "cause": tables.CAUSES, "category": tables.CATEGORIES, "kind": tables.KINDS,
        "debit": tuple(move[0] for move in tables.MOVES), "credit": tuple(move[1] for move in tables.MOVES),
        "event": tables.EVENTS,
    }  # fmt: skip
    numbers = {
        "program_id": program_id, "seed": made.seed, "days": made.days, "version": tables.PROGRAMME_VERSION,
        "point_value": tables.POINT_VALUE_MICROS, "deferred": tables.DEFERRED_MICROS, "cost": tables.COST_MICROS,
        "breakage": tables.BREAKAGE_BASIS_POINTS,
    }  # fmt: skip
    texts = {"currency": tables.CURRENCY, "funder": tables.FUNDER}
    return {
        **{f"{name}_names": str(list(values)) for name, values in lists.items()},
        **{f"the_{name}": str(int(value)) for name, value in numbers.items()},
        **{f"the_{name}": f"'{value}'" for name, value in texts.items()},
        "first_day": f"date '{made.first_day.isoformat()}'",
    }


def _batch(duck: duckdb.DuckDBPyConnection, contract: Contract, made: Generated, lake: Folder) -> Written:
    """Sorted and in one file, then its manifest, then the table's state."""
    key = f"{manifest.folder_of(contract.table, BATCH)}part-00000.parquet"
    path = lake.root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(f"cast({column.name} as {column.duck}) as {column.name}" for column in contract.columns)
    duck.execute(
        f"copy (select {columns} from bronze_{contract.table} order by {', '.join(contract.sort)})"
        f" to '{_quoted(path)}' (format parquet, compression zstd, row_group_size 122880)"
    )
    totals = "".join(f", coalesce(sum({name}), 0)::hugeint::varchar" for name in contract.summed)
    found = duck.execute(f"select count(*){totals} from read_parquet('{_quoted(path)}')").fetchall()[0]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    content = Content(int(found[0]), dict(zip(contract.summed, found[1:], strict=True)), digest)
    size = path.stat().st_size
    batch, _ = manifest.publish(lake, contract, WINDOW, content, {key: size})
    _, tag = manifest.state_of(lake, contract.table)
    state = State(contract.table, "generated", f"seed {made.seed}", WINDOW.hi, WINDOW.generation, (batch,))
    manifest.commit(lake, state, tag)
    return Written(contract.table, lake.url(batch.manifest), BATCH, content.rows, size)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")

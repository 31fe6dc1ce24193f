"""A warehouse with its schema, one for all; each test finds it empty."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from analytics.warehouse import statements
from analytics.warehouse.engine import Warehouse
from tests.analytics.warehouse.lake import Lake


class Turned:
    """What the warehouse takes for the time (UTC)."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 2)  # noqa: DTZ001


@pytest.fixture(scope="session")
def turned() -> Turned:
    return Turned()


@pytest.fixture(scope="session")
def warehouse(turned: Turned) -> Iterator[Warehouse]:
    with Warehouse(now=lambda: turned.now) as made:
        made.run(statements.bootstrap())
        yield made


@pytest.fixture
def lake(warehouse: Warehouse, turned: Turned, tmp_path: Path) -> Lake:
    turned.now = datetime(2026, 6, 1, 2)  # noqa: DTZ001
    tables = warehouse.query(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where schema_name in ('loyalty', 'base', 'staging') and table_name <> 'dim_date'"
    )
    warehouse.run([f"DELETE FROM {name}" for (name,) in tables])
    return Lake(tmp_path, warehouse)

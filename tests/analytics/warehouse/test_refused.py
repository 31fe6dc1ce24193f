"""A table that the export refuses: the others are loaded, and when it is mended nothing of it is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics.export.manifest import refusal_key
from analytics.warehouse import statements
from analytics.warehouse.engine import Warehouse
from tests.analytics.export.lake import Lake
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import saga

TABLES = ("member", "redemption", "redemption_line", "shipment", "points_entry")
COUNTED = "SELECT (SELECT COUNT(*) FROM {}), (SELECT COUNT(*) FROM {}), (SELECT COUNT(*) FROM {})".format(
    "base.redemption", "base.redemption_line", "loyalty.fact_redemption_line"
)


def _night(lake: Lake, warehouse: Warehouse) -> dict[str, str]:
    """An export, then what every state names that the warehouse has not. What became of each table."""
    told = lake.export(*TABLES)
    loaded = dict(warehouse.query("SELECT table_name, MAX(batch) FROM loyalty.load_log GROUP BY table_name"))
    for table in TABLES:
        state = lake.state(table)
        for batch in state.batches if state else ():
            if batch.batch > loaded.get(table, -1):
                url = lake.target.url(batch.manifest)
                warehouse.run(statements.load(table, url, batch.batch, replaces=batch.replaces))
    warehouse.run(statements.derive())
    return {table: told[table].status for table in TABLES}


def _noted(lake: Lake, table: str) -> dict[str, Any] | None:
    found = lake.target.read(refusal_key(table))
    return json.loads(found[0]) if found else None


@pytest.mark.usefixtures("lake")
def test_a_refused_table_stops_no_other_and_comes_whole_when_it_is_mended(
    fresh_database: TestDatabase, warehouse: Warehouse, tmp_path_factory: Any
) -> None:
    with saga(fresh_database) as world:
        lake = Lake(fresh_database, tmp_path_factory.mktemp("lake"), world)
        lake.bought()
        assert set(_night(lake, warehouse).values()) == {"exported"}
        assert warehouse.query(COUNTED) == [(1, 2, 2)]

        bad = lake.bought()
        lake.owner.execute("alter table redemptions.redemption drop constraint if exists redemption_currency_check")
        lake.owner.execute(
            "update redemptions.redemption set currency = 'eu' where redemption_id = %s", (bad.redemption_id,)
        )
        assert {table: status for table, status in _night(lake, warehouse).items() if status != "exported"} == {
            "redemption": "refused"
        }
        noted = _noted(lake, "redemption")
        assert noted is not None
        assert "currency is like [A-Z]{3}: 1 rows" in str(noted["problems"])
        assert str(bad.redemption_id) in str(noted["problems"])
        # Its lines are there, and no fact is made of half a redemption.
        assert warehouse.query(COUNTED) == [(1, 4, 2)]

        later = lake.bought()
        lake.owner.execute("update redemptions.redemption set currency = 'EUR'")
        assert _night(lake, warehouse)["redemption"] == "exported"
        assert _noted(lake, "redemption") is None
        assert warehouse.query(COUNTED) == [(3, 6, 6)]
        assert warehouse.query("SELECT COUNT(*) FROM loyalty.fact_shipment WHERE member_key IS NULL") == [(0,)]
        assert later.redemption_id

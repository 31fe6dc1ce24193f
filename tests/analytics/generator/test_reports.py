"""Reports over a generated programme find what is true of it: generator, lake, warehouse and metrics together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.generator import Generated, bronze, programme
from analytics.metrics import catalogue
from analytics.warehouse import statements
from analytics.warehouse.engine import Warehouse

pytestmark = pytest.mark.large


@pytest.fixture(scope="module")
def made() -> Generated:
    return programme(seed=11, members=8_000, days=456)


@pytest.fixture(scope="module")
def warehouse(made: Generated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder: Path = tmp_path_factory.mktemp("lake")
    with Warehouse(folder / "warehouse.duckdb") as opened:
        for batch in statements.batches(statements.bootstrap()):
            opened.run(batch)
        for table, written in bronze.write(made, folder).items():
            opened.run(statements.load(table, written.manifest, written.batch, replaces=True))
        opened.run(statements.derive())
        yield opened


def ask(warehouse: Warehouse, name: str) -> list[dict[str, Any]]:
    metric = catalogue.metric(name)
    names = [column.name for column in metric.columns]
    rows = warehouse.query(metric.sql, catalogue.parameters(metric, 1, {}))
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_the_months_close_with_what_is_outstanding(made: Generated, warehouse: Warehouse) -> None:
    months, sums = ask(warehouse, "month_close"), made.truth.sums
    assert months[0]["opening"] == 0
    assert months[-1]["closing"] == sums.outstanding
    assert sum(month["issued"] for month in months) == sums.issued
    assert sum(month["redeemed"] for month in months) == sums.burned
    assert sum(month["expired"] for month in months) == sums.expired
    assert sum(lot["points"] for lot in ask(warehouse, "liability_by_age")) == sums.outstanding


def test_lost_units_are_those_that_were_refused(made: Generated, warehouse: Warehouse) -> None:
    lost = {row["asin"]: row["lost"] for row in ask(warehouse, "stock_outs")}
    true = np.bincount(made.truth.lost_product, made.truth.refused_units)
    assert lost == {f"B0{product:08}": int(units) for product, units in enumerate(true) if units}


def test_weekdays_are_those_of_the_season(made: Generated, warehouse: Warehouse) -> None:
    found = [row["day_index"] for row in ask(warehouse, "seasonality_weekday")]
    assert made.first_day.weekday() == 0
    assert found == pytest.approx(made.truth.redeeming_weekday[:7], rel=0.1)


def test_uplifts_are_in_the_ranges_that_the_report_gives(made: Generated, warehouse: Warehouse) -> None:
    """A range of 95 % may miss once among so few, and by little."""
    rows = {(row["campaign"], row["deed"]): row for row in ask(warehouse, "campaign_uplift")}
    missed = 0
    for uplift in made.truth.uplifts:
        if uplift.kind != "purchases":
            continue
        row = rows[f"season-{uplift.campaign:03}", "purchases"]
        assert (row["members"], row["held_out"]) == (uplift.took_part, uplift.held_out)
        true = uplift.uplift * row["mean_held_out"]
        missed += not row["low"] <= true <= row["high"]
        assert row["uplift"] == pytest.approx(true, abs=2 * (row["high"] - row["uplift"]))
    assert missed <= 1

"""A generated programme through lake and warehouse: metrics find again what was put into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analytics.generator import Generated, programme
from analytics.generator.bronze import write
from analytics.metrics import catalogue
from analytics.warehouse import statements
from analytics.warehouse.engine import Warehouse


@pytest.fixture(scope="module")
def made() -> Generated:
    return programme(seed=11, members=600, days=380)


@pytest.fixture(scope="module")
def loaded(made: Generated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with Warehouse() as warehouse:
        warehouse.run(statements.bootstrap())
        for table in write(made, tmp_path_factory.mktemp("lake")).values():
            warehouse.run(statements.load(table.table, table.manifest, table.batch))
        warehouse.run(statements.derive())
        yield warehouse


def ask(warehouse: Warehouse, name: str) -> list[dict[str, Any]]:
    metric = catalogue.metric(name)
    names = [column.name for column in metric.columns]
    rows = warehouse.query(metric.sql, catalogue.parameters(metric, 1, {}))
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_every_metric_has_an_answer(loaded: Warehouse) -> None:
    assert [metric.name for metric in catalogue.metrics() if not ask(loaded, metric.name)] == []


def test_sums_of_points_and_money_are_the_truths(loaded: Warehouse, made: Generated) -> None:
    sums, flow, close = made.truth.sums, ask(loaded, "points_flow"), ask(loaded, "month_close")
    assert sum(row["issued"] for row in flow) == sums.issued
    assert sum(row["burned"] for row in flow) == sums.burned
    assert sum(row["expired"] for row in flow) == sums.expired
    assert close[-1]["closing"] == sum(row["points"] for row in ask(loaded, "liability_by_age")) == sums.outstanding
    money = ask(loaded, "refunds")
    assert sum(row["captured"] for row in money) == sums.captured_minor
    assert sum(row["refunded"] for row in money) == sums.refunded_minor


def test_both_books_of_deferred_revenue_are_one_but_for_parts_of_cents(loaded: Warehouse) -> None:
    # A posting's sum is rounded down for each event and funder (docs/books.md), the liability's once.
    ((funders,),) = loaded.query("select count(distinct funder) from loyalty.fact_points_movement")
    owed = sum(row["deferred"] for row in ask(loaded, "liability_by_age"))
    assert owed > 0
    assert abs(ask(loaded, "deferred_close")[-1]["closing"] - owed) <= 9 * funders


def test_units_that_were_refused_for_stock_are_the_truths(loaded: Warehouse, made: Generated) -> None:
    assert sum(row["lost"] for row in ask(loaded, "stock_outs")) == made.truth.refused_units.sum()

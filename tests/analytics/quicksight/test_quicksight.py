"""What QuickSight is given follows from the metrics, and is what its API takes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from analytics.metrics.catalogue import metrics
from analytics.quicksight.checking import problems
from analytics.quicksight.data_sets import PER_UNIT, data_source, query
from analytics.quicksight.place import Place
from analytics.quicksight.resources import Resource, all_of, cloudformation
from analytics.warehouse import portable
from loyalty.currencies import MINOR_DIGITS
from tests.analytics.metrics.conftest import Warehouse
from tests.analytics.metrics.conftest import empty as empty
from tests.analytics.metrics.conftest import warehouse as warehouse

PLACE = Place("111122223333", "eu-west-1", ("arn:aws:quicksight:eu-west-1:111122223333:group/default/operators",))


@pytest.fixture(scope="module")
def resources() -> tuple[Resource, ...]:
    return all_of(PLACE)


def body(resources: tuple[Resource, ...], operation: str) -> dict[str, Any]:
    return next(resource.body for resource in resources if resource.operation == operation)


def changed(resources: tuple[Resource, ...], operation: str, change: Any) -> list[str]:
    """What is said once the body of an operation is changed."""
    copies = tuple(Resource(resource.operation, deepcopy(resource.body)) for resource in resources)
    change(body(copies, operation))
    return problems(copies)


def test_quicksight_would_take_all_of_it(resources: tuple[Resource, ...]) -> None:
    source = data_source(
        PLACE, host="warehouse.example", port=5439, database="loyalty",
        secret_arn="arn:aws:secretsmanager:eu-west-1:111122223333:secret:reports-AbCdEf",
        vpc_connection_arn="arn:aws:quicksight:eu-west-1:111122223333:vpcConnection/loyalty",
    )  # fmt: skip
    assert problems([Resource("CreateDataSource", source), *resources]) == []


def test_there_is_a_sheet_for_each_part_of_the_business_and_every_metric_is_on_one(
    resources: tuple[Resource, ...],
) -> None:
    sheets = body(resources, "CreateDashboard")["Definition"]["Sheets"]
    assert [sheet["SheetId"] for sheet in sheets] == [
        "customers", "points", "products", "seasonality", "campaigns", "operations"]  # fmt: skip
    tables = {v["TableVisual"]["VisualId"] for sheet in sheets for v in sheet["Visuals"] if "TableVisual" in v}
    assert tables == {f"{metric.name.replace('_', '-')}-table" for metric in metrics()}


def visual(dashboard: dict[str, Any], number: int = 0) -> dict[str, Any]:
    return next(iter(dashboard["Definition"]["Sheets"][0]["Visuals"][number].values()))


def column_that_is_not_there(dashboard: dict[str, Any]) -> None:
    wells = visual(dashboard)["ChartConfiguration"]["FieldWells"]
    next(iter(wells.values()))["Values"][0]["NumericalMeasureField"]["Column"]["ColumnName"] = "revenue"


def visual_twice(dashboard: dict[str, Any]) -> None:
    visual(dashboard)["VisualId"] = visual(dashboard, 1)["VisualId"]


def wrong_word(dashboard: dict[str, Any]) -> None:
    wells = next(iter(visual(dashboard)["ChartConfiguration"]["FieldWells"].values()))
    wells["Category"][0]["DateDimensionField"]["DateGranularity"] = "MONTHLY"


def no_id(dashboard: dict[str, Any]) -> None:
    del visual(dashboard)["VisualId"]


def nowhere_to_go(dashboard: dict[str, Any]) -> None:
    dashboard["Definition"]["Sheets"][0]["SheetId"] = "elsewhere"
    visual(dashboard)["Actions"] = [{
        "CustomActionId": "a", "Name": "a", "Trigger": "DATA_POINT_CLICK",
        "ActionOperations": [{"NavigationOperation": {"LocalNavigationConfiguration": {"TargetSheetId": "customers"}}}],
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (column_that_is_not_there, "has no column revenue"),
        (visual_twice, "is there 2 times"),
        (wrong_word, "MONTHLY is none of"),
        (no_id, 'Missing required parameter in Definition.Sheets[0].Visuals[0].LineChartVisual: "VisualId"'),
        (nowhere_to_go, "there is no sheet customers"),
    ],
)
def test_a_mistake_in_the_dashboard_is_found_before_it_is_sent(
    resources: tuple[Resource, ...], change: Any, told: str
) -> None:
    assert any(told in problem for problem in changed(resources, "CreateDashboard", change))


def test_a_column_that_leaves_a_metric_is_missed_wherever_it_is_named(resources: tuple[Resource, ...]) -> None:
    def without_its_last(data_set: dict[str, Any]) -> None:
        next(iter(data_set["PhysicalTableMap"].values()))["CustomSql"]["Columns"].pop()

    told = changed(resources, "CreateDataSet", without_its_last)
    assert {problem.split(":")[0] for problem in told} == {"activation-chart", "activation-table", "topic"}


def test_a_data_set_says_the_types_that_its_sql_gives(resources: tuple[Resource, ...], warehouse: Warehouse) -> None:
    types = {"STRING": {"VARCHAR"}, "DATETIME": {"DATE"}, "INTEGER": {"BIGINT", "SMALLINT"}, "DECIMAL": {"DOUBLE"}}
    for resource in resources:
        # Those of which the SQL is not only the metric's.
        if resource.operation == "CreateDataSet" and " m.currency in " in str(resource.body):
            (table,) = resource.body["PhysicalTableMap"].values()
            given = warehouse.connection.execute(portable.for_duckdb(table["CustomSql"]["SqlQuery"])).description
            said = table["CustomSql"]["Columns"]
            assert [column[0] for column in given or ()] == [column["Name"] for column in said]
            for column, told in zip(given or (), said, strict=True):
                assert str(column[1]) in types[told["Type"]], (resource.body["Name"], told)


def test_amounts_are_in_the_currencys_own_unit(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01")
    warehouse.moved("2026-01-10", "2026-01-01", "opened", 1000)
    (metric,) = (metric for metric in metrics() if metric.name == "liability_by_age")

    def deferred() -> float:
        found = warehouse.connection.execute(portable.for_duckdb(query(metric, 1)))
        row = dict(zip([column[0] for column in found.description or ()], found.fetchone() or (), strict=True))
        return float(row["deferred"])

    assert deferred() == 4.0
    warehouse.connection.execute("update loyalty.ref_rate set currency = 'JPY', minor_micros = 1000000")
    assert deferred() == 4.0
    assert all(10**digits in PER_UNIT and code in PER_UNIT[10**digits] for code, digits in MINOR_DIGITS.items())


def test_readers_may_read_and_without_any_nobody_may(resources: tuple[Resource, ...]) -> None:
    (permission,) = body(resources, "CreateDashboard")["Permissions"]
    assert permission["Principal"] == PLACE.readers[0]
    assert not any("Update" in action or "Delete" in action for action in permission["Actions"])
    assert "Permissions" not in body(all_of(Place("111122223333", "eu-west-1", ())), "CreateDashboard")


def test_a_template_says_the_same_only_a_topic_has_no_second_level(resources: tuple[Resource, ...]) -> None:
    said = dict(cloudformation(resource) for resource in resources if resource.operation != "CreateDataSet")
    assert set(said) == {"AWS::QuickSight::Theme", "AWS::QuickSight::Dashboard", "AWS::QuickSight::Topic"}
    assert said["AWS::QuickSight::Topic"]["DataSets"] == body(resources, "CreateTopic")["Topic"]["DataSets"]

"""Staff's reports: what they ask the warehouse, what they remember of it, and what they say while there is nothing."""

from __future__ import annotations

import csv
import importlib
import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from analytics.metrics import catalogue
from loyalty.refusal import Refusal
from loyalty.reports import warehouse
from loyalty.reports.warehouse import StatementFailed, Warehouse
from tests.lambdas.conftest import Answer, Doors, staff_token

OTTO = staff_token("business-operator", subject="otto")
LOADED = [("2026-11-21 02:15:00.5", "7")]
FLOW = [("2026-10-01", 900, 0, 10, 300, 40, 0.3333, None), ("2026-11-01", 700, 0, 0, 200, 0, 0.2857, 0.0)]
FLOW_COLUMNS = [column.name for column in catalogue.metric("points_flow").columns]


class DataApi:
    """Redshift's Data API: every statement is over when it was looked at `looks` times. `tables`: rows by a part of the
    SQL; `asked` are the statements that it was given, by token."""

    def __init__(self) -> None:
        self.tables: dict[str, list[tuple[Any, ...]]] = {"loyalty.loaded": LOADED, "fact_points_movement": FLOW}
        self.asked: dict[str, dict[str, Any]] = {}
        self.names: list[str] = []
        self.looks, self.error, self.page, self.away = 0, "", 1000, False

    def execute_statement(self, **asked: Any) -> dict[str, str]:
        if self.away:
            raise EndpointConnectionError(endpoint_url="https://redshift-data")
        self.asked.setdefault(asked["ClientToken"], asked)
        return {"Id": asked["ClientToken"]}

    def describe_statement(self, *, Id: str) -> dict[str, Any]:  # noqa: N803
        if self.error and "loyalty.loaded" not in self.asked[Id]["Sql"]:
            return {"Status": "FAILED", "Error": self.error}
        self.looks -= 1
        return {"Status": "STARTED"} if self.looks >= 0 else {"Status": "FINISHED", "HasResultSet": True}

    def get_statement_result(self, *, Id: str, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        rows = next((rows for part, rows in self.tables.items() if part in self.asked[Id]["Sql"]), [])
        first, end = int(NextToken), int(NextToken) + self.page
        width = len(rows[0]) if rows else 1
        names = self.names if len(self.names) == width else [f"c{number}" for number in range(width)]
        names = FLOW_COLUMNS if rows is FLOW else names
        answer = {
            "ColumnMetadata": [{"name": name.upper(), "typeName": "varchar"} for name in names],
            "Records": [[_field(value) for value in row] for row in rows[first:end]],
        }
        return answer | ({"NextToken": str(end)} if end < len(rows) else {})


def _field(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"isNull": True}
        case int():
            return {"longValue": value}
        case float():
            return {"doubleValue": value}
    return {"stringValue": value}


@pytest.fixture
def api() -> DataApi:
    return DataApi()


@pytest.fixture
def desk(doors: Doors, api: DataApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """Its memory is that of a workgroup that no other test has."""
    monkeypatch.setattr(importlib.import_module("lambdas.manager_routes.reports"), "_client", lambda: api)
    monkeypatch.setattr(warehouse, "FIRST_PAUSE_SECONDS", 0.001)
    doors.variables.update(REDSHIFT_WORKGROUP=str(uuid.uuid4()), REDSHIFT_DATABASE="loyalty")
    yield doors
    doors.variables.clear()


def got(desk: Doors, path: str, **more: Any) -> Answer:
    return desk("report_desk", "GET", path, token=OTTO, **more)


def test_a_report_is_what_the_warehouse_answers_and_says_when_it_was_loaded(desk: Doors, api: DataApi) -> None:
    api.looks, api.page = 2, 1
    answer = got(desk, "/reports/points_flow?from=2026-10-01&to=2026-11-21")
    assert answer.status == 200, answer.body
    assert answer.body == {
        "metric": "points_flow",
        "columns": FLOW_COLUMNS,
        "rows": [list(row) for row in FLOW],
        "whole": True,
        "loaded_at": "2026-11-21T02:15:00.500000Z",
    }


def test_what_somebody_asks_is_bound_and_never_part_of_the_statement(desk: Doors, api: DataApi) -> None:
    word = "'; drop schema loyalty --"
    assert got(desk, f"/reports/most_loved?category={word}").status == 200
    (sent,) = (one for one in api.asked.values() if "fact_redemption_line" in one["Sql"])
    assert sent["Sql"] == catalogue.metric("most_loved").sql
    assert {"name": "category", "value": word} in sent["Parameters"]
    assert {"name": "program_id", "value": "1"} in sent["Parameters"]


def test_a_report_is_asked_once_until_something_is_loaded(
    desk: Doors, api: DataApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        assert got(desk, "/reports/points_flow").status == 200
    assert len(api.asked) == 2  # when it was loaded, and the report
    assert got(desk, "/reports/points_flow?from=2026-11-01").status == 200
    assert len(api.asked) == 3
    monkeypatch.setattr(importlib.import_module("lambdas.manager_routes.reports"), "STANDING_SECONDS", 1e-9)
    api.tables["loyalty.loaded"] = [("2026-11-22 02:15:00", "8")]
    assert got(desk, "/reports/points_flow").body["loaded_at"] == "2026-11-22T02:15:00Z"
    assert len(api.asked) == 5


def test_all_metrics_are_told_with_their_words_and_what_filters_can_be_set_to(desk: Doors, api: DataApi) -> None:
    api.tables["loyalty.dim_tier"] = [("campaign", "spring", "spring", 0), ("tier", "gold", "Gold", 2)]
    told = got(desk, "/reports").body
    assert (told["standing"], told["loaded_at"]) == ("loaded", "2026-11-21T02:15:00.500000Z")
    assert told["choices"] == {
        "campaign": [{"value": "spring", "words": "spring"}],
        "tier": [{"value": "gold", "words": "Gold"}],
    }
    assert {one["name"] for one in told["metrics"]} == {metric.name for metric in catalogue.metrics()}
    (flow,) = (one for one in told["metrics"] if one["name"] == "points_flow")
    assert flow["question"] == catalogue.metric("points_flow").question
    assert flow["chart"] == {
        "kind": "line", "x": "month", "y": ["issued", "burned", "expired"], "colour": None, "value": None, "range": [],
    }  # fmt: skip


def test_one_currency_is_shown_at_a_time_and_a_table_has_amounts_in_its_own_unit(desk: Doors, api: DataApi) -> None:
    months = [("2026-10-01", currency, 1, 1205, 0, 0, None, 0, 0) for currency in ("JPY", "KWD", "USD")]
    api.tables = {"loyalty.loaded": LOADED, "happened_at": months}
    api.names = [column.name for column in catalogue.metric("refunds").columns]
    assert [row[1] for row in got(desk, "/reports/refunds?currency=USD").body["rows"]] == ["USD"]
    assert len(got(desk, "/reports/refunds").body["rows"]) == 3
    assert len(api.asked) == 2  # a currency is no other question
    lines = list(csv.DictReader(io.StringIO(got(desk, "/reports/refunds/table.csv").body)))
    assert [line["captured"] for line in lines] == ["1205", "1.205", "12.05"]
    (line,) = csv.DictReader(io.StringIO(got(desk, "/reports/refunds/table.csv?currency=KWD").body))
    assert (line["currency"], line["captured"], line["captures"], line["share"]) == ("KWD", "1.205", "1", "")
    assert got(desk, "/reports/refunds?currency=dollars").status == 400


def test_no_cell_of_a_table_is_a_formula(desk: Doors, api: DataApi) -> None:
    api.tables = {"loyalty.loaded": LOADED, "fact_redemption_line": [("B01", "=1+1", 3, -2)]}
    answer = got(desk, "/reports/most_loved/table.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="most_loved.csv"'
    assert list(csv.reader(io.StringIO(answer.body)))[1:] == [["B01", "'=1+1", "3", "-2"]]


def test_before_the_first_night_there_is_nothing_and_it_is_said(desk: Doors, api: DataApi) -> None:
    api.tables["loyalty.loaded"] = [(None, None)]
    told = got(desk, "/reports").body
    assert (told["standing"], told["loaded_at"], bool(told["metrics"])) == ("never-loaded", None, True)
    refused = got(desk, "/reports/points_flow")
    assert (refused.status, refused.body["code"]) == (409, "never-loaded")


def test_a_report_that_takes_long_is_asked_for_again_and_comes_back_to_the_same_statement(api: DataApi) -> None:
    times = iter(range(1_000))
    slow = Warehouse(api, "w", "d", patience_seconds=5, clock=lambda: float(next(times)), pause=lambda _: None)
    api.looks = 100
    with pytest.raises(Refusal, match="report-not-ready") as refused:
        slow.ask("select fact_points_movement", {"a": "1"}, "night")
    assert refused.value.retry_after_seconds
    api.looks = 0
    assert slow.ask("select fact_points_movement", {"a": "1"}, "night").rows == [list(row) for row in FLOW]
    assert len(api.asked) == 1


def test_what_failed_is_asked_anew(desk: Doors, api: DataApi) -> None:
    api.error = "ERROR: out of memory"
    refused = got(desk, "/reports/points_flow")
    assert (refused.status, refused.body["code"], "memory" in refused.body["detail"]) == (503, "report-failed", False)
    api.error = ""
    assert got(desk, "/reports/points_flow").status == 200


def test_a_warehouse_that_is_away_or_has_too_much_to_do_is_said_in_words(desk: Doors, api: DataApi) -> None:
    api.away = True
    refused = got(desk, "/reports/points_flow")
    assert (refused.status, refused.body["code"], refused.headers["retry-after"]) == (503, "warehouse-away", "15")
    assert got(desk, "/reports").body["standing"] == "away"

    def busy(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ActiveStatementsExceededException"}}, "ExecuteStatement")

    api.execute_statement = busy  # type: ignore[method-assign,assignment]
    assert "too much to do" in got(desk, "/reports/points_flow").body["detail"]


def test_whole_numbers_of_a_numeric_column_are_whole(api: DataApi) -> None:
    told = {"ColumnMetadata": [{"name": "n", "typeName": "numeric"}] * 2}
    told["Records"] = [[{"stringValue": "12.000"}, {"stringValue": "0.25"}]]  # type: ignore[list-item]
    api.get_statement_result = lambda **_: told  # type: ignore[method-assign]
    assert Warehouse(api, "w", "d").ask("select 1", {}, "x").rows == [[12, 0.25]]


def test_a_report_has_no_more_rows_than_a_page_shows(api: DataApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "MOST_ROWS", 3)
    api.tables, api.page = {"many": [(number,) for number in range(9)]}, 2
    answer = Warehouse(api, "w", "d").ask("select many", {}, "x")
    assert (answer.rows, answer.whole) == ([[0], [1], [2]], False)


def test_a_statement_that_failed_says_why(api: DataApi) -> None:
    api.error = "ERROR: syntax"
    with pytest.raises(StatementFailed, match="ERROR: syntax"):
        Warehouse(api, "w", "d").ask("select 1", {}, "x")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/reports/points_flow?from=2026-02-30", "from"),
        ("/reports/points_flow?from=yesterday", "from"),
        ("/reports/points_flow?from=2026-11-02&to=2026-11-01", "from"),
        ("/reports/points_flow?to=2026-02-30", "to"),
        (f"/reports/points_flow?tier={'x' * 201}", "tier"),
    ],
)
def test_a_filter_that_cannot_be_is_named(desk: Doors, path: str, field: str) -> None:
    refused = got(desk, path)
    assert refused.status == 400
    assert [error["field"] for error in refused.body["errors"]] == [field]


def test_without_a_lake_every_route_says_that_reports_are_off(desk: Doors) -> None:
    desk.variables.clear()
    for path in ("/reports", "/reports/points_flow", "/reports/points_flow/table.csv"):
        refused = got(desk, path)
        assert (refused.status, refused.body["code"]) == (409, "reports-off")


def test_support_sees_no_reports_and_nobody_sees_one_that_there_is_not(desk: Doors) -> None:
    assert desk("report_desk", "GET", "/reports", token=staff_token("support")).status == 403
    assert got(desk, "/reports/secrets").status == 404

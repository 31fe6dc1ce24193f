"""Reports as the stand-in for the Redshift Data API answers them: every statement runs, failures are told apart."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from analytics.metrics import catalogue
from analytics.warehouse import statements
from lambdas.manager_routes import reports
from loyalty.refusal import Refusal
from loyalty.reports import warehouse as asking
from loyalty.reports.warehouse import StatementFailed, Warehouse
from tests.lambdas.conftest import Doors, staff_token
from tests.simulators.redshift.running import RedshiftStandIn, redshift_stand_in

FAY = staff_token("finance", subject="fay")


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedshiftStandIn]:
    """Nothing was ever loaded into it."""
    with redshift_stand_in(tmp_path_factory.mktemp("redshift"), {}) as running:
        yield running


@pytest.fixture
def desk(doors: Doors, stand_in: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    monkeypatch.setattr(importlib.import_module("lambdas.manager_routes.reports"), "_client", stand_in.client)
    monkeypatch.setattr(asking, "FIRST_PAUSE_SECONDS", 0.01)
    reports._kept_asked.cache_clear()
    doors.variables.update(REDSHIFT_WORKGROUP="loyalty", REDSHIFT_DATABASE="loyalty")
    yield doors
    doors.variables.clear()


def test_a_warehouse_is_empty_then_loaded_and_every_report_is_answered(
    desk: Doors, stand_in: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk("report_desk", "GET", "/reports", token=FAY).body["standing"] == "never-loaded"
    for part in statements.batches(statements.bootstrap()):
        assert stand_in.ran(*part)["Status"] == "FINISHED"
    reports._kept_asked.cache_clear()
    loaded = "insert into loyalty.load_log values ('member', 7, 1, cast('2026-11-21 02:15:00' as timestamp), false)"
    tier = "insert into loyalty.dim_tier values (1, 'gold', 2, 'Gold', 7), (2, 'other', 1, 'Other', 7)"
    done = stand_in.ran(loaded, tier)
    assert done["Status"] == "FINISHED", done
    # Asked in the same minute it would be the same question.
    monkeypatch.setattr(reports, "STANDING_SECONDS", 0.001)
    seen = desk("report_desk", "GET", "/reports", token=FAY).body
    monkeypatch.setattr(reports, "STANDING_SECONDS", 60.0)
    assert (seen["standing"], seen["loaded_at"]) == ("loaded", "2026-11-21T02:15:00Z")
    assert seen["choices"] == {"tier": [{"value": "gold", "words": "Gold"}]}
    for metric in catalogue.metrics():
        answer = desk("report_desk", "GET", f"/reports/{metric.name}", token=FAY)
        assert answer.status == 200, (metric.name, answer.body)
        assert answer.body["columns"] == [column.name for column in metric.columns]


def test_what_goes_wrong_at_the_warehouse_is_told_apart(stand_in: RedshiftStandIn) -> None:
    warehouse = Warehouse(stand_in.client(), "loyalty", "loyalty", patience_seconds=5)
    stand_in.fault("ExecuteStatement", "limit")
    with pytest.raises(Refusal, match="too much to do"):
        warehouse.ask("select 1 as one", {}, "a")
    stand_in.fault("ExecuteStatement", "fail", "ERROR: out of memory")
    with pytest.raises(StatementFailed, match="out of memory"):
        warehouse.ask("select 1 as one", {}, "b")
    assert warehouse.ask("select 1 as one", {}, "b").rows == [[1]]
    stand_in.settings(run_seconds=30)
    with pytest.raises(Refusal, match="report-not-ready"):
        Warehouse(stand_in.client(), "loyalty", "loyalty", patience_seconds=0.1).ask("select 2 as two", {}, "c")
    stand_in.settings(run_seconds=0)

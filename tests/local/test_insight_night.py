"""From the lake to what staff and members see, by the machine that AWS runs and the image that SageMaker runs."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from local import insight, night
from local.connected import Connected
from loyalty.demand import models
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = [*ON_CLOUD, pytest.mark.large]
PRODUCTS = 12


def _rows(cloud: Connected, sql: str) -> list[dict[str, Any]]:
    with cloud.database() as connection:
        return connection.execute(sql.encode()).fetchall()


def _in_warehouse(cloud: Connected, *sqls: str) -> None:
    client: Any = boto3.client(
        "redshift-data",
        endpoint_url=cloud.simulator("redshift"),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    where = {"WorkgroupName": cloud.outputs["WarehouseName"], "Database": "loyalty"}
    id = client.batch_execute_statement(**where, Sqls=list(sqls))["Id"]
    assert eventually(lambda: client.describe_statement(Id=id)["Status"] in ("FINISHED", "FAILED"), 60)
    assert client.describe_statement(Id=id)["Status"] == "FINISHED", client.describe_statement(Id=id).get("Error")


def _half_a_year(asins: list[str], keys: list[str]) -> list[str]:
    """Redemptions of 200 days: more on weekends, by chance more or less, product by product."""
    columns = (
        "program_id, redemption_id, line_number, member_key, asin, category, currency, units_ordered, units_accepted,"
        " units_returned, units_refused, points, money_minor, discount_minor, redeemed_at, day"
    )
    return [
        f"INSERT INTO loyalty.fact_redemption_line ({columns})"
        f" SELECT 1, 'made', {number}, '{keys[number % len(keys)]}', '{asin}', 'home', 'USD', n, n, 0, 0, 100, 0, 0,"
        " CAST(day AS TIMESTAMP), day FROM (SELECT day, (CASE WHEN is_weekend THEN 6 ELSE 2 END)"
        f" + MOD(EXTRACT(day FROM day) * {7_919 + number} + EXTRACT(month FROM day) * 104729, 5) AS n"
        " FROM loyalty.dim_date WHERE day >= DATEADD(day, -200, CAST(GETDATE() AS DATE)) AND day < CAST(GETDATE() AS"
        " DATE)) AS made"
        for number, asin in enumerate(asins)
    ]


@pytest.fixture(scope="module")
def lived(cloud: Connected) -> list[str]:
    """A night of the lake, and half a year of redemptions in the warehouse: of which products."""
    assert eventually(lambda: _rows(cloud, "select count(*) as n from lake.product")[0]["n"] > 100, 180)
    night.wait(cloud, night.begin(cloud), 240)
    asins = [
        row["asin"]
        for row in _rows(cloud, f"select asin from lake.product where program_id = 1 order by asin limit {PRODUCTS}")
    ]
    keys = [row["key"] for row in _rows(cloud, "select member_key as key from lake.personalised where program_id = 1")]
    _in_warehouse(cloud, *_half_a_year(asins, keys))
    return asins


def test_a_night_leads_from_the_lake_to_what_people_see(cloud: Connected, lived: list[str]) -> None:
    outcome = insight.wait(cloud, insight.begin(cloud), 600)
    assert (outcome["status"], outcome["states"]["1"]) == ("shown", "current"), outcome
    told = _rows(
        cloud, "select asin, mean, q10, q90, basis from demand.forecast where period = 'day' and program_id = 1"
    )
    of_ours = {row["asin"]: row for row in told if row["asin"] in lived}
    assert set(of_ours) == set(lived)
    for row in of_ours.values():
        assert len(row["mean"]) == 28
        assert 2 <= sum(row["mean"]) / 28 <= 9, "about five a day"
        assert all(low <= high for low, high in zip(row["q10"], row["q90"], strict=True))
    (model,) = _rows(cloud, "select version, state, package, measured from demand.model")
    assert (model["version"], model["state"]) == (outcome["model"], "current")
    assert model["measured"]["wql"] < model["measured"]["wql_naive"]
    assert ":model-package/" in model["package"]
    assert _rows(cloud, "select from recommendations.similar where program_id = 1")
    assert _rows(cloud, "select from demand.trend where program_id = 1")
    members = _rows(cloud, "select member_id from recommendations.scored where program_id = 1")
    assert members, "who wants it has a list"


def test_the_next_night_needs_no_training_and_an_earlier_model_can_be_had_back(
    cloud: Connected, lived: list[str]
) -> None:
    (first,) = _rows(cloud, "select version from demand.model where state = 'current'")
    again = insight.wait(cloud, insight.begin(cloud), 600)
    assert (again["model"], again["status"]) == (first["version"], "shown")
    trained = insight.wait(cloud, insight.begin(cloud, train=True), 600)
    assert trained["status"] in ("shown", "model refused")
    assert len(_rows(cloud, "select from demand.model")) == 2
    if trained["model"] != first["version"]:
        with cloud.database() as owner:
            models.restore(owner, first["version"], "a test")
        assert insight.wait(cloud, insight.begin(cloud), 600)["model"] == first["version"]


def test_an_analysis_that_fails_leaves_what_was_shown_and_tells_operators(cloud: Connected, lived: list[str]) -> None:
    import httpx

    before = _rows(cloud, "select run_id from demand.night where state = 'current' order by program_id")
    with httpx.Client(base_url=cloud.simulator("sagemaker"), timeout=10) as plane:
        fault = {"operation": "CreateTransformJob", "kind": "fail_job", "times": 1}
        plane.put("/_simulator/faults", content=json.dumps(fault)).raise_for_status()
        try:
            with pytest.raises(night.Stopped, match=r"States\.TaskFailed.*forecast: "):
                insight.wait(cloud, insight.begin(cloud), 300)
        finally:
            plane.delete("/_simulator/faults").raise_for_status()
    assert _rows(cloud, "select run_id from demand.night where state = 'current' order by program_id") == before


def test_while_sagemaker_is_away_nothing_is_analysed_and_what_was_shown_stays(
    cloud: Connected, lived: list[str]
) -> None:
    shown = (
        "select run_id, as_of from demand.night where state = 'current' order by program_id",
        "select asin, run_id from demand.forecast order by program_id, asin, period",
        "select member_id, scored_at from recommendations.scored order by program_id, member_id",
    )
    before = [_rows(cloud, sql) for sql in shown]
    cloud.emulator("PUT", "/_local/outages/sagemaker")
    try:
        with pytest.raises(night.Stopped, match="SageMaker"):
            insight.wait(cloud, insight.begin(cloud), 400)
    finally:
        cloud.emulator("DELETE", "/_local/outages/sagemaker")
    assert [_rows(cloud, sql) for sql in shown] == before
    assert insight.wait(cloud, insight.begin(cloud), 600)["status"] == "shown"

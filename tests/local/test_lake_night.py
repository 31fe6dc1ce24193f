"""The night of the lake, by the machine that AWS runs: from the database to a figure asked of the warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from analytics.warehouse import statements
from local import night
from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = ON_CLOUD


@pytest.fixture(scope="module")
def loaded(cloud: Connected) -> list[dict[str, Any]]:
    """What became of each table in a night of this cloud; its catalogue still comes when it begins to run."""
    assert eventually(lambda: _count(cloud, "lake.product") > 100, 180)
    return night.wait(cloud, night.begin(cloud), 240)


def _count(cloud: Connected, view: str) -> int:
    with cloud.query() as connection:
        row = connection.execute(f"select count(*) as rows from {view}".encode()).fetchone()
    assert row is not None
    return int(row["rows"])


def _asked(cloud: Connected, sql: str) -> list[list[Any]]:
    """Rows of the warehouse, as a report gets them."""
    client = _warehouse(cloud)
    id = client.execute_statement(WorkgroupName=cloud.outputs["WarehouseName"], Database="loyalty", Sql=sql)["Id"]
    assert eventually(lambda: client.describe_statement(Id=id)["Status"] in ("FINISHED", "FAILED"), 30)
    records = client.get_statement_result(Id=id)["Records"]
    return [[next(iter(field.values())) for field in record] for record in records]


def _warehouse(cloud: Connected) -> Any:
    import boto3

    return boto3.client(
        "redshift-data",
        endpoint_url=cloud.simulator("redshift"),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


@pytest.fixture
def glue(cloud: Connected) -> Iterator[httpx.Client]:
    """The control plane of Glue's stand-in; its faults are off afterwards."""
    with httpx.Client(base_url=cloud.simulator("glue"), timeout=10) as plane:
        yield plane
        plane.delete("/_simulator/faults").raise_for_status()


def test_a_night_says_of_every_table_what_became_of_it(loaded: list[dict[str, Any]]) -> None:
    assert [one["table"] for one in loaded] == list(statements.tables())
    assert {one["status"] for one in loaded} <= {"loaded", "nothing new"}


def test_a_figure_of_the_warehouse_is_the_databases(cloud: Connected, loaded: list[dict[str, Any]]) -> None:
    """Loaded by this night or by one before; what is younger is not there yet."""
    ((members,),) = _asked(cloud, "SELECT COUNT(*) FROM loyalty.dim_member WHERE is_current")
    assert 0 < members <= _count(cloud, "lake.member")
    ((products,),) = _asked(cloud, "SELECT COUNT(*) FROM loyalty.dim_product")
    assert products > 100


@pytest.mark.large
def test_the_next_night_loads_nothing_twice(cloud: Connected, loaded: list[dict[str, Any]]) -> None:
    ((before,),) = _asked(cloud, "SELECT COUNT(*) FROM loyalty.fact_points_entry")
    night.wait(cloud, night.begin(cloud), 240)
    ((after,),) = _asked(cloud, "SELECT COUNT(*) FROM loyalty.fact_points_entry")
    ((twice,),) = _asked(
        cloud,
        "SELECT COUNT(*) FROM (SELECT table_name, batch FROM loyalty.load_log GROUP BY table_name, batch"
        " HAVING COUNT(*) > 1) AS twice",
    )
    assert twice == 0
    assert after >= before


@pytest.mark.large
def test_a_table_that_is_refused_is_named_and_the_others_are_loaded(
    cloud: Connected, loaded: list[dict[str, Any]]
) -> None:
    with cloud.database() as owner:
        owner.execute("revoke select on lake.tier from lake_reader")
        try:
            tables = {one["table"]: one for one in night.wait(cloud, night.begin(cloud), 240)}
        finally:
            owner.execute("grant select on lake.tier to lake_reader")
    assert (tables.pop("tier")["cause"]) == "lake.tier: there is no such view, or it may not be read"
    assert {one["status"] for one in tables.values()} <= {"loaded", "nothing new"}
    after = night.wait(cloud, night.begin(cloud), 240)
    assert {one["status"] for one in after} <= {"loaded", "nothing new"}


@pytest.mark.large
def test_an_export_that_fails_stops_the_night_before_anything_is_loaded(
    cloud: Connected, loaded: list[dict[str, Any]], glue: httpx.Client
) -> None:
    ((before,),) = _asked(cloud, "SELECT COUNT(*) FROM loyalty.load_log")
    glue.put("/_simulator/faults", json={"operation": "StartJobRun", "kind": "fail_run", "times": 1}).raise_for_status()
    with pytest.raises(night.Stopped, match=r"States\.TaskFailed.*export: "):
        night.wait(cloud, night.begin(cloud), 120)
    ((after,),) = _asked(cloud, "SELECT COUNT(*) FROM loyalty.load_log")
    assert after == before
    (newest,) = httpx.get(f"{cloud.simulator('glue')}/_simulator/runs?limit=1", timeout=10).json()
    assert (newest["state"], json.loads(newest["arguments"])["--lake"][:5]) == ("FAILED", "s3://")

"""The canary on the local cloud: it redeems through everything members use, buys nothing, and leaves nothing behind."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from local.connected import Connected
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = [*ON_CLOUD, pytest.mark.large]

STEPS = ["sign_in", "browse", "quote", "redeem", "follow", "reverse"]
CANARY = 2


def test_a_visit_goes_through_every_part_and_buys_nothing(cloud: Connected) -> None:
    shelved(cloud)
    orders = real_orders(cloud)
    figures = counted(cloud)
    first, second = visit(cloud), visit(cloud)
    for told in (first, second):
        assert list(told["seconds"]) == STEPS, told
        assert told["points"] > 0
    assert real_orders(cloud) == orders
    with cloud.database() as owner:
        trials = owner.execute(
            "select p.state, p.external_id, p.trial, p.sends from orders.placement as p where p.program_id = %s"
            " order by p.created_at desc limit 2",
            (CANARY,),
        ).fetchall()
        balance = owner.execute(
            "select coalesce(sum(m.available), 0) as available, coalesce(sum(m.held), 0) as held"
            " from points.member as m join canary.member using (program_id, member_id)",
        ).fetchone()
    assert [(row["trial"], row["sends"], row["state"]) for row in trials] == [(True, 1, "accepted")] * 2
    assert all(row["external_id"].startswith("trial-") for row in trials)
    assert balance is not None
    assert (balance["available"], balance["held"]) == (1_000_000, 0)
    assert counted(cloud) == figures


def test_a_visit_needs_nothing_of_the_portals_programme(cloud: Connected) -> None:
    """Its versions are counted by themselves, and shared pages are the portal's for everybody."""
    shelved(cloud)
    with cloud.database() as owner:
        for _ in range(60):
            owner.execute(
                "select programme.publish(%s, c.version, c.document, 'test', 'again') from programme.current(%s) as c",
                (CANARY, CANARY),
            )
    assert visit(cloud)["points"] > 0


def test_a_visit_that_fails_names_the_step_and_what_stands_is_given_back(cloud: Connected) -> None:
    shelved(cloud)
    plane = httpx.Client(base_url=cloud.simulator("amazon_business"), timeout=10)
    fault = {"operation": "trialOrder", "kind": "error_500", "times": None}
    plane.put("/_simulator/faults", json=fault).raise_for_status()
    try:
        told = visit(cloud)
    finally:
        plane.delete("/_simulator/faults").raise_for_status()
    assert told["failed"] == "follow", told
    assert visit(cloud)["points"] > 0


def shelved(cloud: Connected) -> None:
    """The copy of the catalogue is made while the cloud is already up."""

    def some() -> bool:
        with cloud.database() as owner:
            row = owner.execute("select count(*) as n from catalogue.offer where program_id = %s", (CANARY,)).fetchone()
        return row is not None and row["n"] > 100

    assert eventually(some, 60)


def visit(cloud: Connected) -> dict[str, Any]:
    answer = cloud.client("lambda").invoke(FunctionName=cloud.outputs["CanaryFunctionName"])
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    assert isinstance(told, dict)
    return told


def real_orders(cloud: Connected) -> list[str]:
    """What Amazon would deliver."""
    told = httpx.get(f"{cloud.simulator('amazon_business')}/_simulator/orders?limit=100", timeout=10).json()
    return sorted(order["external_id"] for order in (told["orders"] if isinstance(told, dict) else told))


def counted(cloud: Connected) -> dict[str, Any]:
    """What finance and reports would notice of another redemption."""
    with cloud.database() as owner:
        return {
            name: owner.execute(f"select count(*) as n from {name} where program_id = %s", (CANARY,)).fetchone()
            for name in ("reports.entry", "notifications.message", "orders.follow")
        }

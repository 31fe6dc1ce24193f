"""From Amazon's door to the member's on the local cloud: pushes by the inbound API, hints by SNS, looks, the panel."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local import joining
from local.connected import Connected
from local.people import MEMBERS
from local.status.server import StatusServer
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = ON_CLOUD


@pytest.fixture(scope="module")
def door(cloud: Connected) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {joining.member_token(cloud, MEMBERS[0].email)}"}
    with httpx.Client(base_url=cloud.api("Member"), headers=headers, timeout=40) as client:
        yield client


@pytest.fixture(scope="module")
def panel(cloud: Connected) -> Iterator[httpx.Client]:
    server = StatusServer(cloud)
    server.start()
    with httpx.Client(base_url=cloud.status_page, timeout=30) as browser:
        yield browser
    server.stop()


def ordered(cloud: Connected, door: httpx.Client, quantity: int = 2) -> str:
    """Of the cheapest thing that is there: the catalogue may still be coming."""
    found: list[Any] = []

    def there() -> bool:
        version = door.get("/catalogue").json()["programme_version"]
        found[:] = door.get(f"/catalogue/{version}/products", params={"sort": "points"}).json()["products"]
        return bool(found)

    assert eventually(there, 40)
    answer = door.post("/quotes", json={"lines": [{"asin": found[0]["asin"], "quantity": quantity}]})
    assert answer.status_code == 201, answer.text
    quote = answer.json()
    chosen = door.post(f"/quotes/{quote['quote_id']}/split", json={"points": quote["points_max"]}).json()
    with cloud.query() as connection:
        row = connection.execute("select clock.new_id()::text as key").fetchone()
    assert row is not None
    body = {
        "quote_id": quote["quote_id"],
        "quote_token": quote["quote_token"],
        "points": chosen["points_charged"],
        "money_minor": chosen["money_minor"],
    }
    accepted = door.post("/redemptions", json=body, headers={"Idempotency-Key": row["key"]})
    assert accepted.status_code == 202, accepted.text
    assert eventually(lambda: told(door, row["key"])["status"] == "completed", 60)
    return str(row["key"])


def told(door: httpx.Client, redemption_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = door.get(f"/redemptions/{redemption_id}").json()
    return answer


def becomes(door: httpx.Client, redemption_id: str, status: str) -> bool:
    return eventually(lambda: told(door, redemption_id)["status"] == status, 30)


def test_a_parcel_is_followed_to_the_door(cloud: Connected, door: httpx.Client, panel: httpx.Client) -> None:
    redemption_id = ordered(cloud, door)
    assert panel.post(f"/orders/{redemption_id}/ship").status_code == 303
    # The push says that it left, the look that its hint asks for says what is in it.
    assert becomes(door, redemption_id, "shipped"), told(door, redemption_id)
    (shipment,) = told(door, redemption_id)["shipments"]
    assert shipment["units"] == [{"line_number": 1, "quantity": 2}]
    assert shipment["packages"][0]["tracking_number"].startswith("TBA")
    assert panel.post(f"/orders/{redemption_id}/deliver").status_code == 303
    assert becomes(door, redemption_id, "delivered")
    assert panel.post(f"/orders/{redemption_id}/deliver").status_code == 400
    with cloud.query() as connection:
        rows = connection.execute(
            "select distinct source from orders.package_event where redemption_id = %s", (redemption_id,)
        ).fetchall()
    assert {"push", "details"} <= {row["source"] for row in rows}
    shown = panel.get("/").text
    assert redemption_id in shown
    reading = panel.get("/status.json", params={"execution": redemption_id}).json()
    assert "error" not in reading["orders"]
    # Its way through the machine, to the end.
    marks = reading["machine"]["shown"]["marks"]
    assert marks["Done"] == "passed"
    assert set(marks.values()) == {"passed"}


def test_units_that_amazon_cancels_are_known_after_a_hint(
    cloud: Connected, door: httpx.Client, panel: httpx.Client
) -> None:
    redemption_id = ordered(cloud, door)
    assert panel.post(f"/orders/{redemption_id}/cancel").status_code == 303

    def lost() -> bool:
        with cloud.query() as connection:
            row = connection.execute(
                "select units_lost from orders.follow where redemption_id = %s", (redemption_id,)
            ).fetchone()
        return bool(row and row["units_lost"] == 2)

    assert eventually(lost, 30)


def test_a_forged_push_is_turned_away_at_the_gateway_and_moves_nothing(cloud: Connected, door: httpx.Client) -> None:
    push = {"orderId": "114-0000000-0000000", "shipmentId": "S", "deliveryStatus": "DELIVERED"}
    address = f"{cloud.api('Inbound')}/webhooks/amazon-business/packages"
    for headers in ({}, {"X-Loyalty-Webhook-Secret": "guess"}, {"Authorization": "Bearer nonsense"}):
        assert httpx.post(address, json=push, headers=headers, timeout=30).status_code == 401
    with cloud.query() as connection:
        row = connection.execute("select count(*) as n from orders.stray where amazon_order_id = %s",
                                 (push["orderId"],)).fetchone()  # fmt: skip
    assert row == {"n": 0}


def test_nonsense_at_the_panel_moves_nothing(panel: httpx.Client) -> None:
    assert panel.post(f"/orders/{uuid.uuid4()}/ship").status_code == 400
    assert panel.post(f"/orders/{uuid.uuid4()}/explode").status_code == 400
    assert panel.post("/orders/x/ship").status_code == 404
    assert (
        panel.post(f"/orders/{uuid.uuid4()}/ship", headers={"Origin": "https://elsewhere.example"}).status_code == 403
    )

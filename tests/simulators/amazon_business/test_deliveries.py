"""Orders on their way: what the client reads while the simulator ships, delays, delivers, cancels."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest

from loyalty.orders.amazon_business import (
    AmazonBusiness,
    Asked,
    CredentialsRevoked,
    OrderResult,
    Refused,
    Throttled,
    Unknown,
)
from loyalty.orders.amazon_business import following as reading
from tests.simulators.amazon_business.running import Simulator, line, order

LAMP, TOWEL = "B0BUNDLE00", "B0MAXTWO00"


@pytest.fixture(autouse=True)
def only_by_hand(amazon: Simulator) -> None:
    amazon.put("settings", ship_after_seconds=None, deliver_after_seconds=None)


def placed(client: AmazonBusiness, *quantities: int) -> str:
    """An order with a line of so many of each of these products."""
    asins = (LAMP, "B0DRIFT003", "B0DRIFT010")
    lines = [line(asins[index], quantity, index + 1) for index, quantity in enumerate(quantities or (1,))]
    key = str(uuid4())
    client.place_order(order(key, *lines))
    return key


def details(client: AmazonBusiness, key: str) -> OrderResult:
    found = client.order_details(key)
    assert found is not None
    return found


def today(**changes: Any) -> Asked:
    now = datetime.now(UTC)
    return Asked(now - timedelta(days=2), now, **changes)


def packages(amazon: Simulator, key: str) -> list[dict[str, Any]]:
    return amazon.rows(
        "select s.amazon_order_id, p.* from packages p join shipments s using (shipment_id)"
        " where s.external_id = ? order by shipment_id, package_id",
        key,
    )


def test_units_leave_in_parts_and_each_part_says_how_many(amazon: Simulator, client: AmazonBusiness) -> None:
    key = placed(client, 3)
    amazon.post(f"orders/{key}/ship", units={"1": 1})
    amazon.post(f"orders/{key}/ship", packages=2)
    found = details(client, key)
    assert sorted(units for _, units in found.lines[1].accepted[0].shipped) == [1, 2]
    assert {shipment for shipment, _ in found.lines[1].accepted[0].shipped} == {s.identifier for s in found.shipments}
    assert sorted(len(shipment.packages) for shipment in found.shipments) == [1, 2]
    assert all(package.package_id and package.delivery_latest for s in found.shipments for package in s.packages)
    amazon.post(f"orders/{key}/ship", expected=409)


@pytest.mark.parametrize("units", [{"1": 3}, {"1": 0}, {"1": -1}, {"9": 1}, {"1": "1"}])
def test_what_does_not_wait_cannot_leave_nor_be_cancelled(
    amazon: Simulator, client: AmazonBusiness, units: dict[str, Any]
) -> None:
    key = placed(client, 2)
    expected = {"9": 404, "1": 400 if units.get("1") in (0, -1, "1") else 409}[next(iter(units))]
    for step in ("ship", "cancel"):
        amazon.post(f"orders/{key}/{step}", expected=expected, units=units)
    assert details(client, key).accepted_quantity == 2
    amazon.post("orders/unknown/ship", expected=404)


def test_a_package_goes_only_where_a_package_can_go(amazon: Simulator, client: AmazonBusiness) -> None:
    key = placed(client)
    amazon.post(f"orders/{key}/deliver", expected=409)
    amazon.post(f"orders/{key}/ship")
    amazon.post(f"orders/{key}/return", expected=409)
    amazon.post(f"orders/{key}/teleport", expected=404)
    for step in ("delay", "out-for-delivery", "deliver", "return", "refund"):
        amazon.post(f"orders/{key}/{step}")
    amazon.post(f"orders/{key}/deliver", expected=409)
    (package,) = packages(amazon, key)
    assert package["status"] == "REFUND_ISSUED"


def test_tracking_says_where_a_package_is_and_was(amazon: Simulator, client: AmazonBusiness) -> None:
    key = placed(client)
    amazon.post(f"orders/{key}/ship")
    (package,) = packages(amazon, key)
    where = (package["amazon_order_id"], package["shipment_id"], package["package_id"])
    shipped = client.package_tracking(*where)
    assert shipped is not None
    assert (shipped.status, shipped.tracking_number) == ("SHIPPED", package["tracking_id"])
    amazon.post(f"orders/{key}/delay", days=3)
    delayed = client.package_tracking(*where)
    assert delayed is not None
    assert delayed.status == "DELAYED"
    assert delayed.delivery_latest is not None
    assert shipped.delivery_latest is not None
    assert delayed.delivery_latest - shipped.delivery_latest == timedelta(days=3)
    amazon.post(f"packages/{package['shipment_id']}/{package['package_id']}/deliver")
    delivered = client.package_tracking(*where)
    assert delivered is not None
    assert dict(delivered.milestones)["DELIVERED"] - datetime.now(UTC) < timedelta(minutes=1)
    assert [event.place for event in delivered.events] == ["Kent"] * 3, "whichever name the place has"
    assert client.package_tracking(where[0], where[1], "7") is None
    assert client.package_tracking("114-0000000-0000000", where[1], where[2]) is None


def test_tracking_without_details_is_nothing_and_no_failure(amazon: Simulator, client: AmazonBusiness) -> None:
    key = placed(client)
    amazon.post(f"orders/{key}/ship")
    amazon.put("settings", tracking_empty=True)
    (package,) = packages(amazon, key)
    assert client.package_tracking(package["amazon_order_id"], package["shipment_id"], package["package_id"]) is None


def test_cancelled_units_are_rejected_later_and_missing_in_the_reports(
    amazon: Simulator, client: AmazonBusiness
) -> None:
    key = placed(client, 3, 1)
    numbers = {number: line.order_ids[0] for number, line in details(client, key).lines.items()}
    amazon.post(f"orders/{key}/cancel", units={"1": 2})
    amazon.post(f"orders/{key}/cancel", units={"2": 1})
    found = details(client, key)
    assert [(line.accepted_quantity, line.rejected_quantity) for line in found.lines.values()] == [(1, 2), (0, 1)]
    assert found.lines[1].reasons[0].code == "CANCELLED"
    lines = client.order_line_reports(today(order_ids=tuple(numbers.values())))
    assert {(one.order_id, one.quantity) for one in lines.entries} == {(numbers[1], 1), (numbers[2], 0)}
    cancelled = {one.order_id for one in client.order_reports(today(), ("CANCELLED",)).entries}
    assert numbers[2] in cancelled
    assert numbers[1] not in cancelled


def test_reports_tell_shipments_units_and_packages_by_order(amazon: Simulator, client: AmazonBusiness) -> None:
    key = placed(client, 2, 1)
    amazon.post(f"orders/{key}/ship", packages=2)
    numbers = tuple(line.order_ids[0] for line in details(client, key).lines.values())
    shipments = client.shipment_reports(today(order_ids=numbers)).entries
    assert {(one.status, one.delivery) for one in shipments} == {("SHIPPED", "NOT_DELIVERED")}
    lines = client.shipment_line_reports(today(order_ids=numbers)).entries
    assert {(one.asin, one.quantity, len(one.packages)) for one in lines} == {(LAMP, 2, 2), ("B0DRIFT003", 1, 1)}
    first = next(one for one in packages(amazon, key) if one["amazon_order_id"] == numbers[0])
    amazon.post(f"packages/{first['shipment_id']}/1/deliver")
    assert {one.delivery for one in client.shipment_reports(today(order_ids=numbers)).entries} == {"NOT_DELIVERED"}
    amazon.post(f"orders/{key}/deliver")
    assert {one.delivery for one in client.shipment_reports(today(order_ids=numbers)).entries} == {"DELIVERED"}
    assert client.order_reports(today(), ("CLOSED",)).entries


def test_reports_come_in_pages_that_belong_to_their_parameters(amazon: Simulator, client: AmazonBusiness) -> None:
    amazon.put("settings", report_page_size=2)
    keys = [placed(client) for _ in range(3)]
    numbers = tuple(details(client, key).lines[1].order_ids[0] for key in keys)
    asked = today(order_ids=numbers)
    page = client.order_line_reports(asked)
    assert len(page.entries) == 2
    rest = client.order_line_reports(Asked(asked.start, asked.end, numbers, page.next_token))
    assert rest.next_token is None
    assert {one.order_id for one in (*page.entries, *rest.entries)} == set(numbers)
    with pytest.raises(Refused):
        client.order_line_reports(Asked(asked.start, asked.end, numbers[:2], page.next_token))
    with pytest.raises(Refused):
        client.order_line_reports(Asked(asked.start, asked.end, numbers, "made up"))


def test_reports_of_too_many_days_or_orders_or_of_tomorrow_are_refused(client: AmazonBusiness) -> None:
    now = datetime.now(UTC)
    with pytest.raises(ValueError, match="366"):
        client.shipment_reports(Asked(now - timedelta(days=367), now))
    with pytest.raises(ValueError, match="30"):
        client.shipment_reports(Asked(now - timedelta(days=1), now, tuple(map(str, range(31)))))
    with pytest.raises(Refused):
        client.shipment_reports(Asked(now, now + timedelta(days=1)))
    with pytest.raises(Refused):
        client.order_reports(today(), ("LOST",))


@pytest.mark.parametrize(
    ("kind", "error"),
    [("error_429", Throttled), ("error_500", Unknown), ("malformed_reply", Unknown), ("timeout_before", Unknown)],
)
def test_every_new_operation_fails_in_the_clients_own_words(
    amazon: Simulator, client: AmazonBusiness, kind: str, error: type[Exception]
) -> None:
    for operation, call in {
        "packageTracking": lambda: client.package_tracking("1", "2", "3"),
        "orderReports": lambda: client.order_reports(today()),
        "orderLineItemReports": lambda: client.order_line_reports(today()),
        "shipmentReports": lambda: client.shipment_reports(today()),
        "shipmentLineItemReports": lambda: client.shipment_line_reports(today()),
    }.items():
        if operation == "packageTracking" and kind == "malformed_reply":
            continue  # there is no such package, so there is nothing to spoil
        amazon.fault(operation, kind)
        with pytest.raises(error):
            call()


def test_revoked_credentials_are_told_as_such(amazon: Simulator, client: AmazonBusiness) -> None:
    amazon.fault("*", "credentials_revoked", None)
    with pytest.raises(CredentialsRevoked):
        client.shipment_reports(today())


def test_by_the_clock_orders_are_shipped_and_delivered(amazon: Simulator, client: AmazonBusiness) -> None:
    key = placed(client)
    amazon.put("settings", ship_after_seconds=0, deliver_after_seconds=0)
    details(client, key)
    (package,) = packages(amazon, key)
    assert package["status"] == "DELIVERED"
    steps = amazon.rows("select status from package_events where shipment_id = ? order by id", package["shipment_id"])
    assert [one["status"] for one in steps] == ["SHIPPED", "OUT_FOR_DELIVERY", "DELIVERED"]


# ---- what is told ------------------------------------------------------------------------------------------------


class _Webhook:
    """Remembers what was posted to it."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.statuses.pop(0) if outer.statuses else 200
                if status == 200:
                    outer.posts.append((dict(self.headers), body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def pushes(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.posts]


@pytest.fixture
def webhook(amazon: Simulator) -> Iterator[_Webhook]:
    hook = _Webhook()
    amazon.put("settings", push_url=hook.url, push_secret="s3cret")
    yield hook
    amazon.put("settings", push_url="", hint_topic_arn="")
    hook.server.shutdown()


def drained(amazon: Simulator) -> None:
    for _ in range(10):
        amazon.post("notices/send")
        if not amazon.rows("select 1 from notices"):
            return


def test_steps_are_pushed_with_the_secret_and_the_published_names(
    amazon: Simulator, client: AmazonBusiness, webhook: _Webhook
) -> None:
    key = placed(client)
    for step in ("ship", "out-for-delivery", "deliver", "return"):
        amazon.post(f"orders/{key}/{step}")
    drained(amazon)
    told = {(push["deliveryStatus"], push["detailedTrackingStatus"]) for push in webhook.pushes}
    assert told == {
        ("SHIPPED", "PACKAGE_DEPARTED_FROM_FC_SHIPPER_SELLER"),
        ("OUT_FOR_DELIVERY", "PACKAGE_OUT_FOR_DELIVERY"),
        ("DELIVERED", "PACKAGE_DELIVERED_TO_CUSTOMER"),
    }, "a return is not pushed"
    assert {headers["X-Loyalty-Webhook-Secret"] for headers, _ in webhook.posts} == {"s3cret"}
    (package,) = packages(amazon, key)
    push = webhook.pushes[0]
    assert (push["orderId"], push["shipmentId"]) == (package["amazon_order_id"], package["shipment_id"])
    assert (push["packageId"], push["trackingId"]) == (package["package_id"], package["tracking_id"])
    assert abs(push["eventTimeStampInEpochMillis"] / 1000 - datetime.now(UTC).timestamp()) < 60


def test_pushes_are_lost_and_doubled_when_asked_for(
    amazon: Simulator, client: AmazonBusiness, webhook: _Webhook
) -> None:
    amazon.put("settings", push_lost_percent=100)
    amazon.post(f"orders/{placed(client)}/ship")
    drained(amazon)
    assert webhook.pushes == []
    amazon.put("settings", push_lost_percent=0, push_doubled_percent=100)
    amazon.post(f"orders/{placed(client)}/ship")
    drained(amazon)
    assert len(webhook.pushes) >= 2
    assert len({json.dumps(push) for push in webhook.pushes}) == 1


def test_a_push_that_is_not_taken_comes_again(amazon: Simulator, client: AmazonBusiness, webhook: _Webhook) -> None:
    webhook.statuses = [500, 503]
    amazon.post(f"orders/{placed(client)}/ship")
    drained(amazon)
    assert webhook.pushes


def test_a_hint_is_published_as_sns_is_asked_to_publish(
    amazon: Simulator, client: AmazonBusiness, webhook: _Webhook
) -> None:
    amazon.put("settings", push_url="", hint_endpoint=webhook.url, hint_topic_arn="arn:aws:sns:us-east-1:0:hints")
    key = placed(client)
    amazon.post(f"orders/{key}/ship")
    drained(amazon)
    body = webhook.posts[0][1].decode()
    assert "Action=Publish" in body
    assert "TopicArn=arn%3Aaws%3Asns" in body
    assert key in body


def test_the_secret_is_not_shown_by_the_control_plane(amazon: Simulator, webhook: _Webhook) -> None:
    assert amazon.put("settings")["push_secret"] == "set"


# ---- lenient reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"packageTrackingDetails": None}, {"packageTrackingDetails": []}, {"packageTrackingDetails": "x"},
    ],
)  # fmt: skip
def test_odd_tracking_is_nothing(body: Any) -> None:
    assert reading.tracking(body) is None


def test_a_new_status_and_missing_fields_are_kept_as_they_are() -> None:
    odd = {
        "trackingStatus": "BEAMED_UP",
        "deliveryWindow": [],
        "carrierDetails": None,
        "packageTrackingEvents": [{"location": "Kent"}, "x", {"eventLocation": {"city": "Kent"}}],
        "packageMilestones": [{"milestoneType": "SHIPPED"}, {"milestoneWindow": {}}],
    }
    found = reading.tracking({"packageTrackingDetails": odd})
    assert found is not None
    assert (found.status, found.carrier, found.milestones) == ("BEAMED_UP", None, ())
    assert [event.place for event in found.events] == ["", "Kent"]


def test_a_report_without_its_list_is_no_answer_and_an_entry_without_ids_is_left_out() -> None:
    for body in (None, [], {}, {"shipmentsReport": None}):
        with pytest.raises(Unknown):
            reading.shipment_reports(body)
    entries = [{}, {"orderMetadata": {"orderId": "1"}}, {"orderMetadata": [], "shipmentMetadata": {"shipmentId": "2"}}]
    whole = {"orderMetadata": {"orderId": "1"}, "shipmentMetadata": {"shipmentId": "2", "shipmentDate": "2026-11-22"}}
    page = reading.shipment_reports({"shipmentsReport": [*entries, whole, "x"], "nextPageToken": 5})
    assert [(one.order_id, one.shipment_id, one.status) for one in page.entries] == [("1", "2", "")]

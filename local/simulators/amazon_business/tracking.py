"""Package Tracking 2025-07-02: one package, where it is and where it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from local.simulators.amazon_business.errors import Answer, invalid
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.store import Store

KEPT_DAYS = 90

WORDS = {
    "SHIPPED": "Package left the shipper facility.",
    "OUT_FOR_DELIVERY": "Package is out for delivery.",
    "DELIVERED": "Package delivered near the front door or porch.",
    "DELAYED": "Package is running late.",
    "UNDELIVERABLE": "Package could not be delivered and goes back.",
    "AVAILABLE_FOR_PICKUP": "Package is ready for pickup.",
    "CUSTOMER_ACTION": "The carrier needs something from you.",
    "RETURNED": "Package came back.",
    "REFUND_ISSUED": "A refund was issued.",
}
MILESTONES = ("DELIVERED", "OUT_FOR_DELIVERY", "SHIPPED")


def details(store: Store, gate: Gate, path: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    """The package's details. Raises Answer: 400 without its region, 404 if there is none or it is too old."""
    if query.get("region") != gate.setting("region"):
        raise invalid("Missing required request parameters: [region]")
    row = store.one(
        "select p.*, s.shipped_at, s.promised_start, o.placed_at from packages p join shipments s using (shipment_id)"
        " join orders o using (external_id)"
        " where s.amazon_order_id = ? and p.shipment_id = ? and p.package_id = ?",
        path["order_id"],
        path["shipment_id"],
        path["package_id"],
    )
    if row is None or datetime.fromisoformat(row["shipped_at"]) < gate.now() - timedelta(days=KEPT_DAYS):
        raise Answer(404, "PAGE_NOT_FOUND", "No such package in the last 90 days")
    if gate.setting("tracking_empty"):
        return {}  # as it happens in production
    events = store.all(
        "select status, at from package_events where shipment_id = ? and package_id = ? order by at desc, id desc",
        path["shipment_id"],
        path["package_id"],
    )
    reached = {event["status"]: event["at"] for event in reversed(events)}
    over = row["status"] == "DELIVERED"
    return {
        "packageTrackingDetails": {
            "trackingStatus": row["status"],
            "localizedDeliveryPromise": WORDS.get(row["status"], row["status"]),
            "deliveryWindow": {"endDate": _z(reached["DELIVERED"])}
            if over
            else {"startDate": _z(row["promised_start"]), "endDate": _z(row["promised_end"])},
            "carrierDetails": {"localizedCarrierName": row["carrier"], "carrierTrackingId": row["tracking_id"]},
            "packageTrackingEvents": [
                _event(event["status"], event["at"], index) for index, event in enumerate(events)
            ],
            "packageMilestones": [
                {"milestoneType": status, "milestoneWindow": {"endDate": _z(reached[status])}}
                for status in MILESTONES
                if status in reached
            ]
            + [{"milestoneType": "ORDERED", "milestoneWindow": {"endDate": _z(row["placed_at"])}}],
        }
    }


def _event(status: str, at: str, index: int) -> dict[str, Any]:
    instant = datetime.fromisoformat(at)
    event: dict[str, Any] = {
        "localizedDescription": WORDS.get(status, status),
        "localizedEventDate": f"{instant:%A, %B} {instant.day}",
        "localizedEventTime": f"{instant:%I:%M %p}".lstrip("0"),
    }
    # The specification says one, production says the other.
    event["location" if index % 2 == 0 else "eventLocation"] = {"city": "Kent", "state": "WA", "country": "US"}
    return event


def _z(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Announcements of a package's steps: pushes to a webhook, and hints to an SNS topic. Late, doubled or lost on demand.

A push is what Amazon sends for orders placed by the API: ids, a time in milliseconds and two statuses. A hint says
only that an order has changed; it is published by SNS's own call, unsigned: the laptop's cloud asks for no signature.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import urllib3

from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.store import Store

TICK_SECONDS = 0.5
MAX_ATTEMPTS = 5
SECRET_HEADER = "X-Loyalty-Webhook-Secret"  # noqa: S105 - a header's name

# What is pushed for a status of Package Tracking: (deliveryStatus, detailedTrackingStatus). The others are not pushed.
PUSHED = {
    "SHIPPED": ("SHIPPED", "PACKAGE_DEPARTED_FROM_FC_SHIPPER_SELLER"),
    "OUT_FOR_DELIVERY": ("OUT_FOR_DELIVERY", "PACKAGE_OUT_FOR_DELIVERY"),
    "DELIVERED": ("DELIVERED", "PACKAGE_DELIVERED_TO_CUSTOMER"),
    "DELAYED": ("DELAYED", "PACKAGE_ESTIMATED_DELIVERY_DATE_CHANGED"),
    "AVAILABLE_FOR_PICKUP": ("DELIVERED", "PACKAGE_AVAILABLE_FOR_PICKUP"),
}


def announce(store: Store, gate: Gate, shipment_id: str, package_id: str, status: str, at: datetime) -> None:
    """Put what is to be told of this step into the outgoing notices."""
    row = store.one(
        "select p.tracking_id, s.amazon_order_id, s.external_id, o.purchase_order_number from packages p"
        " join shipments s using (shipment_id) join orders o using (external_id)"
        " where p.shipment_id = ? and p.package_id = ?",
        shipment_id,
        package_id,
    )
    assert row is not None
    if status in PUSHED and gate.setting("push_url"):
        delivery, detailed = PUSHED[status]
        push = {
            "orderId": row["amazon_order_id"],
            "trackingId": row["tracking_id"],
            "shipmentId": shipment_id,
            "packageId": package_id,
            "poNumber": row["purchase_order_number"],
            "eventTimeStampInEpochMillis": int(at.timestamp() * 1000),
            "deliveryStatus": delivery,
            "detailedTrackingStatus": detailed,
        }
        _keep(store, "push", push)
    hint(store, gate, row["external_id"], row["amazon_order_id"], at)


def hint(store: Store, gate: Gate, external_id: str, amazon_order_id: str, at: datetime) -> None:
    """Say that an order has changed, if there is a topic to say it to."""
    if gate.setting("hint_topic_arn"):
        _keep(
            store,
            "hint",
            {"eventType": "ORDER_UPDATED", "externalId": external_id, "orderId": amazon_order_id, "at": at.isoformat()},
        )


def _keep(store: Store, kind: str, body: dict[str, Any]) -> None:
    store.run("insert into notices(kind, body, attempts) values (?, ?, 0)", kind, json.dumps(body))


class Messenger:
    """Sends the notices. Everything about the store happens in the server's one thread, only HTTP in another."""

    def __init__(self, store: Store, gate: Gate) -> None:
        self._store = store
        self._gate = gate
        self._http = urllib3.PoolManager(maxsize=4, timeout=urllib3.Timeout(connect=2, read=10), retries=False)

    async def run(self, advance: Any) -> None:
        """For ever: let time do its work, then tell of it."""
        while True:
            with suppress(Exception):  # the next tick tries again
                advance()
                await self.send_all()
            await asyncio.sleep(TICK_SECONDS)

    async def send_all(self) -> int:
        """Send what waits; lost ones vanish, doubled ones go twice. How many calls were made."""
        rows = self._store.all("select id, kind, body from notices order by id limit 200")
        if self._gate.setting("push_shuffled"):
            rows = rows[::-1]
        calls = 0
        for row in rows:
            chance = int(hashlib.sha256(f"{row['id']}".encode()).hexdigest()[:8], 16) % 100
            times = 0 if chance < self._gate.setting("push_lost_percent") else 1
            if times and 99 - chance < self._gate.setting("push_doubled_percent"):
                times = 2
            sent = True
            for _ in range(times):
                calls += 1
                sent = await asyncio.to_thread(self._send, row["kind"], row["body"]) and sent
            if sent:
                self._store.run("delete from notices where id = ?", row["id"])
            else:
                self._store.run("update notices set attempts = attempts + 1 where id = ?", row["id"])
                self._store.run("delete from notices where attempts >= ?", MAX_ATTEMPTS)
        return calls

    def _send(self, kind: str, body: str) -> bool:
        try:
            if kind == "push":
                answer = self._http.request(
                    "POST",
                    self._gate.setting("push_url"),
                    body=body,
                    headers={"content-type": "application/json", SECRET_HEADER: self._gate.setting("push_secret")},
                )
            else:
                arn = self._gate.setting("hint_topic_arn")
                fields = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": arn, "Message": body}
                answer = self._http.request(
                    "POST",
                    self._gate.setting("hint_endpoint"),
                    body=urlencode(fields),
                    headers={
                        "content-type": "application/x-www-form-urlencoded",
                        "authorization": "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/sns/aws4_request,"
                        " SignedHeaders=host, Signature=unsigned",
                    },
                )
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status < 300

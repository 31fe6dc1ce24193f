"""A redemption as a person reads it: one status, in plain words, and what happened when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.redemptions.redeeming import not_found

STATUS_WORDS = {
    "waiting": "We have your order. You can still cancel it or change the address.",
    "step_up": "Please confirm that it is you: we send a code to the e-mail address that you have had for a while.",
    "checking": "One of us is looking at your order before it is placed. Your points are safe.",
    "awaiting_payment": "Please approve the payment.",
    "ordering": "We are ordering it for you.",
    "completed": "Ordered. It is on its way to you.",
    "partially_completed": "Part of it is ordered. Points and money for the rest are back with you.",
    "partly_shipped": "Part of it is on its way to you.",
    "shipped": "It is on its way to you.",
    "partly_delivered": "Part of it has arrived.",
    "delivered": "It has arrived.",
    "not_delivered": "The shop could not deliver it. Points and money for it come back to you.",
    "cancelled": "Cancelled. Your points are back.",
    "cancelling": "Cancelled. Your points come back as soon as the payment is closed.",
    "payment_declined": "The payment was declined. Your points are back.",
    "payment_abandoned": "The payment was not approved in time. Your points are back.",
    "rejected": "The shop cannot deliver this at the promised price. Your points are back; please ask for a new price.",
    "expired": "It could not be ordered in time. Your points are back.",
    "failed": "Something went wrong on our side. Your points are back.",
    "in_review": "This takes longer than usual. One of us is looking at it; your points are safe.",
}

EVENT_WORDS = {
    "redeemed": "Redeemed",
    "address_changed": "Address changed",
    "cancelled": "Cancelled",
    "payment_asked": "Payment approval asked for",
    "payment_approved": "Payment approved",
    "payment_declined": "Payment declined",
    "payment_abandoned": "Payment not approved",
    "ordering": "Sent to be ordered",
    "accepted": "Ordered in full",
    "partially_accepted": "Ordered in part",
    "rejected": "The shop could not accept it",
    "expired": "Not ordered in time",
    "failed": "Could not be carried out",
    "points_returned": "Points returned",
    "units_cancelled": "The shop will not deliver it; points and money are on their way back",
    "units_returned": "Returned; points and money are on their way back",
    "in_review": "A person is looking at it",
    "closed": "Closed",
    "step_up": "Your confirmation asked for",
    "confirmed": "Confirmed by you",
    "not_confirmed": "Not confirmed in time",
    "checking": "A person is looking at it",
    "frozen": "Stopped: spending is frozen",
    "approved": "Looked at and let through",
    "not_approved": "Looked at and not let through",
    "looked_at": "A person has looked at it",
}

PACKAGE_WORDS = {
    "ordered": "Being prepared",
    "shipped": "On its way",
    "out_for_delivery": "Out for delivery",
    "delivered": "Delivered",
    "for_pickup": "Ready to be picked up",
    "delayed": "Delayed",
    "undeliverable": "Could not be delivered",
    "returned": "Went back",
    "refunded": "Went back and was refunded",
}

# Amazon's words for a package's steps; others are told as they are.
STEP_WORDS = {
    "ORDERED": "Being prepared",
    "SHIPPED": "Handed to the carrier",
    "OUT_FOR_DELIVERY": "Out for delivery",
    "DELIVERED": "Delivered",
    "DELAYED": "Delayed",
    "AVAILABLE_FOR_PICKUP": "Ready to be picked up",
    "UNDELIVERABLE": "Could not be delivered",
    "RETURNED": "Went back",
    "REFUND_ISSUED": "Refunded",
    "CUSTOMER_ACTION": "The carrier needs something from you",
}

# How far an order is, where that says more than that it was placed.
_ON_ITS_WAY = {
    "partly_shipped": "partly_shipped",
    "shipped": "shipped",
    "partly_delivered": "partly_delivered",
    "delivered": "delivered",
    "cancelled": "not_delivered",
}

REASON_WORDS = {
    "BrokenUnitPriceExpectation": "The price has risen too much.",
    "BrokenChargeExpectation": "Shipping or tax has risen too much.",
    "UnavailableQuantity": "Not enough of it is left.",
    "AvailableQuantity": "Not enough of it is left.",
    "AgeRestriction": "It may not be sold to everybody.",
    "DeliveryTimeRangeIncongruity": "It cannot be delivered in time.",
}


_BEFORE_THE_ORDER = {
    "held": "waiting",
    "step_up": "step_up",
    "review": "checking",
    "awaiting_payment": "awaiting_payment",
}


@dataclass(frozen=True, slots=True)
class Status:
    """`code` is one of the outward statuses, `words` say it."""

    code: str
    words: str


def status_of(row: Mapping[str, Any]) -> Status:
    """The outward status of a redemption's row: state, outcome, review_reason, payment_state, and progress, the order's
    way as a word. What is paid may still be changed until it is ordered."""
    state, outcome = row["state"], row["outcome"]
    if state == "closed" and outcome in ("completed", "partially_completed") and row["progress"] in _ON_ITS_WAY:
        code = _ON_ITS_WAY[row["progress"]]
    elif state == "closed" or (state == "cancelled" and row["released_points"] == row["points"] > 0):
        code = outcome
    elif state == "cancelled":
        return Status("cancelled", STATUS_WORDS["cancelling"])
    elif state == "failed":
        code = outcome
    elif row["review_reason"] == "order_unknown":
        code = "in_review"
    elif state == "awaiting_payment" and row["payment_state"] == "authorised":
        code = "waiting"
    else:
        code = _BEFORE_THE_ORDER.get(state, "ordering")
    words = STATUS_WORDS[code]
    if state == "failed":
        words = words.replace("points are back", "points are coming back")
    # `expired` and `failed` are kinds of "it did not work": outside they are one status with words of their own.
    return Status("rejected" if code in ("expired", "failed") else code, words)


def overview(connection: Connection, program_id: int, member_id: int, redemption_id: UUID) -> dict[str, Any]:
    """The member's own redemption. Raises Refusal (not found), also for somebody else's."""
    row = connection.execute(
        "select redemptions.overview(%s, %s, %s) as document", (program_id, member_id, redemption_id)
    ).fetchone()
    if row is None or row["document"] is None:
        raise not_found()
    return _told(row["document"])


def overview_for_staff(connection: Connection, program_id: int, redemption_id: UUID) -> dict[str, Any]:
    """Anybody's redemption in the programme, for staff. Raises Refusal (not found)."""
    row = connection.execute(
        "select redemptions.overview_for_staff(%s, %s) as document", (program_id, redemption_id)
    ).fetchone()
    if row is None or row["document"] is None:
        raise not_found()
    document = row["document"]
    return {
        **_told(document),
        "state": document["state"],
        "review_reason": document["review_reason"],
        "case_id": document["case_id"],
        "order_state": document["order_state"],
    }


def listed(
    connection: Connection, program_id: int, member_id: int, before: UUID | None = None, page_size: int = 20
) -> list[dict[str, Any]]:
    """The member's redemptions, newest first; `before` continues after the last one of a page."""
    rows = connection.execute(
        "select * from redemptions.list(%s, %s, %s, %s)", (program_id, member_id, before, page_size)
    ).fetchall()
    return [
        {
            "redemption_id": str(row["redemption_id"]),
            "status": status_of(row).code,
            "words": status_of(row).words,
            "points": row["points"],
            "money_minor": row["money_minor"],
            "currency": row["currency"],
            "points_spent": row["settled_points"],
            "points_returned": row["released_points"],
            "created_at": row["created_at"].isoformat(),
            "closed_at": row["closed_at"].isoformat() if row["closed_at"] else None,
            "titles": row["titles"],
            "image_url": row["image_url"],
        }
        for row in rows
    ]


def _told(document: dict[str, Any]) -> dict[str, Any]:
    progress = document["progress"]
    payment = document["payment"]
    known = {"progress": progress and progress["progress"], "payment_state": payment and payment["state"]}
    status = status_of({**document, **known})
    return {
        "redemption_id": document["redemption_id"],
        "status": status.code,
        "words": status.words,
        "points": document["points"],
        "money_minor": document["money_minor"],
        "currency": document["currency"],
        "points_spent": document["settled_points"],
        "points_returned": document["released_points"],
        "money_accepted_minor": document["accepted_money_minor"],
        "partial_policy": document["partial_policy"],
        "capture_at": document["capture_at"],
        "address_id": document["address_id"],
        "as_of": document["as_of"],
        "may_cancel": document["may_cancel"],
        "confirm_until": document["confirm_until"],
        "may_change_address": document["may_change"],
        "created_at": document["created_at"],
        "may_change_until": document["release_at"],
        "closed_at": document["closed_at"],
        "lines": [_line(line, document["parts"]) for line in document["lines"]],
        "shipments": [_shipment(shipment) for shipment in progress["shipments"]] if progress else [],
        "given_back": document["given_back"],
        "queue": _queue(document),
        "payment": payment
        and {
            "state": payment["state"],
            "approval_url": payment["approval_url"],
            "amount_minor": payment["amount_minor"],
            "authorised_minor": payment["authorised_minor"],
            "captured_minor": payment["captured_minor"],
            "approve_until": document["approve_until"],
        },
        "timeline": [_event(event) for event in document["events"]],
    }


def _line(line: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    own = [part for part in parts if part["line_number"] == line["line_number"]]
    return {
        **{name: line[name] for name in ("line_number", "asin", "title", "image_url", "quantity", "unit_points")},
        "unit_money_minor": line["unit_money_minor"],
        "accepted_quantity": line["accepted_quantity"],
        "given_back": line["given_back"],
        "reasons": [REASON_WORDS.get(reason, "The shop could not accept it.") for reason in line["reasons"]],
        "orders": [
            {
                "amazon_order_id": part["amazon_order_id"],
                "quantity": part["quantity"],
                "delivery_earliest": part["delivery_earliest"],
                "delivery_latest": part["delivery_latest"],
            }
            for part in own
        ],
    }


def _shipment(shipment: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: shipment[name] for name in ("amazon_order_id", "shipped_at", "delivered_at", "units")},
        "shipment_id": shipment["shipment_key"],
        "packages": [_package(package) for package in shipment["packages"]],
    }


def _package(package: dict[str, Any]) -> dict[str, Any]:
    state = package["state"]
    if package["trouble"] and state != "delivered":
        status = package["trouble"]
    elif package["for_pickup"]:
        status = "for_pickup"
    elif package["delayed"]:
        status = "delayed"
    else:
        status = state
    named = ("carrier", "promised_from", "promised_to", "shipped_at", "delivered_at")
    return {
        **{name: package[name] for name in named},
        "package_id": package["package_key"],
        "tracking_number": package["tracking"],
        "status": status,
        "words": PACKAGE_WORDS[status],
        "events": [
            {"status": event["status"], "at": event["at"], "words": STEP_WORDS.get(event["status"], event["status"])}
            for event in package["events"]
        ],
    }


def _queue(document: dict[str, Any]) -> dict[str, Any] | None:
    queue = document["queue"]
    if queue is None:
        return None
    seconds = queue["wait_seconds"]
    if seconds is None:
        words = "Orders are paused at the moment. Yours keeps its place."
    elif seconds < 60:
        words = "It is your turn within a minute."
    else:
        words = f"It is your turn in about {-(-seconds // 60)} minutes."
    return {"orders_ahead": queue["orders_ahead"], "expected_wait_seconds": seconds, "words": words}


def _event(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": event["kind"],
        "at": event["at"],
        "words": EVENT_WORDS.get(event["kind"], event["kind"]),
        "detail": {name: value for name, value in event["detail"].items() if name != "reason"},
    }

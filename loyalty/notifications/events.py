"""Which events members hear of, and how: the message, what it is about, and until when anybody wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

PARCEL, PAYMENT = "parcel", "payment"
DAY = 24


class NotAnEvent(Exception):
    """What came is no event of ours; a person must look at it."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the bus, checked as far as this room relies on it."""

    event_id: UUID
    program_id: int
    topic: str
    occurred_at: datetime
    member_id: int
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Telling:
    """A message about an event. `about` and `stage`: what came later is not followed by the earlier, nor by itself."""

    template: str
    stale_hours: int = 7 * DAY
    about: str | None = None
    stage: int = 0


_PLAIN: Mapping[str, Telling] = {
    "redemption.confirmed": Telling("order-confirmed"),
    # As staff were asked to: the same words once more.
    "redemption.told_again": Telling("order-confirmed"),
    "redemption.confirmation_asked": Telling("order-confirmation-asked", DAY),
    "shipment.shipped": Telling("shipment-shipped", about=PARCEL, stage=1),
    "shipment.delayed": Telling("shipment-delayed", about=PARCEL, stage=2),
    "shipment.out_for_delivery": Telling("shipment-out-for-delivery", 18, PARCEL, 3),
    "shipment.delivered": Telling("shipment-delivered", about=PARCEL, stage=4),
    "shipment.undeliverable": Telling("shipment-undeliverable", about=PARCEL, stage=5),
    "shipment.sent_back": Telling("shipment-sent-back", about=PARCEL, stage=5),
    "units.cancelled": Telling("units-cancelled"),
    "units.returned": Telling("units-returned"),
    "payment.failed": Telling("payment-failed", about=PAYMENT, stage=1),
    "payment.refunded": Telling("payment-refunded"),
    "document.ready": Telling("document-ready", 30 * DAY),
    "points.earned": Telling("points-earned"),
    "points.expiring": Telling("points-expiring", 5 * DAY),
    "points.redeemed": Telling("points-redeemed"),
    "points.returned": Telling("points-returned"),
    "points.adjusted": Telling("points-adjusted"),
    "member.tier_changed": Telling("tier-changed"),
    "member.closing": Telling("membership-closing", 30 * DAY),
    "member.closed": Telling("membership-closed"),
    "security.contact_changed": Telling("security-contact-changed", 30 * DAY),
    "security.password_changed": Telling("security-password-changed", 30 * DAY),
    "security.redeemed": Telling("security-redeemed", 3 * DAY),
    "wish.available": Telling("wish-available", 2 * DAY),
    "case.opened": Telling("case-opened"),
    "case.message": Telling("case-message"),
    "case.decided": Telling("case-decided", 30 * DAY),
}
# Whoever cancelled is told that it is done as they asked; who did not answer us, and whom we refused, that it is not.
_CANCELLED = {"not_confirmed": "order-not-confirmed", "not_approved": "order-failed"}
TOPICS = frozenset({*_PLAIN, "redemption.failed", "redemption.cancelled"})


def read(topic: Any, detail: Any) -> Event:
    """The event in a message of the bus. Raises NotAnEvent, without quoting what came."""
    try:
        payload = detail["payload"]
        event = Event(
            event_id=UUID(detail["event_id"]),
            program_id=_whole(detail["program_id"], 31),
            topic=str(topic),
            occurred_at=datetime.fromisoformat(detail["occurred_at"]),
            member_id=_whole(payload["member_id"], 63),
            payload=payload,
        )
        if "redemption_id" in payload:
            UUID(payload["redemption_id"])
        if "expires_on" in payload:
            datetime.fromisoformat(payload["expires_on"])
        if "until" in payload and datetime.fromisoformat(payload["until"]).tzinfo is None:
            raise ValueError
        if event.occurred_at.tzinfo is None:
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotAnEvent("the message is no event of the outbox") from None
    return event


def telling(event: Event) -> Telling | None:
    """How members hear of it; None: they do not."""
    found = _PLAIN.get(event.topic)
    if event.topic == "redemption.failed":
        # Whoever has not paid knows why; that it failed is told once, here or by the payment itself.
        unpaid = str(event.payload.get("outcome", "")).startswith("payment_")
        found = Telling("payment-failed", about=PAYMENT, stage=1) if unpaid else Telling("order-failed")
    elif event.topic == "member.tier_changed" and event.payload.get("direction") != "up":
        found = Telling("tier-lowered")
    elif event.topic == "member.tier_changed" and event.payload.get("cause") == "granted":
        found = Telling("tier-granted")
    elif event.topic == "redemption.cancelled":
        found = Telling(_CANCELLED.get(str(event.payload.get("cancelled_by")), "order-cancelled"))
    elif (
        event.topic in ("redemption.confirmed", "redemption.told_again")
        and event.payload.get("outcome") == "partially_completed"
    ):
        found = Telling("order-partly-confirmed")
    if found is None or found.about is None:
        return found
    names = [event.payload.get("redemption_id")]
    if found.about == PARCEL:
        names += [event.payload.get("shipment_key"), event.payload.get("package_key")]
    about = " ".join([found.about, *(str(name) for name in names if name is not None)])
    return Telling(found.template, found.stale_hours, about[:300], found.stage)


def _whole(value: Any, bits: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**bits:
        raise ValueError
    return value

"""What was heard of an order, by whoever said it, in the one form that `redemptions.observe` joins into what is known.

An observation holds ids, words of Amazon's, counts and times; never a name, an address or a place. Text from outside is
cut to a length, a time that makes no sense is left out, and a word that we do not know is kept as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from loyalty.database import Connection
from loyalty.orders.amazon_business import OrderResult, ShipmentLineReport, ShipmentReport, Tracking

# Longest id, number or word that is kept.
LONGEST = 100
LONGEST_QUARANTINED = 64 * 1024
# Of Package Tracking's milestones; a time ahead of the answer is a promise and not something that has happened.
_MILESTONES = ("SHIPPED", "OUT_FOR_DELIVERY", "DELIVERED")
# Behind a facility's step comes the city it is in, which may be the member's.
_DETAIL = re.compile(r"[A-Z][A-Z_]{2,60}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000  # 2000 to 2100

type Observation = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of an observation: `outcome` joined, known, hinted or unknown_order."""

    outcome: str
    program_id: int | None = None
    redemption_id: UUID | None = None


class Malformed(Exception):
    """It came from somebody whom we believe and cannot be read; the text says what is missing."""


def observe(connection: Connection, source: str, observation: Observation) -> Heard:
    """Join it into what is known; doing it again changes nothing. `source` push, report, details, tracking or hint."""
    row = connection.execute("select redemptions.observe(%s, %s) as answer", (source, Jsonb(observation))).fetchone()
    assert row is not None
    answer = row["answer"]
    redemption_id = answer.get("redemption_id")
    return Heard(answer["outcome"], answer.get("program_id"), UUID(redemption_id) if redemption_id else None)


def quarantine(connection: Connection, source: str, text: str, reason: str) -> None:
    """Keep what cannot be read, for a person."""
    kept = {"reason": reason, "text": _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text[:LONGEST_QUARANTINED])}
    connection.execute("select orders.quarantine(%s, %s)", (source, Jsonb(kept)))


def follow_up(connection: Connection, program_id: int, redemption_id: UUID) -> int:
    """Do what is owed of an order that was heard of before its redemption was settled. How many things were done."""
    row = connection.execute("select redemptions.follow_up(%s, %s) as done", (program_id, redemption_id)).fetchone()
    assert row is not None
    return int(row["done"])


def purge(connection: Connection, most: int = 1000) -> int:
    """Let go of what could not be used 90 days ago. How much that was."""
    row = connection.execute("select orders.purge_strays(%s) as gone", (most,)).fetchone()
    assert row is not None
    return int(row["gone"])


# ---- what comes by itself ----------------------------------------------------------------------------------------


def from_push(body: Any) -> Observation:
    """A package's step as Amazon pushes it. Raises Malformed without an order, a package or a status."""
    if not isinstance(body, dict):
        raise Malformed("no object")
    order_id = _word(body.get("orderId"))
    shipment, package, tracking = (_word(body.get(name)) for name in ("shipmentId", "packageId", "trackingId"))
    status = _word(body.get("deliveryStatus"))
    if order_id is None:
        raise Malformed("no orderId")
    if status is None:
        raise Malformed("no deliveryStatus")
    if shipment is None and tracking is None:
        raise Malformed("neither shipmentId nor trackingId")
    occurred_at = _epoch_ms(body.get("eventTimeStampInEpochMillis"))
    detail = _DETAIL.match(str(body.get("detailedTrackingStatus") or ""))
    return _without_nothing(
        {
            "amazon_order_id": order_id,
            "said_at": occurred_at,
            "packages": [
                _without_nothing(
                    {
                        "shipment_id": shipment,
                        "package_id": package,
                        "tracking": tracking,
                        "status": status,
                        "detail": detail[0] if detail else None,
                        "occurred_at": occurred_at,
                    }
                )
            ],
        }
    )


def from_hint(body: Any) -> Observation:
    """Which order a hint is about, out of whatever it holds. Raises Malformed if it names none."""
    if isinstance(body, dict) and isinstance(body.get("Message"), str):
        try:
            body = json.loads(body["Message"])
        except (ValueError, RecursionError):
            raise Malformed("its message is no JSON") from None
    if not isinstance(body, dict):
        raise Malformed("no object")
    named = {
        "external_id": _word(body.get("externalId")) or _word(body.get("externalOrderId")),
        "amazon_order_id": _word(body.get("orderId")) or _word(body.get("amazonOrderId")),
    }
    if not any(named.values()):
        raise Malformed("names no order")
    return _without_nothing(named)


# ---- what was asked for ------------------------------------------------------------------------------------------


def from_details(external_id: str, result: OrderResult, said_at: datetime) -> Observation:
    """The order itself: its shipments with their units, and what is accepted and rejected now."""
    units: list[Observation] = []
    orders_of: dict[str, set[str]] = {}
    for line in result.lines.values():
        for item in line.accepted:
            if item.order_id is None:
                continue
            for shipment, quantity in item.shipped:
                orders_of.setdefault(shipment, set()).add(item.order_id)
                if quantity:
                    units.append(
                        {
                            "amazon_order_id": item.order_id,
                            "shipment_id": shipment[:LONGEST],
                            "line_number": line.line_number,
                            "quantity": quantity,
                        }
                    )
    only = {order_id for line in result.lines.values() for order_id in line.order_ids}
    packages: list[Observation] = []
    for one in result.shipments:
        # A shipment says which order it is of only by the lines in it.
        owners = orders_of.get(one.identifier) or (only if len(only) == 1 else set())
        for order_id in sorted(owners):
            packages += [
                _without_nothing(
                    {
                        "amazon_order_id": order_id,
                        "shipment_id": _word(one.identifier),
                        "package_id": _word(package.package_id),
                        "tracking": _word(package.tracking_number),
                        "carrier": _word(package.carrier),
                        "status": "SHIPPED",
                        "promised_from": _text(package.delivery_earliest),
                        "promised_to": _text(package.delivery_latest),
                    }
                )
                for package in one.packages
            ] or [{"amazon_order_id": order_id, "shipment_id": _word(one.identifier), "status": "SHIPPED"}]
    return {
        "external_id": external_id,
        "said_at": said_at.isoformat(),
        "packages": packages,
        "units": _summed(units),
        "lines": [
            {
                "line_number": line.line_number,
                "accepted": line.accepted_quantity,
                "rejected": line.rejected_quantity,
            }
            for line in result.lines.values()
        ],
    }


def from_tracking(
    order_id: str, shipment_id: str, package_id: str, tracking: Tracking, said_at: datetime
) -> Observation:
    """One package as its carrier sees it, with the milestones it has reached."""
    package = {
        "shipment_id": shipment_id,
        "package_id": package_id,
        "tracking": _word(tracking.tracking_number),
        "carrier": _word(tracking.carrier),
    }
    steps = [
        {**package, "status": kind, "occurred_at": at.isoformat()}
        for kind, at in tracking.milestones
        if kind in _MILESTONES and at <= said_at
    ]
    if status := _word(tracking.status):
        arrived = status == "DELIVERED"
        steps.append(
            {
                **package,
                "status": status,
                # Of what has arrived the window is the time of arrival.
                "promised_from": None if arrived else _text(tracking.delivery_earliest),
                "promised_to": None if arrived else _text(tracking.delivery_latest),
            }
        )
    return {
        "amazon_order_id": order_id,
        "said_at": said_at.isoformat(),
        "packages": [_without_nothing(step) for step in steps],
    }


def from_reports(
    shipments: Iterable[ShipmentReport], lines: Iterable[ShipmentLineReport], said_at: datetime
) -> list[Observation]:
    """One observation an Amazon order, out of a batch of both shipment reports."""
    found: dict[str, Observation] = {}

    def of(order_id: str) -> Observation:
        empty: Observation = {
            "amazon_order_id": order_id,
            "said_at": said_at.isoformat(),
            "packages": [],
            "units": [],
        }
        return found.setdefault(order_id, empty)

    for shipment in shipments:
        whole = {"shipment_id": shipment.shipment_id[:LONGEST]}
        packages = of(shipment.order_id)["packages"]
        if status := _word(shipment.status):
            packages.append(
                _without_nothing(
                    {
                        **whole,
                        "status": status,
                        "occurred_at": _text(shipment.shipped_at) if status == "SHIPPED" else None,
                        "promised_to": None if shipment.delivery == "DELIVERED" else _text(shipment.expected_at),
                    }
                )
            )
        if shipment.delivery == "DELIVERED":
            packages.append({**whole, "status": "DELIVERED"})
    for line in lines:
        observation = of(line.order_id)
        for package_id, tracking in line.packages:
            observation["packages"].append(
                _without_nothing(
                    {
                        "shipment_id": line.shipment_id[:LONGEST],
                        "package_id": _word(package_id),
                        "tracking": _word(tracking),
                        "carrier": _word(line.carrier),
                        # That it is in a shipment says nothing about where it is: the shipment's own report does.
                        "status": "ORDERED",
                    }
                )
            )
        if line.quantity and line.asin:
            observation["units"].append(
                {"shipment_id": line.shipment_id[:LONGEST], "asin": line.asin, "quantity": line.quantity}
            )
    for observation in found.values():
        observation["units"] = _summed(observation["units"])
    return list(found.values())


def from_cancelled(order_id: str, said_at: datetime) -> Observation:
    """A report calls the Amazon order cancelled."""
    return {"amazon_order_id": order_id, "said_at": said_at.isoformat(), "cancelled": [order_id]}


# ---- reading -----------------------------------------------------------------------------------------------------


def _summed(units: list[Observation]) -> list[Observation]:
    """Entries of one line in one shipment are parts of it; the most that is said at once is their sum."""
    sums: dict[tuple[Any, ...], Observation] = {}
    for one in units:
        key = tuple(value for name, value in sorted(one.items()) if name != "quantity")
        if key in sums:
            sums[key]["quantity"] += one["quantity"]
        else:
            sums[key] = dict(one)
    return list(sums.values())


def _word(value: Any) -> str | None:
    """An id or a word of Amazon's; None if it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**30 else ""
    if not isinstance(value, str):
        return None
    return _UNPRINTABLE.sub("", value).strip()[:LONGEST] or None


def _epoch_ms(value: Any) -> str | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not _EARLIEST_MS <= value <= _LATEST_MS:
        return None
    return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _without_nothing(observation: Observation) -> Observation:
    return {name: value for name, value in observation.items() if value is not None}

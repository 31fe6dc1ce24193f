"""What Amazon says of an order on its way: Package Tracking and Reporting, in our words.

Statuses stay Amazon's own strings, for new ones come without notice. Names and addresses, of which the reports are
full, are not read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from loyalty.orders.amazon_business.contract import OrderResult
from loyalty.orders.amazon_business.errors import Unknown
from loyalty.orders.amazon_business.reading import integer, listed, moment, nested, text

MAX_REPORT_DAYS = 366
MAX_REPORT_IDS = 30


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """One step as the carrier words it; its date and time are localized text, good for showing only."""

    description: str
    date: str
    time: str
    # The city where it happened, if it is told.
    place: str


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where one package is. `status` ORDERED, SHIPPED, OUT_FOR_DELIVERY, DELIVERED, DELAYED, UNDELIVERABLE, RETURNED,
    REFUND_ISSUED, AVAILABLE_FOR_PICKUP, CUSTOMER_ACTION, or something new; empty if it is not told."""

    status: str
    delivery_earliest: datetime | None = None
    delivery_latest: datetime | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    # Milestone (SHIPPED, OUT_FOR_DELIVERY, DELIVERED, …) → when it was reached, or will be.
    milestones: tuple[tuple[str, datetime], ...] = ()
    events: tuple[TrackingEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One Amazon order. `status` PENDING_APPROVAL, PENDING_FULFILLMENT, CANCELLED, CLOSED, …"""

    order_id: str
    status: str
    purchase_order_number: str = ""
    ordered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderLineReport:
    """One line of an Amazon order; `quantity` None: not told."""

    order_id: str
    asin: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class ShipmentReport:
    """One shipment. `status` SHIPPED, PENDING_PAYMENT, SHIPPING_SOON, SHIPPED_PLANNED; `delivery` DELIVERED,
    NOT_DELIVERED, NOT_AVAILABLE: of the shipment as a whole."""

    order_id: str
    shipment_id: str
    status: str
    delivery: str = ""
    shipped_at: datetime | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShipmentLineReport:
    """Units of a product in a shipment, and the shipment's packages as (package id, tracking number); `line_id` is
    Amazon's name of the order's line."""

    order_id: str
    shipment_id: str
    asin: str
    quantity: int | None
    carrier: str | None = None
    shipped_at: datetime | None = None
    packages: tuple[tuple[str, str], ...] = ()
    line_id: str = ""


@dataclass(frozen=True, slots=True)
class Page[Entry]:
    """One page of a report; `next_token` asks for the next one with the same parameters, None: this was the last."""

    entries: tuple[Entry, ...]
    next_token: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked for: orders of these days (start included), only these (at most 30; none: all)."""

    start: datetime
    end: datetime
    order_ids: tuple[str, ...] = ()
    page_token: str | None = None

    def query(self) -> dict[str, str]:
        """As Amazon wants it. Raises ValueError for what it would refuse."""
        if not self.start <= self.end <= self.start + timedelta(days=MAX_REPORT_DAYS):
            raise ValueError("a report covers at most 366 days")
        if len(self.order_ids) > MAX_REPORT_IDS:
            raise ValueError("a report takes at most 30 order ids")
        query = {"orderStartDate": _z(self.start), "orderEndDate": _z(self.end)}
        if self.order_ids:
            query["orderIds"] = ",".join(self.order_ids)
        if self.page_token:
            query["nextPageToken"] = self.page_token
        return query


class Following(Protocol):
    """Following placed orders. Every method may raise the errors of this package."""

    def order_details(self, external_id: str) -> OrderResult | None:
        """The order as it is now, with its shipments."""

    def package_tracking(self, order_id: str, shipment_id: str, package_id: str) -> Tracking | None:
        """Where a package is; None if Amazon does not know it, or says nothing."""

    def order_reports(self, asked: Asked, statuses: tuple[str, ...] = ()) -> Page[OrderReport]:
        """Orders, those of these statuses only. Takes no `order_ids`."""

    def order_line_reports(self, asked: Asked) -> Page[OrderLineReport]:
        """What is left of each line."""

    def shipment_reports(self, asked: Asked) -> Page[ShipmentReport]:
        """Shipments, and whether they were delivered."""

    def shipment_line_reports(self, asked: Asked) -> Page[ShipmentLineReport]:
        """What is in the shipments, and in which packages."""


# ---- reading -----------------------------------------------------------------------------------------------------


def tracking(body: Any) -> Tracking | None:
    """Package Tracking's answer; production sometimes leaves everything out."""
    details = nested(body, "packageTrackingDetails")
    if not isinstance(details, dict):
        return None
    milestones = []
    for milestone in listed(details, "packageMilestones"):
        kind, at = text(milestone.get("milestoneType")), moment(nested(milestone, "milestoneWindow", "endDate"))
        if kind and at:
            milestones.append((kind, at))
    return Tracking(
        status=text(details.get("trackingStatus")),
        delivery_earliest=moment(nested(details, "deliveryWindow", "startDate")),
        delivery_latest=moment(nested(details, "deliveryWindow", "endDate")),
        carrier=text(nested(details, "carrierDetails", "localizedCarrierName")) or None,
        tracking_number=text(nested(details, "carrierDetails", "carrierTrackingId")) or None,
        milestones=tuple(milestones),
        events=tuple(_event(event) for event in listed(details, "packageTrackingEvents")),
    )


def order_reports(body: Any) -> Page[OrderReport]:
    """A page of orders."""
    return _page(
        body,
        "ordersReport",
        lambda entry: OrderReport(
            order_id=text(nested(entry, "orderMetadata", "orderId")),
            status=text(entry.get("orderStatus")),
            purchase_order_number=text(entry.get("purchaseOrderNumber")),
            ordered_at=moment(nested(entry, "orderMetadata", "orderDate")),
        ),
        lambda report: bool(report.order_id),
    )


def order_line_reports(body: Any) -> Page[OrderLineReport]:
    """A page of lines."""
    return _page(
        body,
        "orderLineItemsReport",
        lambda entry: OrderLineReport(
            order_id=text(nested(entry, "orderMetadata", "orderId")),
            asin=text(nested(entry, "productDetails", "asin")),
            quantity=integer(entry.get("quantity")),
        ),
        lambda report: bool(report.order_id),
    )


def shipment_reports(body: Any) -> Page[ShipmentReport]:
    """A page of shipments."""
    return _page(
        body,
        "shipmentsReport",
        lambda entry: ShipmentReport(
            order_id=text(nested(entry, "orderMetadata", "orderId")),
            shipment_id=text(nested(entry, "shipmentMetadata", "shipmentId")),
            status=text(entry.get("shipmentStatus")),
            delivery=text(nested(entry, "deliveryInfo", "status")),
            shipped_at=moment(nested(entry, "shipmentMetadata", "shipmentDate")),
            expected_at=moment(nested(entry, "deliveryInfo", "expectedDeliveryDate")),
        ),
        lambda report: bool(report.order_id and report.shipment_id),
    )


def shipment_line_reports(body: Any) -> Page[ShipmentLineReport]:
    """A page of shipments' lines."""
    return _page(
        body,
        "shipmentLineItemsReport",
        lambda entry: ShipmentLineReport(
            order_id=text(nested(entry, "orderMetadata", "orderId")),
            shipment_id=text(nested(entry, "shipmentMetadata", "shipmentId")),
            asin=text(nested(entry, "productDetails", "asin")),
            quantity=integer(entry.get("quantity")),
            carrier=text(entry.get("carrierName")) or None,
            shipped_at=moment(nested(entry, "shipmentMetadata", "shipmentDate")),
            packages=tuple(
                (text(package.get("packageId")), text(package.get("trackingId")))
                for package in listed(entry, "packages")
            ),
            line_id=text(entry.get("orderLineItemId")),
        ),
        lambda report: bool(report.order_id and report.shipment_id),
    )


def _page[Entry](
    body: Any, name: str, read: Callable[[dict[str, Any]], Entry], usable: Callable[[Entry], bool]
) -> Page[Entry]:
    # Without its list it is no answer: "nothing" would be believed.
    if not isinstance(body, dict) or not isinstance(body.get(name), list):
        raise Unknown(f"reply without {name}")
    entries = (read(entry) for entry in listed(body, name))
    return Page(tuple(entry for entry in entries if usable(entry)), text(body.get("nextPageToken")) or None)


def _event(event: dict[str, Any]) -> TrackingEvent:
    # The specification says `location`, production `eventLocation`.
    place = event.get("location") if isinstance(event.get("location"), dict) else event.get("eventLocation")
    return TrackingEvent(
        description=text(event.get("localizedDescription")),
        date=text(event.get("localizedEventDate")),
        time=text(event.get("localizedEventTime")),
        place=text(nested(place, "city")),
    )


def _z(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

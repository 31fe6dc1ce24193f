"""Reporting 2025-06-09: orders, their lines, shipments and their lines, by the day they were ordered, in pages.

It knows a shipment as delivered or not, packages by their ids only, and of cancellations whole orders (orderStatus) or
what is left of a line (quantity). Addresses and people are in it, as at Amazon; nobody of ours should read them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from local.simulators.amazon_business.errors import invalid
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.store import Store

MAX_DAYS = 366
MAX_IDS = 30
ORDER_STATUSES = {"PENDING_APPROVAL", "PAYMENT_CONFIRMED", "PENDING_FULFILLMENT", "PENDING", "CANCELLED", "CLOSED"}
SHIPMENT_STATUSES = {"SHIPPED", "PENDING_PAYMENT", "SHIPPING_SOON", "SHIPPED_PLANNED"}
REGIONS = {"DE", "FR", "UK", "IT", "ES", "IN", "US", "CA", "MX", "JP", "AU"}
# ISO 8601 with seconds; as at Amazon the Z is not optional.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")

type Query = Mapping[str, str]
type Json = dict[str, Any]

_LINES = """
    select l.*, o.placed_at, o.purchase_order_number, p.title, p.brand, p.category_name, p.more,
           (select coalesce(sum(c.quantity), 0) from cancelled_units c where c.external_id = l.external_id
                and c.line_external_id = l.line_external_id) as cancelled,
           (select coalesce(sum(u.quantity), 0) from package_units u join shipments s using (shipment_id)
             where s.amazon_order_id = l.amazon_order_id) as shipped,
           (select count(*) from packages k join shipments s using (shipment_id)
             where s.amazon_order_id = l.amazon_order_id and k.status <> 'DELIVERED') as under_way
      from order_lines l join orders o using (external_id) left join products p using (asin)
     where l.amazon_order_id is not null and o.placed_at >= ? and o.placed_at < ?
"""
_SHIPMENTS = """
    select s.*, l.line_external_id, l.asin, l.unit_price_minor, o.placed_at, o.purchase_order_number, o.currency,
           p.title, p.brand, p.category_name, p.more
      from shipments s join orders o using (external_id) join order_lines l using (amazon_order_id)
           left join products p using (asin)
     where o.placed_at >= ? and o.placed_at < ?
"""


def order_reports(store: Store, gate: Gate, query: Query) -> Json:
    """orderReports: one entry an Amazon order."""
    statuses = _listed(query, "orderStatuses", ORDER_STATUSES)

    def found() -> Iterator[Json]:
        rows = store.each(f"{_LINES} order by l.amazon_order_id", *_range(gate, query))
        reports = (_order_report(row, gate) for row in rows)
        return (one for one in reports if not statuses or one["orderStatus"] in statuses)

    return _page(gate, "ordersReport", query, found)


def order_reports_by_number(store: Store, gate: Gate, number: str, query: Query) -> Json:
    """The orders of one purchase order, of the last two years."""

    def found() -> Iterator[Json]:
        since, until = gate.now() - timedelta(days=730), gate.now() + timedelta(seconds=1)
        rows = store.each(
            f"{_LINES} and o.purchase_order_number = ? order by l.amazon_order_id",
            since.isoformat(),
            until.isoformat(),
            number,
        )
        return (_order_report(row, gate) for row in rows)

    return _page(gate, "ordersReport", query, found)


def order_line_reports(store: Store, gate: Gate, query: Query) -> Json:
    """orderLineItemReports: what is left of each line."""

    def found() -> Iterator[Json]:
        condition, ids = _orders_asked_for(query, "l")
        rows = store.each(f"{_LINES}{condition} order by l.amazon_order_id", *_range(gate, query), *ids)
        return (
            {
                "orderMetadata": _metadata(row, gate),
                "orderLineItemId": f"{row['amazon_order_id'][-7:]}{row['line_external_id']}",
                "purchaseOrderNumber": row["purchase_order_number"],
                "purchaseOrderLineItemNumber": row["line_external_id"],
                "productDetails": _product(row),
                "quantity": row["accepted_quantity"] - row["cancelled"],
                "unitPrice": _money(row["unit_price_minor"] or 0, gate),
                "charges": _charges(row, gate),
            }
            for row in rows
        )

    return _page(gate, "orderLineItemsReport", query, found)


def shipment_reports(store: Store, gate: Gate, query: Query) -> Json:
    """shipmentReports: delivered is what has all its packages delivered."""
    statuses = _listed(query, "shipmentStatuses", SHIPMENT_STATUSES)

    def found() -> Iterator[Json]:
        condition, ids = _orders_asked_for(query, "s")
        rows = store.each(f"{_SHIPMENTS}{condition} order by s.shipment_id", *_range(gate, query), *ids)
        return (_shipment_report(store, row, gate) for row in rows if not statuses or "SHIPPED" in statuses)

    return _page(gate, "shipmentsReport", query, found)


def shipment_line_reports(store: Store, gate: Gate, query: Query) -> Json:
    """shipmentLineItemReports: units and packages of each shipment."""
    numbers = query.get("purchaseOrderNumbers", "").split(",") if query.get("purchaseOrderNumbers") else []
    if len(numbers) > MAX_IDS:
        raise invalid("purchaseOrderNumbers: at most 30")

    def found() -> Iterator[Json]:
        condition, ids = _orders_asked_for(query, "s")
        rows = store.each(f"{_SHIPMENTS}{condition} order by s.shipment_id", *_range(gate, query), *ids)
        return (
            _shipment_line(store, row, gate) for row in rows if not numbers or row["purchase_order_number"] in numbers
        )

    return _page(gate, "shipmentLineItemsReport", query, found)


# ---- what is asked for -------------------------------------------------------------------------------------------


def _range(gate: Gate, query: Query) -> tuple[str, str]:
    start, end = (instant(query, name) for name in ("orderStartDate", "orderEndDate"))
    if start > end:
        raise invalid("The orderStartDate must be before or equal to orderEndDate.")
    if end - start > timedelta(days=MAX_DAYS):
        raise invalid("orderStartDate must not be more than 366 days before orderEndDate.")
    if end > gate.now():
        raise invalid("orderEndDate must not be in the future.")
    # To the end of its second.
    return start.isoformat(), (end + timedelta(seconds=1)).isoformat()


def instant(query: Query, name: str) -> datetime:
    text = query.get(name)
    if not text:
        raise invalid(f"The required parameter {name} is missing.")
    if not _INSTANT.fullmatch(text):
        raise invalid(f"{name} is not a date-time in UTC.")
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        raise invalid(f"{name} is not a date-time in UTC.") from None


def _listed(query: Query, name: str, known: set[str]) -> set[str]:
    values = set(query[name].split(",")) if query.get(name) else set()
    if not values <= known:
        raise invalid(f"{name}: one of {', '.join(sorted(known))}")
    return values


def _orders_asked_for(query: Query, table: str) -> tuple[str, list[str]]:
    ids = query["orderIds"].split(",") if query.get("orderIds") else []
    if len(ids) > MAX_IDS:
        raise invalid("orderIds: at most 30")
    return (f" and {table}.amazon_order_id in ({', '.join('?' * len(ids))})" if ids else ""), ids


def _page(gate: Gate, name: str, query: Query, found: Callable[[], Iterator[Json]]) -> Json:
    """One page of what is found; no more of it is held than that, however many orders there are."""
    if query.get("region") and query["region"] not in REGIONS:
        raise invalid("region is not one of the stores")
    asked = {key: value for key, value in query.items() if key != "nextPageToken"}
    offset = 0
    if token := query.get("nextPageToken"):
        try:
            kept = json.loads(base64.urlsafe_b64decode(token.encode()))
        except (binascii.Error, ValueError):
            raise invalid("nextPageToken is not one of ours") from None
        if not isinstance(kept, dict) or kept.get("asked") != asked:
            raise invalid("nextPageToken belongs to other parameters")
        offset = int(kept["offset"])
    elsewhere = query.get("region") not in (None, gate.setting("region"))
    size = gate.setting("report_page_size")
    entries = [] if elsewhere else list(islice(found(), offset, offset + size + 1))
    page: Json = {name: entries[:size]}
    page["size"] = len(page[name])
    if len(entries) > size:
        kept = {"asked": asked, "offset": offset + size}
        page["nextPageToken"] = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()
    return page


# ---- what is told ------------------------------------------------------------------------------------------------


def _order_report(row: Any, gate: Gate) -> Json:
    left = row["accepted_quantity"] - row["cancelled"]
    if left == 0:
        status = "CANCELLED"
    elif row["shipped"] >= left and row["under_way"] == 0:
        status = "CLOSED"
    else:
        status = "PENDING_FULFILLMENT"
    return {
        "orderMetadata": _metadata(row, gate),
        "purchaseOrderNumber": row["purchase_order_number"],
        "orderStatus": status,
        "charges": _charges(row, gate),
        "buyingCustomer": {"name": "Loyalty Buyer", "email": "buyer@loyalty.example"},
        "buyerGroup": {"name": "Loyalty"},
    }


def _shipment_report(store: Store, row: Any, gate: Gate) -> Json:
    packages = store.all("select status, promised_end from packages where shipment_id = ?", row["shipment_id"])
    delivered = all(package["status"] == "DELIVERED" for package in packages)
    promised = max(package["promised_end"] for package in packages)
    return {
        "orderMetadata": _metadata(row, gate),
        "shipmentMetadata": {
            "shipmentId": row["shipment_id"],
            "shipmentDate": _date(row["shipped_at"], as_object=True),
        },
        "purchaseOrderNumber": row["purchase_order_number"],
        "shipmentStatus": "SHIPPED",
        "deliveryInfo": {
            "expectedDeliveryDate": _date(promised),
            "status": "DELIVERED" if delivered else "NOT_DELIVERED",
        },
        "charges": [],
        "shippingAddress": {
            "fullName": "Somebody",
            "addressLine1": "1 Simulated Street",
            "city": "Seattle",
            "stateOrRegion": "WA",
            "postalCode": "98109",
            "countryCode": "US",
        },
    }


def _shipment_line(store: Store, row: Any, gate: Gate) -> Json:
    packages = store.all(
        "select p.*, u.quantity from packages p join package_units u using (shipment_id, package_id)"
        " where shipment_id = ? order by package_id",
        row["shipment_id"],
    )
    return {
        "orderMetadata": _metadata(row, gate),
        "shipmentMetadata": {"shipmentId": row["shipment_id"], "shipmentDate": _date(row["shipped_at"])},
        "purchaseOrderNumber": row["purchase_order_number"],
        "purchaseOrderLineItemNumber": row["line_external_id"],
        "orderLineItemId": f"{row['amazon_order_id'][-7:]}{row['line_external_id']}",
        "productDetails": _product(row),
        "charges": [],
        "quantity": sum(package["quantity"] for package in packages),
        "carrierName": packages[0]["carrier"],
        "packages": [
            {"trackingId": package["tracking_id"], "packageId": package["package_id"]} for package in packages
        ],
    }


def _metadata(row: Any, gate: Gate) -> Json:
    # The model says an object, the examples are strings.
    return {
        "orderDate": _date(row["placed_at"], as_object=True),
        "orderId": row["amazon_order_id"],
        "region": gate.setting("region"),
    }


def _product(row: Any) -> Json:
    return {
        "productCategory": row["category_name"],
        "asin": row["asin"],
        "title": row["title"],
        "unspsc": {"code": json.loads(row["more"])["category"].get("unspsc", "") if row["more"] else ""},
        "productCondition": "New",
        "brandCode": "",
        "brandName": row["brand"],
        "manufacturerName": row["brand"],
    }


def _charges(row: Any, gate: Gate) -> list[Json]:
    return [
        {"type": "SUBTOTAL", "amount": _money(row["principal_minor"], gate)},
        {"type": "SHIPPING_AND_HANDLING", "amount": _money(row["shipping_minor"], gate)},
        {"type": "TAX", "amount": _money(row["tax_minor"], gate)},
        {
            "type": "NET_TOTAL",
            "amount": _money(row["principal_minor"] + row["shipping_minor"] + row["tax_minor"], gate),
        },
    ]


def _money(minor: int, gate: Gate) -> Json:
    return {"currencyCode": gate.setting("currency"), "amount": minor / 100}


def _date(instant: str, *, as_object: bool = False) -> Any:
    text = datetime.fromisoformat(instant).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"date": text} if as_object else text

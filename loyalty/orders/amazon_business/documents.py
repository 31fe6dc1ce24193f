"""Invoices by asking: which were issued for units that have left (Reconciliation 2021-01-08), and the papers themselves
(Document 2021-09-30: a report is ordered, looked at until it is done, and downloaded).

Amazon lets a report be ordered once a minute, fifteen after a rest. In North America there are papers only of what is
paid by invoice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from urllib.parse import urlsplit

from loyalty.orders.amazon_business.errors import Unknown
from loyalty.orders.amazon_business.reading import listed, moment, nested, text

REPORT_TYPE = "GET_AB_INVOICE_PDF"
INVOICE, CREDIT_MEMO = "Invoice", "Credits"
MOST_ITEMS_A_CALL = 25
# A report is one of these for ever.
DONE, GONE = "DONE", frozenset({"CANCELLED", "FATAL"})
MARKETPLACES = {
    "US": "ATVPDKIKX0DER",
    "CA": "A2EUQ1WTGCTBG2",
    "MX": "A1AM78C64UM0Y8",
    "UK": "A1F83G8C2ARO7P",
    "DE": "A1PA6795UKMFR9",
    "FR": "A13V1IB3VIYZZH",
    "IT": "APJ6JRA9NG5V4",
    "ES": "A1RKKUPIHCS9HS",
    "IN": "A21TJRUUN4KGV",
    "JP": "A1VC38T7YXB528",
    "AU": "A39IBJ37TRP1C6",
}
# Where Amazon's papers lie; an address of another kind is not followed.
_HOSTS = (".amazonaws.com", ".amazon.com")


@dataclass(frozen=True, slots=True)
class ShippedItem:
    """A line of an order in a shipment, by Amazon's three names."""

    order_id: str
    line_id: str
    shipment_id: str


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice that Amazon has issued; `type` STANDARD, CREDIT_MEMO or something new."""

    number: str
    type: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """How far it is: IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL. `document_id` once it is done."""

    status: str
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """Where a document lies for some minutes; `zipped`: it is packed with GZIP."""

    url: str
    zipped: bool


class Documents(Protocol):
    """Asking for invoices. Every method may raise the errors of this package."""

    def issued_invoices(self, items: tuple[ShippedItem, ...]) -> dict[ShippedItem, tuple[Issued, ...]]:
        """The invoices of at most 25 items; an item without one is there with none."""

    def order_invoice(self, number: str, document_type: str = INVOICE) -> str:
        """Have this paper made; the report's id."""

    def invoice_report(self, report_id: str) -> Report:
        """How far it is."""

    def invoice_document(self, document_id: str, most_bytes: int) -> bytes:
        """The paper itself, unpacked."""


def items_body(items: tuple[ShippedItem, ...]) -> dict[str, Any]:
    """As Amazon wants them. Raises ValueError for none or too many."""
    if not 1 <= len(items) <= MOST_ITEMS_A_CALL:
        raise ValueError("1 to 25 items a call")
    names = [
        {"orderId": item.order_id, "orderLineItemId": item.line_id, "shipmentId": item.shipment_id} for item in items
    ]
    return {"orderLineItems": names}


def issued_invoices(body: Any, items: tuple[ShippedItem, ...]) -> dict[ShippedItem, tuple[Issued, ...]]:
    """What was asked for, and nothing else that the answer may name."""
    if not isinstance(body, dict) or not isinstance(body.get("invoiceDetailsByOrderLineItems"), list):
        raise Unknown("reply without invoiceDetailsByOrderLineItems")
    found: dict[ShippedItem, tuple[Issued, ...]] = dict.fromkeys(items, ())
    for entry in listed(body, "invoiceDetailsByOrderLineItems"):
        named = entry.get("orderLineItem")
        names = (text(nested(named, key)) for key in ("orderId", "orderLineItemId", "shipmentId"))
        item = ShippedItem(*names)
        if item in found:
            told = (_issued(detail) for detail in listed(entry, "invoiceDetails"))
            found[item] += tuple(one for one in told if one is not None)
    return found


def report_body(number: str, document_type: str, region: str) -> dict[str, Any]:
    """The order for a paper. Raises ValueError for a store without a marketplace."""
    if region not in MARKETPLACES:
        raise ValueError(f"no marketplace for {region}")
    return {
        "reportType": REPORT_TYPE,
        "marketplaceIds": [MARKETPLACES[region]],
        "reportOptions": {"invoiceId": number, "documentType": document_type},
    }


def report_id(body: Any) -> str:
    """The name of what was ordered."""
    found = text(nested(body, "reportId"))
    if not found or len(found) > 200:
        raise Unknown("reply without a report")
    return found


def report(body: Any) -> Report:
    """How far it is."""
    status, document_id = text(nested(body, "processingStatus")), text(nested(body, "reportDocumentId"))
    if not status or (status == DONE and not document_id):
        raise Unknown("reply without a status or without the document")
    return Report(status, document_id or None)


def download(body: Any, base_url: str) -> Download:
    """Where it lies. Raises Unknown for an address that is not Amazon's, or packed in a way nobody knows."""
    url, packed = text(nested(body, "url")), text(nested(body, "compressionAlgorithm")).upper()
    try:
        there, here = urlsplit(url), urlsplit(base_url)
        same = (there.scheme, there.hostname, there.port) == (here.scheme, here.hostname, here.port)
    except ValueError:
        raise Unknown("reply with an address that is none") from None
    if not same and not (there.scheme == "https" and (there.hostname or "").endswith(_HOSTS)):
        raise Unknown("reply with an address elsewhere")
    if packed not in ("", "GZIP"):
        raise Unknown("reply with an unknown packing")
    return Download(url, packed == "GZIP")


def _issued(detail: dict[str, Any]) -> Issued | None:
    number, when = text(detail.get("invoiceNumber")).strip(), moment(detail.get("invoiceDate"))
    if not number or len(number) > 100:
        return None
    return Issued(number, text(detail.get("invoiceType")).upper() or "STANDARD", when.date() if when else None)

"""Document API 2021-09-30 and what Reconciliation tells of invoices: the paper for whom the mail never reached.

A report waits, is made, and is DONE; or CANCELLED because nothing of what was asked for has been issued. In the USA
Amazon wants an invoice's number, elsewhere the order's will do; here both do everywhere. A document's address is valid
for five minutes and needs no token.
"""

from __future__ import annotations

import gzip
import secrets
import sqlite3
import uuid
from datetime import datetime, timedelta
from typing import Any

from local.invoices.regions import REGIONS
from local.simulators.amazon_business import invoicing
from local.simulators.amazon_business.errors import Answer, invalid
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.store import Store

REPORT_TYPE = "GET_AB_INVOICE_PDF"
KINDS = {"Invoice": "invoice", "Credits": "credit_memo", "CreditMemo": "credit_memo"}
OPTIONS = {"invoiceId", "orderId", "orderLineItemId", "shipmentId", "documentType"}
MOST_ITEMS = 25
KEPT_DAYS = 90
LINK_SECONDS = 300
LINKS = "/report-documents/"

type Json = dict[str, Any]


def create(store: Store, gate: Gate, body: Any) -> Json:
    """createReport. Raises Answer (400) for what no report is made of."""
    if not isinstance(body, dict) or body.get("reportType") != REPORT_TYPE:
        raise invalid(f"reportType must be {REPORT_TYPE}")
    if unknown := set(body) - {"reportType", "marketplaceIds", "reportOptions", "dataStartTime", "dataEndTime"}:
        raise invalid(f"unknown parameters: {', '.join(sorted(unknown))}")
    marketplaces, options = body.get("marketplaceIds"), body.get("reportOptions")
    ours = _marketplace(gate)
    if not isinstance(marketplaces, list) or not 1 <= len(marketplaces) <= MOST_ITEMS or ours not in marketplaces:
        raise invalid(f"marketplaceIds: 1 to {MOST_ITEMS}, {ours} among them")
    if (
        not isinstance(options, dict)
        or not set(options) <= OPTIONS
        or not all(isinstance(value, str) and 1 <= len(value) <= 255 for value in options.values())
    ):
        raise invalid(f"reportOptions: strings, some of {', '.join(sorted(OPTIONS))}")
    if options.get("documentType", "Invoice") not in KINDS:
        raise invalid(f"reportOptions.documentType is one of {', '.join(KINDS)}")
    if "invoiceId" not in options and "orderId" not in options:
        raise invalid("reportOptions: invoiceId or orderId is required")
    report_id = f"ID{uuid.uuid4().hex[:12].upper()}"
    fatal = gate.take_fault("createReport", "report_fatal") is not None
    store.run(
        "insert into invoice_reports(report_id, number, marketplace_id, created_at, fatal) values (?, ?, ?, ?, ?)",
        report_id, _asked_for(store, gate, options), ours, gate.now().isoformat(), int(fatal),
    )  # fmt: skip
    return {"reportId": report_id}


def get(store: Store, gate: Gate, report_id: str) -> Json:
    """getReport. Raises Answer (404)."""
    row = _report(store, gate, report_id)
    wait = timedelta(seconds=gate.setting("report_after_seconds"))
    created, status = datetime.fromisoformat(row["created_at"]), _status(gate, row)
    shown: Json = {
        "reportId": report_id,
        "reportType": REPORT_TYPE,
        "marketplaceIds": [row["marketplace_id"]],
        "createdTime": _z(created),
        "processingStatus": status,
    }
    if status not in ("IN_QUEUE", "CANCELLED"):
        shown["processingStartTime"] = _z(created + wait)
    if status in ("DONE", "FATAL"):
        shown["processingEndTime"] = _z(created + 2 * wait)
    if status == "DONE":
        shown["reportDocumentId"] = f"amzn1.{report_id}"
    return shown


def cancel(store: Store, gate: Gate, report_id: str) -> Json:
    """cancelReport. Raises Answer: 404, 400 for one that is not in the queue any more."""
    row = _report(store, gate, report_id)
    if _status(gate, row) != "IN_QUEUE":
        raise invalid("Only reports with processingStatus IN_QUEUE can be cancelled")
    store.run("update invoice_reports set cancelled_at = ? where report_id = ?", gate.now().isoformat(), report_id)
    return {}


def document(store: Store, gate: Gate, document_id: str, origin: str) -> Json:
    """getReportDocument. Raises Answer (404) for one that is not there."""
    row = _report(store, gate, document_id.removeprefix("amzn1."))
    if _status(gate, row) != "DONE" or not document_id.startswith("amzn1."):
        raise Answer(404, "PAGE_NOT_FOUND", "No such document")
    token, compressed = secrets.token_urlsafe(24), bool(gate.setting("report_gzip"))
    expires = gate.now() + timedelta(seconds=LINK_SECONDS)
    store.run("delete from report_links where expires_at < ?", gate.now().isoformat())
    store.run(
        "insert into report_links(token, report_id, compressed, expires_at) values (?, ?, ?, ?)",
        token, row["report_id"], int(compressed), expires.isoformat(),
    )  # fmt: skip
    shown: Json = {"reportDocumentId": document_id, "url": f"{origin}{LINKS}{token}"}
    return {**shown, "compressionAlgorithm": "GZIP"} if compressed else shown


def download(store: Store, gate: Gate, token: str) -> bytes | None:
    """The bytes behind an address; None if it is of no document, or of one whose time is over."""
    link = store.one("select * from report_links where token = ?", token)
    if link is None or link["expires_at"] < gate.now().isoformat():
        return None
    report = store.one("select number from invoice_reports where report_id = ?", link["report_id"])
    assert report is not None
    order, layout = invoicing.paper(store, gate, report["number"])
    pdf = invoicing.drawn(order, layout)
    return gzip.compress(pdf, mtime=0) if link["compressed"] else pdf


def _marketplace(gate: Gate) -> str:
    region = REGIONS.get(gate.setting("region"))
    return region.marketplace if region else ""


def _asked_for(store: Store, gate: Gate, options: dict[str, str]) -> str | None:
    """The number of what was asked for; None if it has not been issued."""
    kind = KINDS[options.get("documentType", "Invoice")]
    conditions, values = ["i.kind = ?", "i.due_at <= ?"], [kind, gate.now().isoformat()]
    for name, column in (("invoiceId", "i.number"), ("orderId", "amazon_order_id"), ("shipmentId", "shipment_id")):
        if name in options:
            conditions.append(f"{column} = ?")
            values.append(options[name])
    rows = store.all(
        "select i.number, amazon_order_id, line_external_id from invoices i join invoice_lines using (number)"  # noqa: S608
        f" where {' and '.join(conditions)} order by i.issued_at, i.number",
        *values,
    )
    item = options.get("orderLineItemId")
    rows = [row for row in rows if item is None or item == line_item_id(row)]
    return str(rows[0]["number"]) if rows else None


def line_item_id(row: sqlite3.Row) -> str:
    """As Reconciliation and Reporting call a line of an order."""
    return f"{row['amazon_order_id'][-7:]}{row['line_external_id']}"


def _report(store: Store, gate: Gate, report_id: str) -> sqlite3.Row:
    row = store.one("select * from invoice_reports where report_id = ?", report_id)
    if row is None or datetime.fromisoformat(row["created_at"]) < gate.now() - timedelta(days=KEPT_DAYS):
        raise Answer(404, "PAGE_NOT_FOUND", "No such report")
    return row


def _status(gate: Gate, row: sqlite3.Row) -> str:
    if row["cancelled_at"]:
        return "CANCELLED"
    age = gate.now() - datetime.fromisoformat(row["created_at"])
    wait = timedelta(seconds=gate.setting("report_after_seconds"))
    if age < wait:
        return "IN_QUEUE"
    if age < 2 * wait:
        return "IN_PROGRESS"
    if row["fatal"]:
        return "FATAL"
    return "DONE" if row["number"] else "CANCELLED"


# ---- Reconciliation ----------------------------------------------------------------------------------------------


def invoice_details(store: Store, gate: Gate, body: Any) -> Json:
    """getInvoiceDetailsByOrderLineItems: what has been issued for each, nothing for what it does not know."""
    items = body.get("orderLineItems") if isinstance(body, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
        raise invalid(f"orderLineItems: 1 to {MOST_ITEMS}")
    names = ("orderId", "orderLineItemId", "shipmentId")
    for item in items:
        if not isinstance(item, dict) or any(not isinstance(item.get(name), str) or not item[name] for name in names):
            raise invalid(f"orderLineItems: each has {', '.join(names)}")
    return {"invoiceDetailsByOrderLineItems": [_details(store, gate, item) for item in items]}


def _details(store: Store, gate: Gate, item: dict[str, str]) -> Json:
    rows = store.all(
        "select distinct i.*, o.placed_at, l.amazon_order_id, l.line_external_id from invoices i"
        " join invoice_lines l using (number) join orders o on o.external_id = i.external_id"
        " where l.amazon_order_id = ? and l.shipment_id = ? and i.due_at <= ? order by i.issued_at, i.number",
        item["orderId"],
        item["shipmentId"],
        gate.now().isoformat(),
    )
    shown = [_detail(store, gate, row) for row in rows if line_item_id(row) == item["orderLineItemId"]]
    asked = {name: item[name] for name in ("orderId", "orderLineItemId", "shipmentId")}
    return {"orderLineItem": asked, "invoiceDetails": shown}


def _detail(store: Store, gate: Gate, row: sqlite3.Row) -> Json:
    total = abs(invoicing.total_minor(store, row["number"]))
    shown: Json = {
        "invoiceNumber": row["number"],
        "invoiceDate": _z(datetime.fromisoformat(row["issued_at"])),
        "invoiceType": "CREDIT_MEMO" if row["kind"] == "credit_memo" else "STANDARD",
        "orderDate": _z(datetime.fromisoformat(row["placed_at"])),
        "currencyCode": gate.setting("currency"),
        "invoiceTotal": f"{total // 100}.{total % 100:02d}",
    }
    corrected = store.one("select * from invoices where number = ?", row["corrects"]) if row["corrects"] else None
    if corrected:
        shown["associatedInvoiceNumber"] = corrected["number"]
        shown["associatedInvoiceDate"] = _z(datetime.fromisoformat(corrected["issued_at"]))
    return shown


def payment_details(store: Store, gate: Gate, body: Any) -> Json:
    """getBatchInvoicePaymentDetails. Nobody pays here: what is overdue stays so."""
    numbers = body.get("invoiceIds") if isinstance(body, dict) else None
    if (
        not isinstance(numbers, list)
        or not 1 <= len(numbers) <= MOST_ITEMS
        or not all(isinstance(number, str) and 1 <= len(number) <= 255 for number in numbers)
    ):
        raise invalid(f"invoiceIds: 1 to {MOST_ITEMS}")
    return {"invoicePaymentDetailsResults": [_payment(store, gate, number) for number in numbers]}


def _payment(store: Store, gate: Gate, number: str) -> Json:
    row = invoicing.issued(store, gate, number)
    if row is None:
        error = {"code": "INVOICE_NOT_FOUND", "message": "No invoice of this number"}
        return {"invoiceId": number, "resultType": "ERROR", "error": error}
    due = invoicing.due_on(row)
    status = "Closed" if row["kind"] == "credit_memo" else "Past Due" if due < gate.now() else "Issued"
    return {"invoiceId": number, "resultType": "SUCCESS", "paymentDetails": {"status": status, "dueDate": _z(due)}}


def _z(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")

"""Reconciliation 2021-01-08: what was charged and refunded, by the day it was fed, in pages; amounts are strings.

A shipment is charged when it leaves, each Amazon order for itself, to the cent of what was said when the order was
accepted: the parts of a line add up to the whole. A package whose refund is issued is refunded. What was cancelled
before it left is never charged. Faults of the operation `charge` (see gate.KINDS) make the next charge an odd one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from local.simulators.amazon_business import invoicing
from local.simulators.amazon_business.errors import Answer, invalid
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.reporting import instant
from local.simulators.amazon_business.store import Store

OPERATION = "transactions"
TYPES = ("CHARGE", "REFUND", "OVERREFUND")
# What the faults of the operation `charge` do.
OTHER_TOTAL_BASIS_POINTS = 5_000
LATE = timedelta(days=5)

type Query = Mapping[str, str]
type Json = dict[str, Any]


def transactions(store: Store, gate: Gate, query: Query) -> Json:
    """getTransactions. The token is the only parameter of the pages after the first."""
    if token := query.get("nextPageToken"):
        if set(query) != {"nextPageToken"}:
            raise invalid("nextPageToken must be the only parameter")
        start, end, offset = _opened(token)
    else:
        if unknown := set(query) - {"feedStartDate", "feedEndDate"}:
            raise invalid(f"unknown parameters: {', '.join(sorted(unknown))}")
        first, last, offset = instant(query, "feedStartDate"), instant(query, "feedEndDate"), 0
        if first > last:
            raise invalid("feedStartDate must be before feedEndDate")
        start, end = first.isoformat(), last.isoformat()
    now = gate.now().isoformat()
    size = gate.setting("transaction_page_size")
    rows = store.all(
        "select distinct transaction_id, type, feed_at from transactions where feed_at >= ? and feed_at < ?"
        " and feed_at <= ? order by feed_at, transaction_id limit ? offset ?",
        start,
        end,
        now,
        size + 1,
        offset,
    )
    page: Json = {"transactions": [_shown(store, gate, row) for row in rows[:size]]}
    if len(rows) > size:
        kept = json.dumps({"start": start, "end": end, "offset": offset + size})
        page["nextPageToken"] = base64.urlsafe_b64encode(kept.encode()).decode()
    return page


def _opened(token: str) -> tuple[str, str, int]:
    try:
        kept = json.loads(base64.urlsafe_b64decode(token.encode()))
        return str(kept["start"]), str(kept["end"]), int(kept["offset"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise invalid("nextPageToken is not one of ours") from None


# ---- what happens ------------------------------------------------------------------------------------------------


def charge(store: Store, gate: Gate, line: sqlite3.Row, shipment_id: str, quantity: int, at: datetime) -> None:
    """Units of a line leave: charge them. `line` is the order's row; called inside the shipment's transaction."""
    odd = gate.take_fault("charge", "charge_missing", "charge_other_total", "charge_duplicate", "charge_late")
    if odd == "charge_missing":
        return
    parts = _part(store, line, quantity)
    if odd == "charge_other_total":
        principal, shipping, tax = (part + part * OTHER_TOTAL_BASIS_POINTS // 10_000 for part in parts)
        parts = (principal, shipping, tax)
    feed = at + (LATE if odd == "charge_late" else timedelta(seconds=gate.setting("feed_after_seconds")))
    for time in range(2 if odd == "charge_duplicate" else 1):
        name = _name(f"{shipment_id}:{line['line_external_id']}:{time}")
        _keep(store, name, "CHARGE", at, feed, line, shipment_id, quantity, parts)
        if time == 0:
            invoicing.issue(store, gate, "invoice", name, line, (shipment_id, ""), quantity, parts, at)


def refund(store: Store, gate: Gate, shipment_id: str, package_id: str, at: datetime) -> None:
    """A package's refund is issued: what its units were charged goes back."""
    rows = store.all(
        "select u.quantity, l.* from package_units u join shipments s using (shipment_id)"
        " join order_lines l on l.external_id = s.external_id and l.line_external_id = u.line_external_id"
        " where u.shipment_id = ? and u.package_id = ?",
        shipment_id,
        package_id,
    )
    feed = at + timedelta(seconds=gate.setting("feed_after_seconds"))
    for row in rows:
        units = row["quantity"]
        charged = store.one(
            "select coalesce(sum(principal_minor), 0) as principal, coalesce(sum(shipping_minor), 0) as shipping,"
            " coalesce(sum(tax_minor), 0) as tax, coalesce(sum(quantity), 0) as units from transactions"
            " where shipment_id = ? and line_external_id = ? and type = 'CHARGE'",
            shipment_id,
            row["line_external_id"],
        )
        if charged is None or not charged["units"]:
            continue
        share = tuple(-(charged[name] * units // charged["units"]) for name in ("principal", "shipping", "tax"))
        name = _name(f"{shipment_id}:{package_id}:{row['line_external_id']}:refund")
        _keep(store, name, "REFUND", at, feed, row, shipment_id, units, share)
        invoicing.issue(store, gate, "credit_memo", name, row, (shipment_id, package_id), units, share, at)


def by_hand(store: Store, gate: Gate, told: Json) -> str:
    """A transaction that somebody makes up: {type, amount_minor, order_id?, purchase_order_number?, asin?, quantity?,
    transaction_id?}. Its id. Raises Answer (400)."""
    kind, minor = told.get("type", "CHARGE"), told.get("amount_minor")
    if kind not in TYPES or isinstance(minor, bool) or not isinstance(minor, int):
        raise Answer(400, "INVALID_REQUEST_PARAMETER", f"type is one of {', '.join(TYPES)}, amount_minor a number")
    count = store.one("select count(*) as n from transactions")
    name = str(told.get("transaction_id") or _name(f"by hand {count['n'] if count else 0}"))
    store.run(
        "insert into transactions(transaction_id, type, at, feed_at, external_id, line_external_id, amazon_order_id,"
        " purchase_order_number, shipment_id, asin, quantity, principal_minor, shipping_minor, tax_minor)"
        " values (?, ?, ?, ?, null, null, ?, ?, null, ?, ?, ?, 0, 0)",
        name,
        kind,
        gate.now().isoformat(),
        gate.now().isoformat(),
        told.get("order_id"),
        told.get("purchase_order_number", ""),
        told.get("asin", "B0UNKNOWN0"),
        told.get("quantity", 1),
        minor,
    )
    return name


def _part(store: Store, line: sqlite3.Row, quantity: int) -> tuple[int, int, int]:
    """(principal, shipping, tax) of the next units of a line: what all so far are due, less what they were charged."""
    before = store.one(
        "select coalesce(sum(quantity), 0) as units from transactions"
        " where external_id = ? and line_external_id = ? and type = 'CHARGE'",
        line["external_id"],
        line["line_external_id"],
    )
    done = int(before["units"]) if before else 0
    accepted = line["accepted_quantity"]

    def share(name: str) -> int:
        return int(line[name] * (done + quantity) // accepted - line[name] * done // accepted)

    return share("principal_minor"), share("shipping_minor"), share("tax_minor")


def _keep(
    store: Store,
    name: str,
    kind: str,
    at: datetime,
    feed: datetime,
    line: sqlite3.Row,
    shipment_id: str,
    quantity: int,
    parts: tuple[int, ...],
) -> None:
    order = store.one("select purchase_order_number from orders where external_id = ?", line["external_id"])
    store.run(
        "insert into transactions(transaction_id, type, at, feed_at, external_id, line_external_id, amazon_order_id,"
        " purchase_order_number, shipment_id, asin, quantity, principal_minor, shipping_minor, tax_minor)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        name,
        kind,
        at.isoformat(),
        feed.isoformat(),
        line["external_id"],
        line["line_external_id"],
        line["amazon_order_id"],
        order["purchase_order_number"] if order else "",
        shipment_id,
        line["asin"],
        quantity,
        *parts,
    )


def _name(seed: str) -> str:
    return base64.b64encode(hashlib.sha256(seed.encode()).digest(), b"xz").decode()[:20]


# ---- what is told ------------------------------------------------------------------------------------------------


def _shown(store: Store, gate: Gate, row: sqlite3.Row) -> Json:
    items = store.all(
        "select t.*, p.more from transactions t left join products p using (asin)"
        " where t.transaction_id = ? and t.type = ? order by t.id",
        row["transaction_id"],
        row["type"],
    )
    first = items[0]
    buyer = {"id": "amzn1.account.SIMULATED", "name": "Loyalty Buyer", "email": "buyer@loyalty.example"}
    return {
        "marketplaceId": "ATVPDKIKX0DER",
        "transactionDate": _milliseconds(first["at"]),
        "feedDate": _milliseconds(first["feed_at"]),
        "transactionType": first["type"],
        "transactionId": first["transaction_id"],
        "chargeIdentifier": hashlib.sha256(first["transaction_id"].encode()).hexdigest()[:9].upper(),
        "shipTaxRate": "0.00",
        "giftWrapTaxRate": "0.00",
        "legalEntityName": "Loyalty Inc.",
        "invoiceNumber": invoicing.number_of(store, first["transaction_id"]),
        "amount": _money(sum(_total(item) for item in items), gate),
        "paymentInstrumentType": "Visa",
        "paymentInstrumentLast4Digits": "1111",
        "buyer": buyer,
        "payer": buyer,
        "associatedTransactionDetails": [],
        "transactionLineItems": [_item(item, gate) for item in items],
    }


def _item(item: sqlite3.Row, gate: Gate) -> Json:
    by_amazon = json.loads(item["more"]).get("by_amazon", True) if item["more"] else True
    shown: Json = {
        "totalAmount": _money(_total(item), gate),
        "principalAmount": _money(item["principal_minor"], gate),
        "shippingCharge": _money(item["shipping_minor"], gate),
        "discount": _money(0, gate),
        "tax": _money(item["tax_minor"], gate),
        "unitPrice": _money(abs(item["principal_minor"]) // (item["quantity"] or 1), gate),
        "taxRate": "0.00",
        "orderId": item["amazon_order_id"],
        "orderLineItemId": f"{(item['amazon_order_id'] or '')[-7:]}{item['line_external_id'] or ''}",
        "purchaseOrderNumber": item["purchase_order_number"],
        "asin": item["asin"],
        "productTitle": "Simulated",
        "itemQuantity": item["quantity"],
        "shipmentId": item["shipment_id"],
        "shipmentDate": _milliseconds(item["at"]),
        "merchantLegalName": invoicing.SELLERS[bool(by_amazon)],
        "businessOrderInfo": {},
    }
    if item["type"] != "CHARGE":
        shown["refundReason"] = "Customer return"
    return shown


def _total(item: sqlite3.Row) -> int:
    return int(item["principal_minor"] + item["shipping_minor"] + item["tax_minor"])


def _money(minor: int, gate: Gate) -> Json:
    # As at Amazon: a string, and not always with two decimals.
    return {
        "currencyCode": gate.setting("currency"),
        "amount": f"{minor / 100:.2f}" if minor % 10 else f"{minor / 100:.1f}",
    }


def _milliseconds(text: str) -> str:
    return (
        datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{datetime.fromisoformat(text).microsecond // 1000:03d}Z"
    )

"""Invoices of what was charged and credit memos of what was refunded: when they are due, their numbers, their paper.

An invoice is of one shipment, or of all of a checkout that leaves before it is due (`invoice_grouping`). Its number is
the one of its transactions. Amounts are those of the transactions, to the cent: a charge that was odd makes an odd
invoice, one that was made twice makes one invoice, one that never was makes none. The paper is drawn when somebody
wants it, the same bytes each time; stores of which no paper is known issue none.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from local.invoices.regions import REGIONS, US
from local.simulators.amazon_business.charges import STATE_TAX
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.store import Store

if TYPE_CHECKING:
    from local.invoices.truth import Order

type Kind = Literal["invoice", "credit_memo"]

# What can be wrong with an invoice, by the control plane or by faults (`invoice_…`).
ERRORS = (
    "wrong_price", "extra_unit", "other_purchase_order", "wrong_total", "smudged", "spoofed_sender", "encrypted",
)  # fmt: skip
PAYMENT_DAYS = 30
LAYOUTS: dict[str, dict[Kind, str]] = {
    "US": {"invoice": "us_business", "credit_memo": "us_credit_memo"},
    "UK": {"invoice": "uk_vat", "credit_memo": "uk_credit_note"},
    "DE": {"invoice": "de_rechnung", "credit_memo": "de_credit_note"},
    "FR": {"invoice": "fr_facture", "credit_memo": "fr_facture"},
    "ES": {"invoice": "es_factura", "credit_memo": "es_factura"},
    "IT": {"invoice": "it_fattura", "credit_memo": "it_fattura"},
}
SELLERS = {True: "Amazon.com Services LLC", False: "Brightside Goods Inc."}


def issue(
    store: Store, gate: Gate, kind: Kind, transaction_id: str, line: sqlite3.Row, about: tuple[str, str], quantity: int,
    parts: tuple[int, ...], at: datetime,
) -> None:  # fmt: skip
    """A transaction of units of a line is on an invoice; `about`: (shipment, package or ""), `parts`: principal,
    shipping and tax in minor units, below zero for a refund. Called inside the transaction's own transaction.
    """
    region = gate.setting("region")
    if region not in LAYOUTS:
        return
    shipment_id, package_id = about
    corrects = _number_of_charge(store, shipment_id, line["line_external_id"]) if kind == "credit_memo" else None
    number = _open_invoice(store, gate, line["external_id"], at) if kind == "invoice" else None
    key = f"{kind}:{shipment_id}:{package_id}"
    if number is None and (known := store.one("select number from invoices where about = ?", key)):
        number = str(known["number"])
    if number is None:
        number = _new_number(store, region, key)
        due = at + timedelta(seconds=gate.setting("invoice_after_seconds"))
        store.run(
            "insert into invoices(number, about, kind, external_id, corrects, region, issued_at, due_at, state)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
            number, key, kind, line["external_id"], corrects, region, at.isoformat(), due.isoformat(),
        )  # fmt: skip
    store.run(
        "insert into invoice_lines(number, transaction_id, shipment_id, line_external_id, amazon_order_id, asin,"
        " quantity, principal_minor, shipping_minor, tax_minor) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number, transaction_id, shipment_id, line["line_external_id"], line["amazon_order_id"], line["asin"], quantity,
        *parts,
    )  # fmt: skip


def _open_invoice(store: Store, gate: Gate, external_id: str, at: datetime) -> str | None:
    """The invoice of this checkout that is not due yet, if they are made by checkout."""
    if gate.setting("invoice_grouping") != "checkout":
        return None
    row = store.one(
        "select number from invoices where external_id = ? and kind = 'invoice' and state = 'waiting' and due_at > ?",
        external_id,
        at.isoformat(),
    )
    return str(row["number"]) if row else None


def _number_of_charge(store: Store, shipment_id: str, line_external_id: str) -> str | None:
    row = store.one(
        "select number from invoice_lines join invoices using (number) where shipment_id = ? and line_external_id = ?"
        " and kind = 'invoice'",
        shipment_id,
        line_external_id,
    )
    return str(row["number"]) if row else None


def _new_number(store: Store, region: str, seed: str) -> str:
    rng = random.Random(seed)
    while True:
        number = REGIONS[region].number(rng)
        if store.one("select 1 from invoices where number = ?", number) is None:
            return number


def number_of(store: Store, transaction_id: str) -> str:
    """What the transaction's `invoiceNumber` says; one that is on no paper has one as well."""
    row = store.one("select number from invoice_lines where transaction_id = ?", transaction_id)
    return str(row["number"]) if row else US.number(random.Random(transaction_id))


def issued(store: Store, gate: Gate, number: str) -> sqlite3.Row | None:
    """The invoice's row, if it is due by now."""
    return store.one("select * from invoices where number = ? and due_at <= ?", number, gate.now().isoformat())


def total_minor(store: Store, number: str) -> int:
    row = store.one(
        "select coalesce(sum(principal_minor + shipping_minor + tax_minor), 0) as total from invoice_lines"
        " where number = ?",
        number,
    )
    return int(row["total"]) if row else 0


def due_on(invoice: Mapping[str, Any] | sqlite3.Row) -> datetime:
    """When it has to be paid."""
    return datetime.fromisoformat(invoice["issued_at"]) + timedelta(days=PAYMENT_DAYS)


# ---- paper -------------------------------------------------------------------------------------------------------


def paper(store: Store, gate: Gate, number: str, error: str | None = None) -> tuple[Order, str]:
    """What is on the invoice, and the layout it is drawn in; for `drawn`, which may work in another thread.

    Raises KeyError for a number of none.
    """
    from local.invoices.truth import Order

    row = store.one(
        "select i.*, o.purchase_order_number, o.placed_at from invoices i join orders o using (external_id)"
        " where number = ?",
        number,
    )
    if row is None:
        raise KeyError(number)
    sign = -1 if row["kind"] == "credit_memo" else 1
    rows = store.all(
        "select l.*, a.principal_minor as whole, a.shipping_minor as whole_shipping, a.tax_minor as whole_tax, p.title,"
        " p.more from invoice_lines l join order_lines a on a.external_id = ?"
        " and a.line_external_id = l.line_external_id left join products p on p.asin = l.asin"
        " where number = ? order by l.id",
        row["external_id"],
        number,
    )
    order = Order(
        purchase_order_number=row["purchase_order_number"],
        ordered_on=_day(row["placed_at"]),
        issued_on=_day(row["issued_at"]),
        lines=tuple(_line(line, sign) for line in rows),
        number=number,
        kind="credit_memo" if sign < 0 else "invoice",
        corrects=row["corrects"],
        shipping_minor=sign * sum(line["shipping_minor"] for line in rows),
    )
    chosen = gate.setting("invoice_layout") if sign > 0 else ""
    return _wrong(order, error), chosen or LAYOUTS[row["region"]][order.kind]


def drawn(order: Order, layout: str, error: str | None = None) -> bytes:
    """The PDF."""
    from local.invoices import making, scanning

    seed = int.from_bytes(hashlib.sha256(order.number.encode()).digest()[:6])
    pdf = making.paper(seed, layout, order).pdf
    if error == "smudged":
        return scanning.scan(pdf, dpi=150, skew_degrees=1.0, noise=12, seed=seed, smudges=6)
    if error == "encrypted":
        from pypdf import PdfReader, PdfWriter

        writer, out = PdfWriter(PdfReader(io.BytesIO(pdf))), io.BytesIO()
        writer.encrypt("nobody was told", algorithm="RC4-128")
        writer.write(out)
        return out.getvalue()
    return pdf


def _line(line: sqlite3.Row, sign: int) -> Any:
    from local.invoices.truth import OrderedLine

    principal = sign * line["principal_minor"]
    by_amazon = json.loads(line["more"]).get("by_amazon", True) if line["more"] else True
    return OrderedLine(
        amazon_order_id=line["amazon_order_id"],
        asin=line["asin"],
        title=line["title"] or line["asin"],
        quantity=line["quantity"],
        unit_price_minor=(principal + line["quantity"] // 2) // line["quantity"],
        amount_minor=principal,
        tax_minor=sign * line["tax_minor"],
        rate_micros=_rate(line["whole"] + line["whole_shipping"], line["whole_tax"]),
        seller=SELLERS[bool(by_amazon)],
    )


def _rate(taxed: int, tax: int) -> int:
    """The state's rate, in millionths, by which this was the tax of the whole line."""
    if not tax:
        return 0
    return min(STATE_TAX.values(), key=lambda points: (abs(taxed * points - tax * 10_000), points)) * 100


def _wrong(order: Order, error: str | None) -> Order:
    first = order.lines[0]
    match error:
        case "wrong_price":
            dearer = first.unit_price_minor + max(1, first.unit_price_minor // 10)
            changed = replace(first, unit_price_minor=dearer, amount_minor=dearer * first.quantity)
        case "extra_unit":
            units = first.quantity + 1
            changed = replace(first, quantity=units, amount_minor=first.amount_minor + first.unit_price_minor)
        case "other_purchase_order":
            digits = hashlib.sha256(order.number.encode()).hexdigest()
            name = f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
            return replace(order, purchase_order_number=f"LOY-{name}")
        case "wrong_total":
            return replace(order, misprinted_minor=1_000)
        case _:
            return order
    return replace(order, lines=(changed, *order.lines[1:]))


def _day(instant: str) -> date:
    return datetime.fromisoformat(instant).date()

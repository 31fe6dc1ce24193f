"""A period's invoice, its lines below the orders they belong to; and credit notes of Europe."""

from __future__ import annotations

import random

from local.invoices import regions
from local.invoices.layouts.layout import Layout
from local.invoices.sheet import GREY, HELVETICA, TIMES, Sheet
from local.invoices.table import Across, Cell, Column, Row, Style, pairs, stack, table
from local.invoices.truth import Case, Shows
from local.invoices.writing import EUR, GBP, USD, USD_MINUS, Writing


def _periodic(case: Case, writing: Writing, rng: random.Random) -> bytes:
    del rng
    invoice = case.invoice
    sheet = Sheet("letter", TIMES, 10, margin=44)
    sheet.mark(sheet.right - 28, 38, 28, (0.91, 0.52, 0.06))
    sheet.text(sheet.left, 58, "Monthly Invoice", size=19, bold=True)
    left = [
        ("Invoice #", invoice.number), ("Invoice date", writing.date(invoice.issued_on)),
        *((("Payment due by", writing.date(invoice.due_on)),) if invoice.due_on else ()),
        ("Payment terms", invoice.payment_terms or ""), ("Account #", invoice.account or ""),
    ]  # fmt: skip
    right = [
        ("Item subtotal", writing.amount(invoice.subtotal_minor)),
        ("Shipping & handling", writing.amount(invoice.shipping_minor)),
        ("Promos & discounts", writing.amount(invoice.discount_minor)),
        ("Tax", writing.amount(invoice.tax_minor)),
        ("Amount due", writing.amount(invoice.total_minor)),
    ]
    middle = sheet.left + 290
    low = pairs(sheet, sheet.left, 84, 260, left, how="beside")
    sheet.box(middle - 10, 70, sheet.right - middle + 10, 84, stroke=GREY)
    low = max(low, pairs(sheet, middle, 86, sheet.right - middle - 10, right, bold_last=True), 160)
    low = max(
        stack(sheet, sheet.left, low + 10, 240, "Bill to", case.bill_to),
        stack(sheet, middle, low + 10, 220, "Remit to", case.issuer),
    )
    sheet.y = low + 10
    rows: list[Row] = []
    last = None
    for line in invoice.lines:
        if line.kind == "item" and line.amazon_order_id != last:
            last = line.amazon_order_id
            rows.append(Across(f"Order # {last}   PO # {case.purchase_orders[last or '']}"))
        elif line.kind != "item" and last is not None:
            last = None
            rows.append(Across("Charges for all orders"))
        rows.append(
            [
                Cell(line.description, (f"ASIN {line.asin}",) if line.asin else ()),
                str(line.quantity or ""),
                writing.in_table(line.unit_price_minor) if line.unit_price_minor is not None else "",
                writing.in_table(line.amount_minor),
                writing.in_table(line.tax_minor or 0),
            ]
        )
    columns = (
        Column("Item", 0.52), Column("Quantity", 0.1, "r"), Column("Unit price", 0.13, "r"),
        Column("Subtotal", 0.13, "r"), Column("Tax", 0.11, "r"),
    )  # fmt: skip
    table(sheet, columns, rows, Style(9, gap=2.5, head_fill=(0.92, 0.92, 0.92)))
    return sheet.finish(lambda page, pages: [("l", f"Invoice # {invoice.number}"), ("r", f"Page {page} of {pages}")])


def _credit_note(case: Case, writing: Writing, rng: random.Random) -> bytes:
    del rng
    invoice = case.invoice
    german = case.region.code == "DE"
    words = (
        ("Rechnungskorrektur", "Gutschriftsnummer", "Datum", "Zu Rechnung", "Ihre Referenz", "Bestellung", "USt-IdNr.")
        if german
        else ("Credit note", "Credit note #", "Credit note date", "Original invoice #", "PO #", "Order #", "VAT #")
    )
    titles = (
        ("Artikel", "Menge", "Einzelpreis", "USt.", "Betrag")
        if german
        else ("Description", "Qty", "Unit price", "VAT rate", "Amount")
    )
    sums = (
        ("Summe netto", "Versand", "USt.", "Gutschriftsbetrag")
        if german
        else ("Subtotal (excl. VAT)", "Shipping (excl. VAT)", "VAT", "Total refund")
    )
    sheet = Sheet("a4", HELVETICA, 9, margin=48)
    sheet.text(sheet.left, 60, words[0], size=20, bold=True)
    stack(sheet, sheet.right - 200, 50, 200, "", (*case.issuer, f"{words[6]} {invoice.vendor_tax_id}"), size=8)
    told = [
        (words[1], invoice.number), (words[2], writing.date(invoice.issued_on)), (words[3], invoice.corrects or ""),
        *((words[4], number) for number in invoice.purchase_order_numbers),
        (words[5], invoice.lines[0].amazon_order_id or ""),
    ]  # fmt: skip
    low = pairs(sheet, sheet.left, 100, 360, told, how="beside")
    sheet.y = stack(sheet, sheet.left, low + 10, 240, "", case.bill_to) + 8
    rows: list[Row] = [
        [
            Cell(line.description, (f"ASIN: {line.asin}",) if line.asin else ()), str(line.quantity or ""),
            writing.in_table(line.unit_price_minor) if line.unit_price_minor is not None else "",
            writing.rate(line.tax_rate_micros or 0), writing.in_table(line.amount_minor),
        ]
        for line in invoice.lines
    ]  # fmt: skip
    columns = tuple(
        Column(title, share, "l" if position == 0 else "r")
        for position, (title, share) in enumerate(zip(titles, (0.5, 0.09, 0.15, 0.1, 0.16), strict=True))
    )
    table(sheet, columns, rows, Style(8.5, row_rules=True))
    sheet.need(90)
    amounts = (invoice.subtotal_minor, invoice.shipping_minor, invoice.tax_minor, invoice.total_minor)
    told = [
        (label, writing.amount(minor)) for label, minor in zip(sums, amounts, strict=True) if minor or label != sums[1]
    ]
    pairs(sheet, sheet.right - 220, sheet.y + 18, 220, told, bold_last=True)
    return sheet.finish(lambda page, pages: [("r", f"{page} / {pages}")])


US_PERIODIC = Layout(
    "us_periodic", regions.US, Shows(line_rate=False, line_tax=True),
    (Writing(USD, USD, "us_long"), Writing(USD_MINUS, USD_MINUS, "us_short")), _periodic, orders=(3, 12),
)  # fmt: skip
_MEMO = Shows(vendor_tax_id=True, account=False, pseudo_lines=False)
UK_CREDIT_NOTE = Layout(
    "uk_credit_note", regions.UK, _MEMO,
    (Writing(GBP, GBP, "uk_long", 0), Writing(GBP, GBP, "slashed", 0, unsigned=True)), _credit_note, kind="credit_memo",
)  # fmt: skip
DE_CREDIT_NOTE = Layout(
    "de_credit_note", regions.DE, _MEMO,
    (Writing(EUR, EUR, "dotted", 0, ",", " %"), Writing(EUR, EUR, "de_long", 0, ",", "%")),
    _credit_note, kind="credit_memo",
)  # fmt: skip

"""Papers of other houses' programs: dense, large, labels above or against their values, across, coloured."""

from __future__ import annotations

import random

from local.invoices import regions
from local.invoices.layouts.layout import Layout
from local.invoices.sheet import COURIER, GREY, HELVETICA, TIMES, VERA, Sheet
from local.invoices.table import Cell, Column, Row, Style, pairs, stack, table
from local.invoices.truth import Case, Shows
from local.invoices.writing import EUR, USD, USD_MINUS, Money, Writing

PLUM = (0.36, 0.15, 0.42)
SAND = (0.97, 0.95, 0.9)
WHITE = (1.0, 1.0, 1.0)


def _sums(case: Case, writing: Writing, *words: str) -> list[tuple[str, str]]:
    """Subtotal, shipping, discount, tax, total under these labels; shipping and discount only if there are any."""
    invoice = case.invoice
    told = [
        (words[0], invoice.subtotal_minor), (words[1], invoice.shipping_minor), (words[2], invoice.discount_minor),
        (words[3], invoice.tax_minor), (words[4], invoice.total_minor),
    ]  # fmt: skip
    return [
        (label, writing.amount(minor)) for label, minor in told if minor or label not in words[1:3]
    ]  # fmt: skip


def _unit(writing: Writing, minor: int | None) -> str:
    return writing.in_table(minor) if minor is not None else ""


def _compact(case: Case, writing: Writing, rng: random.Random) -> bytes:
    del rng
    invoice = case.invoice
    sheet = Sheet("letter", COURIER, 7, margin=30)
    sheet.text(sheet.left, 40, "INVOICE", size=11, bold=True)
    sheet.text(sheet.right, 40, case.issuer[0], size=9, align="r")
    sheet.text(
        sheet.left, 56, f"INV NO: {invoice.number}   DATE: {writing.date(invoice.issued_on)}   ACCT: {invoice.account}"
    )
    due = f"DUE: {writing.date(invoice.due_on)}   " if invoice.due_on else ""
    sheet.text(sheet.left, 66, f"{due}TERMS: {invoice.payment_terms}   ORDERED: {writing.date(case.ordered_on)}")
    sheet.text(sheet.left, 76, f"P.O.: {' '.join(invoice.purchase_order_numbers)}   REP: {case.purchaser}")
    sheet.text(sheet.left, 88, "BILL: " + " / ".join(case.bill_to))
    sheet.text(sheet.left, 98, "SHIP: " + " / ".join(case.ship_to))
    sheet.y = 106
    columns = (
        Column("LN", 0.04, "r"), Column("ASIN", 0.11), Column("ORDER NO", 0.17), Column("DESCRIPTION", 0.32),
        Column("QTY", 0.05, "r"), Column("PRICE", 0.09, "r"), Column("EXT", 0.1, "r"), Column("TX%", 0.07, "r"),
        Column("TAX", 0.08, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            str(number), line.asin or "", line.amazon_order_id or "", line.description,
            str(line.quantity or ""), _unit(writing, line.unit_price_minor), writing.in_table(line.amount_minor),
            writing.rate(line.tax_rate_micros or 0), writing.in_table(line.tax_minor or 0),
        ]
        for number, line in enumerate(invoice.lines, 1)
    ]  # fmt: skip
    table(sheet, columns, rows, Style(6.5, gap=2))
    sheet.need(60)
    told = _sums(case, writing, "MERCHANDISE", "FREIGHT", "DISCOUNT", "SALES TAX", "TOTAL DUE")
    pairs(sheet, sheet.right - 150, sheet.y + 12, 150, told, leading=1.3, bold_last=True)
    return sheet.finish(lambda page, pages: [("r", f"PG {page}/{pages}")])


def _large(case: Case, writing: Writing, rng: random.Random) -> bytes:
    invoice = case.invoice
    sheet = Sheet("letter", HELVETICA, 13, margin=54)
    sheet.mark(sheet.left, 48, 40, (0.15, 0.35, 0.6))
    sheet.text(sheet.left + 54, 78, "INVOICE", size=30, bold=True)
    told = [
        ("Invoice number:", invoice.number), ("Date of issue:", writing.date(invoice.issued_on)),
        *((("Please pay by:", writing.date(invoice.due_on)),) if invoice.due_on else ()),
        ("Purchase order:", ", ".join(invoice.purchase_order_numbers)),
        ("Order:", invoice.lines[0].amazon_order_id or ""),
    ]  # fmt: skip
    y = pairs(sheet, sheet.left, 124, sheet.right - sheet.left, told, how="after", leading=1.6)
    sheet.y = stack(sheet, sheet.left, y + 12, 300, "To", case.bill_to) + 12
    columns = (
        Column("What", 0.48), Column("How many", 0.14, "c"), Column("Each", 0.18, "r"), Column("Amount", 0.2, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            line.description,
            str(line.quantity or ""),
            _unit(writing, line.unit_price_minor),
            writing.in_table(line.amount_minor),
        ]
        for line in invoice.lines
    ]
    table(sheet, columns, rows, Style(11.5, gap=5, head_size=11, row_rules=True))
    sheet.need(140)
    told = _sums(case, writing, "Subtotal", "Shipping", "You saved", "Sales tax", "Total")
    pairs(sheet, sheet.right - 250, sheet.y + 26, 250, told, leading=1.6, bold_last=True)
    if rng.random() < 0.5:
        sheet.need(60)
        sheet.text(sheet.left, sheet.bottom - 6, "Thank you! Questions? Call (888) 555-0144.", size=10, colour=GREY)
    return sheet.finish()


def _against(case: Case, writing: Writing, rng: random.Random) -> bytes:
    """Labels end where values begin, and the sums stand above the lines."""
    del rng
    invoice = case.invoice
    sheet = Sheet("letter", TIMES, 10, margin=48)
    sheet.text(sheet.width / 2, 58, "TAX INVOICE", size=17, bold=True, align="c")
    sheet.text(sheet.width / 2, 74, ", ".join(case.issuer), size=9, align="c")
    left = [
        ("Invoice ID", invoice.number), ("Issued", writing.date(invoice.issued_on)),
        *((("Due", writing.date(invoice.due_on)),) if invoice.due_on else ()),
        ("Terms", invoice.payment_terms or ""), ("Customer no.", invoice.account or ""),
        *(("PO number", number) for number in invoice.purchase_order_numbers), *case.fields,
    ]  # fmt: skip
    right = _sums(case, writing, "Net of items", "Delivery", "Less discount", "Tax", "Amount payable")
    low = pairs(sheet, sheet.left, 104, 290, left, how="against", colon=":")
    low = max(low, pairs(sheet, sheet.left + 300, 104, 216, right, how="against", colon=":", bold_last=True))
    half = (sheet.right - sheet.left) / 2
    low = max(
        stack(sheet, sheet.left, low + 12, half - 10, "Customer", case.bill_to, size=9),
        stack(sheet, sheet.left + half, low + 12, half - 10, "Consignee", case.ship_to, size=9),
    )
    sheet.y = low + 10
    columns = (
        Column("Qty", 0.07, "r"), Column("Item", 0.5), Column("Price", 0.14, "r"), Column("Tax rate", 0.12, "r"),
        Column("Total", 0.15, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            str(line.quantity or ""),
            Cell(
                line.description,
                tuple(
                    f"{name} {value}" for name, value in (("ASIN", line.asin), ("Order", line.amazon_order_id)) if value
                ),
            ),
            _unit(writing, line.unit_price_minor),
            writing.rate(line.tax_rate_micros or 0),
            writing.in_table(line.amount_minor),
        ]
        for line in invoice.lines
    ]
    table(sheet, columns, rows, Style(9.5, grid=True, head_rules=False))
    return sheet.finish(lambda page, pages: [("c", f"- {page} of {pages} -")])


def _stacked(case: Case, writing: Writing, rng: random.Random) -> bytes:
    """Labels above their values, in a row of boxes; the order's number in the lines."""
    del rng
    invoice = case.invoice
    sheet = Sheet("a4", HELVETICA, 9, margin=40)
    sheet.box(0, 0, sheet.width, 70, fill=(0.1, 0.12, 0.16))
    sheet.mark(sheet.left, 20, 30, (0.95, 0.6, 0.1))
    sheet.text(sheet.left + 42, 42, "Invoice", size=20, bold=True, colour=WHITE)
    sheet.text(sheet.right, 42, case.issuer[0], size=10, align="r", colour=WHITE)
    told = [
        ("INVOICE NO.", invoice.number), ("INVOICE DATE", writing.date(invoice.issued_on)),
        ("DUE DATE", writing.date(invoice.due_on) if invoice.due_on else "on receipt"),
        ("AMOUNT DUE", writing.amount(invoice.total_minor)),
    ]  # fmt: skip
    width = (sheet.right - sheet.left) / 4
    for position, pair in enumerate(told):
        sheet.box(sheet.left + position * width, 86, width - 6, 40, fill=SAND)
        pairs(sheet, sheet.left + position * width + 6, 101, width - 12, [pair], how="above", size=9.5)
    below = [
        ("PURCHASE ORDER", ", ".join(invoice.purchase_order_numbers)), ("PAYMENT TERMS", invoice.payment_terms or ""),
        ("ACCOUNT", invoice.account or ""),
    ]  # fmt: skip
    lows = [
        pairs(sheet, sheet.left + position * width * 1.33 + 6, 144, width * 1.33 - 12, [pair], how="above")
        for position, pair in enumerate(below)
    ]
    half = (sheet.right - sheet.left) / 2
    low = max(
        stack(sheet, sheet.left + 6, max(lows) + 8, half - 12, "BILL TO", case.bill_to),
        stack(sheet, sheet.left + half, max(lows) + 8, half - 12, "SHIP TO", case.ship_to),
    )
    sheet.y = low + 8
    columns = (
        Column("ITEM", 0.52), Column("QTY", 0.08, "c"), Column("RATE", 0.14, "r"), Column("TAX", 0.11, "r"),
        Column("AMOUNT", 0.15, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            Cell(line.description, (" | ".join(x for x in (line.asin, line.amazon_order_id) if x),)),
            str(line.quantity or ""), _unit(writing, line.unit_price_minor),
            writing.in_table(line.tax_minor or 0), writing.in_table(line.amount_minor),
        ]
        for line in invoice.lines
    ]  # fmt: skip
    table(sheet, columns, rows, Style(8.5, gap=4, row_rules=True))
    sheet.need(110)
    told = _sums(case, writing, "SUBTOTAL", "SHIPPING", "DISCOUNT", "TAX", "TOTAL")
    pairs(sheet, sheet.right - 190, sheet.y + 20, 186, told, leading=1.7, bold_last=True)
    return sheet.finish(lambda page, pages: [("l", f"{invoice.number}"), ("r", f"{page}/{pages}")])


def _across(case: Case, writing: Writing, rng: random.Random) -> bytes:
    """A4 on its side; order, ASIN and seller in columns."""
    del rng
    invoice = case.invoice
    sheet = Sheet("a4_across", HELVETICA, 8.5, margin=36)
    sheet.text(sheet.left, 52, "Sammelrechnung", size=18, bold=True)
    sheet.text(sheet.right, 46, case.issuer[0], align="r")
    sheet.text(sheet.right, 58, f"USt-IdNr.: {invoice.vendor_tax_id}", align="r")
    third = (sheet.right - sheet.left) / 3
    told = [("Rechnungs-Nr.", invoice.number), ("Datum", writing.date(invoice.issued_on))]
    if invoice.due_on:
        told += [("Fällig am", writing.date(invoice.due_on)), ("Zahlungsziel", invoice.payment_terms or "")]
    low = max(
        pairs(sheet, sheet.left, 84, third - 20, told, how="beside"),
        stack(sheet, sheet.left + third, 84, third - 10, "Rechnungsempfänger", case.bill_to),
        stack(sheet, sheet.left + 2 * third, 84, third - 10, "Warenempfänger", case.ship_to),
    )
    sheet.y = low + 8
    columns = (
        Column("Nr.", 0.03, "r"), Column("Bestellung", 0.13), Column("Bestellreferenz", 0.16), Column("ASIN", 0.09),
        Column("Artikel", 0.29), Column("Menge", 0.06, "r"), Column("Preis", 0.09, "r"), Column("USt.", 0.06, "r"),
        Column("Netto", 0.1, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            str(number), line.amazon_order_id or "", case.purchase_orders.get(line.amazon_order_id or "", ""),
            line.asin or "", line.description, str(line.quantity or ""), _unit(writing, line.unit_price_minor),
            writing.rate(line.tax_rate_micros or 0), writing.in_table(line.amount_minor),
        ]
        for number, line in enumerate(invoice.lines, 1)
    ]  # fmt: skip
    table(sheet, columns, rows, Style(7.8, stripes=(0.95, 0.95, 0.95)))
    sheet.need(90)
    told = _sums(case, writing, "Warenwert netto", "Versand netto", "Nachlass netto", "Umsatzsteuer", "Rechnungsbetrag")
    pairs(sheet, sheet.right - 230, sheet.y + 16, 230, told, bold_last=True)
    return sheet.finish(lambda page, pages: [("c", f"Blatt {page} von {pages}")])


def _coloured(case: Case, writing: Writing, rng: random.Random) -> bytes:
    del rng
    invoice = case.invoice
    sheet = Sheet("letter", VERA, 8.5, margin=46)
    sheet.box(sheet.left, 36, sheet.right - sheet.left, 34, fill=PLUM)
    sheet.text(sheet.left + 12, 59, case.issuer[0], size=12, bold=True, colour=WHITE)
    sheet.text(sheet.right - 12, 59, "I N V O I C E", size=13, bold=True, align="r", colour=WHITE)
    told = [
        ("Document number", invoice.number), ("Document date", writing.date(invoice.issued_on)),
        *((("Payment due", writing.date(invoice.due_on)),) if invoice.due_on else ()),
        ("Customer PO", ", ".join(invoice.purchase_order_numbers)),
        ("Sales order", invoice.lines[0].amazon_order_id or ""),
        ("Account", invoice.account or ""),
    ]  # fmt: skip
    low = pairs(sheet, sheet.left + 240, 92, sheet.right - sheet.left - 240, told, how="beside")
    sheet.y = max(low, stack(sheet, sheet.left, 92, 220, "Sold to", case.bill_to)) + 12
    columns = (
        Column("Product", 0.15), Column("Description", 0.39), Column("Quantity", 0.11, "c"), Column("Unit", 0.13, "r"),
        Column("Net amount", 0.17, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            line.asin or "",
            line.description,
            str(line.quantity or ""),
            _unit(writing, line.unit_price_minor),
            writing.in_table(line.amount_minor),
        ]
        for line in invoice.lines
    ]
    table(
        sheet,
        columns,
        rows,
        Style(8, gap=4, head_fill=PLUM, head_colour=WHITE, stripes=(0.95, 0.92, 0.97), head_rules=False),
    )
    sheet.need(100)
    told = _sums(case, writing, "Net value", "Freight charges", "Rebate", "Tax amount", "Invoice total")
    sheet.box(sheet.right - 240, sheet.y + 8, 240, 16 * len(told) + 8, fill=(0.95, 0.92, 0.97))
    pairs(sheet, sheet.right - 232, sheet.y + 24, 224, told, leading=1.8, bold_last=True)
    return sheet.finish(lambda page, pages: [("r", f"Page {page} of {pages}")])


_TEXT_USD = Money("USD ")
COMPACT = Layout(
    "compact", regions.US, Shows(line_tax=True),
    (Writing(USD_MINUS, USD_MINUS, "us_short", 2), Writing(USD, USD, "iso")),
    _compact, orders=(1, 2),
)  # fmt: skip
LARGE = Layout(
    "large", regions.US,
    Shows(vendor=False, account=False, terms=False, asins=False, line_rate=False, pseudo_lines=False),
    (Writing(USD_MINUS, USD_MINUS, "us_long"), Writing(USD, USD, "us_short")), _large,
)  # fmt: skip
AGAINST = Layout(
    "against", regions.US, Shows(), (Writing(USD_MINUS, USD_MINUS, "dashed", 2), Writing(USD, USD, "us_long")),
    _against, orders=(1, 3),
)  # fmt: skip
STACKED = Layout(
    "stacked", regions.US, Shows(line_rate=False, line_tax=True),
    (Writing(USD_MINUS, USD_MINUS, "us_long"), Writing(USD, USD, "iso")), _stacked, orders=(1, 2),
)  # fmt: skip
ACROSS = Layout(
    "across", regions.DE, Shows(vendor_tax_id=True, account=False, pseudo_lines=False),
    (Writing(EUR, EUR, "dotted", 0, ",", "%"), Writing(EUR, EUR, "iso", 0, ",", " %")), _across, orders=(2, 6),
)  # fmt: skip
COLOURED = Layout(
    "coloured", regions.US, Shows(terms=False, line_rate=False, pseudo_lines=False),
    (Writing(_TEXT_USD, USD_MINUS, "us_long"), Writing(USD_MINUS, USD_MINUS, "us_short")), _coloured,
)  # fmt: skip

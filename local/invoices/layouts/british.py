"""After the VAT invoice of the United Kingdom: totals first, lines with their rate, a table of rates at the end."""

from __future__ import annotations

import random

from local.invoices import regions
from local.invoices.layouts.layout import Layout
from local.invoices.sheet import DEJAVU, HELVETICA, Sheet
from local.invoices.table import Across, Cell, Column, Row, Style, pairs, stack, table
from local.invoices.truth import Case, Shows
from local.invoices.writing import GBP, Writing

NAVY = (0.13, 0.19, 0.28)


def _draw(case: Case, writing: Writing, rng: random.Random) -> bytes:
    invoice = case.invoice
    sheet = Sheet("a4", HELVETICA, 9, margin=44)
    sheet.mark(sheet.left, 34, 22, NAVY)
    sheet.text(sheet.left + 30, 51, "business", size=15, bold=True)
    sheet.text(sheet.right, 50, "Invoice", size=18, bold=True, align="r")
    sheet.text(sheet.right, 64, "Paid" if rng.random() < 0.3 else "VAT invoice", align="r")
    sheet.box(sheet.left, 76, sheet.right - sheet.left, 44, fill=(0.94, 0.95, 0.97))
    sheet.text(sheet.left + 10, 94, f"Sold by {invoice.vendor_name}", bold=True)
    sheet.text(sheet.left + 10, 110, f"VAT # {invoice.vendor_tax_id}")
    sheet.text(sheet.right - 10, 94, f"Invoice date {writing.date(invoice.issued_on)}", align="r")
    sheet.text(sheet.right - 10, 110, f"Invoice # {invoice.number}", align="r")
    sheet.text(sheet.left, 144, f"Total payable {writing.amount(invoice.total_minor)}", size=14, bold=True)
    if invoice.due_on:
        sheet.text(sheet.right, 144, f"Payment due by {writing.date(invoice.due_on)}", align="r")
    third = (sheet.right - sheet.left) / 3
    low = max(
        stack(sheet, sheet.left, 168, third - 10, "Billing address", case.bill_to),
        stack(sheet, sheet.left + third, 168, third - 10, "Delivery address", case.ship_to),
        stack(sheet, sheet.left + 2 * third, 168, third, "Sold by", case.issuer),
    )
    told = [
        ("Order date", writing.date(case.ordered_on)),
        ("Order #", invoice.lines[0].amazon_order_id or ""),
        *(("PO #", number) for number in invoice.purchase_order_numbers),
        ("Account #", invoice.account or ""),
        *case.fields,
    ]
    sheet.text(sheet.left, low + 16, "Order information", size=11, bold=True)
    sheet.y = pairs(sheet, sheet.left, low + 32, 330, told, how="beside") + 12
    sheet.text(sheet.left, sheet.y, "Invoice details", size=11, bold=True)
    sheet.y += 8
    _lines(sheet, case, writing)
    _vat(sheet, case, writing)
    return sheet.finish(
        lambda page, pages: [
            ("r", f"Page {page} of {pages}"),
            ("l", "Amazon EU S.à r.l. - 38 avenue John F. Kennedy, L-1855 Luxembourg"),
        ]
    )


def _lines(sheet: Sheet, case: Case, writing: Writing) -> None:
    columns = (
        Column("Description", 0.4), Column("Qty", 0.07, "c"), Column("Unit price\n(excl. VAT)", 0.14, "r"),
        Column("VAT rate", 0.1, "r"), Column("Unit price\n(incl. VAT)", 0.14, "r"),
        Column("Item subtotal\n(excl. VAT)", 0.15, "r"),
    )  # fmt: skip
    rows: list[Row] = []
    for line, tax in zip(case.invoice.lines, case.taxes, strict=True):
        gross = writing.in_table((line.amount_minor + tax) // line.quantity) if line.quantity else ""
        rows.append(
            [
                Cell(line.description, (f"ASIN: {line.asin}",) if line.asin else ()),
                str(line.quantity or ""),
                writing.in_table(line.unit_price_minor) if line.unit_price_minor is not None else "",
                writing.rate(line.tax_rate_micros or 0),
                gross,
                writing.in_table(line.amount_minor),
            ]
        )
    table(sheet, columns, rows, Style(8.5, head_fill=NAVY, head_colour=(1, 1, 1), row_rules=True))


def _vat(sheet: Sheet, case: Case, writing: Writing) -> None:
    """The rates' table on a page of its own, and the sums below."""
    invoice = case.invoice
    sheet.new_page()
    sheet.text(sheet.left, sheet.y + 6, "VAT summary", size=11, bold=True)
    sheet.y += 16
    columns = (
        Column("VAT rate", 0.2), Column("Item subtotal\n(excl. VAT)", 0.3, "r"), Column("VAT subtotal", 0.3, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [writing.rate(line.rate_micros), writing.amount(line.base_minor), writing.amount(line.tax_minor)]
        for line in invoice.tax_lines
    ]
    net = invoice.subtotal_minor + invoice.shipping_minor + invoice.discount_minor
    rows.append([Cell("Total", bold=True), writing.amount(net), writing.amount(invoice.tax_minor)])
    table(sheet, columns, rows, Style(9, row_rules=True))
    told = [("Items subtotal (excl. VAT)", writing.amount(invoice.subtotal_minor))]
    told.append(("Shipping charges (excl. VAT)", writing.amount(invoice.shipping_minor)))
    if invoice.discount_minor:
        told.append(("Promotions (excl. VAT)", writing.amount(invoice.discount_minor)))
    told.append(("Total VAT", writing.amount(invoice.tax_minor)))
    told.append(("Total payable", writing.amount(invoice.total_minor)))
    sheet.y = pairs(sheet, sheet.right - 260, sheet.y + 24, 260, told, bold_last=True) + 10
    bank = ("Sort code 00-00-00, account 12345678", "IBAN GB00EXMP00000012345678", f"Reference {invoice.number}")
    sheet.y = stack(sheet, sheet.left, sheet.y + 10, 300, "Remit to", (case.issuer[0], *bank))
    if invoice.payment_terms:
        sheet.text(sheet.left, sheet.y + 10, f"Payment terms: {invoice.payment_terms}")


def _modern(case: Case, writing: Writing, rng: random.Random) -> bytes:
    """Another of that country: another font, lines grouped by order, the tax of each line, sums below the lines."""
    del rng
    invoice = case.invoice
    sheet = Sheet("a4", DEJAVU, 8.5, margin=50)
    sheet.text(sheet.left, 62, "VAT INVOICE", size=18, bold=True)
    sheet.mark(sheet.right - 26, 40, 26, (0.1, 0.42, 0.36))
    told = [
        ("Invoice number", invoice.number), ("Tax point / invoice date", writing.date(invoice.issued_on)),
        ("Due date", writing.date(invoice.due_on) if invoice.due_on else "on receipt"),
        ("Terms", invoice.payment_terms or ""), ("Your reference (PO)", ", ".join(invoice.purchase_order_numbers)),
    ]  # fmt: skip
    low = pairs(sheet, sheet.left, 90, 280, told, how="beside")
    low = max(low, stack(sheet, sheet.right - 190, 90, 190, "", (*case.issuer, f"VAT No. {invoice.vendor_tax_id}")))
    half = (sheet.right - sheet.left) / 2
    low = max(
        stack(sheet, sheet.left, low + 14, half - 12, "Invoice to", case.bill_to),
        stack(sheet, sheet.left + half, low + 14, half - 12, "Deliver to", case.ship_to),
    )
    sheet.y = low + 10
    rows: list[Row] = []
    last = None
    for line in invoice.lines:
        if line.amazon_order_id and line.amazon_order_id != last:
            last = line.amazon_order_id
            rows.append(Across(f"Order {last}"))
        rows.append(
            [
                line.asin or "",
                line.description,
                str(line.quantity or ""),
                writing.in_table(line.unit_price_minor) if line.unit_price_minor is not None else "",
                writing.in_table(line.amount_minor),
                writing.rate(line.tax_rate_micros or 0),
                writing.in_table(line.tax_minor or 0),
            ]
        )
    columns = (
        Column("Code", 0.14), Column("Item", 0.36), Column("Qty", 0.07, "r"), Column("Unit net", 0.12, "r"),
        Column("Net", 0.13, "r"), Column("VAT %", 0.09, "r"), Column("VAT", 0.11, "r"),
    )  # fmt: skip
    table(sheet, columns, rows, Style(7.8, head_size=7.8, stripes=(0.95, 0.97, 0.96)))
    sheet.need(110)
    sums = [("Goods net", writing.amount(invoice.subtotal_minor))]
    if invoice.shipping_minor:
        sums.append(("Carriage net", writing.amount(invoice.shipping_minor)))
    if invoice.discount_minor:
        sums.append(("Discount", writing.amount(invoice.discount_minor)))
    sums += [("VAT", writing.amount(invoice.tax_minor)), ("Total due", writing.amount(invoice.total_minor))]
    pairs(sheet, sheet.right - 190, sheet.y + 18, 190, sums, bold_last=True, size=9)
    return sheet.finish(lambda page, pages: [("c", f"{page} / {pages}")])


UK_VAT = Layout(
    "uk_vat", regions.UK, Shows(vendor_tax_id=True, tax_lines=True, pseudo_lines=False),
    (Writing(GBP, GBP, "uk_long", decimals=0), Writing(GBP, GBP, "slashed", decimals=1)), _draw,
)  # fmt: skip
UK_MODERN = Layout(
    "uk_modern", regions.UK, Shows(vendor_tax_id=True, account=False, line_tax=True, pseudo_lines=False),
    (Writing(GBP, GBP, "uk_long", decimals=1), Writing(GBP, GBP, "dashed", decimals=2)), _modern, orders=(1, 3),
)  # fmt: skip

"""After German invoices: "1.234,56 €", amounts before or with tax in the table, the rates below."""

from __future__ import annotations

import random

from local.invoices import regions
from local.invoices.layouts.layout import Layout
from local.invoices.sheet import HELVETICA, TIMES, Sheet
from local.invoices.table import Cell, Column, Row, Style, pairs, stack, table
from local.invoices.truth import Case, Shows
from local.invoices.writing import EUR, EUR_BARE, Writing

TEAL = (0.06, 0.36, 0.42)


def _draw(case: Case, writing: Writing, rng: random.Random) -> bytes:
    invoice = case.invoice
    sheet = Sheet("a4", HELVETICA, 9, margin=50)
    sheet.mark(sheet.right - 30, 36, 30, TEAL)
    sheet.text(sheet.left, 60, "Rechnung", size=22)
    sheet.text(sheet.left, 92, " · ".join(case.issuer), size=7)
    stack(sheet, sheet.left, 110, 230, "", case.bill_to, size=10)
    told = [
        ("Rechnungsnummer", invoice.number), ("Rechnungsdatum", writing.date(invoice.issued_on)),
        ("Bestelldatum", writing.date(case.ordered_on)), ("Bestellnummer", invoice.lines[0].amazon_order_id or ""),
        *(("Ihre Referenz (PO)", number) for number in invoice.purchase_order_numbers),
    ]  # fmt: skip
    if invoice.due_on:
        told.append(("Zahlbar bis", writing.date(invoice.due_on)))
    if invoice.payment_terms:
        told.append(("Zahlungsbedingungen", invoice.payment_terms))
    if invoice.account:
        told.append(("Kundennummer", invoice.account))
    low = pairs(sheet, sheet.right - 260, 110, 260, told, how="beside", colon=":")
    low = max(low, stack(sheet, sheet.left, 178, 220, "Lieferadresse", case.ship_to, size=8.5))
    sheet.y = low + 16
    sheet.text(sheet.left, sheet.y, "Rechnungsdetails", size=11, bold=True)
    sheet.y += 8
    rows: list[Row] = [
        [
            Cell(line.description, (f"ASIN: {line.asin}",) if line.asin else ()),
            str(line.quantity or ""),
            writing.in_table(line.unit_price_minor) if line.unit_price_minor is not None else "",
            writing.rate(line.tax_rate_micros or 0),
            writing.in_table(line.amount_minor),
        ]
        for line in invoice.lines
    ]
    columns = (
        Column("Beschreibung", 0.5), Column("Menge", 0.1, "c"), Column("Stückpreis\n(ohne USt.)", 0.15, "r"),
        Column("USt. %", 0.1, "r"), Column("Zwischensumme\n(ohne USt.)", 0.17, "r"),
    )  # fmt: skip
    table(sheet, columns, rows, Style(8.5, row_rules=True))
    _sums(sheet, case, writing)
    foot = f"USt-IdNr. {invoice.vendor_tax_id}   Amtsgericht München HRB 000000   Seite"
    return sheet.finish(lambda page, pages: [("c", f"{foot} {page} von {pages}")])


def _sums(sheet: Sheet, case: Case, writing: Writing) -> None:
    invoice = case.invoice
    sheet.need(120 + 14 * len(invoice.tax_lines))
    told = [("Zwischensumme Artikel", writing.amount(invoice.subtotal_minor))]
    told.append(("Versandkosten", writing.amount(invoice.shipping_minor)))
    if invoice.discount_minor:
        told.append(("Rabatte", writing.amount(invoice.discount_minor)))
    told.append(("USt. gesamt", writing.amount(invoice.tax_minor)))
    told.append(("Gesamtpreis", writing.amount(invoice.total_minor)))
    y = sheet.y + 18
    low = pairs(sheet, sheet.right - 220, y, 220, told, bold_last=True)
    sheet.text(sheet.left, y, "USt. %", bold=True, size=8)
    sheet.text(sheet.left + 130, y, "Netto", bold=True, size=8, align="r")
    sheet.text(sheet.left + 210, y, "USt.", bold=True, size=8, align="r")
    for number, line in enumerate(invoice.tax_lines, 1):
        sheet.text(sheet.left, y + 13 * number, writing.rate(line.rate_micros), size=8)
        sheet.text(sheet.left + 130, y + 13 * number, writing.amount(line.base_minor), size=8, align="r")
        sheet.text(sheet.left + 210, y + 13 * number, writing.amount(line.tax_minor), size=8, align="r")
    sheet.y = max(low, y + 13 * (len(invoice.tax_lines) + 1)) + 6
    thanks = f"Bitte überweisen Sie {writing.amount(invoice.total_minor)} unter Angabe der Rechnungsnummer."
    sheet.text(sheet.left, sheet.y, thanks, size=8.5)


def _with_tax(case: Case, writing: Writing, rng: random.Random) -> bytes:
    """What a line costs is told with its tax, as for consumers; a unit's price is told without as well."""
    del rng
    invoice = case.invoice
    sheet = Sheet("a4", TIMES, 10, margin=56)
    stack(sheet, sheet.right - 190, 54, 190, "", (*case.issuer, f"USt-ID: {invoice.vendor_tax_id}"), size=9)
    stack(sheet, sheet.left, 120, 240, "Rechnungsadresse", case.bill_to)
    stack(sheet, sheet.left + 270, 120, 220, "Lieferadresse", case.ship_to)
    sheet.text(sheet.left, 220, f"Rechnung Nr. {invoice.number}", size=15, bold=True)
    sheet.text(sheet.left, 238, f"Datum: {writing.date(invoice.issued_on)}")
    sheet.text(sheet.left + 170, 238, f"Bestellung: {invoice.lines[0].amazon_order_id}")
    sheet.text(sheet.left, 253, f"Ihre Bestellreferenz: {', '.join(invoice.purchase_order_numbers)}")
    sheet.y = 268
    columns = (
        Column("Pos.", 0.06), Column("Artikel", 0.38), Column("Menge", 0.09, "r"),
        Column("Einzelpreis\nnetto", 0.13, "r"),
        Column("USt.", 0.08, "r"), Column("Betrag\nnetto", 0.13, "r"), Column("Betrag\nbrutto", 0.13, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            str(number),
            f"{line.description} (ASIN {line.asin})" if line.asin else line.description,
            str(line.quantity or ""),
            writing.in_table(line.unit_price_minor) if line.unit_price_minor is not None else "",
            writing.rate(line.tax_rate_micros or 0),
            writing.in_table(line.amount_minor),
            writing.in_table(line.amount_minor + tax),
        ]
        for number, (line, tax) in enumerate(zip(invoice.lines, case.taxes, strict=True), 1)
    ]
    table(sheet, columns, rows, Style(9, grid=True, head_rules=False))
    sheet.need(120 + 13 * len(invoice.tax_lines))
    told = [("Summe netto Artikel", writing.amount(invoice.subtotal_minor))]
    if invoice.shipping_minor:
        told.append(("Versandkosten netto", writing.amount(invoice.shipping_minor)))
    if invoice.discount_minor:
        told.append(("Aktionsgutschein netto", writing.amount(invoice.discount_minor)))
    for line in invoice.tax_lines:
        label = f"{writing.rate(line.rate_micros)} USt. auf {writing.amount(line.base_minor)}"
        told.append((label, writing.amount(line.tax_minor)))
    told += [
        ("Umsatzsteuer", writing.amount(invoice.tax_minor)),
        ("Rechnungsbetrag", writing.amount(invoice.total_minor)),
    ]
    sheet.y = pairs(sheet, sheet.right - 240, sheet.y + 18, 240, told, bold_last=True) + 6
    if invoice.due_on:
        words = f"Zahlungsziel: {invoice.payment_terms}, fällig am {writing.date(invoice.due_on)}."
        sheet.text(sheet.left, sheet.y + 6, words)
    return sheet.finish(lambda page, pages: [("r", f"Seite {page}/{pages}")])


_PERCENT = " %"
DE_RECHNUNG = Layout(
    "de_rechnung", regions.DE, Shows(vendor_tax_id=True, tax_lines=True, pseudo_lines=False),
    (
        Writing(EUR, EUR, "de_long", 0, ",", _PERCENT), Writing(EUR, EUR, "dotted", 0, ",", _PERCENT),
        Writing(EUR, EUR, "de_long", 1, ",", _PERCENT),
    ), _draw,
)  # fmt: skip
DE_WITH_TAX = Layout(
    "de_with_tax", regions.DE, Shows(vendor_tax_id=True, account=False, tax_lines=True),
    (Writing(EUR, EUR_BARE, "dotted", 0, ",", "%"), Writing(EUR, EUR, "dotted", 2, ",", _PERCENT)), _with_tax,
)  # fmt: skip

"""After invoices of France, Spain and Italy: their words, their months, tax in a table of rates."""

from __future__ import annotations

import random

from local.invoices import regions
from local.invoices.layouts.layout import Layout
from local.invoices.sheet import DEJAVU, HELVETICA, TIMES, Sheet
from local.invoices.table import Cell, Column, Row, Style, pairs, stack, table
from local.invoices.truth import Case, Shows
from local.invoices.writing import EUR, EUR_FR, Money, Writing

BLUE = (0.09, 0.28, 0.55)
GREEN = (0.12, 0.4, 0.24)


def _unit(writing: Writing, minor: int | None) -> str:
    return writing.in_table(minor) if minor is not None else ""


def _facture(case: Case, writing: Writing, rng: random.Random) -> bytes:
    del rng
    invoice = case.invoice
    sheet = Sheet("a4", HELVETICA, 9, margin=48)
    sheet.mark(sheet.left, 40, 26, BLUE)
    memo = invoice.kind == "credit_memo"
    sheet.text(sheet.right, 58, "Avoir" if memo else "Facture", size=20, bold=True, align="r", colour=BLUE)
    stack(sheet, sheet.left, 86, 230, "Vendu par", (*case.issuer, f"TVA {invoice.vendor_tax_id}"), size=8.5)
    told = [
        ("Numéro d'avoir" if memo else "Numéro de facture", invoice.number),
        ("Date d'avoir" if memo else "Date de facturation", writing.date(invoice.issued_on)),
        *((("Facture d'origine", invoice.corrects),) if invoice.corrects else ()),
        ("Commande n°", invoice.lines[0].amazon_order_id or ""),
        *(("Bon de commande", number) for number in invoice.purchase_order_numbers),
        *((("Échéance", writing.date(invoice.due_on)),) if invoice.due_on else ()),
        ("Conditions", invoice.payment_terms or ""),
    ]  # fmt: skip
    low = pairs(sheet, sheet.left + 240, 86, sheet.right - sheet.left - 240, told, how="beside")
    low = max(low, 150)
    low = max(
        stack(sheet, sheet.left, low + 12, 220, "Adresse de facturation", case.bill_to),
        stack(sheet, sheet.left + 240, low + 12, 220, "Adresse de livraison", case.ship_to),
    )
    sheet.y = low + 10
    columns = (
        Column("Description", 0.46), Column("Qté", 0.08, "c"), Column("P.U. HT", 0.15, "r"), Column("TVA", 0.1, "r"),
        Column("Montant HT", 0.18, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            Cell(line.description, (f"ASIN : {line.asin}",) if line.asin else ()), str(line.quantity or ""),
            _unit(writing, line.unit_price_minor), writing.rate(line.tax_rate_micros or 0),
            writing.in_table(line.amount_minor),
        ]
        for line in invoice.lines
    ]  # fmt: skip
    table(sheet, columns, rows, Style(8.5, head_fill=(0.9, 0.93, 0.98), row_rules=True))
    sheet.need(110 + 13 * len(invoice.tax_lines))
    told = [("Total articles HT", writing.amount(invoice.subtotal_minor))]
    if invoice.shipping_minor:
        told.append(("Livraison HT", writing.amount(invoice.shipping_minor)))
    if invoice.discount_minor:
        told.append(("Remise HT", writing.amount(invoice.discount_minor)))
    told += [("Total TVA", writing.amount(invoice.tax_minor)), ("Total TTC", writing.amount(invoice.total_minor))]
    y = sheet.y + 18
    _rates(sheet, case, writing, y, ("Taux", "Base HT", "TVA"))
    pairs(sheet, sheet.right - 220, y, 220, told, bold_last=True)
    return sheet.finish(lambda page, pages: [("r", f"Page {page} sur {pages}")])


def _rates(sheet: Sheet, case: Case, writing: Writing, y: float, words: tuple[str, str, str]) -> None:
    for x, word, align in zip((0, 120, 190), words, ("l", "r", "r"), strict=True):
        sheet.text(sheet.left + x, y, word, bold=True, size=8, align="l" if align == "l" else "r")
    for number, line in enumerate(case.invoice.tax_lines, 1):
        sheet.text(sheet.left, y + 12 * number, writing.rate(line.rate_micros), size=8)
        sheet.text(sheet.left + 120, y + 12 * number, writing.amount(line.base_minor), size=8, align="r")
        sheet.text(sheet.left + 190, y + 12 * number, writing.amount(line.tax_minor), size=8, align="r")


def _factura(case: Case, writing: Writing, rng: random.Random) -> bytes:
    del rng
    invoice = case.invoice
    sheet = Sheet("a4", TIMES, 10, margin=50)
    memo = invoice.kind == "credit_memo"
    sheet.text(sheet.left, 60, "FACTURA RECTIFICATIVA" if memo else "FACTURA", size=20, bold=True)
    sheet.text(sheet.left, 80, f"Núm. de factura: {invoice.number}", bold=True)
    sheet.text(sheet.left + 220, 80, f"Fecha de la factura: {writing.date(invoice.issued_on)}")
    sheet.text(sheet.left, 96, f"Pedido: {invoice.lines[0].amazon_order_id}")
    if invoice.corrects:
        sheet.text(sheet.left + 220, 96, f"Factura original: {invoice.corrects}")
    elif invoice.due_on:
        sheet.text(sheet.left + 220, 96, f"Fecha de vencimiento: {writing.date(invoice.due_on)}")
    low = sheet.paragraph(
        sheet.left, 112, sheet.right - sheet.left, f"Pedido de compra: {', '.join(invoice.purchase_order_numbers)}"
    )
    third = (sheet.right - sheet.left) / 3
    low = max(
        stack(
            sheet,
            sheet.left,
            low + 10,
            third - 8,
            "Vendido por",
            (*case.issuer, f"NIF {invoice.vendor_tax_id}"),
            size=9,
        ),
        stack(sheet, sheet.left + third, low + 10, third - 8, "Facturado a", case.bill_to, size=9),
        stack(sheet, sheet.left + 2 * third, low + 10, third - 8, "Enviado a", case.ship_to, size=9),
    )
    sheet.y = low + 8
    columns = (
        Column("Cant.", 0.08, "r"), Column("Descripción", 0.42), Column("Código", 0.13),
        Column("Precio unitario\n(sin IVA)", 0.14, "r"), Column("IVA %", 0.08, "r"),
        Column("Importe\n(sin IVA)", 0.15, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            str(line.quantity or ""), line.description, line.asin or "", _unit(writing, line.unit_price_minor),
            writing.rate(line.tax_rate_micros or 0), writing.in_table(line.amount_minor),
        ]
        for line in invoice.lines
    ]  # fmt: skip
    table(sheet, columns, rows, Style(9, grid=True, head_fill=(0.93, 0.9, 0.84), head_rules=False))
    sheet.need(120 + 12 * len(invoice.tax_lines))
    base = invoice.subtotal_minor + invoice.shipping_minor + invoice.discount_minor
    told = [("Subtotal artículos", writing.amount(invoice.subtotal_minor))]
    if invoice.shipping_minor:
        told.append(("Gastos de envío", writing.amount(invoice.shipping_minor)))
    if invoice.discount_minor:
        told.append(("Descuentos", writing.amount(invoice.discount_minor)))
    told += [
        ("Base imponible", writing.amount(base)), ("Cuota de IVA", writing.amount(invoice.tax_minor)),
        ("Total a pagar", writing.amount(invoice.total_minor)),
    ]  # fmt: skip
    pairs(sheet, sheet.right - 220, sheet.y + 20, 220, told, bold_last=True)
    if invoice.payment_terms:
        sheet.text(sheet.left, sheet.y + 20, f"Forma de pago: {invoice.payment_terms}")
    return sheet.finish(lambda page, pages: [("c", f"Página {page} de {pages}")])


def _fattura(case: Case, writing: Writing, rng: random.Random) -> bytes:
    del rng
    invoice = case.invoice
    sheet = Sheet("a4", DEJAVU, 8.5, margin=46)
    sheet.mark(sheet.left, 38, 24, GREEN)
    sheet.text(sheet.left + 34, 56, case.issuer[0], size=11, bold=True)
    sheet.text(sheet.left + 34, 68, f"{' - '.join(case.issuer[1:])} - P. IVA {invoice.vendor_tax_id}", size=7.5)
    stack(sheet, sheet.right - 200, 100, 200, "Spett.le", case.bill_to)
    memo = invoice.kind == "credit_memo"
    sheet.text(sheet.left, 104, "Nota di credito" if memo else "Fattura", size=16, bold=True, colour=GREEN)
    told = [
        ("Numero", invoice.number), ("Data", writing.date(invoice.issued_on)),
        ("Ordine", invoice.lines[0].amazon_order_id or ""),
        ("Rif. cliente", ", ".join(invoice.purchase_order_numbers)),
        *((("Fattura originale", invoice.corrects),) if invoice.corrects else ()),
        *((("Scadenza", writing.date(invoice.due_on)),) if invoice.due_on else ()),
        ("Pagamento", invoice.payment_terms or ""),
    ]  # fmt: skip
    low = pairs(sheet, sheet.left, 124, 250, told, how="against")
    low = max(low, stack(sheet, sheet.right - 200, 172, 200, "Destinazione merce", case.ship_to))
    sheet.y = low + 10
    columns = (
        Column("ASIN", 0.14), Column("Descrizione", 0.4), Column("Q.tà", 0.07, "r"), Column("Prezzo", 0.13, "r"),
        Column("Imponibile", 0.14, "r"), Column("IVA", 0.08, "r"),
    )  # fmt: skip
    rows: list[Row] = [
        [
            line.asin or "", line.description, str(line.quantity or ""), _unit(writing, line.unit_price_minor),
            writing.in_table(line.amount_minor), writing.rate(line.tax_rate_micros or 0),
        ]
        for line in invoice.lines
    ]  # fmt: skip
    table(sheet, columns, rows, Style(8, head_fill=GREEN, head_colour=(1, 1, 1), stripes=(0.94, 0.97, 0.95)))
    sheet.need(110 + 12 * len(invoice.tax_lines))
    y = sheet.y + 18
    _rates(sheet, case, writing, y, ("Aliquota", "Imponibile", "Imposta"))
    told = [("Totale merce", writing.amount(invoice.subtotal_minor))]
    if invoice.shipping_minor:
        told.append(("Spese di spedizione", writing.amount(invoice.shipping_minor)))
    if invoice.discount_minor:
        told.append(("Sconto", writing.amount(invoice.discount_minor)))
    told += [("Totale IVA", writing.amount(invoice.tax_minor)), ("Totale fattura", writing.amount(invoice.total_minor))]
    pairs(sheet, sheet.right - 220, y, 220, told, bold_last=True)
    return sheet.finish(lambda page, pages: [("r", f"Pag. {page} di {pages}")])


FR_FACTURE = Layout(
    "fr_facture", regions.FR, Shows(vendor_tax_id=True, account=False, tax_lines=True, pseudo_lines=False),
    (Writing(EUR_FR, EUR_FR, "fr_long", 1, ",", " %"), Writing(EUR_FR, EUR_FR, "slashed", 2, ",", " %")), _facture,
)  # fmt: skip
ES_FACTURA = Layout(
    "es_factura", regions.ES, Shows(vendor_tax_id=True, account=False, pseudo_lines=False),
    (Writing(EUR, EUR, "es_long", 0, ",", "%"), Writing(EUR, EUR, "slashed", 0, ",", " %")), _factura,
)  # fmt: skip
IT_FATTURA = Layout(
    "it_fattura", regions.IT, Shows(vendor_tax_id=True, account=False, tax_lines=True, pseudo_lines=False),
    (
        Writing(Money("€ ", ",", "."), Money("€ ", ",", "."), "slashed", 0, ",", "%"),
        Writing(EUR, EUR, "it_long", 0, ",", "%"),
    ), _fattura,
)  # fmt: skip

"""After the invoice of Amazon Business in the USA: a header of two columns, numbered lines, questions at the end."""

from __future__ import annotations

import random

from local.invoices import regions
from local.invoices.layouts.layout import Layout
from local.invoices.sheet import GREY, HELVETICA, Sheet
from local.invoices.table import Cell, Column, Style, pairs, stack, table
from local.invoices.truth import Case, Shows
from local.invoices.writing import DAYS, USD, USD_MINUS, USD_SPACED, Money, Writing

ORANGE = (0.91, 0.52, 0.06)
QUESTIONS = (
    ("How is tax calculated?", "Tax is calculated on the price of each item after promotions, at the rate of the place"
     " it was delivered to. Rates are shown for each line; the amount of tax is rounded for the whole invoice."),
    ("When is my payment due?", "Payment terms begin on the invoice date. With terms of Net 30 an invoice of $100.00"
     " issued on January 1 is due on January 31. Late payments may be charged 1.5% a month."),
    ("Why did I get more than one invoice for an order?", "Items of one order that ship at different times are invoiced"
     " separately. Use the order number and the PO number to reconcile them."),
    ("How do I return an item?", "Start a return in Your Orders within 30 days. A credit memo is sent to the same"
     " address once the item has arrived; its amount can be applied to any open invoice."),
    ("Whom do I ask?", "Contact customer service at (888) 555-0144, Monday to Friday, 6:00 to 18:00, and have your"
     " invoice number ready."),
)  # fmt: skip


def _draw(case: Case, writing: Writing, rng: random.Random) -> bytes:
    sheet = Sheet("letter", HELVETICA, 9, margin=42)
    sheet.mark(sheet.left, 36, 26, ORANGE)
    sheet.text(sheet.left + 34, 55, "business", size=17, bold=True)
    invoice = case.invoice
    memo = invoice.kind == "credit_memo"
    title = "Credit Memo" if memo else "Invoice"
    sheet.text(sheet.right, 48, title, size=20, align="r")
    sheet.text(sheet.right, 66, f"{title} # {invoice.number} | {writing.date(invoice.issued_on)}", bold=True, align="r")
    sheet.line(sheet.left, 78, sheet.right, 78)
    sheet.y = _summary(sheet, case, writing, 98, narrow=rng.random() < 0.15) + 8
    _parties(sheet, case, rng)
    sheet.need(90)
    sheet.text(sheet.left, sheet.y, "Credit details" if memo else "Invoice details", size=12, bold=True)
    sheet.y += 10
    sheet.on_new_page = lambda: sheet.text(
        sheet.left, sheet.top - 8, f"{title} # {invoice.number}", size=8, colour=GREY
    )
    columns = (
        Column("", 0.05), Column("Description", 0.47), Column("Qty", 0.08, "c"), Column("Unit price", 0.13, "r"),
        Column("Item subtotal\nbefore tax", 0.16, "r"), Column("Tax", 0.11, "r"),
    )  # fmt: skip
    table(sheet, columns, _rows(case, writing, rng), Style(8.5, head_fill=(0.93, 0.93, 0.93), row_rules=True))
    _totals(sheet, case, writing)
    _questions(sheet, rng)
    return sheet.finish(lambda page, pages: [("r", f"Page {page} of {pages}"), ("l", f"{title} # {invoice.number}")])


def _summary(sheet: Sheet, case: Case, writing: Writing, y: float, *, narrow: bool) -> float:
    invoice = case.invoice
    # Where it is narrow a long number goes on in the next line.
    middle = (sheet.left + sheet.right) / 2 + 20 if narrow else sheet.left + 236
    memo = invoice.kind == "credit_memo"
    left = [
        ("Item subtotal before tax", writing.amount(invoice.subtotal_minor)),
        ("Shipping & handling", writing.amount(invoice.shipping_minor)),
        ("Promos & discounts", writing.amount(invoice.discount_minor)),
        (
            "Total before tax",
            writing.amount(invoice.subtotal_minor + invoice.shipping_minor + invoice.discount_minor),
        ),
        ("Tax", writing.amount(invoice.tax_minor)),
        ("Amount credited" if memo else "Amount due", f"{writing.amount(invoice.total_minor)} {invoice.currency}"),
    ]
    right = [("Account #", invoice.account or "")]
    if invoice.payment_terms:
        right.append(("Payment terms", invoice.payment_terms))
    if invoice.corrects:
        right.append(("Original invoice #", invoice.corrects))
    right.append(("Purchase date", DAYS["dashed"](case.ordered_on)))
    right.append(("Purchased by", case.purchaser))
    right += [("PO #", number) for number in invoice.purchase_order_numbers]
    right += case.fields
    head = "Credit summary" if memo else "Invoice summary"
    sheet.text(sheet.left, y, head, size=12, bold=True)
    if invoice.due_on:
        sheet.text(sheet.left + 110, y, f"Payment due by {writing.date(invoice.due_on)}", bold=True)
    low = pairs(sheet, sheet.left, y + 18, 200, left, bold_last=True)
    share = 0.42 if narrow else 0.3
    return max(low, pairs(sheet, middle, y + 18, sheet.right - middle, right, how="beside", share=share))


def _parties(sheet: Sheet, case: Case, rng: random.Random) -> None:
    sheet.line(sheet.left, sheet.y - 6, sheet.right, sheet.y - 6, thick=0.4, colour=GREY)
    width = (sheet.right - sheet.left) / 4 - 8
    pay = ("Electronic funds transfer", "Bank of Examples NA", f"Account ending {rng.randrange(1000, 9999)}")
    blocks = (
        ("Registered business name", case.bill_to[:1]), ("Bill to", case.bill_to), ("Ship to", case.ship_to),
        ("Pay by" if case.invoice.kind == "invoice" else "Issued by", (*case.issuer, *pay)),
    )  # fmt: skip
    low = sheet.y
    for position, (head, lines) in enumerate(blocks):
        x = sheet.left + position * (width + 10.6)
        low = max(low, stack(sheet, x, sheet.y + 8, width, head, lines, size=8))
    sheet.y = low + 14


def _rows(case: Case, writing: Writing, rng: random.Random) -> list[list[Cell | str]]:
    # A paper has the ASIN below the title, or (a few) behind it.
    behind = rng.random() < 0.15
    rows: list[list[Cell | str]] = []
    for number, (line, seller) in enumerate(zip(case.invoice.lines, case.sellers, strict=True), 1):
        below = []
        if line.asin and not behind:
            below.append(f"ASIN: {line.asin}")
        if line.kind == "item":
            below.append(f"Sold by: {seller}")
        if line.amazon_order_id:
            below.append(f"Order # {line.amazon_order_id}")
        text = f"{line.description} ASIN: {line.asin}" if line.asin and behind else line.description
        rows.append(
            [
                str(number),
                Cell(text, tuple(below)),
                str(line.quantity) if line.quantity else "",
                writing.in_table(line.unit_price_minor) if line.unit_price_minor is not None else "",
                writing.in_table(line.amount_minor),
                writing.rate(line.tax_rate_micros) if line.tax_rate_micros is not None else "",
            ]
        )
    return rows


def _totals(sheet: Sheet, case: Case, writing: Writing) -> None:
    invoice = case.invoice
    sheet.need(60)
    before = invoice.subtotal_minor + invoice.shipping_minor + invoice.discount_minor
    told = [
        ("Total before tax", writing.in_table(before)),
        ("Tax", writing.in_table(invoice.tax_minor)),
        ("Amount credited" if invoice.kind == "credit_memo" else "Amount due", writing.in_table(invoice.total_minor)),
    ]
    sheet.y = pairs(sheet, sheet.right - 200, sheet.y + 16, 138, told, bold_last=True) + 10


def _questions(sheet: Sheet, rng: random.Random) -> None:
    sheet.new_page()
    sheet.y += 14
    sheet.text(sheet.left, sheet.y, "FAQs", size=14, bold=True)
    sheet.y += 22
    for question, answer in rng.sample(QUESTIONS, k=rng.randint(3, 5)):
        sheet.text(sheet.left, sheet.y, question, size=10, bold=True)
        sheet.y = sheet.paragraph(sheet.left, sheet.y + 14, sheet.right - sheet.left, answer, size=9) + 8


SHOWS = Shows()
WRITINGS = (
    Writing(USD_SPACED, USD, "us_long"),
    Writing(USD, USD, "us_long"),
    Writing(Money("$", spaced_below=1_000), USD_MINUS, "us_long"),
)
US_BUSINESS = Layout("us_business", regions.US, SHOWS, WRITINGS, _draw)
US_TWO_ORDERS = Layout("us_two_orders", regions.US, SHOWS, WRITINGS[:2], _draw, orders=(2, 4))
US_CREDIT_MEMO = Layout(
    "us_credit_memo", regions.US, SHOWS, (*WRITINGS[:2], Writing(USD, USD, "us_long", unsigned=True)), _draw,
    kind="credit_memo",
)  # fmt: skip

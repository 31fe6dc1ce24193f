"""Small invoices, drawn for these tests alone."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.lib.pagesizes import letter  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

LINES = (
    (("Example Water Bottle, 1 l, blue, with a name", "over two lines", "ASIN: B0EXAMPLE1"), "2", "$24.99", "$49.98"),
    (("Example Notebook", "ASIN: B0EXAMPLE2"), "1", "$5.00", "$5.00"),
    (("Shipping & handling",), "", "", "$0.00"),
)  # fmt: skip


def american(lines: Sequence[tuple[tuple[str, ...], str, str, str]] = LINES, *, second_page: bool = True) -> bytes:
    """Labels with values in two columns, a table, sums below, and a page of questions."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=letter, invariant=1)
    _left(canvas, 75, (40, "Invoice # 1ABC-2DEF-3GHJ | March 31, 2026"))
    rows = (
        ("Item subtotal before tax", "$54.98", "PO #", "LOY-000123"),
        ("Shipping & handling", "$ 0.00", "Account #", "A1EXAMPLE00000"),
        ("Tax", "$ 4.87", "GL code", "6328"),
        ("Amount due", "$59.85 USD", "Purchase date", "20-Mar-2026"),
    )
    for index, (label, amount, other, value) in enumerate(rows):
        _left(canvas, 100 + 14 * index, (40, label), (340, other), (430, value))
        canvas.drawRightString(230, 692 - 14 * index, amount)
    for index, text in enumerate(
        ("Ship to", "Alex Example", "5 Sample Ave Apt 2", "Portland, OR 97201", "United States")
    ):
        _left(canvas, 180 + 11 * index, (40, text))
    for index, text in enumerate(("Remit to", "Example Capital Services", "PO Box 1", "Seattle, WA 98124")):
        _left(canvas, 180 + 11 * index, (340, text))
    bottom = _table(canvas, 270, lines)
    for index, (label, amount) in enumerate(
        (("Total before tax", "$54.98"), ("Tax", "$4.87"), ("Amount due", "$59.85"))
    ):
        _left(canvas, bottom + 20 + 14 * index, (360, label))
        canvas.drawRightString(500, 792 - bottom - 20 - 14 * index, amount)
    if second_page:
        canvas.showPage()
        _left(canvas, 60, (40, "Frequently asked questions"), (500, "Page 2 of 2"))
        _left(canvas, 90, (40, "Tax is calculated when an order is shipped. Total savings are not shown."))
    canvas.save()
    return out.getvalue()


def german() -> bytes:
    """Amounts as they are written there, a heading over an order's lines, a sum by rate."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    height = 842
    told = (
        "Beispiel Handel GmbH",
        "Rechnung Nr. DE123456ABC",
        "Rechnungsdatum: 3. April 2026",
        "USt-IdNr.: DE814584193",
    )
    for index, text in enumerate(told):
        canvas.drawString(40, height - 60 - 18 * index, text)
    canvas.setFont("Helvetica", 9)
    for x, text in ((40, "Artikel"), (300, "Menge")):
        canvas.drawString(x, height - 160, text)
    for x, text in ((410, "Einzelpreis"), (470, "USt."), (550, "Betrag")):
        canvas.drawRightString(x, height - 160, text)
    canvas.drawString(40, height - 178, "Bestellnummer 302-1234567-1234567")
    canvas.drawString(40, height - 192, "Beispielflasche")
    for x, text in ((320, "3"), (410, "1.100,50 €"), (470, "19 %"), (550, "3.301,50 €")):
        canvas.drawRightString(x, height - 192, text)
    sums = (("Zwischensumme", "3.301,50 €"), ("19 % USt. auf 3.301,50 €", "627,29 €"), ("Gesamtbetrag", "3.928,79 €"))
    for index, (label, amount) in enumerate(sums):
        canvas.drawString(300, height - 230 - 14 * index, label)
        canvas.drawRightString(550, height - 230 - 14 * index, amount)
    canvas.save()
    return out.getvalue()


def _left(canvas: Canvas, y: float, *texts: tuple[float, str]) -> None:
    canvas.setFont("Helvetica", 9)
    for x, text in texts:
        canvas.drawString(x, 792 - y, text)


def _table(canvas: Canvas, y: float, lines: Sequence[tuple[tuple[str, ...], str, str, str]]) -> float:
    _left(canvas, y, (40, "Description"))
    for x, text in ((340, "Qty"), (410, "Unit price"), (500, "Amount"), (560, "Tax")):
        canvas.drawRightString(x, 792 - y, text)
    for described, quantity, price, amount in lines:
        y += 18
        for x, text in ((340, quantity), (410, price), (500, amount), (560, "8.850%")):
            canvas.drawRightString(x, 792 - y, text)
        _left(canvas, y, (40, described[0]))
        for text in described[1:]:
            y += 11
            _left(canvas, y, (40, text))
    return y

"""What is doubtful, and what may be posted without a person."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from loyalty.invoices.invoice import Invoice, Line, Seen, TaxLine
from loyalty.invoices.normalising import read
from loyalty.invoices.validating import alone, findings
from tests.domain.invoices.expenses import NUMBER, ORDER, RULES, codes, document, field, head, item, only

LINE = Line(
    kind="item", description="Bottle", amazon_order_id=ORDER, asin="B0EXAMPLE1", quantity=2, unit_price_minor=2499,
    amount_minor=4998, tax_rate_micros=88_500,
)  # fmt: skip
GOOD = Invoice(
    kind="invoice", number=NUMBER, issued_on=date(2026, 3, 31), due_on=date(2026, 4, 30), currency="USD",
    payment_terms="Net 30", subtotal_minor=4998, tax_minor=442, total_minor=5440, lines=(LINE,),
)  # fmt: skip


def seen(name: str, confidence: float = 99.4, page: int = 1) -> Seen:
    return Seen(name=name, printed="…", confidence=confidence, page=page)


def changed(**values: Any) -> Invoice:
    return GOOD.model_copy(update=values)


def with_line(**values: Any) -> Invoice:
    return changed(lines=(LINE.model_copy(update=values),))


def test_an_invoice_that_adds_up_has_no_finding() -> None:
    assert findings(GOOD, [seen("number"), seen("total_minor")], RULES) == ()


@pytest.mark.parametrize(
    ("invoice", "finding"),
    [
        (changed(total_minor=5540), ("total_differs", "total_minor")),
        (changed(subtotal_minor=4898, total_minor=5340), ("total_differs", "subtotal_minor")),
        (with_line(quantity=3), ("total_differs", "lines.0.amount_minor")),
        (with_line(quantity=None), ("missing_field", "lines.0.quantity")),
        (with_line(amount_minor=-4998), ("unreadable", "lines.0.amount_minor")),
        (with_line(tax_rate_micros=200_000), ("tax_differs", "tax_minor")),
        (with_line(tax_minor=900), ("tax_differs", "lines.0.tax_minor")),
        (changed(lines=()), ("missing_field", "lines")),
        (changed(lines=(LINE, LINE), subtotal_minor=9996, total_minor=10438), ("duplicate_line", "lines")),
        (changed(due_on=date(2026, 3, 1)), ("unreadable", "due_on")),
        (changed(currency="XXX"), ("currency_differs", "currency")),
        (changed(total_minor=-5440), ("negative_total", "total_minor")),
        (changed(kind="credit_memo"), ("negative_total", "total_minor")),
        (
            changed(tax_lines=(TaxLine(rate_micros=88_500, base_minor=4998, tax_minor=400),)),
            ("tax_differs", "tax_minor"),
        ),
        (
            changed(lines=(LINE, LINE.model_copy(update={"asin": "B0EXAMPLE2", "amazon_order_id": None}))),
            ("missing_field", "lines.1.amazon_order_id"),
        ),
    ],
)
def test_what_does_not_fit_is_found(invoice: Invoice, finding: tuple[str, str]) -> None:
    assert finding in codes(findings(invoice, [], RULES))


def test_a_cent_of_rounding_passes_only_where_everything_was_read_without_doubt() -> None:
    rounded = changed(total_minor=5441)
    assert findings(rounded, [seen("total_minor")], RULES) == ()
    assert codes(findings(rounded, [seen("total_minor", 97.0)], RULES)) >= {("total_differs", "total_minor")}
    assert findings(changed(total_minor=5443), [seen("total_minor")], RULES) != ()


def test_tax_of_many_lines_may_drift_by_half_a_cent_each() -> None:
    line = LINE.model_copy(update={"quantity": 1, "unit_price_minor": 105, "amount_minor": 105, "tax_minor": 9})
    lines = tuple(line.model_copy(update={"asin": f"B0EXAMPL{index:02}"}) for index in range(20))
    drifted = changed(lines=lines, subtotal_minor=2100, tax_minor=180, total_minor=2280)
    assert findings(drifted, [], RULES) == ()
    wrong = drifted.model_copy(update={"tax_minor": 226, "total_minor": 2326})
    assert ("tax_differs", "tax_minor") in codes(findings(wrong, [], RULES))


def test_what_nothing_proves_must_be_read_far_better_or_be_printed_twice() -> None:
    limit = alone(RULES)
    assert limit == 99
    assert findings(GOOD, [seen("number", limit)], RULES) == ()
    assert codes(findings(GOOD, [seen("number", 98.9)], RULES)) == {("unproven", "number")}
    assert findings(GOOD, [seen("number", 91), seen("number", 92, page=2)], RULES) == ()
    assert codes(findings(GOOD, [seen("number", 91), seen("number", 92)], RULES)) == {("unproven", "number")}
    assert codes(findings(GOOD, [seen("number", 91), seen("number", 89, page=2)], RULES)) == {("unproven", "number")}


def test_what_arithmetic_proves_needs_the_programmes_confidence_only() -> None:
    names = ("total_minor", "tax_minor", "lines.0.quantity", "lines.0.unit_price_minor", "issued_on", "due_on")
    assert findings(GOOD, [seen(name, 90) for name in names], RULES) == ()
    low = findings(GOOD, [seen(name, 89) for name in names], RULES)
    assert {field for _, field in codes(low)} == set(names)


def test_a_day_is_proven_by_the_term_between_issue_and_due() -> None:
    for terms, due, is_proven in (
        ("Net 30", date(2026, 4, 30), True),
        (None, date(2026, 4, 30), True),
        ("Net 45", date(2026, 4, 30), False),
        (None, date(2026, 4, 20), False),
    ):
        invoice = changed(payment_terms=terms, due_on=due)
        doubtful = codes(findings(invoice, [seen("due_on", 95), seen("issued_on", 95)], RULES))
        assert (not doubtful) is is_proven


def test_numbers_of_our_orders_are_left_to_the_match() -> None:
    names = ("lines.0.asin", "lines.0.amazon_order_id", "purchase_order_numbers.0", "corrects")
    invoice = changed(purchase_order_numbers=("LOY-000123",), corrects="9XXX-9XXX-9XXX")
    assert findings(invoice, [seen(name, 50) for name in names], RULES) == ()


def test_a_rate_is_proven_by_tax_only_where_its_last_digit_would_show() -> None:
    assert codes(findings(GOOD, [seen("lines.0.tax_rate_micros", 95)], RULES)) == {
        ("low_confidence", "lines.0.tax_rate_micros")
    }
    large = LINE.model_copy(update={"unit_price_minor": 5_000_000, "amount_minor": 10_000_000})
    invoice = changed(lines=(large,), subtotal_minor=10_000_000, tax_minor=885_000, total_minor=10_885_000)
    assert findings(invoice, [seen("lines.0.tax_rate_micros", 95), seen("total_minor")], RULES) == ()


def test_a_value_that_a_person_gave_is_not_asked_for_its_confidence() -> None:
    assert findings(GOOD, [], RULES) == ()


# --- a digit read wrongly ----------------------------------------------------------------------------------------


def _scanned() -> list[dict[str, Any]]:
    """As a good scan is read: nothing for sure, the number on both pages, products' and orders' numbers certain."""
    rows = [
        item("Example Water Bottle", "2", "$24.99", "$49.98", confidence=94, asin="B0EXAMPLE1"),
        item("Example Lamp", "3", "$17.35", "$52.05", confidence=94, asin="B0EXAMPLE2"),
    ]
    fields = head(
        94, items="$102.03", shipping="$5.00", discount="($2.00)", before_tax="$105.03", tax="$9.03",
        due_amount="$114.06 USD", total="$114.06",
    )  # fmt: skip
    return [document(fields, rows), document([field("INVOICE_RECEIPT_ID", NUMBER, "Invoice #", 94, page=2)])]


def _texts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "ValueDetection" in value:
            yield value["ValueDetection"]
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def test_a_good_scan_needs_nobody() -> None:
    readings = read(_scanned(), RULES)
    assert [reading.findings for reading in readings] == [()]


def test_no_digit_that_is_read_wrongly_is_ever_posted() -> None:
    """Every digit of the answer, one at a time: what comes without findings is true, but for numbers that the match
    with our orders refuses."""
    true = only(_scanned()).invoice
    assert true is not None
    chance = random.Random(3)
    for index, detection in enumerate(list(_texts(_scanned()))):
        text = detection["Text"]
        for place in (match.start() for match in re.finditer(r"[0-9]", text)):
            spoiled = copy.deepcopy(_scanned())
            other = chance.choice([digit for digit in "0123456789" if digit != text[place]])
            list(_texts(spoiled))[index]["Text"] = text[:place] + other + text[place + 1 :]
            for reading in read(spoiled, RULES):
                if reading.invoice is not None and not reading.findings:
                    assert _without_matched(reading.invoice) == _without_matched(true), (text, place, other)


@pytest.mark.parametrize("lost", ["$", ".", "(", ")", "-"])
def test_no_sign_that_is_overlooked_is_ever_posted(lost: str) -> None:
    true = only(_scanned()).invoice
    assert true is not None
    for index, detection in enumerate(list(_texts(_scanned()))):
        text = detection["Text"]
        for place in (match.start() for match in re.finditer(re.escape(lost), text)):
            spoiled = copy.deepcopy(_scanned())
            list(_texts(spoiled))[index]["Text"] = text[:place] + text[place + 1 :]
            for reading in read(spoiled, RULES):
                if reading.invoice is not None and not reading.findings:
                    assert _without_matched(reading.invoice) == _without_matched(true), (text, place)


def _without_matched(invoice: Invoice) -> Invoice:
    lines = tuple(
        line.model_copy(update={"asin": None, "amazon_order_id": None, "description": ""}) for line in invoice.lines
    )
    told = {"vendor_name": None, "vendor_tax_id": None, "account": None, "payment_terms": None}
    return invoice.model_copy(update={"lines": lines, "purchase_order_numbers": (), **told})

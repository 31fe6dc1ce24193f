"""What was read badly is posted only where two proofs lead to it, each of which was read well."""

from __future__ import annotations

import copy
import random
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from loyalty.invoices.invoice import Invoice, Line, Reading, Seen, TaxLine
from loyalty.invoices.normalising import read
from loyalty.invoices.proving import certain
from loyalty.invoices.recalling import Ordered
from loyalty.invoices.validating import findings
from loyalty.invoices.vendors import known_as
from tests.domain.invoices.expenses import NUMBER, ORDER, RULES, codes, document, field, head, item, row

OURS = "LOY-019ada23-e1de-7000-916a-b6f939d5b359"
BOTTLE = Ordered(ORDER, OURS, "B0EXAMPLE1", 2, 2499, "USD", 500)
LAMP = Ordered(ORDER, OURS, "B0EXAMPLE2", 5, 1735, "USD", 500)
LINES = (
    Line(kind="item", description="Bottle", amazon_order_id=ORDER, asin="B0EXAMPLE1", quantity=2,
         unit_price_minor=2499, amount_minor=4998, tax_rate_micros=88_500),
    Line(kind="item", description="Lamp", amazon_order_id=ORDER, asin="B0EXAMPLE2", quantity=3,
         unit_price_minor=1735, amount_minor=5205, tax_rate_micros=88_500),
)  # fmt: skip
GOOD = Invoice(
    kind="invoice", number=NUMBER, issued_on=date(2026, 3, 31), due_on=date(2026, 4, 30), currency="USD",
    payment_terms="Net 30", subtotal_minor=10203, shipping_minor=500, tax_minor=903, total_minor=11606, lines=LINES,
)  # fmt: skip
VALUES = (
    "number", "issued_on", "due_on", "payment_terms", "subtotal_minor", "shipping_minor", "tax_minor", "total_minor",
    *(f"lines.{index}.{name}" for index in (0, 1) for name in ("quantity", "unit_price_minor", "amount_minor")),
)  # fmt: skip


def seen(invoice: Invoice = GOOD, /, **confidences: float) -> list[Seen]:
    """Everything read without a doubt but for these."""
    names = {name.replace(".", "_"): name for name in VALUES}
    read_so = {names[name]: confidence for name, confidence in confidences.items()}
    return [Seen(name=name, printed="…", confidence=read_so.get(name, 99.5), page=1) for name in VALUES]


def doubtful(ordered: tuple[Ordered, ...] = (BOTTLE, LAMP), /, **confidences: float) -> set[str]:
    return {field for _, field in codes(findings(GOOD, seen(**confidences), RULES, ordered))}


def test_a_price_that_was_read_badly_is_certain_if_it_multiplies_and_is_the_one_we_ordered_at() -> None:
    assert doubtful(lines_1_unit_price_minor=50) == set()
    assert doubtful((), lines_1_unit_price_minor=50) == {"lines.1.unit_price_minor"}
    other = replace(LAMP, unit_price_minor=1734)
    assert doubtful((BOTTLE, other), lines_1_unit_price_minor=50) == {"lines.1.unit_price_minor"}
    # Another order's, or another product's, proves nothing.
    assert doubtful((BOTTLE, replace(LAMP, amazon_order_id="114-0000000-0000000")), lines_1_unit_price_minor=50)
    assert doubtful((BOTTLE, replace(LAMP, asin="B0EXAMPLE3")), lines_1_unit_price_minor=50)
    assert doubtful((BOTTLE, replace(LAMP, currency="EUR")), lines_1_unit_price_minor=50)


def test_a_quantity_that_was_read_badly_is_certain_if_our_price_makes_the_amount_of_it() -> None:
    assert doubtful(lines_1_quantity=30) == set()
    assert doubtful((BOTTLE, replace(LAMP, quantity=2)), lines_1_quantity=30) == {"lines.1.quantity"}


def test_an_amount_that_was_read_badly_is_certain_if_it_is_in_two_sums() -> None:
    assert doubtful((), lines_1_amount_minor=50) == set()
    assert doubtful((), subtotal_minor=50) == set()


def test_a_proof_never_leans_on_what_was_read_badly_itself() -> None:
    both = {"lines.1.quantity", "lines.1.amount_minor"}
    assert doubtful((), lines_1_quantity=50, lines_1_amount_minor=50) == both
    assert doubtful((), lines_1_unit_price_minor=50, lines_1_amount_minor=50) == {
        "lines.1.unit_price_minor",
        "lines.1.amount_minor",
    }
    assert doubtful((), total_minor=50, subtotal_minor=50) == {"total_minor", "subtotal_minor"}


def test_shipping_that_was_read_badly_is_certain_if_the_orders_said_as_much() -> None:
    assert doubtful(shipping_minor=50) == set()
    assert doubtful((), shipping_minor=50) == {"shipping_minor"}
    dearer = tuple(replace(each, beside_minor=599) for each in (BOTTLE, LAMP))
    assert doubtful(dearer, shipping_minor=50) == {"shipping_minor"}
    # Each has a proof of its own, and both together the total's.
    assert doubtful(shipping_minor=50, subtotal_minor=50) == set()


def test_a_total_that_was_read_badly_needs_a_second_printing() -> None:
    assert doubtful(total_minor=50) == {"total_minor"}


def test_what_was_not_read_at_all_is_proven_by_nothing() -> None:
    assert doubtful(lines_1_unit_price_minor=0) == {"lines.1.unit_price_minor"}


def test_a_due_day_that_was_read_badly_is_the_one_that_the_printed_terms_lead_to() -> None:
    assert doubtful((), due_on=50) == set()
    assert doubtful((), due_on=50, issued_on=50) == {"due_on", "issued_on"}
    assert doubtful((), due_on=50, payment_terms=50) == {"due_on", "payment_terms"}


@pytest.mark.parametrize(
    ("currency", "rate", "tax", "is_certain"),
    [("EUR", 190_000, 19_000, True), ("EUR", 160_000, 16_000, False), ("USD", 190_000, 19_000, False)],
)
def test_a_rate_that_was_read_badly_makes_the_tax_and_is_one_of_the_laws(
    currency: str, rate: int, tax: int, is_certain: bool
) -> None:
    line = Line(kind="item", quantity=1, unit_price_minor=100_000, amount_minor=100_000, tax_rate_micros=rate)
    invoice = GOOD.model_copy(
        update={
            "currency": currency, "lines": (line,), "subtotal_minor": 100_000, "shipping_minor": 0, "tax_minor": tax,
            "total_minor": 100_000 + tax,
        }
    )  # fmt: skip
    bad = [Seen(name="lines.0.tax_rate_micros", printed="…", confidence=50, page=1)]
    whole = [Seen(name=name, printed="…", confidence=99.5, page=1) for name in VALUES if "lines" not in name]
    amounts = [Seen(name="lines.0.amount_minor", printed="…", confidence=99.5, page=1)]
    assert (findings(invoice, [*whole, *amounts, *bad], RULES) == ()) is is_certain
    table = (TaxLine(rate_micros=rate, base_minor=100_000, tax_minor=tax),)
    again = [
        Seen(name=f"tax_lines.0.{name}", printed="…", confidence=99.5, page=1)
        for name in ("rate_micros", "base_minor", "tax_minor")
    ]
    with_table = invoice.model_copy(update={"tax_lines": table})
    assert findings(with_table, [*whole, *amounts, *bad, *again], RULES) == ()


@pytest.mark.parametrize(("rate", "tax"), [(0, 0), (190_000, 19_000)])
def test_a_rate_does_not_prove_what_it_is_of(rate: int, tax: int) -> None:
    """Of other amounts the tax would be the same, or a cent off."""
    names = ("amount_minor", "tax_rate_micros", "tax_minor")
    line = Line(kind="fee", amount_minor=100_000, tax_rate_micros=rate, tax_minor=tax)
    invoice = GOOD.model_copy(
        update={
            "currency": "EUR", "lines": (line,), "subtotal_minor": 100_000, "shipping_minor": 0, "tax_minor": tax,
            "total_minor": 100_000 + tax,
        }
    )  # fmt: skip
    bad = {"lines.0.amount_minor", "subtotal_minor", "total_minor"}
    every = [name for name in VALUES if "lines" not in name] + [f"lines.0.{name}" for name in names]
    read_so = {name: [Seen(name=name, printed="…", confidence=50 if name in bad else 99.5, page=1)] for name in every}
    assert certain(invoice, read_so, RULES, ()) == frozenset()


# ---- what a line leaves out ------------------------------------------------------------------------------------------


def paper(*changes: tuple[str, str], ordered: tuple[Ordered, ...] = (BOTTLE, LAMP), badly: float = 99.4) -> Reading:
    """A scan about two bottles and three lamps; what is changed was read so badly."""
    rows = [
        item("Example Water Bottle", "2", "$24.99", "$49.98", asin="B0EXAMPLE1"),
        item("Example Lamp", "3", "$17.35", "$52.05", asin="B0EXAMPLE2"),
    ]
    fields = head(items="$102.03", shipping="$5.00", discount="$0.00", before_tax="$107.03", tax="$9.03",
                  due_amount="$116.06 USD", total="$116.06", purchase_order=OURS)  # fmt: skip
    told = [document(fields, rows)]
    for text, other in changes:
        for each in _values(told):
            if each["Text"] == text:
                each["Text"], each["Confidence"] = other, badly
            elif "\n" in each["Text"]:
                each["Text"] = each["Text"].replace(f" {text} ", f" {other} ")
    (found,) = read(told, RULES, lambda clues: ordered)
    return found


def _values(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [each for part in value for each in _values(part)]
    if not isinstance(value, dict):
        return []
    own = [value["ValueDetection"]] if "ValueDetection" in value else []
    return own + [each for part in value.values() for each in _values(part)]


def line(found: Reading, index: int) -> dict[str, Any]:
    told: dict[str, Any] = found.draft["lines"][index]  # type: ignore[index]
    return told


def test_a_quantity_that_was_overlooked_is_what_our_price_makes_of_the_amount() -> None:
    found = paper(("3", "|"))
    assert (line(found, 1)["quantity"], found.findings) == (3, ())
    assert "quantity" not in line(paper(("3", "|"), ordered=(BOTTLE,)), 1)
    # Not more than were ordered.
    assert "quantity" not in line(paper(("3", "|"), ordered=(BOTTLE, replace(LAMP, quantity=2))), 1)


def test_a_quantity_that_was_read_well_is_never_replaced() -> None:
    assert line(paper(("3", "8"), badly=99.4), 1)["quantity"] == 8
    assert ("total_differs", "lines.1.amount_minor") in codes(paper(("3", "8"), badly=99.4).findings)
    found = paper(("3", "8"), badly=60)
    assert (line(found, 1)["quantity"], found.findings) == (3, ())


def test_a_line_whose_order_was_not_read_is_of_the_papers_order_that_has_the_product() -> None:
    second = "114-2000002-2000002"
    rows = [
        item("Example Water Bottle", "2", "$24.99", "$49.98", asin="B0EXAMPLE1"),
        item("Example Lamp", "3", "$17.35", "$52.05", asin="B0EXAMPLE2", order="11.-2..0002-2000"),
        item("Example Mug", "1", "$5.00", "$5.00", asin="B0EXAMPLE3", order=second),
    ]
    mug = Ordered(second, OURS, "B0EXAMPLE3", 1, 500, "USD", 0)
    (found,) = read([document(head(purchase_order=OURS), rows)], RULES, lambda clues: (BOTTLE, LAMP, mug))
    assert line(found, 1)["amazon_order_id"] == ORDER
    twice = replace(mug, asin="B0EXAMPLE2")
    (found,) = read([document(head(purchase_order=OURS), rows)], RULES, lambda clues: (BOTTLE, LAMP, mug, twice))
    assert "amazon_order_id" not in line(found, 1)


def test_a_line_under_another_order_of_the_paper_is_of_the_one_that_has_its_product() -> None:
    second = "114-2000002-2000002"
    mug = Ordered(second, OURS, "B0EXAMPLE3", 1, 500, "USD", 0)

    def order_of(ordered: tuple[Ordered, ...], over: str = second) -> object:
        rows = [
            item("Example Water Bottle", "2", "$24.99", "$49.98", asin="B0EXAMPLE1", order=over),
            item("Example Mug", "1", "$5.00", "$5.00", asin="B0EXAMPLE3", order=second),
            item("Example Lamp", "3", "$17.35", "$52.05", asin="B0EXAMPLE2"),
        ]
        (found,) = read([document(head(purchase_order=OURS), rows)], RULES, lambda clues: ordered)
        return line(found, 0)["amazon_order_id"]

    assert order_of((BOTTLE, LAMP, mug)) == ORDER
    # At another price, or where that order has it too, it stays; and so does an order that is nobody's.
    assert order_of((replace(BOTTLE, unit_price_minor=2400), LAMP, mug)) == second
    assert order_of((BOTTLE, LAMP, mug, replace(mug, asin="B0EXAMPLE1"))) == second
    assert order_of((BOTTLE, LAMP, mug), over="114-7777777-7777777") == "114-7777777-7777777"


def test_lines_of_an_unreadable_order_are_of_the_only_one_behind_our_purchase_order() -> None:
    def orders(label: str, *ordered: Ordered) -> list[object]:
        rows = [
            row(
                field("ITEM", "Bottle"), field("QUANTITY", "2"), field("UNIT_PRICE", "$24.99"), field("PRICE", "$49.98")
            )
        ]
        fields = [*head(purchase_order=OURS), field("OTHER", "Loyalty Example Ltd", label)]
        (found,) = read([document(fields, rows)], RULES, lambda clues: ordered)
        return [line(found, 0).get("amazon_order_id")]

    assert orders("Order #", BOTTLE, LAMP) == [ORDER]
    assert orders("Order #", BOTTLE, replace(LAMP, amazon_order_id="114-2000002-2000002")) == [None]
    # A paper that has no place for one is not given any.
    assert orders("Purchased by", BOTTLE, LAMP) == [None]
    assert orders("Order date", BOTTLE, LAMP) == [None]


def test_of_two_orders_at_a_line_it_is_of_the_one_that_alone_has_its_product() -> None:
    second = "114-2000002-2000002"
    mug = Ordered(second, OURS, "B0EXAMPLE3", 1, 500, "USD", 0)
    headed = item("Example Mug", "1", "$5.00", "$5.00", asin="B0EXAMPLE3", order=second)
    headed["LineItemExpenseFields"][-1]["ValueDetection"]["Text"] = f"Order # {ORDER}\n" + str(
        headed["LineItemExpenseFields"][-1]["ValueDetection"]["Text"]
    )
    headed["LineItemExpenseFields"][0]["ValueDetection"]["Text"] = f"Example Mug\nASIN: B0EXAMPLE3\nOrder # {second}"

    def doubts(ordered: tuple[Ordered, ...]) -> set[tuple[str, str]]:
        (found,) = read([document(head(purchase_order=OURS), [headed])], RULES, lambda clues: ordered)
        assert line(found, 0)["amazon_order_id"] == second
        return {each for each in codes(found.findings) if each[1] == "lines.0.amazon_order_id"}

    assert doubts(()) == {("unreadable", "lines.0.amazon_order_id")}
    assert doubts((mug,)) == set()
    assert doubts((replace(mug, unit_price_minor=499),)) == {("unreadable", "lines.0.amazon_order_id")}
    assert doubts((mug, replace(mug, amazon_order_id=ORDER))) == {("unreadable", "lines.0.amazon_order_id")}


def test_no_digit_that_is_read_wrongly_is_posted_however_well_our_orders_are_known() -> None:
    """Every digit of the answer, one at a time, once read well and once badly."""
    true = paper().invoice
    assert true is not None
    assert paper().findings == ()
    chance = random.Random(5)
    rows = [
        item("Example Water Bottle", "2", "$24.99", "$49.98", asin="B0EXAMPLE1"),
        item("Example Lamp", "3", "$17.35", "$52.05", asin="B0EXAMPLE2"),
    ]
    fields = head(94, items="$102.03", shipping="$5.00", discount="$0.00", before_tax="$107.03", tax="$9.03",
                  due_amount="$116.06 USD", total="$116.06", purchase_order=OURS)  # fmt: skip
    told = [document(fields, rows), document([field("INVOICE_RECEIPT_ID", NUMBER, "Invoice #", 94, page=2)])]
    for index, detection in enumerate(_values(told)):
        text = detection["Text"]
        for place in (match.start() for match in re.finditer(r"[0-9]", text)):
            spoiled = copy.deepcopy(told)
            value = _values(spoiled)[index]
            other = chance.choice([digit for digit in "0123456789" if digit != text[place]])
            value["Text"] = text[:place] + other + text[place + 1 :]
            value["Confidence"] = chance.choice((94, 60))
            for found in read(spoiled, RULES, lambda clues: (BOTTLE, LAMP)):
                if found.invoice is not None and not found.findings:
                    assert _decided(found.invoice) == _decided(true), (text, place, other)


def _decided(invoice: Invoice) -> dict[str, Any]:
    """Without what the match refuses, and what nothing is decided by."""
    told = invoice.model_dump(exclude={"purchase_order_numbers", "account", "payment_terms", "vendor_name"})
    for each in told["lines"]:
        for name in ("asin", "amazon_order_id", "description"):
            del each[name]
    return told


# ---- the issuer ------------------------------------------------------------------------------------------------------


def test_terms_that_were_left_out_speak_against_a_day_still() -> None:
    invoice = GOOD.model_copy(update={"issued_on": date(2026, 3, 1), "payment_terms": None})
    places = [place for place in seen() if place.name not in ("payment_terms", "issued_on", "due_on")]
    days = [Seen(name=name, printed="…", confidence=94, page=1) for name in ("issued_on", "due_on")]
    terms = [Seen(name="payment_terms", printed="Net 30", confidence=80, page=1)]
    assert findings(invoice, [*places, *days], RULES) == ()
    assert {field for _, field in codes(findings(invoice, [*places, *days, *terms], RULES))} == {"issued_on", "due_on"}


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Amazon EU S.ar.|., UK Branch", "Amazon EU S.à r.l., UK Branch"),
        ("Amazon EU S.a r.l., Succursale Frangaise", "Amazon EU S.à r.l., Succursale Française"),
        ("Amazon EU S.a r.I., Sucursal en Espana - Calle Ramirez 5", "Amazon EU S.à r.l., Sucursal en España"),
        ("Amazon Capita1 Services", "Amazon Capital Services"),
        ("Loyalty Example Ltd", None),
        ("Sort code 00-00-00, account 12345678", None),
        ("Sold by: Amazon.com Services LLC", None),
    ],
)  # fmt: skip
def test_the_issuers_name_is_the_companys_own(printed: str, name: str | None) -> None:
    assert known_as(printed) == name


def test_neither_the_buyer_nor_a_bank_has_issued_the_paper() -> None:
    line_of = row(
        field("ITEM", "Bottle"), field("QUANTITY", "2"), field("UNIT_PRICE", "$24.99"), field("PRICE", "$49.98")
    )
    buyer = field("RECEIVER_NAME", "Loyalty Example Ltd", "Bill to", group="RECEIVER_BILL_TO")
    for wrong in (field("VENDOR_NAME", "Loyalty Example Ltd"), field("OTHER", "IBAN GB00 1234", "Remit to")):
        (found,) = read([document([buyer, *head(vendor=None), wrong], [line_of])], RULES)
        assert "vendor_name" not in found.draft
        words = ["VAT invoice", "Amazon EU S.a r.l., UK Branch"]
        (found,) = read([document([buyer, *head(vendor=None), wrong], [line_of], words=words)], RULES)
        assert found.draft["vendor_name"] == "Amazon EU S.à r.l., UK Branch"

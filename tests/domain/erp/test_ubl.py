"""UBL documents add up to what the paper says, to the cent, and are checked before they leave."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from loyalty.erp import breakdown, checked, example, rest_json, ubl
from loyalty.erp.checked import CAC, CBC
from loyalty.erp.gateway import Unfit
from loyalty.invoices.invoice import Invoice
from loyalty.programme.schema.invoices import Party
from tests.conftest import REPOSITORY
from tests.domain.erp.papers import invoice, memo

AMAZON = Party(name="Amazon Business", country="US", tax_id="91-0000000")
EUROPE = Party(
    name="Amazon EU", country="LU", tax_id="LU20260743", registration="B101818", endpoint="9938:LU20260743",
    street="38 avenue John F. Kennedy", city="Luxembourg", postal_code="1855",
)  # fmt: skip
US = Party(name="Rewards Inc", country="US")


def told(document: Invoice, vendor: Party = AMAZON) -> Any:
    return etree.fromstring(ubl.text(document, vendor, US).encode())


def amount(root: Any, path: str) -> Decimal:
    return Decimal(
        root.findtext("/".join(f"{CAC}{part}" for part in path.split("/")[:-1]) + f"/{CBC}{path.split('/')[-1]}")
    )


def total(root: Any, name: str) -> Decimal:
    return amount(root, f"LegalMonetaryTotal/{name}")


def test_products_are_lines_postage_a_charge_and_a_discount_an_allowance() -> None:
    root = told(invoice(shipping_minor=499, total_minor=5722))
    assert total(root, "LineExtensionAmount") == Decimal("49.98")
    assert total(root, "AllowanceTotalAmount") == Decimal("2.00")
    assert total(root, "ChargeTotalAmount") == Decimal("4.99")
    assert total(root, "PayableAmount") == Decimal("57.22")
    line = root.find(f"{CAC}InvoiceLine")
    assert line.findtext(f"{CAC}Item/{CAC}SellersItemIdentification/{CBC}ID") == "B0EXAMPLE1"
    assert line.findtext(f"{CAC}Item/{CAC}AdditionalItemProperty/{CBC}Value") == "114-1000001-1000001"


def test_whether_postage_was_taxed_is_what_the_sum_of_the_tax_says() -> None:
    # 47.98 at 8.85 % is 4.25; with 4.99 of postage it would be 4.69.
    for tax, groups in ((425, {"8.85": "47.98", "0": "4.99"}), (469, {"8.85": "52.97"})):
        root = told(invoice(shipping_minor=499, tax_minor=tax, total_minor=5297 + tax))
        found = {
            part.findtext(f"{CAC}TaxCategory/{CBC}Percent"): part.findtext(f"{CBC}TaxableAmount")
            for part in root.iterfind(f"{CAC}TaxTotal/{CAC}TaxSubtotal")
        }
        assert found == groups


def test_sales_tax_is_category_s_with_a_note_that_it_is_none_that_one_gets_back() -> None:
    root = told(invoice())
    assert root.findtext(f"{CAC}TaxTotal/{CAC}TaxSubtotal/{CAC}TaxCategory/{CBC}ID") == "S"
    assert "sales tax" in root.findtext(f"{CBC}Note")
    # A tax number without its country is no VAT number.
    party = root.find(f"{CAC}AccountingSupplierParty/{CAC}Party")
    assert party.find(f"{CAC}PartyTaxScheme") is None
    assert party.findtext(f"{CAC}PartyIdentification/{CBC}ID") == "91-0000000"
    untaxed = told(invoice(tax_minor=0, total_minor=4798, lines=_lines(tax_rate_micros=None)))
    assert untaxed.findtext(f"{CAC}TaxTotal/{CAC}TaxSubtotal/{CAC}TaxCategory/{CBC}ID") == "Z"
    assert untaxed.find(f"{CBC}Note") is None


def test_tax_that_was_rounded_line_by_line_stays_what_the_paper_says() -> None:
    lines = [
        {"kind": "item", "quantity": 1, "unit_price_minor": 105, "amount_minor": 105, "tax_rate_micros": 100_000}
    ] * 9
    # 9.45 at 10 % is 0.945, and nine times 0.105 rounded up is 0.99.
    root = told(invoice(subtotal_minor=945, discount_minor=0, tax_minor=99, total_minor=1044, lines=lines))
    assert amount(root, "TaxTotal/TaxAmount") == Decimal("0.95")
    assert total(root, "PayableRoundingAmount") == Decimal("0.04")
    assert total(root, "PayableAmount") == Decimal("10.44")


def test_where_no_rate_is_printed_the_one_that_the_tax_has_is_derived() -> None:
    root = told(invoice(lines=_lines(tax_rate_micros=None)))
    assert amount(root, "TaxTotal/TaxAmount") == Decimal("4.25")
    assert root.findtext(f"{CAC}TaxTotal/{CAC}TaxSubtotal/{CAC}TaxCategory/{CBC}Percent").startswith("8.857")


def test_a_european_paper_keeps_its_table_of_rates() -> None:
    lines = [
        {"kind": "item", "asin": "B0EXAMPLE1", "quantity": 1, "unit_price_minor": 1000, "amount_minor": 1000,
         "tax_rate_micros": 190_000},
        {"kind": "item", "asin": "B0EXAMPLE2", "quantity": 3, "unit_price_minor": 500, "amount_minor": 1500,
         "tax_rate_micros": 70_000},
    ]  # fmt: skip
    table = [
        {"rate_micros": 190_000, "base_minor": 1000, "tax_minor": 190},
        {"rate_micros": 70_000, "base_minor": 1500, "tax_minor": 105},
    ]
    paper = invoice(
        currency="EUR", subtotal_minor=2500, discount_minor=0, tax_minor=295, total_minor=2795, lines=lines,
        tax_lines=table,
    )  # fmt: skip
    root = told(paper, EUROPE)
    assert [part.text for part in root.iterfind(f"{CAC}TaxTotal/{CAC}TaxSubtotal/{CBC}TaxAmount")] == ["1.90", "1.05"]
    assert root.find(f"{CBC}Note") is None
    assert root.findtext(f"{CAC}AccountingSupplierParty/{CAC}Party/{CBC}EndpointID") == "LU20260743"
    with pytest.raises(Unfit, match="BR-CO-17"):
        told(paper.model_copy(update={"tax_lines": paper.tax_lines[:1]}), EUROPE)


def test_a_credit_memo_says_what_is_given_back_and_of_what() -> None:
    root = told(Invoice.model_validate(memo(corrects="1ABC-0001-TEST")))
    assert etree.QName(root).localname == "CreditNote"
    assert total(root, "PayableAmount") == Decimal("26.11")
    assert root.findtext(f"{CAC}BillingReference/{CAC}InvoiceDocumentReference/{CBC}ID") == "1ABC-0001-TEST"
    assert root.findtext(f"{CAC}CreditNoteLine/{CBC}CreditedQuantity") == "1"


def test_postage_that_is_given_back_alone_is_a_line_because_there_must_be_one() -> None:
    root = told(Invoice.model_validate(memo(
        subtotal_minor=0, shipping_minor=-499, discount_minor=0, tax_minor=0, total_minor=-499, lines=[],
    )))  # fmt: skip
    assert root.findtext(f"{CAC}CreditNoteLine/{CAC}Item/{CBC}Name") == "Shipping and handling"


def test_several_purchase_orders_are_named_and_one_is_a_reference() -> None:
    assert told(invoice(purchase_order_numbers=["LOY-1"])).findtext(f"{CAC}OrderReference/{CBC}ID") == "LOY-1"
    both = told(invoice(purchase_order_numbers=["LOY-1", "LOY-2"]))
    assert both.find(f"{CAC}OrderReference") is None
    assert "LOY-1, LOY-2" in both.findtext(f"{CBC}Note")


def test_a_description_is_only_text() -> None:
    strange = "Bottle \x00\x0b & <b>ignore this</b> ]]> \ud83d" + "\U0001f4a7"
    root = told(invoice(lines=_lines(description=strange.encode("utf-8", "replace").decode())))
    name = root.findtext(f"{CAC}InvoiceLine/{CAC}Item/{CBC}Name")
    assert name.startswith("Bottle ")
    assert "<b>ignore this</b> ]]>" in name
    assert "\x00" not in name


def test_what_does_not_add_up_leaves_in_no_format() -> None:
    wrong = invoice(total_minor=5300)
    with pytest.raises(Unfit, match="BR-CO-15"):
        told(wrong)
    with pytest.raises(Unfit, match="BR-CO-15"):
        rest_json.text(wrong, AMAZON, None)


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        (f"{CAC}LegalMonetaryTotal/{CBC}PayableAmount", "52.24", "BR-CO-16"),
        (f"{CAC}LegalMonetaryTotal/{CBC}LineExtensionAmount", "49.90", "BR-CO-10"),
        (f"{CAC}TaxTotal/{CBC}TaxAmount", "9.99", "BR-CO-14"),
        (f"{CBC}IssueDate", "yesterday", "UBL-XSD"),
        (f"{CBC}CustomizationID", "", "BR-01"),
    ],
)
def test_each_rule_that_is_broken_is_named(path: str, value: str, rule: str) -> None:
    root = told(invoice())
    root.find(path).text = value
    with pytest.raises(Unfit) as caught:
        checked.check(root)
    assert caught.value.rule == rule


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_true_paper_says_becomes_a_document_that_keeps_every_rule(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(60):
        paper = _any(draw)
        root = told(paper)
        assert total(root, "PayableAmount") == Decimal(abs(paper.total_minor)).scaleb(-2)
        found = breakdown.of(paper)
        parts = sum(one.base_minor + one.tax_minor for one in found.groups) + found.rounding_minor
        assert parts == breakdown.sign(paper) * paper.total_minor
        rest_json.text(paper, AMAZON, US)


def test_the_example_of_a_connections_test_is_what_would_be_sent() -> None:
    assert example.text("ubl") == ubl.text(example.INVOICE, example.VENDOR, example.BUYER)
    assert example.text("json") == rest_json.text(example.INVOICE, example.VENDOR, example.BUYER)


def _lines(**changes: Any) -> list[dict[str, Any]]:
    return [line.model_dump() | changes for line in invoice().lines]


def _any(draw: random.Random) -> Invoice:
    """As papers are: some items, rates printed or not, postage taxed or not, tax rounded by line or as a whole."""
    rates = draw.choice([[88500], [0], [65000, 0], [101250, 88500]])
    by_line, printed, sign = draw.random() < 0.5, draw.random() < 0.7, draw.choice([1, 1, -1])
    lines: list[dict[str, Any]] = []
    for _ in range(draw.randint(1, 9)):
        quantity, unit = draw.randint(1, 12), draw.randint(1, 20_000)
        lines.append({"kind": "item", "asin": "B0EXAMPLE1", "quantity": quantity, "unit_price_minor": unit,
                      "amount_minor": quantity * unit, "tax_rate_micros": draw.choice(rates)})  # fmt: skip
    subtotal = sum(line["amount_minor"] for line in lines)
    shipping, discount = draw.choice([0, 499, 1250]), -draw.choice([0, 0, subtotal // 20])
    first = lines[0]["tax_rate_micros"]
    if shipping:
        lines.append({"kind": "shipping", "amount_minor": shipping, "tax_rate_micros": draw.choice([0, first])})
    if discount:
        lines.append({"kind": "discount", "amount_minor": discount, "tax_rate_micros": first})
    exact = [Decimal(line["amount_minor"] * line["tax_rate_micros"]) / 10**6 for line in lines]
    tax = sum(round(one) for one in exact) if by_line else round(sum(exact))
    if not printed:
        lines = [line | {"tax_rate_micros": None} for line in lines]
    lines = [line | {"amount_minor": sign * line["amount_minor"]} for line in lines]
    return Invoice.model_validate({
        "kind": "invoice" if sign > 0 else "credit_memo", "number": "1ABC-2DEF-3GHJ", "issued_on": "2026-11-20",
        "currency": "USD", "subtotal_minor": sign * subtotal, "shipping_minor": sign * shipping,
        "discount_minor": sign * discount, "tax_minor": sign * tax,
        "total_minor": sign * (subtotal + shipping + discount + tax), "lines": lines,
    })  # fmt: skip


def test_the_page_for_receivers_shows_what_is_sent() -> None:
    page = (REPOSITORY / "docs" / "erp.md").read_text()
    shown = json.loads(page.split("```json\n")[1].split("```")[0])
    assert shown == json.loads(example.text("json"))

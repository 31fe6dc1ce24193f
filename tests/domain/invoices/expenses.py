"""Answers of AnalyzeExpense made by hand: fields, rows, documents, as the service shapes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loyalty.invoices.invoice import Finding, Reading
from loyalty.invoices.normalising import read
from loyalty.programme.schema.invoices import Invoices

RULES = Invoices()
NUMBER = "1ABC-2DEF-3GHJ"
ORDER = "114-1000001-1000001"
OTHER_ORDER = "114-2000002-2000002"


def field(
    kind: str,
    text: str,
    label: str = "",
    confidence: float = 99.4,
    page: int = 1,
    group: str = "",
    place: float | None = None,
) -> dict[str, Any]:
    """`place`: how far down the page, 0 to 1."""
    box = {"Geometry": {"BoundingBox": {"Left": 0.1, "Top": place, "Width": 0.2, "Height": 0.01}}} if place else {}
    return {
        "Type": {"Text": kind, "Confidence": 99.0},
        **({"LabelDetection": {"Text": label, "Confidence": confidence}} if label else {}),
        "ValueDetection": {"Text": text, "Confidence": confidence, **box},
        "PageNumber": page,
        **({"GroupProperties": [{"Types": [group], "Id": "one"}]} if group else {}),
    }


def row(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"LineItemExpenseFields": list(fields)}


def item(
    title: str,
    quantity: str,
    unit: str,
    amount: str,
    rate: str = "8.850%",
    asin: str = "B0EXAMPLE1",
    order: str = ORDER,
    confidence: float = 99.4,
    page: int = 1,
) -> dict[str, Any]:
    """A row as the American invoice has it: the rate only in the whole row."""
    words = f"{title}\nASIN: {asin}\nSold by: Example Trading LLC\nOrder # {order}"
    return row(
        field("ITEM", words, "Description", confidence, page),
        field("QUANTITY", quantity, "Qty", confidence, page),
        field("UNIT_PRICE", unit, "Unit price", confidence, page),
        field("PRICE", amount, "Item subtotal before tax", confidence, page),
        field("EXPENSE_ROW", words.replace("\n", f" {quantity} {unit} {amount} {rate}\n", 1), "", confidence, page),
    )


def pseudo(title: str, amount: str, rate: str = "0.000%") -> dict[str, Any]:
    return row(field("ITEM", title), field("PRICE", amount), field("EXPENSE_ROW", f"{title} {amount} {rate}"))


def document(
    fields: Sequence[dict[str, Any]], *groups: Sequence[dict[str, Any]], words: Sequence[str] = ()
) -> dict[str, Any]:
    blocks = [{"BlockType": "LINE", "Text": text, "Confidence": 99.0, "Page": 1} for text in words]
    return {
        "ExpenseIndex": 1,
        "SummaryFields": list(fields),
        "LineItemGroups": [
            {"LineItemGroupIndex": index, "LineItems": list(group)} for index, group in enumerate(groups, 1)
        ],
        "Blocks": blocks,
    }


def head(confidence: float = 99.4, /, **changes: str | None) -> list[dict[str, Any]]:
    """The head of an American invoice over two bottles, $54.40; a change of None leaves the field out."""
    every: dict[str, tuple[str, str, str]] = {
        "number": ("INVOICE_RECEIPT_ID", "Invoice #", NUMBER),
        "issued": ("INVOICE_RECEIPT_DATE", "", "March 31, 2026"),
        "due": ("DUE_DATE", "Payment due by", "April 30, 2026"),
        "terms": ("PAYMENT_TERMS", "Payment terms", "Net 30"),
        "account": ("ACCOUNT_NUMBER", "Account #", "A1EXAMPLE00000"),
        "ordered": ("ORDER_DATE", "Purchase date", "20-Mar-2026"),
        "purchase_order": ("PO_NUMBER", "PO #", "LOY-000123"),
        "vendor": ("VENDOR_NAME", "Pay by", "Amazon Capital Services"),
        "items": ("SUBTOTAL", "Item subtotal before tax", "$49.98"),
        "shipping": ("SHIPPING_HANDLING_CHARGE", "Shipping & handling", "$ 0.00"),
        "discount": ("DISCOUNT", "Promos & discounts", "$ 0.00"),
        "before_tax": ("SUBTOTAL", "Total before tax", "$49.98"),
        "tax": ("TAX", "Tax", "$4.42"),
        "due_amount": ("AMOUNT_DUE", "Amount due", "$54.40 USD"),
        "total": ("TOTAL", "Amount due", "$54.40"),
    }
    texts = {name: changes.get(name, text) for name, (_, _, text) in every.items()}
    return [
        field(kind, text, label, confidence)
        for name, (kind, label, _) in every.items()
        if (text := texts[name]) is not None
    ]


BOTTLES = item("1 Example Water Bottle, 1 l, blue", "2", "$24.99", "$49.98")


def only(documents: Sequence[dict[str, Any]], rules: Invoices = RULES) -> Reading:
    """The one reading that the documents make."""
    (reading,) = read(documents, rules)
    return reading


def codes(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    return {(finding.code, finding.field) for finding in findings}

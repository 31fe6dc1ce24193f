"""Invoices to be booked, each with a number of its own."""

from __future__ import annotations

import itertools
from typing import Any

from loyalty.invoices.invoice import Invoice

_NUMBERS = itertools.count(1)


def paper(**changes: Any) -> dict[str, Any]:
    """Two bottles at 24.99, two dollars off, 8.85 % sales tax; a credit memo takes one of them back."""
    number = f"1ABC-{next(_NUMBERS):04d}-TEST"
    told: dict[str, Any] = {
        "kind": "invoice", "number": number, "issued_on": "2026-11-20", "due_on": "2026-12-20", "currency": "USD",
        "account": "A1EXAMPLE", "payment_terms": "Net 30", "subtotal_minor": 4998, "shipping_minor": 0,
        "discount_minor": -200, "tax_minor": 425, "total_minor": 5223,
        "lines": [
            {"kind": "item", "description": "Bottle, 1 l", "amazon_order_id": "114-1000001-1000001",
             "asin": "B0EXAMPLE1", "quantity": 2, "unit_price_minor": 2499, "amount_minor": 4998,
             "tax_rate_micros": 88500},
            {"kind": "discount", "amount_minor": -200, "tax_rate_micros": 88500},
        ],
    }  # fmt: skip
    return told | changes


def memo(**changes: Any) -> dict[str, Any]:
    """One bottle goes back."""
    told = paper(
        kind="credit_memo", subtotal_minor=-2499, discount_minor=100, tax_minor=-212, total_minor=-2611,
        lines=[
            {"kind": "item", "description": "Bottle, 1 l", "amazon_order_id": "114-1000001-1000001",
             "asin": "B0EXAMPLE1", "quantity": 1, "unit_price_minor": 2499, "amount_minor": -2499,
             "tax_rate_micros": 88500},
            {"kind": "discount", "amount_minor": 100, "tax_rate_micros": 88500},
        ],
    )  # fmt: skip
    return told | changes


def invoice(**changes: Any) -> Invoice:
    """The same, read."""
    return Invoice.model_validate(paper(**changes))

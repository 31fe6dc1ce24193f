"""An invoice that nobody wrote: what a connection's test shows an ERP in either format, to be looked at, not booked."""

from __future__ import annotations

from pathlib import Path

from loyalty.erp import rest_json
from loyalty.erp.gateway import Format
from loyalty.invoices.invoice import Invoice
from loyalty.programme.schema.invoices import Party

VENDOR = Party(name="Connection test", country="US")
BUYER = Party(name="Connection test", country="US")
INVOICE = Invoice.model_validate({
    "kind": "invoice",
    "number": "TEST-0000-0000",
    "issued_on": "2026-01-31",
    "due_on": "2026-03-02",
    "currency": "USD",
    "payment_terms": "Net 30",
    "purchase_order_numbers": ["TEST-1"],
    "subtotal_minor": 4998,
    "shipping_minor": 499,
    "discount_minor": -200,
    "tax_minor": 425,
    "total_minor": 5722,
    "lines": [
        {
            "kind": "item",
            "description": "Nothing: this is a test of the connection",
            "amazon_order_id": "000-0000000-0000000",
            "asin": "B000000000",
            "quantity": 2,
            "unit_price_minor": 2499,
            "amount_minor": 4998,
            "tax_rate_micros": 88500,
        },
        {"kind": "shipping", "amount_minor": 499, "tax_rate_micros": 0},
        {"kind": "discount", "amount_minor": -200, "tax_rate_micros": 88500},
    ],
})  # fmt: skip


def text(chosen: Format) -> str:
    """The example. Its UBL is a file, so that whoever tests a connection need not be able to write any."""
    if chosen == "json":
        return rest_json.text(INVOICE, VENDOR, BUYER)
    return (Path(__file__).parent / "example.xml").read_text()

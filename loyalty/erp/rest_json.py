"""Our documents as JSON, as docs/erp.md describes them: whole minor units, a credit memo's amounts above zero."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.erp import breakdown
from loyalty.invoices.invoice import Invoice, Line
from loyalty.programme.schema.invoices import Party


def text(invoice: Invoice, vendor: Party, buyer: Party | None, redemptions: Sequence[str] = ()) -> str:
    """An invoice or a credit memo; `redemptions`: our own orders that it is for.

    Raises Unfit when its total is not its parts' sum.
    """
    sign = breakdown.sign(invoice)
    return compact({
        "kind": invoice.kind,
        "number": invoice.number,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on and invoice.due_on.isoformat(),
        "currency": invoice.currency,
        "vendor": vendor.model_dump(mode="json"),
        "buyer": buyer and buyer.model_dump(mode="json"),
        "account": invoice.account,
        "payment_terms": invoice.payment_terms,
        "corrects": invoice.corrects,
        "purchase_orders": list(invoice.purchase_order_numbers),
        "redemptions": list(redemptions),
        "lines": [_line(number, line, sign) for number, line in enumerate(invoice.lines, 1)],
        "taxes": [
            {"rate_micros": one.rate_micros, "base_minor": sign * one.base_minor, "tax_minor": sign * one.tax_minor}
            for one in invoice.tax_lines
        ],
        "subtotal_minor": sign * invoice.subtotal_minor,
        "shipping_minor": sign * invoice.shipping_minor,
        "discount_minor": sign * invoice.discount_minor,
        "tax_minor": sign * invoice.tax_minor,
        "rounding_minor": breakdown.rounding(invoice),
        "total_minor": sign * invoice.total_minor,
    })  # fmt: skip


def _line(number: int, line: Line, sign: int) -> dict[str, Any]:
    return {
        "line_number": number,
        "kind": line.kind,
        "description": line.description,
        "seller_item_id": line.asin,
        "seller_order_id": line.amazon_order_id,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "amount_minor": sign * line.amount_minor,
        "tax_rate_micros": line.tax_rate_micros,
        "tax_minor": None if line.tax_minor is None else sign * line.tax_minor,
    }


def compact(told: Mapping[str, Any]) -> str:
    """The same text for the same document."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

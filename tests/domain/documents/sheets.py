"""Sheets as they come from the database, for tests of the page alone."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from loyalty.documents.drawing import Sheet
from loyalty.programme.document import Programme
from loyalty.programme.publishing import INITIAL

TAXED: dict[str, Any] = {
    "member_document": "tax_invoice",
    "seller": {
        "name": "Journey Prämien GmbH",
        "address": ["Königstraße 12", "10115 Berlin", "Deutschland"],
        "registrations": ["Amtsgericht Berlin HRB 123456", "Geschäftsführung: Ö. Müßig"],
    },
    "tax": {
        "registration": "DE123456789",
        "base": "money_paid",
        "rate_basis_points": 1900,
        "names": {"de": "USt.", "en": "VAT"},
    },
}
RECIPIENT: dict[str, Any] = {
    "full_name": "Zoë Øvergård-Wiśniewska",
    "line1": "221B Example Avenue",
    "line2": "Apartment 7",
    "line3": None,
    "city": "Seattle",
    "state_or_region": "WA",
    "postal_code": "98109",
    "country_code": "US",
}


def programme(documents: dict[str, Any] | None = None, **changes: Any) -> Programme:
    """The initial document, with these documents."""
    found = json.loads((INITIAL / "main.json").read_text())
    found["documents"] = documents or {}
    for name, change in changes.items():
        found[name] = {**found[name], **change}
    return Programme.model_validate_json(json.dumps(found))


def line(
    number: int = 1, title: str = "Desk lamp with a wooden foot, dimmable", quantity: int = 1, **changes: Any
) -> Any:
    found = {
        "line_number": number, "asin": f"B0LAMP{number:04d}", "title": title, "quantity": quantity,
        "unit_points": 4_500, "unit_money_minor": 1_250, "unit_price_minor": 3_500,
    }  # fmt: skip
    return found | changes


def sheet(
    *lines: Any, kind: str = "receipt", of: Programme | None = None, recipient: Any = RECIPIENT, **facts: Any
) -> Sheet:
    chosen = list(lines or (line(quantity=2), line(2, "Coffee, 1 kg", unit_points=2_000, unit_money_minor=0)))
    minor = sum(one["quantity"] * one["unit_money_minor"] for one in chosen)
    said = {
        "language": "en", "currency": "USD", "ordered_at": "2026-11-22T02:30:00+00:00", "provider": "amazon_pay",
        "capture_at": "shipment", "lines": chosen, "money_minor": minor, "charged_minor": minor, "partial": False,
        "points": sum(one["quantity"] * one["unit_points"] for one in chosen), "issued_on": "2026-11-22",
    }  # fmt: skip
    number = {"receipt": "R-2026-000042", "tax_invoice": "I-2026-000042", "credit_note": "C-2026-000007"}[kind]
    redemption_id = UUID("019aa000-0000-7000-8000-000000000042")
    return Sheet(kind, number, redemption_id, "M-100042", recipient, said | facts, of or programme())


def credit_note(of_kind: str = "receipt", of: Programme | None = None, **facts: Any) -> Sheet:
    said = {
        "corrects_kind": of_kind, "corrects_number": "R-2026-000042", "corrects_issued_on": "2026-11-20",
        "reason": "cancelled", "points": 4_500, "money_minor": 1_250, "charged_minor": 1_250,
    }  # fmt: skip
    return sheet(line(), kind="credit_note", of=of, **said | facts)

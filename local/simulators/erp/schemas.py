"""The shape of JSON documents: every field is there, none is unknown, each is what it must be."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

# A field's check by its name; a list of one shape, a dict for an object, a word for a value.
type Shape = dict[str, Any] | list[Any] | str

MOST_MINOR = 10**12
_WORDS = {
    "code": r"[A-Z0-9][A-Z0-9/-]{3,39}",
    "currency": r"[A-Z]{3}",
    "country": r"[A-Z]{2}",
    "sha256": r"[0-9a-f]{64}",
    "words": r"(?s).{1,500}",
    "any": r"(?s).{0,500}",
    "kind": r"item|fee|shipping|discount",
    "document": r"invoice|credit_memo",
    "journal": r"journal",
}

_PARTY: Shape = {
    "name": "words", "tax_id": "words?", "registration": "words?", "endpoint": "words?", "street": "words?",
    "city": "words?", "postal_code": "words?", "country": "country",
}  # fmt: skip
_SIDE: Shape = {"account": "words", "code": "words"}
INVOICE: Shape = {
    "kind": "document", "number": "code", "issued_on": "day", "due_on": "day?", "currency": "currency",
    "vendor": _PARTY, "buyer": [_PARTY, None], "account": "words?", "payment_terms": "words?", "corrects": "code?",
    "purchase_orders": ["words"], "redemptions": ["words"],
    "lines": [{
        "line_number": "count", "kind": "kind", "description": "any", "seller_item_id": "words?",
        "seller_order_id": "words?", "quantity": "count?", "unit_price_minor": "minor?", "amount_minor": "minor",
        "tax_rate_micros": "minor?", "tax_minor": "minor?",
    }],
    "taxes": [{"rate_micros": "minor", "base_minor": "minor", "tax_minor": "minor"}],
    "subtotal_minor": "minor", "shipping_minor": "minor", "discount_minor": "minor", "tax_minor": "minor",
    "rounding_minor": "minor", "total_minor": "minor",
}  # fmt: skip
JOURNAL: Shape = {
    "kind": "journal", "number": "words", "program": "words", "day": "day", "currency": "currency",
    "rate_version": "count", "content_sha256": "sha256", "total_minor": "minor",
    "lines": [{
        "line_number": "count", "event": "words", "funder": "words", "debit": _SIDE, "credit": _SIDE,
        "amount_minor": "count",
    }],
}  # fmt: skip


def problem(value: Any, shape: Shape, field: str = "") -> str | None:
    """The first field that is not as it must be; None when all are. `[shape, None]`: it may be null."""
    if isinstance(shape, list):
        if len(shape) == 2:
            return None if value is None else problem(value, shape[0], field)
        if not isinstance(value, list) or len(value) > 1000:
            return field
        places = ((one, f"{field}.{number}") for number, one in enumerate(value, 1))
        return next((found for one, place in places if (found := problem(one, shape[0], place))), None)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return field or "document"
        strange = sorted(shape.keys() ^ value.keys())
        if strange:
            return f"{field}.{strange[0]}".lstrip(".")
        return next(
            (found for name in shape if (found := problem(value[name], shape[name], f"{field}.{name}".lstrip(".")))),
            None,
        )
    return None if _is(value, shape) else field


def _is(value: Any, word: str) -> bool:
    if word.endswith("?"):
        return value is None or _is(value, word[:-1])
    if word in ("minor", "count"):
        return type(value) is int and (1 if word == "count" else -MOST_MINOR) <= value <= MOST_MINOR
    if not isinstance(value, str):
        return False
    if word == "day":
        try:
            return date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return bool(re.fullmatch(_WORDS[word], value))

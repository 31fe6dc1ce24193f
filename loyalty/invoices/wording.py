"""What is doubtful about an invoice, and why a mail or a PDF was refused, in words for staff. The codes are made
elsewhere: a test holds this to all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from loyalty.currencies import minor_digits

FINDINGS = {
    "total_differs": "The sum is not what its parts make",
    "tax_differs": "The tax is not what its rate makes",
    "low_confidence": "Not read for certain",
    "unproven": "Nothing proves it, and Amazon has not said yet that it issued it so",
    "missing_field": "Not found on the paper",
    "unreadable": "What was read makes no sense here",
    "unknown_order": "No order of this programme has this number",
    "other_purchase_order": "Names another purchase order than the goods have",
    "unknown_product": "The order has no such product",
    "price_differs": "It costs more than was ordered",
    "quantity_exceeds": "More units than are left to be invoiced",
    "not_shipped": "More units than have left",
    "shipping_differs": "Shipping and fees are more than was ordered",
    "tax_exceeds": "More tax than the order has",
    "currency_differs": "Another currency than the order's",
    "duplicate_number": "Another invoice has this number",
    "posting_off": "Posting by itself is switched off",
    "duplicate_line": "The same product of an order stands there twice",
    "negative_total": "The sign of the total is not that of such a paper",
    "no_such_original": "The invoice that it takes back is not known",
    "original_open": "The invoice that it takes back is not approved yet",
    "not_an_invoice": "It does not look like an invoice",
    "cheaper": "It costs less than was ordered",
    "refund_unknown": "These units are not known to have come back or been lost",
    "posting_refused": "The ERP did not take it",
    "taken_back": "It was taken back",
}

# Why a month's order was charged otherwise than it was invoiced.
WHY = {
    "differs": "Charged otherwise than invoiced",
    "not_charged": "Invoiced, and not charged in this month",
    "in_review": "Its invoice waits to be approved",
    "other_month": "Its invoice is of another month",
    "not_invoiced": "Charged, and no invoice has come",
}

REASONS = {
    # Of a mail
    "unknown_recipient": "It is to nobody here",
    "sender_not_allowed": "Mail of this sender is not believed",
    "not_authentic": "Its signature does not hold: it may be forged",
    "no_verdict": "The mail service did not say whether it is safe",
    "virus": "It has a virus",
    "spam": "It is spam",
    "not_a_mail": "It is no mail",
    "too_deep": "It has mails within mails within mails",
    "too_many_parts": "It has too many parts",
    "too_many_documents": "It has too many PDFs",
    "no_pdf": "It has no PDF",
    "no_usable_pdf": "It has no PDF that can be read",
    "archive_too_large": "The archive in it is too large",
    "archive_encrypted": "The archive in it is locked by a password",
    "archive_unreadable": "The archive in it is broken",
    "archive_in_archive": "The archive in it has another archive in it",
    "archive_bomb": "Unpacked, the archive in it would be out of all measure",
    # Of a PDF, some also of a mail
    "empty": "It is empty",
    "too_large": "It is too large",
    "not_a_pdf": "It is no PDF",
    "truncated": "Its end is missing",
    "more_than_a_pdf": "There is something else behind the PDF",
    "encrypted": "It is locked by a password",
    "unreadable": "It is broken",
    "no_pages": "It has no page",
    "too_many_pages": "It has too many pages",
    "page_too_large": "A page is too large",
    "picture_too_large": "A picture in it is too large",
    "too_many_objects": "It is built of too many parts",
    "decompression_bomb": "Unpacked, it would be out of all measure",
    "active_content": "It has a program in it",
    "fillable_form": "It is a form that can be filled in",
    "took_too_long": "Looking at it took too long",
    "took_too_much_memory": "Looking at it took too much memory",
    "not_an_invoice": "It does not look like an invoice",
    # Of its reading
    "not_begun": "Textract could not begin with it",
    "not_collected": "What Textract read of it could not be fetched",
    "too_slow": "Textract did not come to an end with it",
    "not_judged": "What was read could not be compared with what was ordered",
    "not_read": "Textract could not read it",
    "unsupported_document": "Textract does not read this kind of PDF",
    "bad_document": "Textract could not open it",
    "not_in_store": "Textract did not find it in our store",
    "reading_lapsed": "Textract has forgotten what it read of it",
    "partly_read": "Textract could not read all of its pages",
    "too_much_text": "There is too much text in it",
}

_NUMBER = re.compile(r"-?\b\d+\b")
_TWO_NUMBERS = re.compile(r"(-?\d+) (-?\d+)")
_COUNTED = frozenset({"quantity_exceeds", "not_shipped"})
_AMOUNTS = frozenset(
    {"total_differs", "tax_differs", "price_differs", "shipping_differs", "tax_exceeds", "negative_total"}
)


def finding(told: Mapping[str, Any], currency: str | None) -> dict[str, Any]:
    """A finding as it is shown: {code, field, words}. Two numbers of its detail are what is there and what may be; in
    a detail of words, numbers are amounts in minor units."""
    code, detail = str(told["code"]), str(told.get("detail") or "")
    words = in_short(code)
    numbers = _TWO_NUMBERS.fullmatch(detail)
    if numbers and code in _AMOUNTS:
        words += f": {_money(numbers[1], currency)}, not {_money(numbers[2], currency)}"
    elif numbers and code in _COUNTED:
        words += f": {numbers[1]}, where {numbers[2]} can be"
    elif code == "currency_differs" and len(detail) == 7:
        words += f": {detail[:3]}, not {detail[4:]}"
    elif code in ("low_confidence", "unproven") and (read := re.match(r"read with (\d+)", detail)):
        words += f": {read[1]} % confidence, compare it with the paper"
    elif detail and code in _AMOUNTS:
        words += f": {_NUMBER.sub(lambda minor: _money(minor[0], currency), detail)}"
    elif detail:
        words += f": {detail.replace('_', ' ')}"
    return {"code": code, "field": str(told.get("field") or ""), "words": f"{words}."}


def in_short(code: str) -> str:
    """A finding's code in words, without its numbers."""
    return FINDINGS.get(code) or code.replace("_", " ").capitalize()


def event(kind: str, detail: Mapping[str, Any]) -> str | None:
    """What there is to say of a step of its history beside its name."""
    if codes := detail.get("findings") or detail.get("codes"):
        told = [each["code"] if isinstance(each, dict) else str(each) for each in codes]
        return "; ".join(dict.fromkeys(in_short(code) for code in told))
    if kind == "corrected" and (fields := detail.get("fields")) is not None:
        return f"{fields} value{'' if fields == 1 else 's'}"
    told = [str(detail[name]) for name in ("reason", "erp_document_id", "duplicate_of") if detail.get(name)]
    return "; ".join(told) or None


def reason(code: str | None) -> str | None:
    """Why something was refused."""
    return None if code is None else f"{REASONS.get(code) or code.replace('_', ' ').capitalize()}."


def _money(minor: str, currency: str | None) -> str:
    exponent = minor_digits(currency or "")
    amount = f"{Decimal(minor).scaleb(-exponent):,.{exponent}f}"
    return f"{amount} {currency}" if currency else amount

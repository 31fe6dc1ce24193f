"""The words beside a value, in the languages of the stores, and which of an invoice's fields they mean.

A label says more than Textract's type: an "Original invoice #" has the type of a number too, and "Total before tax"
that of a total. A type counts where there is no label that we know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

# No label is longer; what is, is text.
MOST_LETTERS = 120
_TYPES = {
    "INVOICE_RECEIPT_ID": "number",
    "INVOICE_RECEIPT_DATE": "issued_on",
    "DUE_DATE": "due_on",
    "ORDER_DATE": "ordered_on",
    "PO_NUMBER": "purchase_order",
    "ACCOUNT_NUMBER": "account",
    "CUSTOMER_NUMBER": "account",
    "PAYMENT_TERMS": "payment_terms",
    "VENDOR_NAME": "vendor_name",
    "TAX_PAYER_ID": "vendor_tax_id",
    "VENDOR_VAT_NUMBER": "vendor_tax_id",
    "VENDOR_GST_NUMBER": "vendor_tax_id",
    "VENDOR_ABN_NUMBER": "vendor_tax_id",
    "SUBTOTAL": "subtotal",
    "SHIPPING_HANDLING_CHARGE": "shipping",
    "DISCOUNT": "discount",
    "SERVICE_CHARGE": "fee",
    "TAX": "tax",
    "TOTAL": "total",
    "AMOUNT_DUE": "total",
}


def read(name: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The names in a file of this folder, in its order, each with the expressions that are indented below it."""
    text = Path(__file__).with_name(name).read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    starts = [index for index, line in enumerate(lines) if not line.startswith(" ")]
    for start, end in pairwise([*starts, len(lines)]):
        yield lines[start], re.compile("|".join(f"(?:{line.strip()})" for line in lines[start + 1 : end]))


_LABELS = tuple(read("labels.txt"))
_CREDIT = re.compile(
    r"\b(credit (memo|note|advice)|credit total|total credit|amount credited|refund total|gutschrift\w*|"
    r"stornorechnung|rechnungskorrektur|avoir|nota (de|di) credito|factura rectificativa|abono|creditnota|"
    r"creditfactuur|faktura korygujaca|kreditnota|kreditfaktura)\b"
)


@lru_cache(maxsize=4_096)
def plain(label: str) -> str:
    """Small letters without accents and punctuation; however "number" is written at a label's end, it is that word."""
    label = label[:MOST_LETTERS]
    folded = unicodedata.normalize("NFKD", label.casefold().replace("№", " number ").replace("ß", "ss"))
    text = "".join(each for each in folded if not unicodedata.combining(each))
    text = text.replace("#", " number ")
    text = re.sub(r"\b(no|nr|num|nbr|n)\s?[.°ºo]?(?=\s*[.:]*\s*$)|\bn\s?[°º]\.?|\bnr\.", " number ", text)
    text = re.sub(r"[^a-z0-9&%.,() ]+", " ", text)
    text = re.sub(r"(?<![0-9])[.,]|[.,](?![0-9])|[()]", " ", text)
    return re.sub(r"\s+", " ", text).strip()


@lru_cache(maxsize=4_096)
def meaning(label: str) -> str | None:
    """The name of what stands beside such a label, None if it is none of ours."""
    text = plain(label)
    return next((name for name, pattern in _LABELS if pattern.fullmatch(text)), None) if text else None


def of_type(kind: str) -> str | None:
    return _TYPES.get(kind)


def says_credit(text: str) -> bool:
    """Whether words name a paper that gives money back."""
    return _CREDIT.search(plain(text)) is not None

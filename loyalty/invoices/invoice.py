"""An invoice in our words, and what is known of where each value was read.

Amounts are in minor units and are what it costs us: those of a credit memo, and discounts, are below zero. Dates are
the paper's own. Nothing here says who a delivery went to.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# Far above what one paper can cost, far below what a bigint holds.
MOST_MINOR = 10**12
MOST_LINES = 1_000

Amount = Annotated[int, Field(ge=-MOST_MINOR, le=MOST_MINOR)]
Number = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9/-]{2,38}[A-Z0-9]$")]
OrderId = Annotated[str, StringConstraints(pattern=r"^[0-9D][0-9]{2}-[0-9]{7}-[0-9]{7}$")]
PrintedAsin = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}$")]
Words = Annotated[str, StringConstraints(max_length=500)]
# Millionths: 8.85 % is 88,500.
Rate = Annotated[int, Field(ge=0, le=1_000_000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_Frozen):
    """One line. `shipping` and `discount` may be lines of their own on the paper; `amount_minor` is before tax.

    An item has a quantity and a unit price, both positive also on a credit memo; the others have neither.
    """

    kind: Literal["item", "shipping", "discount", "fee"]
    description: Words = ""
    amazon_order_id: OrderId | None = None
    asin: PrintedAsin | None = None
    quantity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    unit_price_minor: Annotated[int, Field(ge=0, le=MOST_MINOR)] | None = None
    amount_minor: Amount
    tax_rate_micros: Rate | None = None
    tax_minor: Amount | None = None


class TaxLine(_Frozen):
    """One rate's part of the whole, where the paper has a table of them."""

    rate_micros: Rate
    base_minor: Amount
    tax_minor: Amount


class Invoice(_Frozen):
    """The whole paper. `corrects`: the invoice that a credit memo takes back, if it says so.

    subtotal + shipping + discount + tax = total, where `subtotal_minor` is the sum of the items, and lines of the kinds
    shipping and discount are contained in `shipping_minor` and `discount_minor`; fees are in the subtotal.
    """

    kind: Literal["invoice", "credit_memo"]
    number: Number
    issued_on: date
    due_on: date | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    vendor_name: Words | None = None
    vendor_tax_id: Words | None = None
    account: Words | None = None
    payment_terms: Words | None = None
    corrects: Number | None = None
    purchase_order_numbers: Annotated[tuple[Words, ...], Field(max_length=MOST_LINES)] = ()
    subtotal_minor: Amount
    shipping_minor: Amount = 0
    discount_minor: Amount = 0
    tax_minor: Amount
    total_minor: Amount
    tax_lines: Annotated[tuple[TaxLine, ...], Field(max_length=50)] = ()
    lines: Annotated[tuple[Line, ...], Field(max_length=MOST_LINES)]


class Seen(_Frozen):
    """Where a value stood. `name`: `number`, `lines.3.quantity`; `box`: left, top, width, height, each of 0 to 1."""

    name: str
    printed: str
    confidence: Annotated[float, Field(ge=0, le=100)]
    page: Annotated[int, Field(ge=1)]
    box: tuple[float, float, float, float] | None = None


class Finding(_Frozen):
    """Something doubtful, by a stable code; `field` as in Seen, empty for the whole. Amounts and field names only."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,40}$")]
    field: str = ""
    detail: str = ""


class Reading(_Frozen):
    """What was made of one paper: an invoice whose every value may be posted if `findings` is empty, else a draft.

    `draft`: the values that could be read, in the shape of an Invoice, some missing: for the person who completes it.
    """

    invoice: Invoice | None
    draft: dict[str, object]
    seen: tuple[Seen, ...] = ()
    findings: tuple[Finding, ...] = ()

"""The tax that is inside a price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.programme.schema.documents import Tax

WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class TaxLines:
    """In minor units; net and tax are the gross amount to the cent."""

    gross_minor: int
    net_minor: int
    tax_minor: int
    rate_basis_points: int


def lines_of(facts: Mapping[str, Any], tax: Tax) -> TaxLines:
    """Tax on the money paid, or on the whole price of the goods. Half a cent of tax is a whole one."""
    assert tax.rate_basis_points is not None, "publishing refuses a tax invoice without a rate"
    gross = int(facts["charged_minor"])
    if tax.base == "whole_price":
        gross = sum(int(line["quantity"]) * int(line["unit_price_minor"]) for line in facts["lines"])
    divisor = WHOLE + tax.rate_basis_points
    taxed = (2 * gross * tax.rate_basis_points + divisor) // (2 * divisor)
    return TaxLines(gross, gross - taxed, taxed, tax.rate_basis_points)

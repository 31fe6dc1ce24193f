"""Amazon's JSON amounts and our minor units."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# Of the currencies of Amazon Business's stores only the yen has no smaller unit.
_DECIMALS = {"JPY": 0}


def minor(amount: object, currency: str) -> int:
    """12.34 USD → 1234. Accepts a number or a string. Raises ValueError for anything that is not a finite amount."""
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal | str):
        raise ValueError("not an amount")
    try:
        value = Decimal(amount)
        if not value.is_finite():
            raise ValueError("not an amount")
        return int(value.scaleb(_DECIMALS.get(currency, 2)).quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation as error:
        raise ValueError("not an amount") from error


def amount(minor_units: int, currency: str) -> float | int:
    """1234 USD → 12.34, for JSON: the division is correctly rounded, so its shortest text is the exact amount."""
    decimals = _DECIMALS.get(currency, 2)
    return minor_units / 10**decimals if decimals else minor_units

"""Minor units as a provider's decimal string, and back; never through a float."""

from __future__ import annotations

from decimal import Decimal

from loyalty.payments.provider import Money

# ISO 4217 exponents other than two, of the currencies the providers know.
EXPONENTS = {"JPY": 0, "KRW": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}


def decimal_of(money: Money) -> str:
    """Money(1205, 'USD') is '12.05', Money(500, 'JPY') is '500'."""
    exponent = EXPONENTS.get(money.currency, 2)
    return f"{Decimal(money.minor).scaleb(-exponent):.{exponent}f}"


def money_of(amount: str | int | float | Decimal, currency: str) -> Money:
    """'12.05' USD is Money(1205, 'USD'). Raises ValueError for a fraction of a minor unit."""
    minor = Decimal(str(amount)).scaleb(EXPONENTS.get(currency, 2))
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise ValueError(f"not an amount of {currency}")
    return Money(int(minor), currency)

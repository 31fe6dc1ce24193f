"""Minor units as a provider's decimal string, and back; never through a float."""

from __future__ import annotations

from decimal import Decimal

from loyalty.currencies import minor_digits
from loyalty.payments.provider import Money


def decimal_of(money: Money) -> str:
    """Money(1205, 'USD') is '12.05', Money(500, 'JPY') is '500'."""
    exponent = minor_digits(money.currency)
    return f"{Decimal(money.minor).scaleb(-exponent):.{exponent}f}"


def money_of(amount: str | int | float | Decimal, currency: str) -> Money:
    """'12.05' USD is Money(1205, 'USD'). Raises ValueError for a fraction of a minor unit."""
    minor = Decimal(str(amount)).scaleb(minor_digits(currency))
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise ValueError(f"not an amount of {currency}")
    return Money(int(minor), currency)

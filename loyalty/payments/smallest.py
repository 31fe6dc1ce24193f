"""The smallest amount that a programme's payment provider takes, for whoever must know before there is a payment."""

from __future__ import annotations

from loyalty.payments.stripe import amounts


def smallest_minor(provider: str, currency: str) -> int:
    """In minor units; 1 where the provider publishes none."""
    return amounts.smallest_minor(currency) if provider == "stripe" else 1

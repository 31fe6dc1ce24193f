"""What Stripe takes: its smallest charges, and the currencies whose minor units are not simply ours."""

from __future__ import annotations

# Stripe's published minimum charge amounts, in minor units; everywhere else it asks for about 50 US cents.
SMALLEST = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
OTHERWISE = 100


def smallest_minor(currency: str) -> int:
    """The smallest amount of one charge or one part of it."""
    return SMALLEST.get(currency, OTHERWISE)

"""How many digits a currency's minor unit has: the one list of all that count or show money. `points.minor_micros`
is the same in SQL, and browsers have their own, which a test holds against this one."""

from __future__ import annotations

# ISO 4217's exponents that are not 2.
MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}


def minor_digits(currency: str) -> int:
    """2 for USD, 0 for JPY, 3 for KWD."""
    return MINOR_DIGITS.get(currency, 2)

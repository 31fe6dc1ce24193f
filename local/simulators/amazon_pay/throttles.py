"""Leaky buckets as Amazon Pay publishes them, a merchant and operation."""

from __future__ import annotations

import threading
import time
from typing import Any

# operation: (live burst, live per second, sandbox burst, sandbox per second)
PUBLISHED = {
    "createCheckoutSession": (40, 16, 5, 1),
    "getCheckoutSession": (40, 8, 10, 1),
    "updateCheckoutSession": (20, 8, 5, 1),
    "completeCheckoutSession": (20, 4, 2, 1),
    "createCharge": (10, 4, 2, 1),
    "getCharge": (20, 4, 5, 1),
    "captureCharge": (20, 4, 2, 1),
    "cancelCharge": (10, 2, 2, 1),
    "createRefund": (10, 4, 2, 1),
    "getRefund": (20, 4, 5, 1),
    "getChargePermission": (20, 4, 10, 1),
    "updateChargePermission": (10, 2, 5, 1),
    "closeChargePermission": (10, 2, 2, 1),
}


class Throttles:
    """Real time, whatever the turned clock says: a bucket protects a machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._levels: dict[str, tuple[float, float]] = {}

    def admit(self, operation: str, rates: Any) -> bool:
        """Whether one more call fits. `rates`: live, sandbox, off, or {operation: {burst, per_second}} over live."""
        rate = _rate(operation, rates)
        if rate is None:
            return True
        burst, per_second = rate
        with self._lock:
            now = time.monotonic()
            level, since = self._levels.get(operation, (0.0, now))
            level = max(0.0, level - (now - since) * per_second)
            admitted = level + 1 <= burst
            self._levels[operation] = (level + 1 if admitted else level, now)
            return admitted


def _rate(operation: str, rates: Any) -> tuple[float, float] | None:
    if rates == "off":
        return None
    own = rates.get(operation) if isinstance(rates, dict) else None
    if own is not None:
        return float(own["burst"]), float(own["per_second"])
    if operation not in PUBLISHED:
        return None
    published = PUBLISHED[operation]
    return published[2:] if rates == "sandbox" else published[:2]

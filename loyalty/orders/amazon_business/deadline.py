"""One limit for everything that is asked while somebody waits."""

from __future__ import annotations

import time
from collections.abc import Callable

from loyalty.orders.amazon_business.errors import OutOfTime

# With less than this a call is not begun: most answers take longer than what would be left.
LEAST_SECONDS = 2.0


class Deadline:
    """When whoever waits must have an answer: of one request, begun as it comes in. `monotonic` never goes back."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._at = monotonic() + seconds
        self._monotonic = monotonic

    def left(self) -> float:
        """Seconds; less than nothing when it is over."""
        return self._at - self._monotonic()

    def begin(self) -> float:
        """The seconds that a call may take that begins now. Raises OutOfTime where none can any more."""
        left = self.left()
        if left < LEAST_SECONDS:
            raise OutOfTime("not asked: there is no time left for an answer")
        return left

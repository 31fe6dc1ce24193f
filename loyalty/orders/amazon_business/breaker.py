"""Fail fast while Amazon does not answer: a member who waits must not wait for what has just failed for others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from loyalty.orders.amazon_business.errors import AmazonBusinessError, NotSent, Unknown


class Breaker:
    """Of one process and connection. Closed: every call goes out. After `failures` in a row without a usable answer it
    opens: nothing goes out for `rest_seconds`, then one call to see; its answer closes it, its failure opens it again.

    A refusal, a throttle and refused credentials are answers. `opened` is called each time it opens.
    """

    def __init__(
        self,
        failures: int = 3,
        rest_seconds: float = 20.0,
        opened: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._rest_seconds = failures, rest_seconds
        self._opened, self._monotonic = opened, monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._looks_again_at = 0.0

    def run[Answer](self, call: Callable[[], Answer]) -> Answer:
        """What `call` answers. Raises what it raises, and NotSent without calling while it is open."""
        self._require_turn()
        try:
            answer = call()
        except (NotSent, Unknown):
            self._failed()
            raise
        except AmazonBusinessError:
            self._answered()
            raise
        self._answered()
        return answer

    def _require_turn(self) -> None:
        with self._lock:
            if self._failures < self._most:
                return
            if self._monotonic() < self._looks_again_at:
                raise NotSent("not asked: there was no answer lately")
            # This call sees for all; should it never come back, another one does after as long a rest.
            self._looks_again_at = self._monotonic() + self._rest_seconds

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            opens = self._failures >= self._most
            if opens:
                self._looks_again_at = self._monotonic() + self._rest_seconds
        if opens:
            self._opened()

    def _answered(self) -> None:
        with self._lock:
            self._failures = 0

"""Fail fast while Amazon does not answer: a member who waits must not wait for what has just failed for others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from loyalty.orders.amazon_business.errors import AmazonBusinessError, NotSent, OutOfTime, Unknown


class Breaker:
    """Of one process and connection. Closed: every call goes out. After `failures` in a row without a usable answer it
    opens: nothing goes out for `rest_seconds`, then one call to see; its answer closes it, its failure opens it again.

    A refusal, a throttle and refused credentials are answers. An answer that took longer than `slow_seconds` is given,
    and counts as a failure: who comes next would wait as long. `opened` is called each time it opens.
    """

    def __init__(
        self,
        failures: int = 3,
        rest_seconds: float = 20.0,
        slow_seconds: float = 4.0,
        opened: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._rest_seconds, self._slow_seconds = failures, rest_seconds, slow_seconds
        self._opened, self._monotonic = opened, monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._looks_again_at = 0.0

    def run[Answer](self, call: Callable[[], Answer]) -> Answer:
        """What `call` answers. Raises what it raises, and NotSent without calling while it is open."""
        self._require_turn()
        began = self._monotonic()
        try:
            answer = call()
        except OutOfTime:
            self._told_after(began, answered=False)
            raise
        except (NotSent, Unknown):
            self._failed()
            raise
        except AmazonBusinessError:
            self._told_after(began)
            raise
        self._told_after(began)
        return answer

    def _told_after(self, began: float, *, answered: bool = True) -> None:
        if self._monotonic() - began > self._slow_seconds:
            self._failed()
        elif answered:
            self._answered()

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

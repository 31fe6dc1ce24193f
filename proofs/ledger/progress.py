"""A line every 20 seconds about work that takes minutes: how far, how fast, how long it will go on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

EVERY_SECONDS = 20.0


@dataclass
class Progress:
    """`total` in units of `what`; silent if nobody wants to see it."""

    proof: str
    what: str
    total: int
    shown: bool = True
    done: int = 0
    _started: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)

    def add(self, count: int, also: str = "") -> None:
        """So many more are done."""
        self.done += count
        now = time.monotonic()
        if not self.shown or now - self._last < EVERY_SECONDS:
            return
        self._last = now
        rate = self.done / (now - self._started)
        left = (self.total - self.done) / rate if rate else 0
        print(
            f"{self.proof}: {self.done:,} of {self.total:,} {self.what}, {rate:,.1f} a second,"
            f" {int(left // 60)}:{int(left % 60):02} min to go{', ' + also if also else ''}",
            flush=True,
        )

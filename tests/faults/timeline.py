"""Simulated time: what happens when, in one order, and the trace of it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)


@dataclass
class Timeline:
    """One seed's time. Events of one instant come in the order in which they were asked for."""

    clock: datetime = START
    lines: list[str] = field(default_factory=list)
    _heap: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _asked: int = 0

    def now(self) -> datetime:
        return self.clock

    def trace(self, text: str) -> None:
        """A line of the trace, with the time since the beginning."""
        seconds = (self.clock - START).total_seconds()
        hours, rest = divmod(seconds, 3600)
        self.lines.append(f"{int(hours):4d}:{int(rest // 60):02d}:{rest % 60:06.3f} {text}")

    def later(self, seconds: float, event: Callable[[], None]) -> None:
        """`event` happens in so many seconds."""
        self.at(self.clock + timedelta(seconds=seconds), event)

    def at(self, moment: datetime, event: Callable[[], None]) -> None:
        """`event` happens then, or now if that is over."""
        self._asked += 1
        heapq.heappush(self._heap, (max(moment, self.clock), self._asked, event))

    @property
    def next_at(self) -> datetime | None:
        """When the next event is."""
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Callable[[], None]:
        """The next event; the clock is moved by whoever calls."""
        return heapq.heappop(self._heap)[2]

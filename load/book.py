"""Every answer that came, by phase and route; every 5xx; and what members in the queue were told."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.patient import Attempt

SHOWN = 20
# The phases.
ALONE, BUSY, SLOW = "alone", "busy", "slow"
# What a rule may say to a member who did nothing wrong, under load: sold out, changed, dearer, too late, not enough.
REFUSALS = frozenset(
    {
        "out-of-stock", "quantity-limit", "price-unknown", "not-redeemable", "not-deliverable", "offer-gone",
        "quote-expired", "insufficient-points", "velocity", "too-late",
    }
)  # fmt: skip

_PARTS = (
    (re.compile(r"^.*?/v1(?=/)"), ""),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "{id}"),
    (re.compile(r"/catalogue/\d+"), "/catalogue/{version}"),
    (re.compile(r"/products/[A-Z0-9]{10}$"), "/products/{asin}"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member was told to be: `waited` seconds into the phase, so many before, so many seconds to wait."""

    waited: float
    key: str
    orders_ahead: int
    expected_wait_seconds: int | None


@dataclass
class Book:
    """Written by all devices at once. `phase` names what goes on; answers are kept under it."""

    phase: str = ALONE
    seconds: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    declared: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, phase: str) -> None:
        """From now on it is this phase."""
        self.phase, self.began = phase, time.monotonic()

    def seen(self, attempt: Attempt, answer: httpx.Response | None) -> None:
        """One answer, or none (status 0)."""
        route = f"{attempt.method} {route_of(attempt.path)}"
        with self._lock:
            self.statuses[attempt.status] += 1
            if attempt.status:
                self.seconds[self.phase, route].append(attempt.seconds)
            if attempt.declared:
                self.declared[f"{route}: {_code(answer)}"] += 1
            elif attempt.unexpected and answer is not None:
                self.unexpected.append(f"{route}: {attempt.status} {answer.text[:200]}")
            elif attempt.status == 0:
                self.unexpected.append(f"{route}: no answer after {attempt.seconds:.1f} s")

    def refused(self, answer: httpx.Response) -> str:
        """A rule said no; its code. What no rule should say under load is a surprise."""
        code = _code(answer)
        with self._lock:
            self.refusals[code] += 1
            if code not in REFUSALS:
                self.surprises.append(f"{answer.request.method} {answer.request.url.path}: {answer.text[:200]}")
        return code

    def stood(self, redemption: Mapping[str, Any]) -> None:
        """A member looked at an order that waits for its turn."""
        place = redemption["queue"]
        if place is not None:
            self.places.append(
                Place(
                    time.monotonic() - self.began,
                    redemption["redemption_id"],
                    place["orders_ahead"],
                    place["expected_wait_seconds"],
                )
            )

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    def routes(self) -> list[str]:
        """Every route that was asked, by how often."""
        often: Counter[str] = Counter()
        for (_, route), taken in self.seconds.items():
            often[route] += len(taken)
        return [route for route, _ in often.most_common()]

    def taken(self, route: str, *phases: str) -> list[float]:
        """Seconds of each answer of a route in some phases, quickest first."""
        return sorted(one for phase in phases for one in self.seconds.get((phase, route), ()))


def quantile(ordered: list[float], share: float) -> float:
    """The least of `ordered` (not empty) that so many of them do not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def route_of(path: str) -> str:
    """`/redemptions/{id}` of an address."""
    for pattern, words in _PARTS:
        path = pattern.sub(words, path)
    return path


def _code(answer: httpx.Response | None) -> str:
    try:
        return str(answer.json()["code"]) if answer is not None else ""
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} without a code" if answer is not None else ""

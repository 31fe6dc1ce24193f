"""Orders that wait for a connection's pace, one by one: arrivals by chance, a token for each, in turn."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Waited:
    """How long orders waited, in seconds (half of them, 99 of 100, all), and how many at most; `left` when the day
    was over."""

    orders: int
    median: float
    late: float
    longest: float
    most_waiting: int
    left: int


def by_chance(
    rate: Callable[[float], float], most_per_second: float, seconds: float, chance: random.Random
) -> Iterator[float]:
    """Instants of a Poisson process whose `rate` changes and is never above `most_per_second` (thinning)."""
    now = 0.0
    while (now := now + chance.expovariate(most_per_second)) < seconds:
        if chance.random() * most_per_second < rate(now):
            yield now


def evening(mean_per_second: float, peak_to_mean: float) -> Callable[[float], float]:
    """A day's rate: one hill at 20 o'clock that is `peak_to_mean` times the day's mean high."""
    steep = _steepness(peak_to_mean)
    weight = _bessel(steep)

    def rate(seconds: float) -> float:
        angle = 2 * math.pi * (seconds / DAY_SECONDS - 20 / 24)
        return mean_per_second * math.exp(steep * math.cos(angle)) / weight

    return rate


def _steepness(peak_to_mean: float) -> float:
    low, high = 0.0, 300.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.exp(middle) / _bessel(middle) < peak_to_mean else (low, middle)
    return low


def _bessel(value: float) -> float:
    """I0, the mean of exp(value · cos): a hill's own mean."""
    steps = 2_000
    return sum(math.exp(value * math.cos(2 * math.pi * step / steps)) for step in range(steps)) / steps


def leave(arrivals: Sequence[float], per_second: float, burst: int) -> list[float]:
    """When each leaves a token bucket that is full at first."""
    leaving: list[float] = []
    tokens, at = float(burst), 0.0
    for arrival in arrivals:
        now = max(arrival, at)
        tokens, at = min(burst, tokens + (now - at) * per_second), now
        if tokens < 1:
            at += (1 - tokens) / per_second
            tokens = 1.0
        tokens -= 1
        leaving.append(at)
    return leaving


def waited(arrivals: Sequence[float], leaving: Sequence[float], until: float = DAY_SECONDS) -> Waited:
    """What became of orders that arrived by `until`, each of which left some time."""
    most = gone = 0
    for number, begin in enumerate(arrivals, start=1):
        while leaving[gone] <= begin and gone < number - 1:
            gone += 1
        most = max(most, number - gone - (leaving[gone] <= begin))
    if not arrivals:
        return Waited(0, 0.0, 0.0, 0.0, 0, 0)
    waits = sorted(end - begin for begin, end in zip(arrivals, leaving, strict=True))
    late = waits[math.ceil(0.99 * len(waits)) - 1]
    left = sum(end > until for end in leaving)
    return Waited(len(waits), waits[len(waits) // 2], late, waits[-1], most, left)

"""The model beside what was measured: how far off it is, and how far it may be."""

from __future__ import annotations

from dataclasses import dataclass

from load.model import queues
from load.model.inputs import LAPTOP_CORES, Measured, assumed


@dataclass(frozen=True, slots=True)
class Comparison:
    """`may_be`: the part of what was measured by which the model may be off. A `bound` may be above, never below."""

    what: str
    model: float
    measured: float
    may_be: float
    bound: bool = False

    @property
    def off(self) -> float:
        return self.model / self.measured - 1

    @property
    def holds(self) -> bool:
        return self.off >= 0 if self.bound else abs(self.off) <= self.may_be


def compared(run: Measured) -> list[Comparison]:
    facts = run.facts
    return [
        Comparison(
            "orders that left at 0.5 a second: the bucket, full at first",
            assumed("orders_burst") + run.slow_seconds * assumed("orders_per_second"),
            facts["slow_sent"],
            0.10,
        ),
        Comparison(
            "an answer in the crowd, s: devices by rate (Little), beside the mean of the routes' medians",
            facts["devices"] / facts["requests_per_second"],
            run.busy_seconds,
            0.50,
        ),
        Comparison(
            "requests a second, no more than processors allow if an answer cost what it does alone",
            queues.most_per_second(run.alone_seconds, LAPTOP_CORES, facts["devices"], run.alone_seconds),
            facts["requests_per_second"],
            0.0,
            bound=True,
        ),
    ]

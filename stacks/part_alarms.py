"""What wakes somebody for any part of a kind: its dead letters, a queue that waits, a door or a function that fails."""

from __future__ import annotations

from collections.abc import Iterator

from stacks import metrics
from stacks.alarm import Alarm
from stacks.watched import Watched

# A message waits this long in a queue only when its worker is down or, of orders, Amazon holds them back.
OLDEST_MESSAGE_SECONDS = 900
# One failure is tried again by whoever called.
MOST_FAILURES = 5


def part_alarms(watched: Watched) -> Iterator[Alarm]:
    """One kind has one section of the handbook."""
    for name, queue in watched.dead.items():
        yield Alarm(
            f"{name}DeadLetters",
            metrics.depth(name, queue),
            "A message was given up",
            runbook="dead-letters.md#dead-letters",
        )
    for name, queue in watched.queues.items():
        yield Alarm(
            f"{name}Waits",
            metrics.oldest(name, queue),
            f"The {name.lower()} worker does not keep up",
            5,
            above=OLDEST_MESSAGE_SECONDS,
            runbook="alarms.md#a-queue-waits",
        )
    for name, one in watched.apis.items():
        yield Alarm(
            f"{name}DoorFails",
            metrics.failed(name, one),
            f"The {name.lower()} API answers with 5xx",
            2,
            above=MOST_FAILURES,
            runbook="alarms.md#a-door-fails",
        )
    for function in watched.functions:
        yield Alarm(
            f"{function.node.id}Fails",
            metrics.errors(function),
            f"{function.node.id} raises",
            2,
            above=MOST_FAILURES,
            runbook="alarms.md#a-function-fails",
        )

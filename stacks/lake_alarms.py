"""What wakes somebody for the lake: a night that stopped, one that left a table out, none for too long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.functions import METRIC_NAMESPACE
from stacks.lake import LakeStack

FIVE_MINUTES = Duration.minutes(5)
HOUR = Duration.hours(1)
# A night may take so much longer than the one before.
LATE_HOURS = 2
# CloudWatch looks back no further.
MOST_HOURS = 7 * 24
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_HOURS = {"minute": 1 / 60, "hour": 1, "day": 24}


@dataclass(frozen=True)
class LakeAlarm:
    """Of `metric` above nothing, or `above`, `periods` times in a row; `silence`: what no figure means."""

    id: str
    metric: cloudwatch.IMetric
    meaning: str
    periods: int = 1
    silence: cloudwatch.TreatMissingData | None = None
    above: float = 0


def lake_alarms(lake: LakeStack, schedule: str) -> Iterator[LakeAlarm]:
    """By `schedule`, EventBridge's: nights that begin by hand (empty) are missed by nobody."""
    machine = lake.state_machine
    yield LakeAlarm(
        "NightStopped",
        cloudwatch.MathExpression(
            expression="FILL(failed, 0) + FILL(late, 0) + FILL(stopped, 0)",
            label="nights that stopped",
            period=FIVE_MINUTES,
            using_metrics={
                "failed": machine.metric_failed(period=FIVE_MINUTES),
                "late": machine.metric_timed_out(period=FIVE_MINUTES),
                "stopped": machine.metric_aborted(period=FIVE_MINUTES),
            },
        ),
        "The night's export or load stopped; reports show what was loaded before: see docs/operations/lake.md",
    )
    yield LakeAlarm(
        "NightPartly",
        cloudwatch.Metric(
            namespace=METRIC_NAMESPACE,
            metric_name="LakeTablesRefused",
            dimensions_map={"service": "lake_loading"},
            period=FIVE_MINUTES,
            statistic="Maximum",
        ),
        "A table breaks its contract, a rule or its sums; the others are loaded: see docs/operations/lake.md",
    )
    hours = longest_hours(schedule)
    if hours is not None:
        yield LakeAlarm(
            "LoadIsOld",
            cloudwatch.MathExpression(
                expression="IF(FILL(loaded, 0) > 0, 0, 1)",
                label="hours without a load",
                period=HOUR,
                using_metrics={"loaded": machine.metric_succeeded(period=HOUR, statistic="Sum")},
            ),
            "No night has ended for longer than its schedule says; reports are old: see docs/operations/lake.md",
            hours,
            cloudwatch.TreatMissingData.BREACHING,
        )


def longest_hours(schedule: str) -> int | None:
    """From the end of one night to the next's at most, by a rate or by a cron that says every day; None: nobody can
    say, or CloudWatch cannot look back so far."""
    if rate := _RATE.fullmatch(schedule):
        hours = -(-int(rate[1]) * _HOURS[rate[2]] // 1)
    elif schedule.startswith("cron(") and schedule[5:-1].split()[2:5] in (["*", "*", "?"], ["?", "*", "*"]):
        hours = 24
    else:
        return None
    return int(hours) + LATE_HOURS if hours + LATE_HOURS <= MOST_HOURS else None

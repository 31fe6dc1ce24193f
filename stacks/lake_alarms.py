"""What wakes somebody for the lake: a night that stopped, one that left a table out, none for too long."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.alarm import Alarm
from stacks.lake import LakeStack
from stacks.metrics import FIVE_MINUTES, said

RUNBOOK = "lake.md#the-lakes-nights"
HOUR = Duration.hours(1)
# A night may take so much longer than the one before.
LATE_HOURS = 2
# CloudWatch looks back no further.
MOST_HOURS = 7 * 24
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_HOURS = {"minute": 1 / 60, "hour": 1, "day": 24}


def lake_alarms(lake: LakeStack, schedule: str) -> Iterator[Alarm]:
    """By `schedule`, EventBridge's: nights that begin by hand (empty) are missed by nobody."""
    machine = lake.state_machine
    yield Alarm(
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
        "The night's export or load stopped; reports show what was loaded before",
        runbook=RUNBOOK,
    )
    yield Alarm(
        "NightPartly",
        said("LakeTablesRefused", "lake_loading"),
        "A table breaks its contract, a rule or its sums; the others are loaded",
        runbook=RUNBOOK,
    )
    hours = longest_hours(schedule)
    if hours is not None:
        yield Alarm(
            "LoadIsOld",
            cloudwatch.MathExpression(
                expression="IF(FILL(loaded, 0) > 0, 0, 1)",
                label="hours without a load",
                period=HOUR,
                using_metrics={"loaded": machine.metric_succeeded(period=HOUR, statistic="Sum")},
            ),
            "No night has ended for longer than its schedule says; reports are old",
            hours,
            cloudwatch.TreatMissingData.BREACHING,
            runbook=RUNBOOK,
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

"""What wakes somebody for the night's analysis: one that stopped, and forecasts that are no better than repeating."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as stepfunctions

from stacks.alarm import Alarm
from stacks.insight import InsightStack
from stacks.metrics import FIVE_MINUTES, said

# Of the weeks before: one night says little more than the next.
DAY = Duration.hours(24)
RUNBOOK = "insight.md#the-nights-analysis"


def insight_alarms(insight: InsightStack) -> Iterator[Alarm]:
    """A night that a model is refused in is no alarm: the one before goes on, and operators are told by the machine."""
    yield Alarm(
        "AnalysisStopped",
        _stopped(insight.state_machine, "analyses that stopped"),
        "The night's analysis stopped; what was shown before stays",
        runbook=RUNBOOK,
    )
    if insight.personalize:
        yield Alarm(
            "PersonalizeStopped",
            _stopped(insight.personalize.state_machine, "runs of Personalize that stopped"),
            "A run of Personalize stopped; who said no is not forgotten there before one ends",
        )
    yield Alarm(
        "ForecastDrifted",
        said("InsightDrifted", "insight_loading", DAY),
        "Forecasts were lately no better than repeating the past; a model is trained next night, or bring an earlier"
        " one back",
        runbook=RUNBOOK,
    )


def _stopped(machine: stepfunctions.StateMachine, label: str) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        expression="FILL(failed, 0) + FILL(late, 0) + FILL(stopped, 0)",
        label=label,
        period=FIVE_MINUTES,
        using_metrics={
            "failed": machine.metric_failed(period=FIVE_MINUTES),
            "late": machine.metric_timed_out(period=FIVE_MINUTES),
            "stopped": machine.metric_aborted(period=FIVE_MINUTES),
        },
    )

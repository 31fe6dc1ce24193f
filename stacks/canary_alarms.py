"""What wakes somebody for the canary: a visit that failed, none for too long, a trial that Amazon has bought."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.alarm import Alarm
from stacks.metrics import said

RUNBOOK = "canary.md#what-it-says"


def canary_alarms(minutes: int) -> Iterator[Alarm]:
    """`minutes`: how often it visits; 0: never, and nobody misses it. Two failures in a row wake somebody: one may be
    a product that has just gone."""
    if minutes:
        # At least one visit falls into each.
        period = Duration.minutes(max(5, minutes))
        yield Alarm(
            "VisitsFail",
            cloudwatch.MathExpression(
                expression="IF(FILL(succeeded, 0) < 1, 1, 0)",
                label="periods without a visit that succeeded",
                period=period,
                using_metrics={"succeeded": said("CanarySucceeded", "canary", period)},
            ),
            "No redemption of the canary's went through, or it does not run",
            2,
            cloudwatch.TreatMissingData.BREACHING,
            runbook=RUNBOOK,
        )
    yield Alarm(
        "TrialOrdered",
        said("TrialsOrdered", "orders"),
        "Amazon has bought what was sent as a trial: stop the canary and cancel the order at Amazon by hand",
        runbook=RUNBOOK,
    )

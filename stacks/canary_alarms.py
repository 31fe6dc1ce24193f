"""What wakes somebody for the canary: a visit that failed, none for too long, a trial that Amazon has bought."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.constructs.functions import METRIC_NAMESPACE
from stacks.lake_alarms import FIVE_MINUTES, LakeAlarm


def canary_alarms(minutes: int) -> Iterator[LakeAlarm]:
    """`minutes`: how often it visits; 0: never, and nobody misses it. Two failures in a row wake somebody: one may be
    a product that has just gone."""
    if minutes:
        # At least one visit falls into each.
        period = Duration.minutes(max(5, minutes))
        yield LakeAlarm(
            "VisitsFail",
            cloudwatch.MathExpression(
                expression="IF(FILL(succeeded, 0) < 1, 1, 0)",
                label="periods without a visit that succeeded",
                period=period,
                using_metrics={
                    "succeeded": cloudwatch.Metric(
                        namespace=METRIC_NAMESPACE,
                        metric_name="CanarySucceeded",
                        dimensions_map={"service": "canary"},
                        period=period,
                        statistic="Maximum",
                    )
                },
            ),
            "No redemption of the canary's went through, or it does not run: see docs/operations/canary.md",
            2,
            cloudwatch.TreatMissingData.BREACHING,
        )
    yield LakeAlarm(
        "TrialOrdered",
        cloudwatch.Metric(
            namespace=METRIC_NAMESPACE,
            metric_name="TrialsOrdered",
            dimensions_map={"service": "orders"},
            period=FIVE_MINUTES,
            statistic="Maximum",
        ),
        "Amazon has bought what was sent as a trial: stop the canary and cancel the order at Amazon by hand,"
        " see docs/operations/canary.md",
    )

"""One alarm: what is measured, from where on it wakes somebody, and which page of the handbook says what to do."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

HANDBOOK = "docs/operations"
# Where an alarm's entry is, unless it says otherwise, under its own name.
ALARMS = "alarms.md"


@dataclass(frozen=True)
class Alarm:
    """Of `metric` above `above`, `periods` times in a row; `silence`: what no figure means.

    `runbook`: page and section in docs/operations/ (`lake.md#the-lakes-nights`); empty: the section of `alarms.md` that
    is named like the alarm.
    """

    id: str
    metric: cloudwatch.IMetric
    meaning: str
    periods: int = 1
    silence: cloudwatch.TreatMissingData | None = None
    above: float = 0
    runbook: str = ""

    def description(self, handbook_url: str) -> str:
        """What it means, and the link; without an address of the repository its path."""
        return described(self.meaning, self.runbook or f"{ALARMS}#{self.id.lower()}", handbook_url)


def described(meaning: str, runbook: str, handbook_url: str) -> str:
    """The text of an alarm that ends with its runbook's address."""
    return f"{meaning}: {handbook_url}{HANDBOOK}/{runbook}"


def wake(scope: Construct, topic: sns.ITopic, alarm: Alarm, handbook_url: str) -> cloudwatch.Alarm:
    """Tell `topic` when it begins and when it is over."""
    watched = watch(scope, alarm, alarm.description(handbook_url))
    tell(watched, topic)
    return watched


def watch(scope: Construct, alarm: Alarm, description: str) -> cloudwatch.Alarm:
    """The alarm itself, which tells nobody."""
    return cloudwatch.Alarm(
        scope,
        alarm.id,
        alarm_description=description,
        metric=alarm.metric,
        threshold=alarm.above,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=alarm.periods,
        treat_missing_data=alarm.silence or cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def tell(alarm: cloudwatch.AlarmBase, topic: sns.ITopic) -> None:
    """`topic` hears of its beginning and of its end."""
    action = actions.SnsAction(topic)
    alarm.add_alarm_action(action)
    alarm.add_ok_action(action)

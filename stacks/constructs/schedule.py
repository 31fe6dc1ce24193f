"""A function that runs every so often."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct


def every(
    scope: Construct, id: str, description: str, minutes: int, function: lambda_.Function, *, late_minutes: int = 1
) -> None:
    """A rule of so many minutes; none if they are 0. It is not tried again, and dropped when `late_minutes` late."""
    if minutes:
        events.Rule(
            scope,
            id,
            description=description,
            schedule=events.Schedule.rate(Duration.minutes(minutes)),
            # The next time comes anyway.
            targets=[targets.LambdaFunction(function, retry_attempts=0, max_event_age=Duration.minutes(late_minutes))],
        )

"""A function that runs every so often."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.own_key import WRITE, may_use
from stacks.constructs.queue import dead_letter_queue

MISSED = "MissedDeadLetters"


def every(
    scope: Construct, id: str, description: str, minutes: int, function: lambda_.Function, *, late_minutes: int = 1
) -> None:
    """A rule of so many minutes; none if they are 0. It is not tried again, and given up when `late_minutes` late: the
    next time comes anyway. What was given up, or failed, is among the stack's missed."""
    if minutes:
        missed, late = missed_times(scope), Duration.minutes(late_minutes)
        events.Rule(
            scope,
            id,
            description=description,
            schedule=events.Schedule.rate(Duration.minutes(minutes)),
            targets=[targets.LambdaFunction(function, dead_letter_queue=missed, retry_attempts=0, max_event_age=late)],
        )
        function.add_to_role_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[missed.queue_arn]))
        may_use(function, missed.encryption_master_key, WRITE)
        failed = lambda_.CfnEventInvokeConfig(
            function,
            "OnFailure",
            function_name=function.function_name,
            qualifier="$LATEST",
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=missed.queue_arn)
            ),
            # Lambda's own tries would run into the next time.
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=late.to_seconds(),
        )
        # Lambda asks whether the function's role may.
        assert function.role is not None
        failed.node.add_dependency(function.role)


def missed_times(scope: Construct) -> sqs.Queue:
    """The stack's queue of times when nothing ran, or what ran failed."""
    stack = Stack.of(scope)
    if (found := missed_in(stack)) is not None:
        return found
    queue = dead_letter_queue(stack, MISSED, of_rules=True)
    acknowledge(queue, "It is where dead letters end", "AwsSolutions-SQS3")
    return queue


def missed_in(stack: Stack) -> sqs.Queue | None:
    """The same, if anything runs by the clock in this stack."""
    found = stack.node.try_find_child(MISSED)
    assert found is None or isinstance(found, sqs.Queue)
    return found

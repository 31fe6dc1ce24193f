"""Who may send SMS, and whom they are from."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from stacks.constructs.acknowledgement import acknowledge
from stacks.settings import Settings


def sms_environment(settings: Settings) -> dict[str, str]:
    """Whom an SMS is from."""
    return {
        "SMS_ORIGINATION_NUMBER": settings.messaging.sms_origination_number,
        "SMS_SENDER_ID": settings.messaging.sms_sender_id,
    }


def may_send_sms(function: lambda_.Function) -> None:
    """A telephone has no ARN: all that may be published to, but no topic and no device."""
    for statement in (
        iam.PolicyStatement(actions=["sns:Publish"], resources=["*"]),
        iam.PolicyStatement(effect=iam.Effect.DENY, actions=["sns:Publish"], resources=["arn:aws:sns:*:*:*"]),
    ):
        function.add_to_role_policy(statement)
    assert function.role is not None
    acknowledge(function.role, "Denied, not allowed", "AwsSolutions-IAM5[Resource::arn:aws:sns:*:*:*]")

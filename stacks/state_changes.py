"""Every beginning and end of executions, tasks and deployments as a line of a log, kept as long as the others."""

from __future__ import annotations

from typing import Any

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_logs as logs

from stacks.constructs.logs import kept_log_group
from stacks.watched import Watched

# EventBridge writes to groups below this name only.
PREFIX = "/aws/events/"
OF_EXECUTIONS = ["Step Functions Execution Status Change"]
OF_TASKS = ["ECS Task State Change", "ECS Deployment State Change", "ECS Service Action"]


def state_changes(stack: Stack, watched: Watched) -> logs.LogGroup:
    """Only of this deployment's machines and cluster. Executions' input and output have ids and amounts only."""
    name = f"loyalty-{watched.settings.deployment.name}-state-changes"
    group = kept_log_group(stack, "StateChanges", settings=watched.settings, name=f"{PREFIX}{name}")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": group.log_group_arn,
    }
    # By hand, because the CDK's own target makes it by a custom resource that may write policies of all groups.
    writer = logs.CfnResourcePolicy(
        stack,
        "StateChangesWriter",
        policy_name=name,
        policy_document=stack.to_json_string({"Version": "2012-10-17", "Statement": [statement]}),
    )
    arn = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    patterns: dict[str, dict[str, Any]] = {
        "ExecutionsChanged": {
            "source": ["aws.states"],
            "detail-type": OF_EXECUTIONS,
            "detail": {"stateMachineArn": [one.state_machine_arn for one in watched.machines.values()]},
        },
        "TasksChanged": {
            "source": ["aws.ecs"],
            "detail-type": OF_TASKS,
            # Of tasks, services and deployments it is the ARN's last part but one.
            "resources": [{"wildcard": f"arn:aws:ecs:*/{watched.services.cluster.cluster_name}/*"}],
        },
    }
    for id, pattern in patterns.items():
        _into_the_log(stack, id, pattern, arn).add_resource_dependency(writer)
    return group


def _into_the_log(stack: Stack, id: str, pattern: dict[str, Any], arn: str) -> events.CfnRule:
    return events.CfnRule(
        stack,
        id,
        description="What begins, ends or fails, into a log",
        event_pattern=pattern,
        targets=[
            events.CfnRule.TargetProperty(
                id="Log",
                arn=arn,
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_retry_attempts=20, maximum_event_age_in_seconds=3_600
                ),
            )
        ],
    )

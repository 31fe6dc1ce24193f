"""A log group that is kept as long as the config says, and no longer."""

from __future__ import annotations

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.combinations import LOG_RETENTION_DAYS
from stacks.constructs.own_key import own_key
from stacks.settings import Settings

_RETENTION = dict(zip(LOG_RETENTION_DAYS, logs.RetentionDays, strict=False))
assert _RETENTION[3653] is logs.RetentionDays.TEN_YEARS, "the CDK's list and ours are no longer in the same order"


def kept_log_group(
    scope: Construct, id: str, *, settings: Settings, name: str | None = None, key: kms.IKey | None = None
) -> logs.LogGroup:
    """The log group `id` in `scope`; `name` only where AWS insists on one. `key`: one that let_logs_encrypt has
    prepared, in place of the stack's own."""
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        encryption_key=key or own_key(scope),
        retention=_RETENTION[settings.observability.log_retention_days],
        removal_policy=removal_policy(settings),
    )


def let_logs_encrypt(key: kms.Key, name: str) -> None:
    """CloudWatch may encrypt the log groups of this name (it may end in `*`) by `key`, and nothing else."""
    stack = Stack.of(key)
    group = stack.format_arn(
        service="logs", resource="log-group", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
        )
    )


def removal_policy(settings: Settings) -> RemovalPolicy:
    """What becomes of data when its stack goes."""
    return RemovalPolicy.RETAIN if settings.deployment.durable else RemovalPolicy.DESTROY

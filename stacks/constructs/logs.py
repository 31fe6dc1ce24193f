"""A log group that is kept as long as the config says, and no longer."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.combinations import LOG_RETENTION_DAYS
from stacks.constructs.own_key import own_key
from stacks.settings import Settings

_RETENTION = dict(zip(LOG_RETENTION_DAYS, logs.RetentionDays, strict=False))
assert _RETENTION[3653] is logs.RetentionDays.TEN_YEARS, "the CDK's list and ours are no longer in the same order"


def kept_log_group(scope: Construct, id: str, *, settings: Settings, name: str | None = None) -> logs.LogGroup:
    """The log group `id` in `scope`; `name` only where AWS insists on one."""
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        encryption_key=own_key(scope),
        retention=_RETENTION[settings.observability.log_retention_days],
        removal_policy=removal_policy(settings),
    )


def removal_policy(settings: Settings) -> RemovalPolicy:
    """What becomes of data when its stack goes."""
    return RemovalPolicy.RETAIN if settings.deployment.durable else RemovalPolicy.DESTROY

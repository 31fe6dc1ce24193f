"""A log group that is kept as long as the config says, and no longer, and that hides what is personal."""

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


# Nothing of the kind is written on purpose. What is by mistake is masked for every reader, and counted (audited) as
# AWS/Logs LogEventsWithFindings. Names alone no machine knows; they stand beside what is listed here.
PERSONAL = (
    logs.DataIdentifier.EMAILADDRESS,
    logs.DataIdentifier.ADDRESS,
    logs.DataIdentifier.PHONENUMBER_US,
    logs.DataIdentifier.PHONENUMBER_GB,
    logs.DataIdentifier.PHONENUMBER_DE,
    logs.DataIdentifier.PHONENUMBER_FR,
    logs.DataIdentifier.PHONENUMBER_ES,
    logs.DataIdentifier.PHONENUMBER_IT,
    logs.DataIdentifier.CREDITCARDNUMBER,
    logs.DataIdentifier.CREDITCARDSECURITYCODE,
    # As we keep telephone numbers, whatever the country.
    logs.CustomDataIdentifier("Telephone", r"\+[1-9][0-9]{6,14}"),
)


def kept_log_group(
    scope: Construct,
    id: str,
    *,
    settings: Settings,
    name: str | None = None,
    key: kms.IKey | None = None,
    people: bool = True,
) -> logs.LogGroup:
    """The log group `id` in `scope`; `name` only where AWS insists on one. `key`: one that let_logs_encrypt has
    prepared, in place of the stack's own. `people`: False where packets are written and no text, because what is looked
    through is paid for by the gigabyte."""
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        encryption_key=key or own_key(scope),
        data_protection_policy=_masking() if people else None,
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


def _masking() -> logs.DataProtectionPolicy:
    return logs.DataProtectionPolicy(
        name="personal", description="Masks and counts what is personal", identifiers=list(PERSONAL)
    )


def removal_policy(settings: Settings) -> RemovalPolicy:
    """What becomes of data when its stack goes."""
    return RemovalPolicy.RETAIN if settings.deployment.durable else RemovalPolicy.DESTROY

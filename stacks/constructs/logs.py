"""A log group that is kept as long as the config says, and no longer, and that hides what is personal."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.combinations import LOG_RETENTION_DAYS
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
    scope: Construct, id: str, *, settings: Settings, name: str | None = None, people: bool = True
) -> logs.LogGroup:
    """The log group `id` in `scope`; `name` only where AWS insists on one. `people`: False where packets are
    written and no text, because what is looked through is paid for by the gigabyte."""
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        data_protection_policy=_masking() if people else None,
        retention=_RETENTION[settings.observability.log_retention_days],
        removal_policy=removal_policy(settings),
    )


def _masking() -> logs.DataProtectionPolicy:
    return logs.DataProtectionPolicy(
        name="personal", description="Masks and counts what is personal", identifiers=list(PERSONAL)
    )


def removal_policy(settings: Settings) -> RemovalPolicy:
    """What becomes of data when its stack goes."""
    return RemovalPolicy.RETAIN if settings.deployment.durable else RemovalPolicy.DESTROY

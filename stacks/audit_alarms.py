"""What wakes somebody for the account: calls that nobody makes by hand, a trail that falls silent, copies not made."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from stacks.alarm import Alarm
from stacks.audit import METRIC_NAMESPACE, AuditStack
from stacks.audited_calls import AUDITED
from stacks.backup import BackupStack
from stacks.lake_alarms import HOUR
from stacks.metrics import FIVE_MINUTES

AUDIT, REGION_LOSS = "audit.md#who-did-what", "region-loss.md#what-is-there-beforehand"
# Deployed services call AWS every minute.
SILENT_HOURS = 2
# One a night; the window for it is nine hours.
COPIED_EVERY = Duration.hours(24)


def audit_alarms(audit: AuditStack) -> Iterator[Alarm]:
    """Above so many in five minutes, each."""
    for call in AUDITED:
        yield Alarm(
            call.id,
            cloudwatch.Metric(namespace=METRIC_NAMESPACE, metric_name=call.id, period=FIVE_MINUTES, statistic="Sum"),
            call.meaning,
            above=call.above,
            runbook=AUDIT,
        )
    yield Alarm(
        "TrailSilent",
        cloudwatch.MathExpression(
            expression="IF(FILL(events, 0) > 0, 0, 1)",
            label="hours without a record",
            period=HOUR,
            using_metrics={
                "events": cloudwatch.Metric(
                    namespace="AWS/Logs",
                    metric_name="IncomingLogEvents",
                    dimensions_map={"LogGroupName": audit.log_group.log_group_name},
                    period=HOUR,
                    statistic="Sum",
                )
            },
        ),
        "The trail records nothing",
        SILENT_HOURS,
        cloudwatch.TreatMissingData.BREACHING,
        runbook=AUDIT,
    )


def backup_alarms(backup: BackupStack) -> Iterator[Alarm]:
    """A copy that failed, and a day without one."""
    for id, name, meaning in (
        ("SnapshotFails", "NumberOfBackupJobsFailed", "The night's snapshot of the database failed"),
        ("CopyFails", "NumberOfCopyJobsFailed", "The night's snapshot was not copied to the other region"),
    ):
        yield Alarm(id, _jobs(backup, name), meaning, runbook=REGION_LOSS)
    yield Alarm(
        "CopyIsOld",
        cloudwatch.MathExpression(
            expression="IF(FILL(copied, 0) > 0, 0, 1)",
            label="days without a copy",
            period=COPIED_EVERY,
            using_metrics={"copied": _jobs(backup, "NumberOfCopyJobsCompleted", COPIED_EVERY)},
        ),
        "No copy of the database has come to the other region for two days",
        2,
        cloudwatch.TreatMissingData.BREACHING,
        runbook=REGION_LOSS,
    )


def _jobs(backup: BackupStack, name: str, period: Duration = FIVE_MINUTES) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Backup",
        metric_name=name,
        dimensions_map={"BackupVaultName": backup.vault.backup_vault_name},
        period=period,
        statistic="Sum",
    )

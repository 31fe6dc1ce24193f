"""A copy of the database in another region, each night: for the day that this one is lost.

Aurora's own backups cannot leave their region, so AWS Backup takes a snapshot of its own and copies it. What is made of
a copy is encrypted by the other region's key; a key does not leave its region either. See
docs/operations/region-loss.md.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import ArnFormat, CfnOutput, Duration, Stack
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.logs import removal_policy
from stacks.database import DatabaseStack
from stacks.settings import Settings

# Before the lake's night, which reads for hours. UTC.
HOUR = 1
# The copies are the day's insurance; the snapshots here are only on their way, beside Aurora's own of every instant.
HERE_DAYS = 2


def vault_name(settings: Settings) -> str:
    """Of the vault with the copies: by name, because its ARN is written down in another region."""
    return f"loyalty-{settings.deployment.name}-copies"


class CopiesStack(Stack):
    """In `database.copy_region`: a vault and its `key`."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        self.key = kms.Key(
            self,
            "Key",
            description="Copies of the database from another region",
            enable_key_rotation=True,
            removal_policy=removal_policy(settings),
        )
        vault = backup.BackupVault(
            self,
            "Copies",
            backup_vault_name=vault_name(settings),
            encryption_key=self.key,
            removal_policy=removal_policy(settings),
            # Nobody, and no thief of a role, ends a copy before its time.
            lock_configuration=(
                backup.LockConfiguration(min_retention=Duration.days(settings.database.copy_days))
                if settings.deployment.durable
                else None
            ),
        )
        CfnOutput(self, "CopiesVault", value=vault.backup_vault_name)


class BackupStack(Stack):
    """In the deployment's region: each night's snapshot, and its way to `copies`. `vault`: for alarms."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        database: DatabaseStack,
        copies: CopiesStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        # The copy action names the other vault, which is there first.
        self.add_stack_dependency(copies)
        self.key = kms.Key(
            self,
            "Key",
            description="The vault of snapshots on their way to another region",
            enable_key_rotation=True,
            removal_policy=removal_policy(settings),
        )
        self.vault = backup.BackupVault(
            self,
            "Snapshots",
            backup_vault_name=f"loyalty-{settings.deployment.name}",
            encryption_key=self.key,
            removal_policy=removal_policy(settings),
        )
        there = self.format_arn(
            service="backup",
            region=settings.database.copy_region,
            resource="backup-vault",
            resource_name=vault_name(settings),
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        plan = backup.BackupPlan(
            self,
            "Nightly",
            backup_plan_rules=[
                backup.BackupPlanRule(
                    rule_name="nightly",
                    backup_vault=self.vault,
                    schedule_expression=events.Schedule.cron(hour=str(HOUR), minute="0"),
                    start_window=Duration.hours(1),
                    completion_window=Duration.hours(8),
                    delete_after=Duration.days(HERE_DAYS),
                    copy_actions=[
                        backup.BackupPlanCopyActionProps(
                            destination_backup_vault=backup.BackupVault.from_backup_vault_arn(self, "There", there),
                            delete_after=Duration.days(settings.database.copy_days),
                        )
                    ],
                )
            ],
        )
        plan.add_selection(
            "Database",
            resources=[backup.BackupResource.from_arn(database.cluster.cluster_arn)],
            role=self._role(database, copies, there, settings),
            disable_default_backup_policy=True,
        )

    def _role(self, database: DatabaseStack, copies: CopiesStack, there: str, settings: Settings) -> iam.Role:
        """Less than AWS's managed policy: this cluster, its snapshots, the keys they are encrypted by."""
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "backup.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
            description="AWS Backup: snapshots of Aurora, and their copies",
        )
        snapshots = [self._snapshots(region) for region in (self.region, settings.database.copy_region)]
        keys = [database.key.key_arn, self.key.key_arn, copies.key.key_arn]
        for actions, resources, conditions in (
            (
                ["rds:DescribeDBClusters", "rds:DescribeDBClusterSnapshots", "rds:ListTagsForResource"],
                [database.cluster.cluster_arn, *snapshots],
                None,
            ),
            (["rds:CreateDBClusterSnapshot"], [database.cluster.cluster_arn, *snapshots], None),
            (
                ["rds:AddTagsToResource", "rds:CopyDBClusterSnapshot", "rds:DeleteDBClusterSnapshot"],
                snapshots,
                None,
            ),
            (["backup:DescribeBackupVault", "backup:CopyFromBackupVault"], [self.vault.backup_vault_arn], None),
            (["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"], [there], None),
            (
                ["kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
                keys,
                None,
            ),
            (["kms:CreateGrant"], keys, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
        acknowledge(
            role,
            "Snapshots that AWS Backup made, and whose names it chooses: they begin with awsbackup",
            *(f"AwsSolutions-IAM5[Resource::{one}]" for one in snapshots),
        )
        return role

    def _snapshots(self, region: str) -> str:
        return self.format_arn(
            service="rds",
            region=region,
            resource="cluster-snapshot",
            resource_name="awsbackup:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

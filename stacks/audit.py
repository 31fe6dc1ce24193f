"""Who did what in the account: CloudTrail in all regions, signed and locked, and the calls that somebody is woken for.

Off (`observability.trail`) where the organisation has such a trail: a second one costs twice and says the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aws_cdk import ArnFormat, CfnOutput, Duration, Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.audited_calls import AUDITED
from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.lifecycle import kept
from stacks.constructs.logs import kept_log_group, let_logs_encrypt, removal_policy
from stacks.settings import Settings

# Of the audited calls' counts.
METRIC_NAMESPACE = "LoyaltyAudit"
TRAIL = iam.ServicePrincipal("cloudtrail.amazonaws.com")


class AuditStack(Stack):
    """`watched`: buckets with personal data, whose every read and write is recorded. `log_group`: for alarms."""

    def __init__(
        self, scope: Construct, id: str, *, watched: Iterable[s3.Bucket], settings: Settings, **kwargs: Any
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        # By name: bucket, key and policy know the trail before it is there.
        self._name = f"loyalty-{settings.deployment.name}"
        self._trail_arn = self.format_arn(service="cloudtrail", resource="trail", resource_name=self._name)
        log_name = f"/loyalty/{settings.deployment.name}/trail"
        self._key = self._made_key(log_name)
        self.log_group = kept_log_group(self, "Logs", settings=settings, name=log_name, key=self._key)
        self._trail(self._bucket(), [*watched])
        for call in AUDITED:
            logs.MetricFilter(
                self,
                call.id,
                log_group=self.log_group,
                filter_pattern=logs.FilterPattern.literal(call.pattern),
                metric_namespace=METRIC_NAMESPACE,
                metric_name=call.id,
                metric_value="1",
                default_value=0,
            )

    def _made_key(self, log_name: str) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="The account's trail",
            enable_key_rotation=True,
            removal_policy=removal_policy(self._settings),
        )
        let_logs_encrypt(key, log_name)
        ours = {"StringEquals": {"aws:SourceArn": self._trail_arn}}
        for actions in (["kms:GenerateDataKey*"], ["kms:DescribeKey"]):
            key.add_to_resource_policy(
                iam.PolicyStatement(principals=[TRAIL], actions=actions, resources=["*"], conditions=ours)
            )
        return key

    def _bucket(self) -> s3.Bucket:
        """Where nobody changes or removes a record before its time."""
        durable, locked = self._settings.deployment.durable, Duration.days(self._settings.observability.trail_days)
        common: dict[str, Any] = {
            "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
            "enforce_ssl": True,
            "removal_policy": removal_policy(self._settings),
        }
        access = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            minimum_tls_version=1.2,
            lifecycle_rules=[kept(365)],
            **common,
        )
        bucket = s3.Bucket(
            self,
            "Records",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_enabled=durable or None,
            object_lock_default_retention=s3.ObjectLockRetention.governance(locked) if durable else None,
            server_access_logs_bucket=access,
            server_access_logs_prefix="records/",
            # Read after something happened, if ever.
            lifecycle_rules=[kept(self._settings.observability.trail_days, replaced_days=30, rarely_after_days=90)],
            **common,
        )
        ours = {"aws:SourceArn": self._trail_arn}
        for actions, where, conditions in (
            (["s3:GetBucketAcl"], bucket.bucket_arn, ours),
            (
                ["s3:PutObject"],
                bucket.arn_for_objects(f"AWSLogs/{self.account}/*"),
                {**ours, "s3:x-amz-acl": "bucket-owner-full-control"},
            ),
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[TRAIL], actions=actions, resources=[where], conditions={"StringEquals": conditions}
                )
            )
        return bucket

    def _trail(self, bucket: s3.Bucket, watched: list[s3.Bucket]) -> None:
        part = cloudtrail.CfnTrail
        selector, field = part.AdvancedEventSelectorProperty, part.AdvancedFieldSelectorProperty
        objects = [one.arn_for_objects("") for one in watched]
        role = iam.Role(self, "LogsRole", assumed_by=TRAIL, description="CloudTrail writes into its log group")
        streams = self.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{self.log_group.log_group_name}:log-stream:{self.account}_CloudTrail_{self.region}*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[streams])
        )
        group = self.get_logical_id(self.log_group.node.default_child)  # type: ignore[arg-type]
        acknowledge(
            role,
            "Streams that CloudTrail names, by account and region",
            f"AwsSolutions-IAM5[Resource::arn:aws:logs:{self.region}:{self.account}:log-group:<{group}>"
            f":log-stream:{self.account}_CloudTrail_{self.region}*]",
        )
        trail = part(
            self,
            "Trail",
            trail_name=self._name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            s3_bucket_name=bucket.bucket_name,
            kms_key_id=self._key.key_arn,
            cloud_watch_logs_log_group_arn=self.log_group.log_group_arn,
            cloud_watch_logs_role_arn=role.role_arn,
            advanced_event_selectors=[
                selector(name="Calls", field_selectors=[field(field="eventCategory", equal_to=["Management"])]),
                selector(
                    name="Files with personal data",
                    field_selectors=[
                        field(field="eventCategory", equal_to=["Data"]),
                        field(field="resources.type", equal_to=["AWS::S3::Object"]),
                        field(field="resources.ARN", starts_with=objects),
                    ],
                ),
            ],
        )
        # CloudTrail tries both when it is made.
        assert bucket.policy is not None
        trail.node.add_dependency(bucket.policy, role)
        CfnOutput(self, "RecordsBucket", value=bucket.bucket_name)

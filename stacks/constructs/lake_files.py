"""The lake: batches of rows as they were exported, each with its manifest, and how far every table has come."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.lifecycle import UNFINISHED, kept
from stacks.constructs.logs import removal_policy
from stacks.settings import Settings

# Batches of rows with their manifests; how far each table has come.
BRONZE, STATE = "bronze/", "state/"
# What a night's analysis reads and says.
INSIGHT = "insight/"
# What is written again every night is not kept as it was before.
REPLACED_DAYS = 30


class LakeFiles:
    """`bucket`, `key`. `allow`: some actions of one folder for one role."""

    def __init__(self, stack: Stack, *, settings: Settings) -> None:
        self._stack = stack
        self.key = kms.Key(
            stack,
            "Key",
            description="The lake: batches, warehouse, export's logs",
            enable_key_rotation=True,
            removal_policy=removal_policy(settings),
        )
        self.bucket = self._bucket(settings)
        CfnOutput(stack, "LakeBucket", value=self.bucket.bucket_name)

    def _bucket(self, settings: Settings) -> s3.Bucket:
        log_bucket = s3.Bucket(
            self._stack,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=removal_policy(settings),
            lifecycle_rules=[kept(365)],
        )
        return s3.Bucket(
            self._stack,
            "Lake",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=log_bucket,
            server_access_logs_prefix="lake/",
            removal_policy=removal_policy(settings),
            lifecycle_rules=[
                kept(settings.lake.kept_days, replaced_days=REPLACED_DAYS, prefix=BRONZE, rarely_after_days=30),
                # Nights only: models, and what Personalize says, are kept. A bucket with versions only hides what has
                # expired.
                kept(settings.insight.kept_days, replaced_days=1, prefix=f"{INSIGHT}run="),
                kept(settings.insight.kept_days, replaced_days=1, prefix=f"{INSIGHT}captured/"),
                # How far the tables have come is never forgotten; only what it was before is.
                s3.LifecycleRule(prefix=STATE, noncurrent_version_expiration=Duration.days(REPLACED_DAYS)),
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=UNFINISHED),
            ],
        )

    def allow(self, role: iam.Role, actions: list[str], *folders: str) -> None:
        """These actions of S3 on the objects of these folders, and no others."""
        resources = [self.bucket.arn_for_objects(f"{folder}*") for folder in folders]
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
        bucket = self.bucket.node.default_child
        assert isinstance(bucket, s3.CfnBucket)
        name = self._stack.get_logical_id(bucket)
        acknowledge(
            role,
            "Objects of one folder of the lake; their names are tables and numbers of batches",
            *(f"AwsSolutions-IAM5[Resource::<{name}.Arn>/{folder}*]" for folder in folders),
        )

    def allow_listing(self, role: iam.Role) -> None:
        """Without it an object that is not there looks like one that is forbidden."""
        role.add_to_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]))

    def allow_key(self, role: iam.Role, *, writing: bool) -> None:
        actions = ["kms:Decrypt", *(["kms:GenerateDataKey"] if writing else [])]
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[self.key.key_arn]))

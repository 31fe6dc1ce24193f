"""Privacy's buckets: exports of members' data, which staff get doors to for minutes and which are gone after a week;
the list of ended accounts, which no restore of the database makes shorter."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from stacks.constructs.acknowledgement import acknowledge, objects_from_elsewhere
from stacks.constructs.case_files import CaseFiles
from stacks.constructs.lifecycle import kept
from stacks.constructs.logs import removal_policy
from stacks.documents import DocumentsStack
from stacks.settings import Settings

# As loyalty/privacy/retention.py says; a test compares.
KEPT_DAYS = 7
# Longer than any backup of the database lives (Aurora: 35 days, copies a year), and no longer.
LOCKED_DAYS, LISTED_DAYS = 365, 400


class Exports:
    """`environment`: for who puts files there or gives out their addresses."""

    def __init__(self, stack: Stack, *, settings: Settings) -> None:
        self._stack = stack
        self._settings = settings
        self.key = kms.Key(
            stack,
            "ExportsKey",
            description="Exports of members' data",
            enable_key_rotation=True,
            removal_policy=removal_policy(settings),
        )
        self._logs = logs = s3.Bucket(
            stack,
            "ExportsAccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=removal_policy(settings),
            lifecycle_rules=[kept(365)],
        )
        self.bucket = s3.Bucket(
            stack,
            "Exports",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            server_access_logs_bucket=logs,
            server_access_logs_prefix="exports/",
            removal_policy=removal_policy(settings),
            # Made again in a minute, so no version is kept of what is deleted.
            lifecycle_rules=[kept(KEPT_DAYS)],
        )
        self.ended = self._ended_accounts()
        self.environment = {"EXPORTS_BUCKET": self.bucket.bucket_name}
        CfnOutput(stack, "ExportsBucket", value=self.bucket.bucket_name)

    def _ended_accounts(self) -> s3.Bucket:
        """Keys that say nobody's name, each in an object that may not be changed while a backup could bring the account
        back. On a laptop nothing is locked, so that everything can be thrown away."""
        locked = self._settings.deployment.durable
        return s3.Bucket(
            self._stack,
            "EndedAccounts",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_enabled=locked or None,
            object_lock_default_retention=(
                s3.ObjectLockRetention.governance(Duration.days(LOCKED_DAYS)) if locked else None
            ),
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix="ended-accounts/",
            removal_policy=removal_policy(self._settings),
            lifecycle_rules=[kept(LISTED_DAYS, replaced_days=30)],
        )

    def may_erase(
        self, function: lambda_.Function, documents: DocumentsStack, case_files: CaseFiles, pool: cognito.IUserPool
    ) -> None:
        """What gathering and erasing needs, of each store; the list it may add to and read, and never shorten."""
        everything = (
            (self.bucket, "exports/*", ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]),
            (self.ended, "ended/*", ["s3:PutObject", "s3:GetObject"]),
            (documents.bucket, "*", ["s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]),
            (case_files.bucket, "*", ["s3:GetObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]),
        )
        for bucket, objects, actions in everything:
            function.add_to_role_policy(
                iam.PolicyStatement(actions=actions, resources=[bucket.arn_for_objects(objects)])
            )
        listed = [self.bucket.bucket_arn, documents.bucket.bucket_arn, case_files.bucket.bucket_arn]
        function.add_to_role_policy(iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=listed))
        function.add_to_role_policy(
            # Without it a file that is gone looks like one that is forbidden.
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[*listed, self.ended.bucket_arn])
        )
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self.key.key_arn])
        )
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["kms:Decrypt"], resources=[documents.key.key_arn, case_files.key.key_arn])
        )
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["cognito-idp:AdminGetUser", "cognito-idp:AdminDeleteUser"], resources=[pool.user_pool_arn]
            )
        )
        own = {bucket: self._arn_of(bucket) for bucket in (self.bucket, self.ended, case_files.bucket)}
        assert function.role is not None
        acknowledge(
            function.role,
            "Objects of our own buckets by names that the database holds; whoever is erased may be anybody",
            f"AwsSolutions-IAM5[Resource::{own[self.bucket]}/exports/*]",
            f"AwsSolutions-IAM5[Resource::{own[self.ended]}/ended/*]",
            f"AwsSolutions-IAM5[Resource::{own[case_files.bucket]}/*]",
            f"AwsSolutions-IAM5[Resource::{documents.objects_from_elsewhere}]",
        )

    def _arn_of(self, bucket: s3.Bucket) -> str:
        """As cdk-nag writes it."""
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        return f"<{self._stack.get_logical_id(resource)}.Arn>"

    def may_show(self, function: lambda_.Function) -> None:
        """Addresses to read from; no listing."""
        for actions, resource in (
            (["s3:GetObject"], self.bucket.arn_for_objects("exports/*")),
            (["kms:Decrypt"], self.key.key_arn),
        ):
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        assert function.role is not None
        acknowledge(
            function.role,
            "Objects of one folder of our own bucket; their names are random, and the database is asked whose they are",
            f"AwsSolutions-IAM5[Resource::{objects_from_elsewhere(self.bucket, '9B1D22E2', 'exports/*')}]",
        )

"""Members' photos and return labels of cases: a private bucket that functions open doors to for minutes."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from stacks.constructs.acknowledgement import acknowledge, objects_from_elsewhere
from stacks.constructs.lifecycle import kept
from stacks.constructs.logs import removal_policy
from stacks.settings import Settings

# Cases are closed long before; what they showed is not kept for ever.
KEPT_DAYS = 730


class CaseFiles:
    """`environment`: for functions that give out addresses. `may_add`, `may_show`: what their addresses can do."""

    def __init__(self, stack: Stack, *, origins: list[str], settings: Settings) -> None:
        self._stack = stack
        self.key = kms.Key(
            stack,
            "CaseFilesKey",
            description="Photos and labels of cases",
            enable_key_rotation=True,
            removal_policy=removal_policy(settings),
        )
        log_bucket = s3.Bucket(
            stack,
            "CaseFilesAccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=removal_policy(settings),
            lifecycle_rules=[kept(365)],
        )
        self.bucket = s3.Bucket(
            stack,
            "CaseFiles",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            # An address to upload is good for minutes: whoever uses it twice does not change what was looked at.
            versioned=True,
            server_access_logs_bucket=log_bucket,
            server_access_logs_prefix="case-files/",
            removal_policy=removal_policy(settings),
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.PUT, s3.HttpMethods.GET],
                    allowed_origins=origins,
                    allowed_headers=["content-type"],
                    max_age=3000,
                )
            ],
            lifecycle_rules=[kept(KEPT_DAYS, replaced_days=30, rarely_after_days=60)],
        )
        self.environment = {"CASE_FILES_BUCKET": self.bucket.bucket_name}
        CfnOutput(stack, "CaseFilesBucket", value=self.bucket.bucket_name)

    def may_add(self, function: lambda_.Function, folder: str) -> None:
        """Addresses to upload to."""
        self._allow(function, ["s3:PutObject"], folder, ["kms:GenerateDataKey", "kms:Decrypt"])

    def may_show(self, function: lambda_.Function, folder: str) -> None:
        """Look at files, and addresses to read them from."""
        self._allow(function, ["s3:GetObject", "s3:GetObjectVersion"], folder, ["kms:Decrypt"])
        # Without it a file that is not there looks like one that is forbidden.
        function.add_to_role_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]))

    def _allow(self, function: lambda_.Function, actions: list[str], folder: str, key_actions: list[str]) -> None:
        objects = self.bucket.arn_for_objects(f"{folder}/*")
        for wanted, resource in ((actions, objects), (key_actions, self.key.key_arn)):
            function.add_to_role_policy(iam.PolicyStatement(actions=wanted, resources=[resource]))
        bucket, role = self.bucket.node.default_child, function.role
        assert isinstance(bucket, s3.CfnBucket)
        assert role is not None
        here = f"<{self._stack.get_logical_id(bucket)}.Arn>/{folder}/*"
        elsewhere = objects_from_elsewhere(self.bucket, "4EF669DF", f"{folder}/*")
        acknowledge(
            role,
            "Objects of one folder of our own bucket; their names are random",
            f"AwsSolutions-IAM5[Resource::{here if Stack.of(function) is self._stack else elsewhere}]",
        )

"""Invoices as they came: the mails, the papers in them, and what was read of those, each kept as long as it must be."""

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

MAIL, DOCUMENTS, READINGS = "mail/", "documents/", "readings/"
# Mails and readings name people and places, and everything is read of them within minutes; papers are the books'.
KEPT_DAYS = {MAIL: 30, READINGS: 30, DOCUMENTS: 3650}
REPLACED_DAYS = {MAIL: 1, READINGS: 1, DOCUMENTS: 30}
# How the CDK ends the name of what says the bucket's ARN to other stacks.
MARK = "B90C6676"


class InvoiceFiles:
    """`environment`: for who reads or writes there. `may_read`, `may_write`: one folder each."""

    def __init__(self, stack: Stack, *, settings: Settings) -> None:
        self._stack = stack
        self.key = kms.Key(
            stack,
            "Key",
            description="Invoices: mails, papers, readings",
            enable_key_rotation=True,
            removal_policy=removal_policy(settings),
        )
        self.bucket = self._bucket(settings)
        self.environment = {"INVOICES_BUCKET": self.bucket.bucket_name}
        CfnOutput(stack, "InvoicesBucket", value=self.bucket.bucket_name)

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
        bucket = s3.Bucket(
            self._stack,
            "Files",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=log_bucket,
            server_access_logs_prefix="invoices/",
            removal_policy=removal_policy(settings),
            lifecycle_rules=[
                kept(
                    days,
                    replaced_days=REPLACED_DAYS[folder],
                    prefix=folder,
                    # Auditors ask for some of them, years later.
                    rarely_after_days=90 if days > 365 else None,
                )
                for folder, days in KEPT_DAYS.items()
            ],
        )
        # By the resource's own property: the CDK's way is a custom resource.
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
        return bucket

    def let_receive(self, rule_arn: str) -> None:
        """SES may put mails here, by this rule of ours and no other."""
        ses = iam.ServicePrincipal("ses.amazonaws.com")
        ours = {"StringEquals": {"aws:SourceAccount": self._stack.account, "aws:SourceArn": rule_arn}}
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[ses],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"{MAIL}*")],
                conditions=ours,
            )
        )
        # The bucket encrypts; the rule's own key would encrypt before S3, in a way that Python has no reader for.
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[ses],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions=ours,
            )
        )

    def may_read(self, function: lambda_.Function, folder: str, *, versions: bool = False) -> None:
        """Also addresses to read from; no listing."""
        actions = ["s3:GetObject", "s3:GetObjectVersion"] if versions else ["s3:GetObject"]
        self._allow(function, actions, folder, ["kms:Decrypt"])

    def may_see_what_is_gone(self, function: lambda_.Function) -> None:
        """Without it an object that is gone looks like one that is forbidden."""
        function.add_to_role_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]))

    def may_write(self, function: lambda_.Function, folder: str) -> None:
        self._allow(function, ["s3:PutObject"], folder, ["kms:GenerateDataKey", "kms:Decrypt"])

    def _allow(self, function: lambda_.Function, wanted: list[str], folder: str, key_actions: list[str]) -> None:
        objects = self.bucket.arn_for_objects(f"{folder}*")
        for actions, resource in ((wanted, objects), (key_actions, self.key.key_arn)):
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        bucket, role = self.bucket.node.default_child, function.role
        assert isinstance(bucket, s3.CfnBucket)
        assert role is not None
        here = f"<{self._stack.get_logical_id(bucket)}.Arn>/{folder}*"
        elsewhere = objects_from_elsewhere(self.bucket, MARK, f"{folder}*")
        acknowledge(
            role,
            "Objects of one folder of our own bucket; their names are SES's, or hashes of what they hold",
            f"AwsSolutions-IAM5[Resource::{here if Stack.of(function) is self._stack else elsewhere}]",
        )

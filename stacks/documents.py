"""Members' documents: the private bucket of PDFs, the queue of what asks for one, and the function that makes them."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge, objects_from_elsewhere
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.lifecycle import kept
from stacks.constructs.logs import removal_policy
from stacks.constructs.queue import QueueWithDeadLetters
from stacks.messaging import MessagingStack
from stacks.settings import Settings

SOURCE = "loyalty"
# As loyalty/documents/issuing.py takes them; a test compares.
TOPICS = ("redemption.confirmed", "units.cancelled", "units.returned")
# As long as the law wants invoices kept: ten years from the end of the year.
KEPT_DAYS = 11 * 366
# Issuing waits in line for a series' number anyway.
CONCURRENT = 5


class DocumentsStack(Stack):
    """`bucket`: by keys that nobody guesses. `requests`: the queue. `functions`: for the dashboards."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        messaging: MessagingStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self.key = kms.Key(
            self,
            "Key",
            description="Members' documents",
            enable_key_rotation=True,
            removal_policy=removal_policy(settings),
        )
        self.bucket = self._bucket()
        self.requests = QueueWithDeadLetters(
            self, "Requests", visibility=Duration.minutes(6), max_receives=settings.messaging.max_receives
        )
        events.Rule(
            self,
            "Happened",
            description="What a document is written for",
            event_bus=messaging.bus,
            event_pattern=events.EventPattern(source=[SOURCE], detail_type=[*TOPICS]),
            targets=[self.requests.target()],
        )
        function = Functions(self, vpc=vpc, settings=settings).add(
            "invoicing",
            description="Writes members' receipts, invoices and credit notes",
            timeout_seconds=60,
            memory_mb=1024,
            database=database,
            environment={"DOCUMENTS_BUCKET": self.bucket.bucket_name},
            packages="documents",
        )
        self._may_store(function)
        self.requests.feed(function, at_once=5, concurrent=CONCURRENT)
        self.functions = [function]
        CfnOutput(self, "DocumentsBucket", value=self.bucket.bucket_name)
        CfnOutput(self, "RequestsQueueUrl", value=self.requests.queue.queue_url)

    def _bucket(self) -> s3.Bucket:
        log_bucket = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=removal_policy(self._settings),
            lifecycle_rules=[kept(365)],
        )
        return s3.Bucket(
            self,
            "Documents",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=log_bucket,
            server_access_logs_prefix="documents/",
            removal_policy=removal_policy(self._settings),
            lifecycle_rules=[kept(KEPT_DAYS, replaced_days=30)],
        )

    def _may_store(self, function: lambda_.Function) -> None:
        """It writes and never reads."""
        for actions, resource in (
            (["s3:PutObject"], self.bucket.arn_for_objects("*")),
            (["kms:GenerateDataKey"], self.key.key_arn),
        ):
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        assert function.role is not None
        acknowledge(
            function.role,
            "Objects of our own bucket, whose names nobody is to guess",
            f"AwsSolutions-IAM5[Resource::<{self._bucket_id}.Arn>/*]",
        )

    @property
    def objects_from_elsewhere(self) -> str:
        """What cdk-nag calls the bucket's objects in another stack's policy."""
        return objects_from_elsewhere(self.bucket, "C78E5D2B")

    @property
    def _bucket_id(self) -> str:
        resource = self.bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        return self.get_logical_id(resource)

    def let_read(self, function: lambda_.Function) -> None:
        """Whoever signs an address needs what the address opens; no listing."""
        for actions, resource in (
            (["s3:GetObject"], self.bucket.arn_for_objects("*")),
            (["kms:Decrypt"], self.key.key_arn),
        ):
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))

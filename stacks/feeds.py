"""What comes in by itself: files of members and purchases in a bucket, and Amazon's catalogue."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
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
from stacks.constructs.queue import PUT_ATTEMPTS, PUT_FOR, dead_letter_queue
from stacks.constructs.schedule import every
from stacks.constructs.secret import may_read
from stacks.integrations import IntegrationsStack
from stacks.settings import Settings

# Where files arrive; the importer writes its reports elsewhere in the bucket and must not wake itself.
ARRIVALS = ("members/", "accruals/")
# Staff's own tables, by addresses that the manager API signs; nothing of them counts before it was looked at.
QUARANTINE = "quarantine/catalogue/"
# How the CDK ends the name of what says the bucket's ARN to other stacks.
MARK = "0568ACAD"


class FeedsStack(Stack):
    """`bucket`: put a file under members/ or accruals/, find its report under reports/."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        integrations: IntegrationsStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        functions = Functions(self, vpc=vpc, settings=settings)
        self.bucket = self._bucket()
        self.dead_letters = dead_letter_queue(self, "ArrivalsDeadLetters", of_rules=True)
        acknowledge(self.dead_letters, "It is where dead letters end", "AwsSolutions-SQS3")
        importer = functions.add(
            "importer",
            description="Reads a file of members or purchases line by line and reports on it",
            timeout_seconds=900,
            memory_mb=1024,
            database=database,
            dead_letters=self.dead_letters,
        )
        self._may_read_and_report(importer)
        self._may_go_on(importer)
        self._on_arrival(importer)
        sync = functions.add(
            "catalogue_sync",
            description="Brings the stored catalogue up to date with Amazon Business",
            timeout_seconds=600,
            memory_mb=512,
            database=database,
            environment=integrations.amazon_business_environment,
        )
        may_read(integrations.amazon_business, sync)
        minutes = settings.schedules.catalogue_sync_minutes
        every(self, "Sync", "The catalogue's regular sync", minutes, sync, late_minutes=5)
        self.functions = [importer, sync]
        CfnOutput(self, "ImportBucket", value=self.bucket.bucket_name)

    def _bucket(self) -> s3.Bucket:
        key = kms.Key(
            self,
            "Key",
            description="Files of members and purchases",
            enable_key_rotation=True,
            removal_policy=removal_policy(self._settings),
        )
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
        bucket = s3.Bucket(
            self,
            "Import",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.PUT],
                    allowed_origins=[self._settings.integrations.manager_origin],
                    allowed_headers=["content-type"],
                    max_age=3000,
                )
            ],
            server_access_logs_bucket=log_bucket,
            server_access_logs_prefix="import/",
            removal_policy=removal_policy(self._settings),
            # The files hold personal data and the database holds what was read: they are not kept.
            lifecycle_rules=[kept(30, replaced_days=7)],
        )
        # By the resource's own property: the CDK's way is a custom resource.
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
        return bucket

    def _may_read_and_report(self, importer: lambda_.Function) -> None:
        """Less than the grants of the CDK: no deleting, nothing outside the three folders."""
        arrivals = [self.bucket.arn_for_objects(f"{folder}*") for folder in (*ARRIVALS, QUARANTINE)]
        key = self.bucket.encryption_key
        assert key is not None
        for actions, resources in (
            # Without it a file that is gone looks like one that is forbidden.
            (["s3:ListBucket"], [self.bucket.bucket_arn]),
            (["s3:GetObject"], arrivals),
            (["s3:PutObject"], [self.bucket.arn_for_objects("reports/*")]),
            (["kms:Decrypt", "kms:GenerateDataKey"], [key.key_arn]),
        ):
            importer.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))
        resource = self.bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        name, role = self.get_logical_id(resource), importer.role
        assert role is not None
        acknowledge(
            role,
            "Objects of one folder of our own bucket; their names are chosen by whoever delivers them",
            *(f"AwsSolutions-IAM5[Resource::<{name}.Arn>/{folder}*]" for folder in (*ARRIVALS, QUARANTINE, "reports/")),
        )

    def may_quarantine(self, function: lambda_.Function) -> None:
        """Give out addresses by which a table comes in to be looked at; to nowhere else in the bucket."""
        key, resource = self.bucket.encryption_key, self.bucket.node.default_child
        assert key is not None
        assert isinstance(resource, s3.CfnBucket)
        for actions, where in (
            (["s3:PutObject"], self.bucket.arn_for_objects(f"{QUARANTINE}*")),
            (["kms:GenerateDataKey", "kms:Decrypt"], key.key_arn),
        ):
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[where]))
        assert function.role is not None
        acknowledge(
            function.role,
            "Objects of one folder of our own bucket; their names are the client's random keys",
            f"AwsSolutions-IAM5[Resource::{objects_from_elsewhere(self.bucket, MARK, f'{QUARANTINE}*')}]",
        )

    def _on_arrival(self, importer: lambda_.Function) -> None:
        """Wake the importer with S3's event; one that is not delivered, or fails, waits among the dead letters."""
        events.Rule(
            self,
            "Arrival",
            description="A file arrived",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self.bucket.bucket_name]},
                    "object": {"key": [{"prefix": folder} for folder in (*ARRIVALS, QUARANTINE)]},
                },
            ),
            targets=[
                targets.LambdaFunction(
                    importer, dead_letter_queue=self.dead_letters, retry_attempts=PUT_ATTEMPTS, max_event_age=PUT_FOR
                )
            ],
        )

    def _may_go_on(self, importer: lambda_.Function) -> None:
        """A file that takes longer than a function lives is finished by the next run, which this one starts."""
        role = importer.role
        assert isinstance(role, iam.Role)
        # A policy of its own: the function waits for its role's default policy, which therefore cannot name it.
        iam.Policy(
            self,
            "ImporterGoesOn",
            roles=[role],
            statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[importer.function_arn])],
        )

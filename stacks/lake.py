"""The lake and what is made of it: a nightly export, a warehouse, and the machine that leads from one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.functions import Functions
from stacks.constructs.glue_export import GlueExport
from stacks.constructs.lake_files import STATE, LakeFiles
from stacks.constructs.logs import kept_log_group
from stacks.constructs.reports import READER, Reports
from stacks.constructs.schedule import missed_times
from stacks.constructs.warehouse import DATABASE, Warehouse
from stacks.database import DatabaseStack
from stacks.messaging import MessagingStack
from stacks.settings import Settings

DEFINITION = Path(__file__).with_name("lake.asl.json")
# A statement is given up after so long; by then the warehouse has ended it.
LONGEST_STATEMENT_SECONDS = 3_900
# Later than that the next night is as good.
LATEST_START = Duration.hours(6)
# By this tag a role that comes with IAM is given its role in the warehouse.
DATABASE_ROLES_TAG = "RedshiftDbRoles"


class LakeStack(Stack):
    """`files`: the bucket. `warehouse`: where reports read. `state_machine`: a night. `functions`: for dashboards."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseStack,
        messaging: MessagingStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        assert database.lake_secret is not None
        self.files = LakeFiles(self, settings=settings)
        self._export = GlueExport(
            self,
            vpc=vpc,
            cluster=database.cluster,
            secret=database.lake_secret,
            files=self.files,
            settings=settings,
        )
        self.warehouse = Warehouse(self, vpc=vpc, files=self.files, settings=settings)
        self._reports = (
            Reports(self, vpc=vpc, warehouse=self.warehouse, files=self.files, settings=settings)
            if settings.lake.quicksight.enabled
            else None
        )
        loading = self._loading(Functions(self, vpc=vpc, settings=settings))
        self.state_machine = self._night(loading, messaging)
        self.functions = [loading]
        if schedule := settings.lake.schedule:
            events.Rule(
                self,
                "Nightly",
                description="What is new goes into the lake and the warehouse",
                schedule=events.Schedule.expression(schedule),
                targets=[
                    targets.SfnStateMachine(
                        self.state_machine,
                        dead_letter_queue=missed_times(self),
                        retry_attempts=3,
                        max_event_age=LATEST_START,
                    )
                ],
            )
        CfnOutput(self, "LakeMachineArn", value=self.state_machine.state_machine_arn)
        CfnOutput(self, "ExportJobName", value=self._export.job_name)
        CfnOutput(self, "WarehouseName", value=self.warehouse.name)

    def _loading(self, made: Functions) -> lambda_.Function:
        secret = self._reports.secret if self._reports else None
        function = made.add(
            "lake_loading",
            description="Says which batches are to be loaded, and by which statements",
            timeout_seconds=60,
            memory_mb=512,
            database=None,
            environment={
                "LAKE_BUCKET": self.files.bucket.bucket_name,
                **({"REPORTER": READER, "REPORTER_SECRET_ARN": secret.secret_arn} if secret else {}),
            },
            # The metrics' views are made from their files.
            packages="reports",
        )
        role = function.role
        assert isinstance(role, iam.Role)
        if secret:
            role.add_to_policy(
                iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn])
            )
        self.files.allow(role, ["s3:GetObject"], STATE)
        self.files.allow_listing(role)
        self.files.allow_key(role, writing=False)
        return function

    def _night(self, loading: lambda_.Function, messaging: MessagingStack) -> stepfunctions.StateMachine:
        lake = self._settings.lake
        machine = stepfunctions.StateMachine(
            self,
            "Night",
            state_machine_type=stepfunctions.StateMachineType.STANDARD,
            definition_body=stepfunctions.DefinitionBody.from_string(DEFINITION.read_text()),
            definition_substitutions={
                "LoadingFunction": loading.function_arn,
                "Job": self._export.job_name,
                "Workgroup": self.warehouse.name,
                "Database": DATABASE,
                "Operators": messaging.operators.topic_arn,
                "PollSeconds": str(lake.poll_seconds),
                "MostLooks": str(LONGEST_STATEMENT_SECONDS // lake.poll_seconds),
                "Account": self.account,
                # JSONata takes single quotes too, and the text stands in a string of JSON.
                "DataSets": str(self._reports.data_sets) if self._reports else "[]",
            },
            logs=stepfunctions.LogOptions(
                destination=kept_log_group(self, "NightLogs", settings=self._settings),
                level=stepfunctions.LogLevel[self._settings.engine.log_level],
                # Names of tables and statements without a value ever pass through the machine.
                include_execution_data=True,
            ),
            tracing_enabled=self._settings.observability.tracing,
        )
        # Comes to the warehouse as itself, in this role; only what is created is created as the administrator.
        Tags.of(machine.role).add(DATABASE_ROLES_TAG, "loader")
        self._may_export_and_load(machine, loading)
        self._may_tell(machine, messaging)
        if self._reports:
            self._may_refresh(machine)
        acknowledge(
            machine,
            "Log delivery's and X-Ray's actions take no resource, statements are seen by who sent them alone",
            "AwsSolutions-IAM5[Resource::*]",
        )
        return machine

    def _may_refresh(self, machine: stepfunctions.StateMachine) -> None:
        name = f"loyalty-{self._settings.deployment.name}"
        ingestions = self.format_arn(service="quicksight", resource=f"dataset/{name}-*/ingestion/*")
        machine.add_to_role_policy(iam.PolicyStatement(actions=["quicksight:CreateIngestion"], resources=[ingestions]))
        acknowledge(
            machine,
            "Data sets of this deployment, which begin with its name; a refresh is called as the night is",
            f"AwsSolutions-IAM5[Resource::arn:aws:quicksight:{self.region}:{self.account}:dataset/{name}-*/ingestion/*]",
        )

    @staticmethod
    def _may_tell(machine: stepfunctions.StateMachine, messaging: MessagingStack) -> None:
        key = messaging.operators_key
        for actions, resource in (
            (["sns:Publish"], messaging.operators.topic_arn),
            (["kms:Decrypt", "kms:GenerateDataKey"], key.key_arn),
        ):
            machine.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))

    def _may_export_and_load(self, machine: stepfunctions.StateMachine, loading: lambda_.Function) -> None:
        secrets = self.format_arn(service="secretsmanager", resource=f"secret:redshift!{self.warehouse.name}-*")
        own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
        for actions, resources, conditions in (
            (["lambda:InvokeFunction"], [loading.function_arn], None),
            (
                ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"],
                [self._export.arn],
                None,
            ),
            (["redshift-serverless:GetNamespace"], [self.warehouse.namespace_arn], None),
            (
                [
                    "redshift-serverless:GetCredentials",
                    "redshift-data:BatchExecuteStatement",
                    "redshift-data:ExecuteStatement",
                ],
                [self.warehouse.arn],
                None,
            ),
            (["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"], ["*"], own),
            (["secretsmanager:GetSecretValue"], [secrets], None),
            (["kms:Decrypt"], [self.files.key.key_arn], None),
        ):
            machine.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
        acknowledge(
            machine,
            "Redshift names its administrator's secret itself, by the namespace and six letters",
            f"AwsSolutions-IAM5[Resource::{secrets}]",
        )

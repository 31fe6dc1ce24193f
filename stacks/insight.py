"""What is worked out from the lake (forecasts, outlooks, trends, recommendations) and the machine that leads there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, Fn, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge, objects_from_elsewhere
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.lake_files import INSIGHT
from stacks.constructs.logs import kept_log_group
from stacks.constructs.personalize import Personalize
from stacks.constructs.queue import dead_letter_queue
from stacks.constructs.sagemaker import MARK, SageMaker
from stacks.constructs.warehouse import DATABASE
from stacks.lake import DATABASE_ROLES_TAG, LATEST_START, LONGEST_STATEMENT_SECONDS, LakeStack
from stacks.messaging import MessagingStack
from stacks.settings import Settings

DEFINITION = Path(__file__).with_name("insight.asl.json")
# As Step Functions names the rules by which it hears that a job has ended.
RULES = ("TrainingJobs", "TransformJobs", "ProcessingJobs")


class InsightStack(Stack):
    """`state_machine`: a night's analysis. `functions`, `dead_letters`: for dashboards."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        messaging: MessagingStack,
        lake: LakeStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings, self._lake = settings, lake
        self.sagemaker = SageMaker(self, vpc=vpc, files=lake.files, settings=settings)
        made = Functions(self, vpc=vpc, settings=settings)
        loading = self._loading(made, database)
        self.functions = [loading]
        self.state_machine = self._machine(loading, messaging)
        self.dead_letters = dead_letter_queue(self, "NotBegun", of_rules=True)
        acknowledge(self.dead_letters, "It is where dead letters end", "AwsSolutions-SQS3")
        if settings.insight.after_night:
            self._after_each_night()
        self.personalize = (
            Personalize(
                self,
                vpc=vpc,
                files=lake.files,
                warehouse=lake.warehouse,
                messaging=messaging,
                database=database,
                settings=settings,
                functions=made,
                not_begun=self.dead_letters,
            )
            if settings.insight.personalize.enabled
            else None
        )
        if self.personalize:
            self.functions += self.personalize.functions
        CfnOutput(self, "InsightMachineArn", value=self.state_machine.state_machine_arn)

    def _after_each_night(self) -> None:
        events.Rule(
            self,
            "AfterNight",
            description="A night of the lake is over: what it brought is analysed",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"status": ["SUCCEEDED"], "stateMachineArn": [self._lake.state_machine.state_machine_arn]},
            ),
            targets=[
                targets.SfnStateMachine(
                    self.state_machine,
                    dead_letter_queue=self.dead_letters,
                    retry_attempts=3,
                    max_event_age=LATEST_START,
                )
            ],
        )

    def _loading(self, made: Functions, database: DatabaseDoor) -> lambda_.Function:
        files, insight = self._lake.files, self._settings.insight
        function = made.add(
            "insight_loading",
            description="Says what a night is about, decides on models, takes results over into Aurora",
            timeout_seconds=270,
            memory_mb=1_024,
            database=database,
            environment={
                "LAKE_BUCKET": files.bucket.bucket_name,
                "LAKE_KEY_ARN": files.key.key_arn,
                "NAME": self.sagemaker.name,
                "RETRAIN_DAYS": str(insight.retrain_days),
                "TOLERANCE_PERCENT": str(insight.tolerance_percent),
            },
        )
        role = function.role
        assert isinstance(role, iam.Role)
        bucket = files.bucket
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:PutObject"], resources=[bucket.arn_for_objects(f"{INSIGHT}*")]
            )
        )
        files.allow_listing(role)
        files.allow_key(role, writing=True)
        acknowledge(
            role,
            "Objects of one folder of the lake; their names are nights and tables",
            f"AwsSolutions-IAM5[Resource::{objects_from_elsewhere(bucket, MARK, f'{INSIGHT}*')}]",
        )
        return function

    def _machine(self, loading: lambda_.Function, messaging: MessagingStack) -> stepfunctions.StateMachine:
        lake, insight, made = self._settings.lake, self._settings.insight, self.sagemaker
        machine = stepfunctions.StateMachine(
            self,
            "Analysis",
            state_machine_type=stepfunctions.StateMachineType.STANDARD,
            definition_body=stepfunctions.DefinitionBody.from_string(DEFINITION.read_text()),
            definition_substitutions={
                "LoadingFunction": loading.function_arn,
                "Workgroup": self._lake.warehouse.name,
                "Database": DATABASE,
                "Bucket": self._lake.files.bucket.bucket_name,
                "Key": self._lake.files.key.key_arn,
                "Operators": messaging.operators.topic_arn,
                "Name": made.name,
                "Group": made.name,
                "Role": made.role.role_arn,
                "Image": made.image,
                "Firewall": made.firewall.security_group_id,
                # JSONata takes single quotes too, and the text stands in a string of JSON.
                "Subnets": Fn.join("", ["['", Fn.join("', '", made.subnets), "']"]),
                "TrainingInstance": insight.training_instance,
                "TransformInstance": insight.transform_instance,
                "AnalysisInstance": insight.analysis_instance,
                "VolumeGb": str(insight.volume_gb),
                "PollSeconds": str(lake.poll_seconds),
                "MostLooks": str(LONGEST_STATEMENT_SECONDS // lake.poll_seconds),
            },
            logs=stepfunctions.LogOptions(
                destination=kept_log_group(self, "AnalysisLogs", settings=self._settings),
                level=stepfunctions.LogLevel[self._settings.engine.log_level],
                # Names, numbers and statements without a value of anybody ever pass through the machine.
                include_execution_data=True,
            ),
            tracing_enabled=self._settings.observability.tracing,
        )
        # UNLOAD reads the star as this role, and writes as the warehouse's.
        Tags.of(machine.role).add(DATABASE_ROLES_TAG, "loader")
        self._may_unload_and_tell(machine, loading, messaging)
        self._may_run_jobs(machine)
        acknowledge(
            machine,
            "Log delivery's and X-Ray's actions take no resource, statements are seen by who sent them alone",
            "AwsSolutions-IAM5[Resource::*]",
        )
        return machine

    def _may_unload_and_tell(
        self, machine: stepfunctions.StateMachine, loading: lambda_.Function, messaging: MessagingStack
    ) -> None:
        own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
        warehouse = ["redshift-serverless:GetCredentials", "redshift-data:BatchExecuteStatement"]
        for actions, resource, conditions in (
            (["lambda:InvokeFunction"], loading.function_arn, None),
            (warehouse, self._lake.warehouse.arn, None),
            (["redshift-data:DescribeStatement"], "*", own),
            (["sns:Publish"], messaging.operators.topic_arn, None),
            (["kms:Decrypt", "kms:GenerateDataKey"], messaging.operators_key.key_arn, None),
        ):
            machine.add_to_role_policy(
                iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions)
            )

    def _may_run_jobs(self, machine: stepfunctions.StateMachine) -> None:
        made = self.sagemaker
        kinds = {"TrainingJob": "training-job", "TransformJob": "transform-job", "ProcessingJob": "processing-job"}
        jobs = {kind: made.arn(f"{path}/{made.name}-*") for kind, path in kinds.items()}
        model, package = made.arn(f"model/{made.name}-*"), made.arn(f"model-package/{made.name}/*")
        rules = self.format_arn(service="events", resource="rule/StepFunctionsGetEventsForSageMaker")
        heard = [f"{rules}{kind}Rule" for kind in RULES]
        passed = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        for kind, resource in jobs.items():
            actions = [f"sagemaker:{verb}{kind}" for verb in ("Create", "Describe", "Stop")]
            machine.add_to_role_policy(
                iam.PolicyStatement(actions=[*actions, "sagemaker:AddTags", "sagemaker:ListTags"], resources=[resource])
            )
        group = made.arn(f"model-package-group/{made.name}")
        for actions, resources, conditions in (
            (["sagemaker:CreateModel"], [model], None),
            (["sagemaker:CreateModelPackage"], [package, group], None),
            (["iam:PassRole"], [made.role.role_arn], passed),
            (["events:PutTargets", "events:PutRule", "events:DescribeRule"], heard, None),
            # As whom the files of a job are encrypted, SageMaker asks of who begins it.
            (["kms:DescribeKey"], [self._lake.files.key.key_arn], None),
            (["kms:CreateGrant"], [self._lake.files.key.key_arn], {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        ):
            machine.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
        acknowledge(
            machine,
            "Jobs, models and packages that begin with this deployment's name: each night has its own",
            *(f"AwsSolutions-IAM5[Resource::{one}]" for one in (*jobs.values(), model, package)),
        )

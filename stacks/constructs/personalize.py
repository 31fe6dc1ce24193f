"""Amazon Personalize: what holds its data, its machine, and the function that tells it what members do.

Dataset group, schemas and datasets are resources of the stack. Solutions, filters, event tracker, versions and
campaigns are made by the machine (docs/decisions.md says why).
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Duration, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions

from stacks.constructs import personalize_names as names
from stacks.constructs.acknowledgement import acknowledge, objects_from_elsewhere
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.lake_files import LakeFiles
from stacks.constructs.logs import kept_log_group, removal_policy
from stacks.constructs.personalize_cost import cost
from stacks.constructs.personalize_schemas import FIELDS, schema, version
from stacks.constructs.warehouse import DATABASE, Warehouse
from stacks.messaging import MessagingStack
from stacks.settings import Settings

DEFINITION = Path(__file__).parents[1] / "personalize.asl.json"
FOLDER = "insight/"
# Longer than the longest training that was heard of, and few enough looks for an execution's history.
LONGEST_HOURS = 8
LONGEST_STATEMENT_SECONDS = 3_900
STATEMENT_POLL_SECONDS = 5
# By this tag the machine's role is given its role in the warehouse.
DATABASE_ROLES_TAG = "RedshiftDbRoles"
# How CloudFormation calls what another stack reads of the lake's bucket.
MARK = "1C68C0C3"
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants")


class Personalize:
    """`state_machine`: a run; its input may name it ({"run"}), its output names the files of results, which are lines
    of `members` and `similar` as a night's. `functions`: for dashboards.
    `not_begun`: where the schedule's event goes when no run could be begun."""

    def __init__(
        self,
        stack: Stack,
        *,
        vpc: ec2.IVpc,
        files: LakeFiles,
        warehouse: Warehouse,
        messaging: MessagingStack,
        database: DatabaseDoor,
        settings: Settings,
        functions: Functions | None = None,
        not_begun: sqs.IQueue | None = None,
    ) -> None:
        self._stack, self._settings, self._files, self._warehouse = stack, settings, files, warehouse
        self._section = settings.insight.personalize
        self._name = names.deployment_name(settings)
        made = functions or Functions(stack, vpc=vpc, settings=settings)
        self._role = self._service_role()
        self.dataset_group = self._data()
        self._files_function = self._files_for(made)
        self._events_function = self._telling(made, messaging, database)
        self.functions = [self._files_function, self._events_function]
        self.state_machine = self._machine(messaging)
        if schedule := self._section.schedule:
            events.Rule(
                stack,
                "Personalized",
                description="Personalize learns what members like",
                schedule=events.Schedule.expression(schedule),
                targets=[
                    targets.SfnStateMachine(
                        self.state_machine,
                        dead_letter_queue=not_begun,
                        retry_attempts=3,
                        max_event_age=Duration.hours(6),
                    )
                ],
            )
        CfnOutput(stack, "PersonalizeMachineArn", value=self.state_machine.state_machine_arn)
        CfnOutput(stack, "PersonalizeCost", value=str(cost(self._section)))

    def _service_role(self) -> iam.Role:
        """As which Personalize reads what was unloaded and writes its answers; bucket and key let in the service too,
        which it asks for itself."""
        ours = {"StringEquals": {"aws:SourceAccount": self._stack.account}}
        service = iam.ServicePrincipal("personalize.amazonaws.com", conditions=ours)
        role = iam.Role(
            self._stack, "PersonalizeRole", assumed_by=service, description="Personalize reads and writes the lake"
        )
        self._allow(role, "s3:GetObject", "s3:PutObject")
        role.add_to_policy(iam.PolicyStatement(actions=[*KEY_ACTIONS], resources=[self._files.key.key_arn]))
        bucket = self._files.bucket
        for actions, resource in (
            (["s3:GetObject", "s3:PutObject"], bucket.arn_for_objects(f"{FOLDER}*")),
            (["s3:ListBucket"], bucket.bucket_arn),
        ):
            bucket.add_to_resource_policy(
                iam.PolicyStatement(principals=[service], actions=actions, resources=[resource])
            )
        self._files.key.add_to_resource_policy(
            iam.PolicyStatement(principals=[service], actions=[*KEY_ACTIONS, "kms:CreateGrant"], resources=["*"])
        )
        return role

    def _data(self) -> personalize.CfnDatasetGroup:
        group = personalize.CfnDatasetGroup(
            self._stack,
            "DatasetGroup",
            name=self._name,
            kms_key_arn=self._files.key.key_arn,
            role_arn=self._role.role_arn,
        )
        group.node.add_dependency(self._role)
        group.apply_removal_policy(removal_policy(self._settings))
        for kind in FIELDS:
            title = kind.capitalize()
            known = personalize.CfnSchema(
                self._stack,
                f"{title}Schema",
                name=f"{self._name}-{kind.lower()}-{version(kind)}",
                schema=schema(kind),
            )
            personalize.CfnDataset(
                self._stack,
                title,
                name=f"{self._name}-{kind.lower()}",
                dataset_group_arn=group.attr_dataset_group_arn,
                dataset_type=title,
                schema_arn=known.attr_schema_arn,
            )
        return group

    def _files_for(self, made: Functions) -> lambda_.Function:
        function = made.add(
            "personalize_files",
            description="Says what is unloaded for Personalize, and puts its answers into a night's words",
            timeout_seconds=900,
            memory_mb=1_024,
            database=None,
            environment={
                "LAKE_BUCKET": self._files.bucket.bucket_name,
                "LAKE_KEY_ARN": self._files.key.key_arn,
                "PROGRAM_ID": str(self._section.program_id),
            },
        )
        role = function.role
        assert isinstance(role, iam.Role)
        self._allow(role, "s3:GetObject", "s3:PutObject")
        self._files.allow_key(role, writing=True)
        return function

    def _telling(self, made: Functions, messaging: MessagingStack, database: DatabaseDoor) -> lambda_.Function:
        function = made.add(
            "personalize_events",
            description="Tells Personalize what members do, of those who want it",
            timeout_seconds=60,
            memory_mb=256,
            database=database,
            environment={
                "DATASET_GROUP_ARN": self.dataset_group.attr_dataset_group_arn,
                "PROGRAM_ID": str(self._section.program_id),
            },
        )
        trackers = self._arn("event-tracker/*")
        for actions, resource in (
            (["personalize:DescribeEventTracker"], trackers),
            # These two take no resource.
            (["personalize:ListEventTrackers", "personalize:PutEvents"], "*"),
        ):
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        assert function.role is not None
        acknowledge(
            function.role,
            "Personalize names an event tracker by letters of its own; a dataset group has one",
            f"AwsSolutions-IAM5[Resource::{trackers}]",
        )
        assert messaging.personal is not None
        messaging.personal.feed(function, at_once=10, concurrent=5)
        return function

    def _machine(self, messaging: MessagingStack) -> stepfunctions.StateMachine:
        section, stack = self._section, self._stack
        machine = stepfunctions.StateMachine(
            stack,
            "Personalizing",
            state_machine_type=stepfunctions.StateMachineType.STANDARD,
            definition_body=stepfunctions.DefinitionBody.from_string(DEFINITION.read_text()),
            definition_substitutions={
                "FilesFunction": self._files_function.function_arn,
                "EventsFunction": self._events_function.function_arn,
                "Workgroup": self._warehouse.name,
                "Database": DATABASE,
                "Operators": messaging.operators.topic_arn,
                "Bucket": self._files.bucket.bucket_name,
                "Key": self._files.key.key_arn,
                "Role": self._role.role_arn,
                "DatasetGroup": self.dataset_group.attr_dataset_group_arn,
                "Name": self._name,
                "Arn": f"arn:aws:personalize:{stack.region}:{stack.account}",
                "PollSeconds": str(section.poll_seconds),
                "StatementPollSeconds": str(STATEMENT_POLL_SECONDS),
                "MostStatementLooks": str(LONGEST_STATEMENT_SECONDS // STATEMENT_POLL_SECONDS),
                "MostLooks": str(max(1, LONGEST_HOURS * 3_600 // section.poll_seconds)),
                "LeastTps": str(section.min_tps),
                "FewestInteractions": str(names.FEWEST_INTERACTIONS),
                "FewestUsers": str(names.FEWEST_USERS),
                "Filters": names.in_definition(names.filters(self._settings)),
                "Solutions": names.in_definition(names.solutions(self._settings)),
            },
            logs=stepfunctions.LogOptions(
                destination=kept_log_group(stack, "PersonalizingLogs", settings=self._settings),
                level=stepfunctions.LogLevel[self._settings.engine.log_level],
                # Names, numbers and statements without a value of anybody ever pass through the machine.
                include_execution_data=True,
            ),
            tracing_enabled=self._settings.observability.tracing,
        )
        Tags.of(machine.role).add(DATABASE_ROLES_TAG, "loader")
        self._may_run(machine, messaging)
        return machine

    def _may_run(self, machine: stepfunctions.StateMachine, messaging: MessagingStack) -> None:
        own = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
        passed = {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}
        for actions, resources, conditions in (
            (["lambda:InvokeFunction"], [one.function_arn for one in self.functions], None),
            (
                ["redshift-serverless:GetCredentials", "redshift-data:BatchExecuteStatement"],
                [self._warehouse.arn],
                None,
            ),
            (["redshift-data:DescribeStatement", "redshift-data:GetStatementResult"], ["*"], own),
            (["personalize:ListEventTrackers"], ["*"], None),
            (["iam:PassRole"], [self._role.role_arn], passed),
            (["sns:Publish"], [messaging.operators.topic_arn], None),
            (["kms:Decrypt", "kms:GenerateDataKey"], [messaging.operators_key.key_arn], None),
        ):
            machine.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
        self._may_personalize(machine)
        acknowledge(
            machine,
            "Log delivery's and X-Ray's actions take no resource, statements are seen by who sent them alone",
            "AwsSolutions-IAM5[Resource::*]",
        )

    def _may_personalize(self, machine: stepfunctions.StateMachine) -> None:
        """On what it makes, which begins with the deployment's name or a run's, and in the one dataset group."""
        made = [
            *(f"{kind}/{self._name}-*" for kind in ("solution", "campaign", "filter")),
            f"dataset/{self._name}/*",
            *(f"{kind}/r-*" for kind in ("dataset-import-job", "batch-inference-job", "data-deletion-job")),
            "event-tracker/*",
        ]
        resources = [self._arn(one) for one in made]
        both = ("DatasetImportJob", "DataDeletionJob", "Filter", "Solution", "SolutionVersion", "BatchInferenceJob")
        machine.add_to_role_policy(
            iam.PolicyStatement(
                actions=[
                    *(f"personalize:{verb}{kind}" for kind in (*both, "Campaign") for verb in ("Create", "Describe")),
                    *("personalize:UpdateCampaign", "personalize:CreateEventTracker"),
                ],
                resources=[self.dataset_group.attr_dataset_group_arn, *resources],
            )
        )
        acknowledge(
            machine,
            "What the machine itself makes: by the deployment's name, by the run's, or by letters of Personalize's own",
            *(f"AwsSolutions-IAM5[Resource::{one}]" for one in resources),
        )

    def _arn(self, resource: str) -> str:
        return f"arn:aws:personalize:{self._stack.region}:{self._stack.account}:{resource}"

    def _allow(self, role: iam.Role, *actions: str) -> None:
        bucket = self._files.bucket
        role.add_to_policy(iam.PolicyStatement(actions=[*actions], resources=[bucket.arn_for_objects(f"{FOLDER}*")]))
        self._files.allow_listing(role)
        acknowledge(
            role,
            "Objects of one folder of the lake; their names are runs and tables",
            f"AwsSolutions-IAM5[Resource::{objects_from_elsewhere(bucket, MARK, f'{FOLDER}*')}]",
        )

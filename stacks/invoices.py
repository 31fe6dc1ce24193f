"""Amazon's invoices: the mail they come by, the papers, the machine that has them read and judged, and the way to the
ERP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.constructs.acknowledgement import acknowledge
from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.inbound_mail import InboundMail
from stacks.constructs.invoice_files import DOCUMENTS, MAIL, READINGS, InvoiceFiles
from stacks.constructs.logs import kept_log_group
from stacks.constructs.queue import QueueWithDeadLetters
from stacks.constructs.schedule import every
from stacks.constructs.secret import may_read
from stacks.integrations import IntegrationsStack
from stacks.settings import Settings

DEFINITION = Path(__file__).with_name("invoice_desk.asl.json")


class InvoicesStack(Stack):
    """`files`: the bucket. `arrivals`: mails to be looked at. `state_machine`: the Invoice Desk, one execution a paper.
    `functions`: for the dashboards."""

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
        self._database = database
        self._made = Functions(self, vpc=vpc, settings=settings)
        self.files = InvoiceFiles(self, settings=settings)
        # Longer than a mail full of traps takes; one that failed comes again after it.
        self.arrivals = QueueWithDeadLetters(
            self, "Arrivals", visibility=Duration.minutes(30), max_receives=settings.messaging.max_receives
        )
        self._on_arrival()
        reading, matching = self._reading(), self._matching()
        self.state_machine = self._desk(reading, matching)
        self.functions = [
            self._intake(),
            reading,
            matching,
            self._watch(integrations),
            self._gateway(integrations),
        ]
        if settings.invoices.enabled:
            activator = self._made.add(
                "receipt_rules",
                description="Makes our rules for mail the account's active ones",
                timeout_seconds=60,
                memory_mb=256,
                database=None,
            )
            InboundMail(self, files=self.files, activator=activator, settings=settings)
        CfnOutput(self, "InvoiceArrivalsQueueUrl", value=self.arrivals.queue.queue_url)
        CfnOutput(self, "InvoiceDeskArn", value=self.state_machine.state_machine_arn)

    def _on_arrival(self) -> None:
        """A mail goes into the queue; what EventBridge cannot put there waits among the same dead letters."""
        events.Rule(
            self,
            "Arrived",
            description="A mail arrived",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [self.files.bucket.bucket_name]}, "object": {"key": [{"prefix": MAIL}]}},
            ),
            targets=[self.arrivals.target()],
        )

    def _intake(self) -> lambda_.Function:
        function = self._made.add(
            "invoice_intake",
            description="Takes invoices out of mails",
            # A mail of 40 MB whose twenty papers are all traps.
            timeout_seconds=900,
            memory_mb=2048,
            database=self._database,
            environment={
                **self.files.environment,
                "INVOICES_DOMAIN": self._settings.invoices.domain,
                "INVOICE_DESK_ARN": self.state_machine.state_machine_arn,
            },
            packages="invoices",
        )
        self.files.may_read(function, MAIL, versions=True)
        self.files.may_see_what_is_gone(function)
        self.files.may_write(function, DOCUMENTS)
        self.state_machine.grant_start_execution(function)
        # A record that fails comes again alone; two large mails at once are enough for anybody.
        self.arrivals.feed(function, at_once=1, concurrent=2)
        return function

    def _reading(self) -> lambda_.Function:
        invoices = self._settings.invoices
        function = self._made.add(
            "invoice_reading",
            description="Has papers read by Textract",
            timeout_seconds=60,
            memory_mb=1024,
            database=self._database,
            environment={
                **self.files.environment,
                "TEXTRACT_PER_SECOND": f"{invoices.textract_per_second:g}",
                "TEXTRACT_BURST": str(invoices.textract_burst),
            },
        )
        self.files.may_read(function, DOCUMENTS)
        self.files.may_write(function, READINGS)
        # AWS knows no resources for these; what may be read is what the role may read in S3. Functions.add has said why
        # a star may stand in this role.
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["textract:StartExpenseAnalysis", "textract:GetExpenseAnalysis"], resources=["*"]
            )
        )
        return function

    def _matching(self) -> lambda_.Function:
        function = self._made.add(
            "invoice_matching",
            description="Matches what was read with what was ordered",
            timeout_seconds=60,
            memory_mb=1024,
            database=self._database,
            environment=self.files.environment,
        )
        self.files.may_read(function, READINGS)
        self.files.may_see_what_is_gone(function)
        return function

    def _desk(self, reading: lambda_.Function, matching: lambda_.Function) -> stepfunctions.StateMachine:
        machine = stepfunctions.StateMachine(
            self,
            "InvoiceDesk",
            state_machine_type=stepfunctions.StateMachineType.STANDARD,
            definition_body=stepfunctions.DefinitionBody.from_string(DEFINITION.read_text()),
            definition_substitutions={
                "ReadingFunction": reading.function_arn,
                "MatchingFunction": matching.function_arn,
            },
            logs=stepfunctions.LogOptions(
                destination=kept_log_group(self, "InvoiceDeskLogs", settings=self._settings),
                level=stepfunctions.LogLevel[self._settings.engine.log_level],
                # Ids only ever pass through the machine, so its data may be logged.
                include_execution_data=True,
            ),
            tracing_enabled=self._settings.observability.tracing,
        )
        # Not grant_invoke: it would allow every version and alias as well.
        called = [reading.function_arn, matching.function_arn]
        machine.add_to_role_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=called))
        acknowledge(
            machine,
            "Log delivery's and X-Ray's actions take no resource; they reach no data of ours",
            "AwsSolutions-IAM5[Resource::*]",
        )
        return machine

    def _watch(self, integrations: IntegrationsStack) -> lambda_.Function:
        """Alone of these holds the key to Amazon Business."""
        function = self._made.add(
            "invoice_watch",
            description="Begins what nobody has begun, and fetches what never came",
            timeout_seconds=300,
            memory_mb=2048,
            database=self._database,
            environment={
                **self.files.environment,
                **integrations.amazon_business_environment,
                "INVOICE_DESK_ARN": self.state_machine.state_machine_arn,
            },
            packages="invoices",
        )
        may_read(integrations.amazon_business, function)
        self.files.may_write(function, DOCUMENTS)
        self.state_machine.grant_start_execution(function)
        minutes = self._settings.invoices.watch_minutes
        every(self, "WatchInvoices", "Papers that wait, and those that never came", minutes, function)
        return function

    def _gateway(self, integrations: IntegrationsStack) -> lambda_.Function:
        invoices = self._settings.invoices
        function = self._made.add(
            "erp_gateway",
            description="Takes documents to the ERP",
            timeout_seconds=75,
            memory_mb=512,
            database=self._database,
            environment={
                **integrations.outside_environment,
                "LINGER_SECONDS": str(invoices.gateway_linger_seconds),
            },
            packages="erp",
        )
        integrations.let_read_outside(function)
        every(self, "TakeToErp", "Documents for the ERP", invoices.gateway_minutes, function)
        return function

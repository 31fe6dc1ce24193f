"""Amazon's invoices: the mail they come by, the papers, the machine that has them read and judged, and the way to the
ERP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.inbound_mail import InboundMail
from stacks.constructs.invoice_files import MAIL, InvoiceFiles
from stacks.constructs.queue import QueueWithDeadLetters
from stacks.integrations import IntegrationsStack
from stacks.settings import Settings

DEFINITION = Path(__file__).with_name("invoice_desk.asl.json")


class InvoicesStack(Stack):
    """`files`: the bucket. `arrivals`: mails to be looked at. `functions`: for the dashboards."""

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
        # Six times as long as its function may take.
        self.arrivals = QueueWithDeadLetters(
            self, "Arrivals", visibility=Duration.minutes(6), max_receives=settings.messaging.max_receives
        )
        events.Rule(
            self,
            "Arrived",
            description="A mail arrived",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [self.files.bucket.bucket_name]}, "object": {"key": [{"prefix": MAIL}]}},
            ),
            targets=[targets.SqsQueue(self.arrivals.queue, dead_letter_queue=self.arrivals.dead_letters)],
        )
        self.functions = []
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

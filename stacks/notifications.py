"""What goes out: the outbox's relay to the event bus, and the functions that tell members."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.messaging import MessagingStack
from stacks.settings import Settings


class NotificationsStack(Stack):
    """`functions`: for the dashboards."""

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
        self._database = database
        self._made = Functions(self, vpc=vpc, settings=settings)
        self.functions = [self._relay(messaging)]

    def _relay(self, messaging: MessagingStack) -> lambda_.Function:
        schedules = self._settings.schedules
        relay = self._made.add(
            "outbox_relay",
            description="Takes what happened from the outbox to the event bus",
            timeout_seconds=60,
            memory_mb=256,
            database=self._database,
            environment={
                "EVENT_BUS_NAME": messaging.bus.event_bus_name,
                "LINGER_SECONDS": str(schedules.outbox_linger_seconds),
            },
        )
        messaging.bus.grant_put_events_to(relay)
        if minutes := schedules.outbox_minutes:
            events.Rule(
                self,
                "Relay",
                description="The outbox's regular relay",
                schedule=events.Schedule.rate(Duration.minutes(minutes)),
                # The next minute comes anyway.
                targets=[targets.LambdaFunction(relay, retry_attempts=0, max_event_age=Duration.minutes(1))],
            )
        return relay

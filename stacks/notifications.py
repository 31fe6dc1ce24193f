"""What goes out: the outbox's relay to the event bus, the functions that tell members, and what comes back of it."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.constructs.database_door import DatabaseDoor
from stacks.constructs.functions import Functions
from stacks.constructs.logs import removal_policy
from stacks.constructs.own_key import let_in
from stacks.constructs.queue import QueueWithDeadLetters
from stacks.constructs.schedule import every
from stacks.constructs.secret import may_read
from stacks.constructs.sms import may_send_sms, sms_environment
from stacks.integrations import IntegrationsStack
from stacks.messaging import MessagingStack
from stacks.settings import Settings

SOURCE = "loyalty"
# What members hear of; the function knows which of them, and leaves the others alone.
TOPICS = (
    "redemption.",
    "shipment.",
    "units.",
    "payment.",
    "points.",
    "member.",
    "security.",
    "case.",
    "document.",
    "wish.",
)
# Who may say what comes back: mail, and telephones (two-way SMS, set on the number by hand).
SPEAKERS = ("ses.amazonaws.com", "sms-voice.amazonaws.com")
# Providers count sends a second, and a burst of events must not be their burst.
CONCURRENT_SENDERS = 5


class NotificationsStack(Stack):
    """`functions`, `queues`: for the dashboards and alarms."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        database: DatabaseDoor,
        messaging: MessagingStack,
        integrations: IntegrationsStack,
        settings: Settings,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self._database = database
        self._made = Functions(self, vpc=vpc, settings=settings)
        receives = settings.messaging.max_receives
        # Six times as long as its function may take.
        self.events = QueueWithDeadLetters(self, "Events", visibility=Duration.minutes(6), max_receives=receives)
        self.feedback = QueueWithDeadLetters(self, "Feedback", visibility=Duration.minutes(3), max_receives=receives)
        self.topic = self._feedback_topic()
        self.mails = self._configuration_set()
        self._on_events(messaging)
        self.functions = [
            self._relay(messaging),
            self._shipment_notification(messaging, integrations),
            self._notification_feedback(),
            self._points_notices(),
            self._wish_notices(),
            self._webhook_sender(integrations),
        ]
        CfnOutput(self, "EventsQueueUrl", value=self.events.queue.queue_url)
        CfnOutput(self, "FeedbackTopicArn", value=self.topic.topic_arn)
        CfnOutput(self, "FeedbackQueueUrl", value=self.feedback.queue.queue_url)

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
        every(self, "Relay", "The outbox's regular relay", schedules.outbox_minutes, relay)
        return relay

    def _on_events(self, messaging: MessagingStack) -> None:
        """What happened goes into the queue; what EventBridge cannot put there waits among the same dead letters."""
        events.Rule(
            self,
            "Happened",
            description="What members hear of",
            event_bus=messaging.bus,
            event_pattern=events.EventPattern(
                source=[SOURCE], detail_type=events.Match.any_of(*(events.Match.prefix(topic) for topic in TOPICS))
            ),
            targets=[self.events.target()],
        )

    def _shipment_notification(self, messaging: MessagingStack, integrations: IntegrationsStack) -> lambda_.Function:
        settings = self._settings.messaging
        function = self._made.add(
            "shipment_notification",
            description="Tells members by e-mail and SMS",
            timeout_seconds=60,
            memory_mb=512,
            database=self._database,
            environment={
                "MAIL_FROM": settings.mail_from,
                "MAIL_CONFIGURATION_SET": self.mails.configuration_set_name,
                **sms_environment(self._settings),
                "PORTAL_ORIGIN": self._settings.integrations.portal_origin,
                "SECURITY_LINK_SECRET_ARN": integrations.security_links.secret_arn,
            },
        )
        may_read(integrations.security_links, function)
        mails = self.format_arn(
            service="ses", resource="configuration-set", resource_name=self.mails.configuration_set_name
        )
        function.add_to_role_policy(
            iam.PolicyStatement(actions=["ses:SendEmail"], resources=[messaging.mail_identity_arn, mails])
        )
        may_send_sms(function)
        self.events.feed(function, at_once=5, concurrent=CONCURRENT_SENDERS)
        return function

    def _notification_feedback(self) -> lambda_.Function:
        function = self._made.add(
            "notification_feedback",
            description="Takes bounces, complaints and STOP",
            timeout_seconds=30,
            memory_mb=256,
            database=self._database,
            calls_out=False,
        )
        self.feedback.feed(function, at_once=5, concurrent=2)
        return function

    def _points_notices(self) -> lambda_.Function:
        function = self._made.add(
            "points_notices",
            description="Says what the ledger did and which points will lapse",
            timeout_seconds=60,
            memory_mb=256,
            database=self._database,
            calls_out=False,
        )
        minutes = self._settings.schedules.points_notices_minutes
        every(self, "Notices", "Digests and warnings of lapsing points", minutes, function)
        return function

    def _wish_notices(self) -> lambda_.Function:
        function = self._made.add(
            "wish_notices",
            description="Says what members wish for and can have again",
            timeout_seconds=60,
            memory_mb=256,
            database=self._database,
            calls_out=False,
        )
        minutes = self._settings.schedules.wish_notices_minutes
        every(self, "Wishes", "What members wish for and can have again", minutes, function)
        return function

    def _webhook_sender(self, integrations: IntegrationsStack) -> lambda_.Function:
        schedules = self._settings.schedules
        function = self._made.add(
            "webhook_sender",
            description="Sends events to the programme's webhooks",
            timeout_seconds=75,
            memory_mb=512,
            database=self._database,
            environment={
                **integrations.outside_environment,
                "LINGER_SECONDS": str(schedules.outbox_linger_seconds),
            },
        )
        integrations.let_read_outside(function)
        every(self, "Webhooks", "Events for webhooks", schedules.webhook_minutes, function)
        return function

    def _feedback_topic(self) -> sns.Topic:
        key = kms.Key(
            self,
            "FeedbackKey",
            description="What comes back of messages to members, which names their addresses",
            enable_key_rotation=True,
            removal_policy=removal_policy(self._settings),
        )
        topic = sns.Topic(self, "FeedbackTopic", master_key=key, enforce_ssl=True)
        ours = {"StringEquals": {"aws:SourceAccount": self.account}}
        for name in SPEAKERS:
            speaker = iam.ServicePrincipal(name)
            let_in(key, name)
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[speaker], actions=["sns:Publish"], resources=[topic.topic_arn], conditions=ours
                )
            )
        topic.add_subscription(
            subscriptions.SqsSubscription(
                self.feedback.queue, raw_message_delivery=True, dead_letter_queue=self.feedback.dead_letters
            )
        )
        return topic

    def _configuration_set(self) -> ses.ConfigurationSet:
        mails = ses.ConfigurationSet(
            self,
            "Mails",
            configuration_set_name=f"loyalty-{self._settings.deployment.name}",
            # A letter waits rather than being read on its way.
            tls_policy=ses.ConfigurationSetTlsPolicy.REQUIRE,
            # Who bounced is known by member and may confirm the address again; on SES's own list it would stay.
            suppression_reasons=ses.SuppressionReasons.COMPLAINTS_ONLY,
            reputation_metrics=True,
        )
        mails.add_event_destination(
            "ComesBack",
            destination=ses.EventDestination.sns_topic(self.topic),
            events=[
                ses.EmailSendingEvent.BOUNCE,
                ses.EmailSendingEvent.COMPLAINT,
                ses.EmailSendingEvent.DELIVERY,
                ses.EmailSendingEvent.REJECT,
            ],
        )
        return mails

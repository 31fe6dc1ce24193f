"""How parts tell each other and people things: the event bus, the workers' queues, operators' mail, SES."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.logs import removal_policy
from stacks.constructs.own_key import let_in
from stacks.constructs.queue import QueueWithDeadLetters
from stacks.costs import tellers
from stacks.settings import Settings


class MessagingStack(Stack):
    """`payments` and `orders`: the workers' queues. `order_information`: what is heard of orders on their way, also by
    the topic `hints`. `operators`: the topic of alarms (and its key). `bus`: what happened, by ids."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        self._settings = settings
        self.bus = events.EventBus(self, "Bus", event_bus_name=f"loyalty-{settings.deployment.name}")
        receives = settings.messaging.max_receives
        # Longer than a worker's slowest call and its retries; a task that is still busy extends it.
        self.payments = QueueWithDeadLetters(self, "Payments", visibility=Duration.minutes(2), max_receives=receives)
        self.orders = QueueWithDeadLetters(self, "Orders", visibility=Duration.minutes(2), max_receives=receives)
        # Six times as long as its function may take.
        self.order_information = QueueWithDeadLetters(
            self, "OrderInformation", visibility=Duration.minutes(3), max_receives=receives
        )
        self.personal = self._personal() if settings.insight.personalize.enabled else None
        self.hints = self._hints()
        self.operators = self._operators()
        self.mail_identity_arn = self._mail()
        CfnOutput(self, "PaymentsQueueUrl", value=self.payments.queue.queue_url)
        CfnOutput(self, "OrdersQueueUrl", value=self.orders.queue.queue_url)
        CfnOutput(self, "OrderInformationQueueUrl", value=self.order_information.queue.queue_url)
        CfnOutput(self, "OrderHintsTopicArn", value=self.hints.topic_arn)
        CfnOutput(self, "EventBusName", value=self.bus.event_bus_name)

    @property
    def dead_letters(self) -> list[sqs.IQueue]:
        """Every queue that ought to be empty."""
        queues = [self.payments, self.orders, self.order_information, *([self.personal] if self.personal else [])]
        return [one.dead_letters for one in queues]

    def _personal(self) -> QueueWithDeadLetters:
        """Looks from the portal's door, and redemptions that have come to a good end."""
        queue = QueueWithDeadLetters(
            self, "Personal", visibility=Duration.minutes(6), max_receives=self._settings.messaging.max_receives
        )
        events.Rule(
            self,
            "Redeemed",
            description="What members redeemed, for who learns what they like",
            event_bus=self.bus,
            event_pattern=events.EventPattern(source=["loyalty"], detail_type=["redemption.confirmed"]),
            targets=[queue.target()],
        )
        return queue

    def _hints(self) -> sns.Topic:
        """Where Amazon Business may say that an order has changed; by whom is settled when it is set up."""
        key = kms.Key(
            self,
            "HintsKey",
            description="Hints that orders have changed",
            enable_key_rotation=True,
            removal_policy=removal_policy(self._settings),
        )
        topic = sns.Topic(self, "Hints", master_key=key, enforce_ssl=True)
        for account in self._settings.messaging.hint_accounts:
            publisher = iam.AccountPrincipal(account)
            # Without the key what is published vanishes without a trace.
            key.grant(publisher, "kms:Decrypt", "kms:GenerateDataKey*")
            topic.grant_publish(publisher)
        topic.add_subscription(
            subscriptions.SqsSubscription(
                self.order_information.queue, dead_letter_queue=self.order_information.dead_letters
            )
        )
        return topic

    def _operators(self) -> sns.Topic:
        self.operators_key = key = kms.Key(
            self,
            "OperatorsKey",
            description="Alarms on their way to operators",
            enable_key_rotation=True,
            removal_policy=removal_policy(self._settings),
        )
        topic = sns.Topic(self, "Operators", master_key=key, enforce_ssl=True)
        for teller in ("cloudwatch.amazonaws.com", *tellers(self._settings)):
            self._tell_by(topic, key, teller)
        for address in self._settings.messaging.operator_emails:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        return topic

    def _tell_by(self, topic: sns.Topic, key: kms.Key, service: str) -> None:
        """Without the key as well what the service tells vanishes without a trace."""
        teller = iam.ServicePrincipal(service)
        let_in(key, service)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[teller],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )

    def _mail(self) -> str:
        messaging = self._settings.messaging
        domain = messaging.mail_from.split("@")[1]
        identity = ses.EmailIdentity(
            self,
            "Mail",
            identity=ses.Identity.domain(domain)
            if messaging.mail_identity == "domain"
            else ses.Identity.email(messaging.mail_from),
        )
        return identity.email_identity_arn

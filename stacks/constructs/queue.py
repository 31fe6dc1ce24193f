"""A queue whose messages never vanish: what cannot be handled goes to its dead letters."""

from __future__ import annotations

from aws_cdk import Duration, Names
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.own_key import EVENTS, READ, WRITE, let_in, may_use, own_key

# What Lambda's poller needs of a queue; the CDK's own grant would add what only a worker calls.
POLLED = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
# A worker knows the queue's address, takes, gives back and removes.
WORKED = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
# As long as EventBridge tries at most: a queue is seldom away, and never for good.
PUT_ATTEMPTS, PUT_FOR = 185, Duration.hours(24)


class QueueWithDeadLetters(Construct):
    """`queue` and its `dead_letters`; both encrypted, both by TLS only."""

    def __init__(self, scope: Construct, id: str, *, visibility: Duration, max_receives: int) -> None:
        super().__init__(scope, id)
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=own_key(self),
            enforce_ssl=True,
            visibility_timeout=visibility,
            retention_period=Duration.days(4),
            receive_message_wait_time=Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=max_receives),
        )

    def feed(self, function: lambda_.Function, *, at_once: int, concurrent: int) -> None:
        """The function takes `at_once` messages a call, in so many calls at most; one that fails comes again alone."""
        function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(self.queue.node)}",
            event_source_arn=self.queue.queue_arn,
            batch_size=at_once,
            report_batch_item_failures=True,
            max_concurrency=concurrent,
        )
        self._allow(function, POLLED, READ)

    def may_work(self, worker: iam.IGrantable) -> None:
        """Take messages from it, for longer or shorter, and remove them."""
        self._allow(worker, WORKED, READ)

    def may_send(self, sender: iam.IGrantable) -> None:
        """Put messages into it."""
        self._allow(sender, ("sqs:SendMessage",), WRITE)

    def _allow(self, who: iam.IGrantable, actions: tuple[str, ...], with_key: tuple[str, ...]) -> None:
        may_use(who, self.queue.encryption_master_key, with_key)
        who.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(actions=[*actions], resources=[self.queue.queue_arn])
        )

    def target(self) -> targets.SqsQueue:
        """For a rule; what EventBridge cannot put into the queue waits among the same dead letters."""
        let_in(own_key(self), EVENTS)
        return targets.SqsQueue(
            self.queue,
            dead_letter_queue=self.dead_letters,
            retry_attempts=PUT_ATTEMPTS,
            max_event_age=PUT_FOR,
        )


def dead_letter_queue(scope: Construct, id: str, *, of_rules: bool = False) -> sqs.Queue:
    """Where what was given up waits for a person, as long as SQS keeps anything. `of_rules`: EventBridge's as well."""
    if of_rules:
        let_in(own_key(scope), EVENTS)
    return sqs.Queue(
        scope,
        id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=own_key(scope),
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )

"""A queue whose messages never vanish: what cannot be handled goes to its dead letters."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

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
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=visibility,
            retention_period=Duration.days(4),
            receive_message_wait_time=Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=max_receives),
        )

    def feed(self, function: lambda_.Function, *, at_once: int, concurrent: int) -> None:
        """The function takes `at_once` messages a call, in so many calls at most; one that fails comes again alone."""
        function.add_event_source(
            sources.SqsEventSource(
                self.queue, batch_size=at_once, report_batch_item_failures=True, max_concurrency=concurrent
            )
        )

    def target(self) -> targets.SqsQueue:
        """For a rule; what EventBridge cannot put into the queue waits among the same dead letters."""
        return targets.SqsQueue(
            self.queue,
            dead_letter_queue=self.dead_letters,
            retry_attempts=PUT_ATTEMPTS,
            max_event_age=PUT_FOR,
        )


def dead_letter_queue(scope: Construct, id: str) -> sqs.Queue:
    """Where what was given up waits for a person, as long as SQS keeps anything."""
    return sqs.Queue(
        scope,
        id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )

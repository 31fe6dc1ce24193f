"""Queues, topics, events, mail and text messages."""

from __future__ import annotations

from collections.abc import Iterator

from cost.bill import Line, Rule, World
from cost.templates import Resource
from cost.usage import HOURS

# SQS keeps a data key for five minutes, and asks for one to write and one to read.
KEYS_A_MONTH = HOURS * 12 * 2
# Sent, received, deleted.
REQUESTS_A_MESSAGE = 3


def _queue(resource: Resource, world: World) -> Iterator[Line]:
    """Of queues of dead letters nobody asks; what is in the others follows the redemptions."""
    if "KmsMasterKeyId" in resource.properties:
        yield world.line(resource, "kms_requests", KEYS_A_MONTH)
    if "DeadLetter" not in resource.id and "RedrivePolicy" in resource.properties:
        messages = world.month.redemptions * REQUESTS_A_MESSAGE
        yield world.line(resource, "sqs_requests", messages, variable=True)


def _topic(resource: Resource, world: World) -> Iterator[Line]:
    """Feedback on mails is told by one of them; operators hear little."""
    yield world.line(resource, "sns_requests", world.month.mails, variable=True)


def _bus(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "events", world.month.events, variable=True)


def _mail(resource: Resource, world: World) -> Iterator[Line]:
    """Mails are sent by one configuration set; the text messages go beside them."""
    yield world.line(resource, "ses_mails", world.month.mails, variable=True)
    yield world.line(resource, "sms", world.month.texts, variable=True)


def _mail_in(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "ses_mails_in", world.month.invoice_pages, variable=True)
    yield world.line(resource, "textract_page", world.month.invoice_pages, variable=True, what="reading invoices")


RULES: dict[str, Rule] = {
    "AWS::SQS::Queue": _queue,
    "AWS::SNS::Topic": _topic,
    "AWS::Events::EventBus": _bus,
    "AWS::SES::ConfigurationSet": _mail,
    "AWS::SES::ReceiptRule": _mail_in,
}

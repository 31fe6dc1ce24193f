"""E-mail by SES. What is sent and to whom is never logged."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.environment import environment
from lambdas.observed import logger, metrics
from loyalty import aws
from loyalty.members.claiming import Mail
from loyalty.refusal import Kind, Refusal


@cache
def _ses() -> Any:
    return aws.client("ses", attempts=2)


def send(mail: Mail) -> None:
    """Send one mail. Raises Refusal (unavailable) if SES does not take it."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _ses().send_email(
            Source=environment().mail_from,
            Destination={"ToAddresses": [mail.to]},
            Message={
                "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
            },
        )
    except (BotoCoreError, ClientError) as failure:
        # SES quotes the address in its message.
        metrics.add_metric("MailsNotSent", MetricUnit.Count, 1)
        logger.error("mail not sent", extra={"failure": type(failure).__name__})
        raise Refusal(Kind.UNAVAILABLE, "mail-unavailable", "The code could not be sent; try again.") from None

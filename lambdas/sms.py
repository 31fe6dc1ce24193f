"""SMS by SNS. What is sent and to whom is never logged."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import logger, metrics
from loyalty import aws
from loyalty.notifications.sms import plain
from loyalty.refusal import Kind, Refusal

_NO_NUMBER = frozenset({"InvalidParameter", "InvalidParameterException", "InvalidParameterValue"})
OPTED_OUT = frozenset({"OptedOut", "OptedOutException"})


def attributes() -> dict[str, dict[str, str]]:
    """Whom an SMS is from, and that it is no advertising."""
    said = {"AWS.SNS.SMS.SMSType": "Transactional"}
    if number := os.environ.get("SMS_ORIGINATION_NUMBER"):
        said["AWS.MM.SMS.OriginationNumber"] = number
    if sender := os.environ.get("SMS_SENDER_ID"):
        said["AWS.SNS.SMS.SenderID"] = sender
    return {name: {"DataType": "String", "StringValue": value} for name, value in said.items()}


def send(number: str, text: str) -> None:
    """Send one. Raises Refusal: unavailable; invalid where it is no number; conflict where it has said STOP."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _sns().publish(PhoneNumber=number, Message=plain(text), MessageAttributes=attributes())
    except (BotoCoreError, ClientError) as failure:
        # Its message quotes the number.
        code = str(getattr(failure, "response", {}).get("Error", {}).get("Code", ""))
        if code in _NO_NUMBER:
            raise Refusal(Kind.INVALID, "invalid", "No SMS can be sent to this number.", field="phone") from None
        if code in OPTED_OUT:
            raise Refusal(
                Kind.CONFLICT, "sms-stopped", "This number has stopped our SMS. Send START from it.", field="phone"
            ) from None
        metrics.add_metric("CodesNotSent", MetricUnit.Count, 1)
        logger.error("sms not sent", extra={"failure": type(failure).__name__})
        # It may have been sent: the next one is not before the database takes another (members.start_phone).
        raise Refusal(
            Kind.UNAVAILABLE, "sms-unavailable", "The code could not be sent; try again.", retry_after_seconds=30
        ) from None


@cache
def _sns() -> Any:
    # Never a second try by the SDK: the first may have been sent.
    return aws.client("sns", attempts=1)

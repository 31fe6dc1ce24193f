"""Tell members: events of the bus, out of their queue, become e-mails (SES) and SMS (SNS) where they are wanted.

What is sent and to whom is never logged. A message that was certainly not sent makes its event come again; everything
else is marked and the event is done.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas import sms
from lambdas.observed import log_failure, logger, metrics, observed
from loyalty import aws
from loyalty.database import database
from loyalty.members import freezing
from loyalty.notifications import events, telling
from loyalty.notifications.affordable import Shelf
from loyalty.notifications.telling import Channel, Letter, NoAnswer, NotTried, Refused

# A record that is begun may take this long: two messages, each with its time-outs.
RECORD_MILLISECONDS = 16_000
# Nothing was sent, and it is us or the moment, not the message.
_ANOTHER_TIME = frozenset(
    {
        *("Throttling", "ThrottlingException", "Throttled", "TooManyRequestsException", "RequestLimitExceeded"),
        *("LimitExceededException", "SendingPausedException", "AccountSuspendedException", "NotFoundException"),
        *("MailFromDomainNotVerifiedException", "AccessDenied", "AccessDeniedException", "AuthorizationError"),
        *("AuthorizationErrorException", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"),
        *("UnrecognizedClientException", "KMSThrottling", "KMSAccessDenied"),
    }
)


class Sms:
    """`sns:Publish` to the number."""

    def send(self, letter: Letter) -> None:
        """Raises NotTried, Refused or NoAnswer."""
        _call(_client("sns").publish, PhoneNumber=letter.to, Message=letter.text, MessageAttributes=sms.attributes())


class Mail:
    """SES. The tags come back with what becomes of it."""

    def send(self, letter: Letter) -> None:
        """Raises NotTried, Refused or NoAnswer."""
        optional = {"ConfigurationSetName": name} if (name := os.environ.get("MAIL_CONFIGURATION_SET")) else {}
        _call(
            _client("sesv2").send_email,
            FromEmailAddress=os.environ["MAIL_FROM"],
            Destination={"ToAddresses": [letter.to]},
            Content={
                "Simple": {
                    "Subject": {"Data": letter.subject, "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": letter.text, "Charset": "UTF-8"}},
                }
            },
            EmailTags=[
                {"Name": "message", "Value": str(letter.message_id)},
                {"Name": "programme", "Value": str(letter.program_id)},
            ],
            **optional,
        )


_CHANNELS: dict[str, Channel] = {"email": Mail(), "sms": Sms()}


@cache
def _client(service: str) -> Any:
    # Never a second try by the SDK: the first may have been sent.
    return aws.client(service, attempts=1)


def _call(operation: Any, **arguments: Any) -> None:
    from botocore import exceptions as failures

    try:
        operation(**arguments)
    except failures.ClientError as failure:
        # Its message quotes the address.
        code = str(failure.response.get("Error", {}).get("Code", ""))
        status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        if code in sms.OPTED_OUT:
            raise Refused("opted_out") from None
        if code in _ANOTHER_TIME or status == 429:
            raise NotTried(code) from None
        if status >= 500:
            raise NoAnswer(code) from None
        raise Refused(code) from None
    except (
        failures.EndpointConnectionError,
        failures.ConnectTimeoutError,
        failures.ProxyConnectionError,
        failures.NoCredentialsError,
        failures.CredentialRetrievalError,
    ) as failure:
        raise NotTried(type(failure).__name__) from None
    except failures.ParamValidationError:
        raise Refused("ParamValidationError") from None
    except failures.BotoCoreError as failure:
        raise NoAnswer(type(failure).__name__) from None


def _link_token(happened: events.Event) -> str:
    until = happened.occurred_at + freezing.GOOD_FOR
    return freezing.token(_link_key(), freezing.Link(happened.program_id, happened.member_id, happened.event_id, until))


@cache
def _link_key() -> str:
    found = _client("secretsmanager").get_secret_value(SecretId=os.environ["SECURITY_LINK_SECRET_ARN"])
    return str(found["SecretString"])


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the queue. Answers the records that must come again, each alone."""
    again = []
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    shelf: Shelf | None = None
    for record in event["Records"]:
        if remaining and remaining() < RECORD_MILLISECONDS:
            again.append(record["messageId"])
            continue
        try:
            connection = database().connection()
            shelf = shelf or _shelf()
            shelf.connection = connection
            said = json.loads(record["body"])
            happened = events.read(said.get("detail-type") if isinstance(said, dict) else None, _detail(said))
            told = telling.tell(connection, happened, _CHANNELS, os.environ["PORTAL_ORIGIN"], shelf, _link_token)
        # Whatever it is: the other records are not to blame; after some tries this one waits among the dead letters.
        except Exception as failure:
            log_failure(failure)
            metrics.add_metric("EventsNotTold", MetricUnit.Count, 1)
            again.append(record["messageId"])
            continue
        _account_for(happened, told)
        if told.again:
            again.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


@cache
def _shelf() -> Shelf:
    return Shelf(database().connection())


def _detail(said: Any) -> Any:
    return said.get("detail") if isinstance(said, dict) else None


def _account_for(happened: events.Event, told: telling.Told) -> None:
    for name, count in (
        ("MessagesSent", told.sent),
        ("MessagesFailed", told.failed),
        ("MessagesPutOff", int(told.again)),
    ):
        if count:
            metrics.add_metric(name, MetricUnit.Count, count)
    if told.unknown:
        # An alarm stands on it: written out, so that the test that holds them together finds it.
        metrics.add_metric("MessagesUnknown", MetricUnit.Count, told.unknown)
    logger.info(
        "told",
        extra={
            "event_id": str(happened.event_id),
            "topic": happened.topic,
            "program_id": happened.program_id,
            "sent": told.sent,
            "failed": told.failed,
            "unknown": told.unknown,
            "again": told.again,
        },
    )

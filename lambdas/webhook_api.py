"""Webhooks of outside parties: who knows the secret may say something; it goes into a queue, and nothing else happens.

The header is compared before a byte of the body is looked at. The door needs no database, so a push is taken also while
that is away; what is in it is for the Order Information function to judge.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response

from lambdas.http import MAX_BODY_BYTES, entry, logger, problem, resolver
from loyalty import aws
from loyalty.orders import observing

app = resolver("Webhooks")

SECRET_HEADER = "X-Loyalty-Webhook-Secret"  # noqa: S105 - a header's name
# Says in the OpenAPI document that this route asks for no token.
BY_SECRET = {"x-webhook-secret": True}
RENEW_SECONDS = 300.0
# A header that fits nothing may be the new secret: it is read again, but not for every stranger.
LOOK_AGAIN_SECONDS = 30.0
SHORTEST_SECRET = 16


class Secrets:
    """The secrets that are good now: the current one and, while the other party changes over, the previous one.

    `read` gives {"current", "previous"} as JSON and may raise anything; without a secret nobody gets in.
    """

    def __init__(self, read: Callable[[], str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: tuple[bytes, ...] = ()
        self._read_at: float | None = None

    def fit(self, given: str) -> bool:
        """Whether it is one of them; takes as long for any that is not."""
        return self._compare(given, RENEW_SECONDS) or self._compare(given, LOOK_AGAIN_SECONDS)

    def _compare(self, given: str, oldest_seconds: float) -> bool:
        with self._lock:
            if self._read_at is None or self._monotonic() - self._read_at >= oldest_seconds:
                self._renew()
            known = self._known
        sent = given.encode("utf-8", "surrogatepass")
        # All are compared, whichever fits.
        return sum(hmac.compare_digest(sent, secret) for secret in known) > 0

    def _renew(self) -> None:
        try:
            values = json.loads(self._read())
        except Exception as error:
            # Those that are known stay good; a door without any stays shut.
            logger.error("the webhook's secret cannot be read", extra={"failure": type(error).__name__})
        else:
            named = [values.get(name) for name in ("current", "previous")] if isinstance(values, dict) else []
            self._known = tuple(
                value.encode() for value in named if isinstance(value, str) and len(value) >= SHORTEST_SECRET
            )
        self._read_at = self._monotonic()


@app.post(
    "/webhooks/amazon-business/packages",
    summary="A package's step, pushed by Amazon Business",
    responses={200: {"description": "Taken"}, 202: {"description": "Kept, though it cannot be read"}},
    openapi_extensions=BY_SECRET,
)
def packages() -> Response[Any]:
    """200: taken. 202: taken, though nobody can read it. 401: not from Amazon. 413: too long."""
    if not _secrets().fit(app.current_event.headers.get(SECRET_HEADER) or ""):
        logger.info("refused", extra={"code": "forged"})
        return problem(401, "forged", "This is for Amazon Business.")
    raw = _bytes(app.current_event.body or "")
    if len(raw) > MAX_BODY_BYTES:
        detail = "The body is larger than 64 kB."
        return problem(413, "too-large", detail, errors=[{"field": "body", "detail": detail}])
    try:
        body = json.loads(raw)
        message: dict[str, Any] = {"kind": "observation", "source": "push", "observation": observing.from_push(body)}
    except observing.Malformed as reason:
        return _unread(raw, str(reason))
    except (ValueError, RecursionError):
        return _unread(raw, "no JSON")
    _send(message)
    return _answer(200)


def _bytes(body: str) -> bytes:
    try:
        # What was no UTF-8 is a text with lone surrogates here (lambdas.http).
        return body.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return body.encode("utf-8", "replace")


def _unread(raw: bytes, reason: str) -> Response[Any]:
    logger.warning("malformed push", extra={"reason": reason})
    _send({"kind": "malformed", "source": "push", "reason": reason, "base64": base64.b64encode(raw).decode()})
    return _answer(202)


def _answer(status: int) -> Response[Any]:
    return Response(status, content_type="application/json", body="{}", headers={"Cache-Control": "no-store"})


def _send(message: dict[str, Any]) -> None:
    # If the queue does not take it the answer is 500, and Amazon may send it again.
    _sqs().send_message(QueueUrl=os.environ["ORDER_INFORMATION_QUEUE_URL"], MessageBody=json.dumps(message))


@cache
def _secrets() -> Secrets:
    client, secret_arn = aws.client("secretsmanager"), os.environ["AMAZON_BUSINESS_WEBHOOK_SECRET_ARN"]
    return Secrets(lambda: str(client.get_secret_value(SecretId=secret_arn)["SecretString"]))


@cache
def _sqs() -> Any:
    return aws.client("sqs", attempts=2)


handler = entry(app)

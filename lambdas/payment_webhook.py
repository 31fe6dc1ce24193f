"""The payment providers' webhooks: a signature is proved on the very bytes, then the notice is kept once and the
payment is looked at. Nothing is read, and the database is not asked, for what is not signed."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import urllib3
from aws_lambda_powertools.event_handler import Response

from lambdas.http import RETRY_AFTER_SECONDS, entry, logger, problem, resolver
from loyalty import aws
from loyalty.database import database
from loyalty.payments import notices

app = resolver("Payment webhooks")

# Says in the OpenAPI document that this route asks for no token.
BY_SIGNATURE = {"x-signature": True}
MAX_BODY_BYTES = 256 * 1024
FETCH_TIMEOUT = urllib3.Timeout(connect=2, read=5)
RENEW_SECONDS = 300.0
# A signature that fits nothing may be the new secret's: it is read again, but not for every stranger.
LOOK_AGAIN_SECONDS = 30.0


class SigningSecret:
    """`read` gives {"signing_secret", "previous"?} as JSON and may raise anything; without one nobody gets in."""

    def __init__(self, read: Callable[[], str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: tuple[str, ...] = ()
        self._read_at: float | None = None

    def all(self, oldest_seconds: float = RENEW_SECONDS) -> tuple[str, ...]:
        """The secrets that are good now, read again when they are older than that."""
        with self._lock:
            if self._read_at is None or self._monotonic() - self._read_at >= oldest_seconds:
                self._renew()
            return self._known

    def _renew(self) -> None:
        try:
            values = json.loads(self._read())
            found = [values.get(name) for name in ("signing_secret", "previous")]
        except Exception as error:
            logger.error("the signing secret cannot be read", extra={"failure": type(error).__name__})
        else:
            self._known = tuple(one for one in found if isinstance(one, str) and one)
        self._read_at = self._monotonic()


@app.post(
    "/webhooks/stripe",
    summary="An event, signed by Stripe",
    responses={200: {"description": "Kept"}},
    openapi_extensions=BY_SIGNATURE,
)
def stripe() -> Response[Any]:
    """200: kept, now or before. 401: not signed by Stripe, or too long ago."""
    from loyalty.payments.stripe.notices import read

    body, signature = _body(), app.current_event.headers.get("Stripe-Signature")
    try:
        try:
            notice = read(body, signature, _signing_secret().all())
        except notices.Forged:
            notice = read(body, signature, _signing_secret().all(LOOK_AGAIN_SECONDS))
    except notices.Forged as forged:
        return _forged(forged)
    return _kept(notice)


@app.post(
    "/webhooks/amazon-pay",
    summary="A notice of Amazon Pay, signed by Amazon SNS",
    responses={200: {"description": "Kept"}},
    openapi_extensions=BY_SIGNATURE,
)
def amazon_pay() -> Response[Any]:
    """200: kept, now or before. 401: not signed by SNS, or not of our topics. 503: the certificate is not to be had."""
    from loyalty.payments.amazon_pay.notices import Subscription, read

    topics = json.loads(os.environ.get("AMAZON_PAY_TOPICS") or "[]")
    try:
        said = read(_body(), topics, _certificates())
    except notices.Forged as forged:
        return _forged(forged)
    except notices.Unproved as unproved:
        logger.warning("not proved", extra={"what": str(unproved)})
        return problem(503, "unavailable", "Come again.", retry_after_seconds=RETRY_AFTER_SECONDS)
    if isinstance(said, Subscription):
        return _confirm(said)
    return _kept(said)


def _confirm(subscription: Any) -> Response[Any]:
    """A topic of ours asks whether it may come: yes."""
    try:
        status = _http().request("GET", subscription.url, redirect=False, retries=False, timeout=FETCH_TIMEOUT).status
    except urllib3.exceptions.HTTPError:
        status = 0
    logger.info("subscription", extra={"status": status})
    if status != 200:
        return problem(503, "unavailable", "Come again.", retry_after_seconds=RETRY_AFTER_SECONDS)
    return _answer()


def _kept(notice: notices.Notice) -> Response[Any]:
    said = notices.take(database().connection(), notice)
    logger.info("notice", extra={"provider": notice.provider, "kind": notice.kind[:80], "said": said})
    return _answer()


def _forged(what: notices.Forged) -> Response[Any]:
    logger.info("refused", extra={"code": "forged", "what": str(what)})
    return problem(401, "forged", "This is for payment providers.")


def _answer() -> Response[Any]:
    return Response(200, content_type="application/json", body="{}", headers={"Cache-Control": "no-store"})


def _body() -> bytes:
    """The bytes as they came; what is too long is signed by nobody we know."""
    text = app.current_event.body or ""
    try:
        # What was no UTF-8 is a text with lone surrogates here (lambdas.http).
        body = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        body = b""
    return body if len(body) <= MAX_BODY_BYTES else b""


def _fetch(url: str) -> bytes:
    """A certificate's PEM. Raises OSError."""
    try:
        answer = _http().request("GET", url, redirect=False, retries=False, timeout=FETCH_TIMEOUT)
    except urllib3.exceptions.HTTPError as error:
        raise OSError(type(error).__name__) from error
    if answer.status != 200 or len(answer.data) > 64_000:
        raise OSError(f"status {answer.status}")
    return answer.data


@cache
def _http() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=2)


@cache
def _certificates() -> Any:
    from loyalty.payments.amazon_pay.notices import Certificates

    return Certificates(_fetch, os.environ.get("SNS_CERTIFICATES", ""))


@cache
def _signing_secret() -> SigningSecret:
    client, secret_arn = aws.client("secretsmanager"), os.environ["STRIPE_WEBHOOK_SECRET_ARN"]
    return SigningSecret(lambda: str(client.get_secret_value(SecretId=secret_arn)["SecretString"]))


handler = entry(app)

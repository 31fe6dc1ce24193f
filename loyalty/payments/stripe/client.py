"""Stripe's package with our own transport: each call is sent once, and what went wrong is said in the port's words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import stripe
import urllib3
from stripe import StripeClient

from loyalty.payments.provider import (
    Declined,
    NotSent,
    NotTrusted,
    OutcomeUnknown,
    PaymentError,
    Refused,
    Throttled,
)

CONNECT_TIMEOUT_SECONDS = 3.0
READ_TIMEOUT_SECONDS = 15.0
LARGEST_ANSWER_BYTES = 1_000_000
# Stripe keeps a 5xx under its key for a day and repeats it: after asking what happened, another key may be tried.
MOST_KEYS = 3

type Document = dict[str, Any]
# The client, the parameters as JSON says them, the options with the key.
type Send = Callable[[StripeClient, Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """`api_key` begins with sk_ or rk_ (restricted: checkout sessions, payment intents, refunds, disputes: read)."""

    api_key: str = field(repr=False)

    @classmethod
    def from_json(cls, text: str) -> Credentials:
        """Read the secret. Raises KeyError for a missing name, ValueError for what is no secret key."""
        key = str(json.loads(text)["api_key"])
        if not key.startswith(("sk_", "rk_")):
            raise ValueError("not a secret key of Stripe")
        return cls(key)


class Transport(stripe.HTTPClient):
    """urllib3 without retries. A call that may have arrived is OutcomeUnknown, one that cannot have is NotSent."""

    name = "urllib3"

    def __init__(self, http: urllib3.PoolManager, timeout: urllib3.Timeout) -> None:
        super().__init__()
        self._http = http
        self._timeout = timeout

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        changes = method.upper() != "GET"
        try:
            response = self._http.request(
                method.upper(),
                url,
                body=post_data,
                headers=dict(headers or {}),
                timeout=self._timeout,
                retries=False,
                redirect=False,
            )
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise NotSent(type(error).__name__) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unknown(type(error).__name__, changes=changes) from error
        if len(response.data) > LARGEST_ANSWER_BYTES or not _is_object(response.data):
            raise _unknown("MalformedAnswer", changes=changes)
        return response.data.decode(), response.status, response.headers

    def close(self) -> None:
        """Give the connections back."""
        self._http.clear()


class StripeApi:
    """One Stripe account. Safe for several threads. Raises the kinds of `provider.PaymentError`."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        http: urllib3.PoolManager | None = None,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        stripe.enable_telemetry = False
        timeout = urllib3.Timeout(connect=connect_timeout_seconds, read=read_timeout_seconds)
        self._client = StripeClient(
            credentials.api_key,
            base_addresses={"api": base_url.rstrip("/")},
            max_network_retries=0,
            http_client=Transport(http or urllib3.PoolManager(maxsize=8), timeout),
        )

    def read(self, call: Callable[[StripeClient], Any]) -> Document:
        """The object as it is now."""
        return self._once(lambda: call(self._client), changes=False)

    def change(self, call: Send, request: str, key: str) -> Document:
        """Send `request` (JSON) under `key`."""
        params, reason = json.loads(request), ""
        for number in range(MOST_KEYS):
            options = {"idempotency_key": f"{key}-{number}" if number else key}
            try:
                return self._once(partial(call, self._client, params, options), changes=True)
            except _Replayed as old:
                reason = old.reason
        raise OutcomeUnknown(reason)

    def _once(self, call: Callable[[], Any], *, changes: bool) -> Document:
        try:
            document: Document = call().to_dict()
        except stripe.StripeError as error:
            raise _error_of(error, changes=changes) from error
        return document


class _Replayed(OutcomeUnknown):
    """A failure of before, told again: nothing has happened now."""


def _error_of(error: stripe.StripeError, *, changes: bool) -> PaymentError:
    status = error.http_status or 0
    body: Mapping[str, Any] = error.json_body if isinstance(error.json_body, dict) else {}
    told = body.get("error")
    said: Mapping[str, Any] = told if isinstance(told, dict) else {}
    reason = str(said.get("decline_code") or said.get("code") or said.get("type") or status)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if status in (429, 409):
        return Throttled(reason, _seconds(headers.get("retry-after")))
    if status in (401, 403):
        return NotTrusted(reason)
    if status == 402:
        return Declined(reason)
    if status >= 500 or status == 0:
        if headers.get("idempotent-replayed") == "true":
            return _Replayed(reason)
        return _unknown(reason, changes=changes)
    return Refused(status, reason)


def _unknown(reason: str, *, changes: bool) -> PaymentError:
    """A read has no effect to be unknown: it is simply asked again."""
    return OutcomeUnknown(reason) if changes else Throttled(reason, 1)


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


def _seconds(retry_after: Any) -> int:
    text = str(retry_after or "")
    return max(1, min(int(text), 300)) if text.isdigit() else 5

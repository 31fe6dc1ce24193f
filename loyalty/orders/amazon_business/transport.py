"""One call over HTTP: headers, time limits, one refresh of the token, and every failure as one of our errors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self
from urllib.parse import urlencode

import urllib3

from loyalty.orders.amazon_business.authorization import DEFAULT_RETRY_AFTER_SECONDS, AccessTokens
from loyalty.orders.amazon_business.breaker import Breaker
from loyalty.orders.amazon_business.deadline import Deadline
from loyalty.orders.amazon_business.errors import CredentialsRevoked, NotSent, Refused, Throttled, Unknown

USER_AGENT = "LoyaltyRewardRedemption/1.0 (Language=Python/3.13; Platform=AWS)"
MAX_REPLY_BYTES = 8 * 1024 * 1024
MAX_RETRY_AFTER_SECONDS = 300.0
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `order` is the longest we wait for the answer to an order, `read` for any other."""

    connect: float = 3.0
    read: float = 10.0
    order: float = 30.0


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    data: bytes


class Transport:
    """Calls one Amazon Business host on behalf of one connection."""

    def __init__(
        self,
        base_url: str,
        tokens: AccessTokens,
        http: urllib3.PoolManager,
        timeouts: Timeouts,
        buyer_email: Callable[[], str],
        breaker: Breaker | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._http = http
        self._timeouts = timeouts
        self._buyer_email = buyer_email
        self._breaker = breaker
        self._deadline: Deadline | None = None

    def within(self, deadline: Deadline) -> Self:
        """The same, for one request: no call takes longer than what is left until then."""
        one = copy(self)
        one._deadline = deadline
        return one

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        as_buyer: bool = True,
        is_order: bool = False,
    ) -> Any:
        """The reply's JSON (None for 204), amounts as Decimal. Raises the errors of this package: OutOfTime where too
        little of the deadline is left to ask.

        `as_buyer` names the buyer in a header, which placeOrder does not want.
        """

        def ask() -> Any:
            token = self._tokens.get(deadline=self._deadline)
            answer = self._send(method, path, query, body, token, as_buyer, is_order)
            if answer.status in (401, 403):
                token = self._tokens.get(refused=token, deadline=self._deadline)
                answer = self._send(method, path, query, body, token, as_buyer, is_order)
            return _understand(answer)

        if self._deadline:
            self._deadline.begin()
        return self._breaker.run(ask) if self._breaker else ask()

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: object,
        token: str,
        as_buyer: bool,
        is_order: bool,
    ) -> _Answer:
        headers = {
            "x-amz-access-token": token,
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            "user-agent": USER_AGENT,
            "accept": "application/json",
        }
        if as_buyer:
            headers["x-amz-user-email"] = self._buyer_email()
        if body is not None:
            headers["content-type"] = "application/json"
        timeout = urllib3.Timeout(
            connect=self._timeouts.connect,
            read=self._timeouts.order if is_order else self._timeouts.read,
            total=self._deadline.begin() if self._deadline else None,
        )
        try:
            answer = self._http.request(
                method,
                f"{self._base_url}{path}" + (f"?{urlencode(query)}" if query else ""),
                body=None if body is None else json.dumps(body, allow_nan=False).encode(),
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            return _Answer(answer.status, answer.headers, self._read(answer))
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise NotSent(f"no connection: {type(error).__name__}") from None
        except urllib3.exceptions.HTTPError as error:
            # Whatever happened after the connection stood may have happened after Amazon read the request.
            raise Unknown(f"no answer: {type(error).__name__}") from None

    def _read(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """The body, piece by piece: a limit on reading is one on each piece, and there may be many."""
        data = bytearray()
        while piece := answer.read1(_PIECE_BYTES):
            data += piece
            if len(data) > MAX_REPLY_BYTES:
                answer.close()
                break
            if self._deadline and self._deadline.left() <= 0:
                answer.close()
                raise urllib3.exceptions.HTTPError("the answer did not end in time")
        return bytes(data)


def _understand(answer: _Answer) -> Any:
    status, data = answer.status, answer.data
    if status == 204:
        return None
    if status == 429:
        raise Throttled(_retry_after(answer.headers.get("retry-after")))
    try:
        if len(data) > MAX_REPLY_BYTES:
            raise ValueError("too large")
        body = json.loads(data, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unknown(f"unreadable reply, status {status}: {type(error).__name__}") from None
    if 200 <= status < 300:
        return body
    code, message = _error(body)
    if status in (401, 403):
        raise CredentialsRevoked(status, code or "unknown")
    # A 4xx that does not speak Amazon's language comes from something in between: it proves nothing.
    if 400 <= status < 500 and code is not None:
        raise Refused(status, code, message)
    raise Unknown(f"status {status} {code or ''}".rstrip())


def _error(body: Any) -> tuple[str | None, str]:
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict) or "code" not in first:
        return None, ""
    return str(first["code"])[:60], str(first.get("message", ""))


def _retry_after(header: str | None) -> float:
    try:
        seconds = float(header or "")
    except ValueError:
        return DEFAULT_RETRY_AFTER_SECONDS
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS) if seconds == seconds else DEFAULT_RETRY_AFTER_SECONDS


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")

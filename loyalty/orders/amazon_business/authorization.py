"""Login with Amazon: one access token, kept until a minute before it expires."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import urllib3

from loyalty.orders.amazon_business.contract import Credentials
from loyalty.orders.amazon_business.deadline import Deadline
from loyalty.orders.amazon_business.errors import CredentialsRevoked, NotSent, Throttled

TOKEN_PATH = "/auth/o2/token"  # noqa: S105
EARLY_SECONDS = 60.0
DEFAULT_RETRY_AFTER_SECONDS = 2.0


class AccessTokens:
    """Gives the access token; safe to share between threads. `monotonic` is any clock that never goes back."""

    def __init__(
        self,
        lwa_url: str,
        credentials: Callable[[], Credentials],
        http: urllib3.PoolManager,
        timeout: urllib3.Timeout,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        path = urlsplit(lwa_url).path.rstrip("/")
        self._url = lwa_url if path else lwa_url.rstrip("/") + TOKEN_PATH
        self._credentials = credentials
        self._http = http
        self._timeout = timeout
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token: str | None = None
        self._good_until = 0.0

    def get(self, refused: str | None = None, deadline: Deadline | None = None) -> str:
        """The current token, or a new one if it expires or is the one that was `refused`.

        Raises CredentialsRevoked, Throttled or NotSent (OutOfTime after the `deadline`): nothing has been asked of the
        API yet.
        """
        with self._lock:
            if self._token is None or self._token == refused or self._monotonic() >= self._good_until:
                self._token = None
                self._token, lifetime_seconds = self._ask(deadline)
                self._good_until = self._monotonic() + lifetime_seconds - EARLY_SECONDS
            return self._token

    def _ask(self, deadline: Deadline | None) -> tuple[str, float]:
        credentials = self._credentials()
        timeout = self._timeout.clone()
        timeout.total = deadline.begin() if deadline else None
        fields = {
            "grant_type": "refresh_token",
            "refresh_token": credentials.refresh_token,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
        }
        try:
            answer = self._http.request(
                "POST",
                self._url,
                body=urlencode(fields),
                headers={"content-type": "application/x-www-form-urlencoded"},
                timeout=timeout,
                retries=False,
                redirect=False,
            )
            body = json.loads(answer.data)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise NotSent(f"no access token: {type(error).__name__}") from None
        if answer.status == 429:
            raise Throttled(DEFAULT_RETRY_AFTER_SECONDS)
        if not isinstance(body, dict):
            raise NotSent("no access token: unreadable reply")
        if 400 <= answer.status < 500:
            raise CredentialsRevoked(answer.status, str(body.get("error", "unknown"))[:60])
        token, lifetime = body.get("access_token"), body.get("expires_in", 3600)
        if answer.status != 200 or not isinstance(token, str) or not isinstance(lifetime, int | float):
            raise NotSent(f"no access token: status {answer.status}")
        return token, float(lifetime)

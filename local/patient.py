"""A member's device that does not give up: what a lost connection or a declared 503 left open is sent again, unchanged.

Sent again means the same bytes and headers, the Idempotency-Key among them. Every single attempt is told to `seen`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

RECONNECT_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request and how it went. `status` is 0 where no answer came: refused, cut or timed out."""

    method: str
    path: str
    status: int
    seconds: float
    retry_after: float | None = None

    @property
    def declared(self) -> bool:
        """A 503 that says when to come again."""
        return self.status == 503 and self.retry_after is not None

    @property
    def unexpected(self) -> bool:
        """A 5xx that is not a declared 503."""
        return self.status >= 500 and not self.declared


type Seen = Callable[[Attempt, httpx.Response | None], None]


class Patient(httpx.BaseTransport):
    """Over a connection pool of its own; `patience_seconds` is how long one request is sent again at most."""

    def __init__(self, seen: Seen, patience_seconds: float, inner: httpx.BaseTransport | None = None) -> None:
        self._seen = seen
        self._patience_seconds = patience_seconds
        self._inner = inner or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The first answer that is none of those; the last one, or the connection's failure, when patience ends."""
        deadline = time.monotonic() + self._patience_seconds
        while True:
            began = time.monotonic()
            try:
                answer = self._inner.handle_request(request)
                answer.read()  # half an answer is none
            except httpx.TransportError:
                self._seen(self._attempt(request, 0, began), None)
                pause = RECONNECT_SECONDS
                if time.monotonic() + pause > deadline:
                    raise
            else:
                attempt = self._attempt(request, answer.status_code, began, answer.headers.get("retry-after"))
                self._seen(attempt, answer)
                pause = min(attempt.retry_after or RECONNECT_SECONDS, LONGEST_PAUSE_SECONDS)
                if not attempt.declared or time.monotonic() + pause > deadline:
                    return answer
            time.sleep(pause)

    def close(self) -> None:
        """Close the pool."""
        self._inner.close()

    def _attempt(self, request: httpx.Request, status: int, began: float, again: str | None = None) -> Attempt:
        seconds = time.monotonic() - began
        waits = float(again) if again is not None and again.replace(".", "", 1).isdigit() else None
        return Attempt(request.method, request.url.path, status, seconds, waits)

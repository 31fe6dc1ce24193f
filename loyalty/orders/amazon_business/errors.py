"""What can go wrong with a call, by what the caller may do next."""

from __future__ import annotations


class AmazonBusinessError(Exception):
    """Every failure of a call. The text holds statuses and codes, never tokens, addresses or e-mail addresses."""


class NotSent(AmazonBusinessError):
    """Nothing reached Amazon (no connection, no access token): sending again is safe."""


class OutOfTime(NotSent):
    """Not even asked: whoever waits would be gone before the answer. It says nothing about Amazon."""


class Throttled(AmazonBusinessError):
    """429: Amazon did nothing; sending again after `retry_after_seconds` is safe."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"throttled, retry after {retry_after_seconds:g} s")
        self.retry_after_seconds = retry_after_seconds


class Refused(AmazonBusinessError):
    """Another 4xx: Amazon understood and did nothing; the same request will be refused again."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"refused {status} {code}")
        self.status = status
        self.code = code
        # May quote what was sent, so it is not part of the text that gets logged.
        self.message = message


class CredentialsRevoked(AmazonBusinessError):
    """401/403 also with a fresh access token, or no access token given: a person must renew the authorization."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"credentials refused {status} {code}")
        self.status = status
        self.code = code


class Unknown(AmazonBusinessError):
    """Sent, and no usable answer (timeout, reset, 5xx, unreadable reply): only a look-up by our id tells more."""

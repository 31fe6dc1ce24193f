"""What an answer of Amazon Pay means for us: done, declined, throttled, refused, or not known."""

from __future__ import annotations

from loyalty.payments.provider import Declined, NotTrusted, OutcomeUnknown, PaymentError, Refused, Throttled

SOFT_DECLINES = frozenset({"SoftDeclined", "ProcessingFailure", "TransactionTimedOut"})
HARD_DECLINES = frozenset({"HardDeclined", "AmazonRejected", "PaymentMethodNotAllowed", "MFANotCompleted"})
NOT_TRUSTED = frozenset(
    {
        "UnauthorizedAccess",
        "InvalidAuthentication",
        "InvalidAccountStatus",
        "InvalidRequestSignature",
        "InvalidAuthorizationToken",
    }
)
DEFAULT_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 300


def error_of(status: int, reason: str, retry_after: str | None, *, changes: bool) -> PaymentError:
    """The error for a status of 400 or more. `changes`: the call has effects, so a 5xx leaves them unknown."""
    if status == 429:
        return Throttled(reason or "TooManyRequests", _seconds(retry_after))
    if status == 425:
        return Throttled(reason or "TooEarly", _seconds(retry_after))
    if status in (401, 403) or reason in NOT_TRUSTED:
        return NotTrusted(reason or str(status))
    if status == 422 and reason in SOFT_DECLINES:
        return Declined(reason, soft=True)
    if status == 422 and reason in HARD_DECLINES:
        return Declined(reason)
    if status == 408 or status >= 500:
        # A read has no effect to be unknown: it is simply asked again.
        return OutcomeUnknown(reason or str(status)) if changes else Throttled(reason or str(status), 1)
    return Refused(status, reason or str(status))


def _seconds(retry_after: str | None) -> int:
    if retry_after is not None and retry_after.isdigit():
        return max(1, min(int(retry_after), LONGEST_RETRY_SECONDS))
    return DEFAULT_RETRY_SECONDS

"""Times as the file keeps them and as Amazon writes them, and what the passing of time does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from local.simulators import clock
from local.simulators.amazon_pay.files import File

SESSION_LIFE = timedelta(hours=24)
AUTHORISATION_LIFE = timedelta(days=30)
CAPTURE_AT_ONCE = timedelta(days=7)
PERMISSION_LIFE = timedelta(days=180)


def now() -> datetime:
    """UTC now, turned with the rest of the laptop."""
    return clock.now()


def stored(instant: datetime) -> str:
    """Sorts as text."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def shown(text: str | None) -> str | None:
    """20260101T000000Z."""
    return datetime.fromisoformat(text).strftime("%Y%m%dT%H%M%SZ") if text else None


def advance(file: File, settings: dict[str, Any]) -> None:
    """Everything that has happened by itself until now."""
    instant = stored(now())
    settled = stored(now() - timedelta(seconds=float(settings["pending_seconds"])))
    file.run(
        "update sessions set state = 'Canceled', reason_code = 'Expired', updated_at = ?1"
        " where state = 'Open' and expires_at <= ?1",
        instant,
    )
    file.run(
        "update charges set state = 'Authorized', authorised_at = ?1, updated_at = ?1"
        " where state = 'AuthorizationInitiated' and outcome is null and updated_at <= ?2",
        instant,
        settled,
    )
    file.run(
        "update charges set state = 'Declined', reason_code = outcome, cancelled_minor = authorised_minor,"
        " updated_at = ?1 where state in ('AuthorizationInitiated', 'CaptureInitiated') and outcome is not null"
        " and updated_at <= ?2",
        instant,
        settled,
    )
    file.run(
        "update charges set state = 'Captured', captured_minor = asked_minor,"
        " cancelled_minor = authorised_minor - asked_minor, updated_at = ?1"
        " where state = 'CaptureInitiated' and outcome is null and updated_at <= ?2",
        instant,
        settled,
    )
    file.run(
        "update charges set state = 'Canceled', reason_code = 'ExpiredUnused', cancelled_minor = authorised_minor,"
        " updated_at = ?1 where state = 'Authorized' and expires_at <= ?1",
        instant,
    )
    file.run(
        "update permissions set state = 'Closed', reason_code = 'Expired', updated_at = ?1"
        " where state <> 'Closed' and expires_at <= ?1",
        instant,
    )
    file.run(
        "update refunds set state = 'Declined', reason_code = outcome, updated_at = ?"
        " where state = 'RefundInitiated' and outcome is not null and updated_at <= ?",
        instant,
        settled,
    )
    for refund in file.all(
        "select refund_id, charge_id, amount_minor from refunds where state = 'RefundInitiated' and updated_at <= ?",
        settled,
    ):
        file.run(
            "update refunds set state = 'Refunded', updated_at = ? where refund_id = ?", instant, refund["refund_id"]
        )
        file.run(
            "update charges set refunded_minor = refunded_minor + ? where charge_id = ?",
            refund["amount_minor"],
            refund["charge_id"],
        )

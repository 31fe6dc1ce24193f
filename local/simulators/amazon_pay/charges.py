"""Charge permissions, charges and refunds: what may be charged, what is reserved, taken, given back."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from local.simulators.amazon_pay import fields, times
from local.simulators.amazon_pay.files import File
from local.simulators.amazon_pay.refusals import ApiError

MOST_CHARGES = 25
CHARGE_FIELDS = (
    "chargePermissionId", "chargeAmount", "captureNow", "canHandlePendingAuthorization", "softDescriptor",
    "merchantMetadata", "chargeInitiator", "channel", "platformId", "providerMetadata",
)  # fmt: skip
DECLINES = ("SoftDeclined", "HardDeclined", "AmazonRejected", "TransactionTimedOut", "ProcessingFailure")
MOST_OVER_REFUND_MINOR = {"USD": 7500, "GBP": 7500, "EUR": 7500, "JPY": 8400}


# ---- permissions -------------------------------------------------------------------------------------------------


def open_permission(file: File, reference: str | None, limit_minor: int, currency: str) -> str:
    """One-time: its limit is the order's amount."""
    permission_id = f"S01-{_digits()}-{_digits()}"
    instant = times.stored(times.now())
    file.run(
        "insert into permissions(permission_id, merchant_reference, state, limit_minor, currency, created_at,"
        " updated_at, expires_at) values (?, ?, 'Chargeable', ?, ?, ?, ?, ?)",
        permission_id,
        reference,
        limit_minor,
        currency,
        instant,
        instant,
        times.stored(times.now() + times.PERMISSION_LIFE),
    )
    return permission_id


def permission(file: File, permission_id: str) -> dict[str, Any]:
    """The permission's row, or 404."""
    row = file.one("select * from permissions where permission_id = ?", permission_id)
    if row is None:
        raise ApiError(404, "ResourceNotFound")
    return row


def close(file: File, permission_id: str, body: bytes, code: str | None) -> tuple[int, dict[str, Any]]:
    """200; charges stay as they are unless `cancelPendingCharges`."""
    given = fields.document(body, ("closureReason", "cancelPendingCharges"), ("closureReason",))
    if len(str(given["closureReason"])) > 255:
        raise ApiError(400, "InvalidParameterValue", "closureReason")
    row = permission(file, permission_id)
    if row["state"] == "Closed":
        raise ApiError(422, "InvalidChargePermissionStatus")
    if given.get("cancelPendingCharges"):
        file.run(
            "update charges set state = 'Canceled', reason_code = 'ChargePermissionCanceled',"
            " cancelled_minor = authorised_minor, updated_at = ?"
            " where permission_id = ? and state = 'AuthorizationInitiated'",
            times.stored(times.now()),
            permission_id,
        )
    file.run(
        "update permissions set state = 'Closed', reason_code = ?, updated_at = ? where permission_id = ?",
        "AmazonClosed" if code == "AmazonClosed" else "MerchantClosed",
        times.stored(times.now()),
        permission_id,
    )
    return 200, shown_permission(file, permission(file, permission_id))


def balance(file: File, row: dict[str, Any]) -> int:
    """What may still be charged: the limit without what is reserved or taken."""
    used = file.one(
        "select coalesce(sum(case when state = 'Captured' then captured_minor"
        " when state in ('Declined', 'Canceled') then 0 else authorised_minor end), 0) as minor"
        " from charges where permission_id = ?",
        row["permission_id"],
    )
    assert used is not None
    return int(row["limit_minor"]) - int(used["minor"])


def shown_permission(file: File, row: dict[str, Any]) -> dict[str, Any]:
    """The permission as Amazon shows it."""
    return {
        "chargePermissionId": row["permission_id"],
        "chargePermissionType": "OneTime",
        "merchantMetadata": {"merchantReferenceId": row["merchant_reference"]},
        "limits": {
            "amountLimit": fields.shown(row["limit_minor"], row["currency"]),
            "amountBalance": fields.shown(max(0, balance(file, row)), row["currency"]),
        },
        "statusDetails": {
            "state": row["state"],
            "reasons": [{"reasonCode": row["reason_code"], "reasonDescription": row["reason_code"]}]
            if row["reason_code"]
            else None,
            "lastUpdatedTimestamp": times.shown(row["updated_at"]),
        },
        "creationTimestamp": times.shown(row["created_at"]),
        "expirationTimestamp": times.shown(row["expires_at"]),
        "releaseEnvironment": "Sandbox",
    }


# ---- charges -----------------------------------------------------------------------------------------------------


def create(file: File, body: bytes, code: str | None) -> tuple[int, dict[str, Any]]:
    """201 with an authorised charge, 202 while it is pending; declines are 422 and leave a declined charge."""
    given = fields.document(body, CHARGE_FIELDS, ("chargePermissionId", "chargeAmount"))
    amount_minor, currency = fields.price(given["chargeAmount"], "chargeAmount")
    if given.get("softDescriptor") and not given.get("captureNow"):
        raise ApiError(400, "InvalidParameterValue", "softDescriptor")
    row = permission(file, given["chargePermissionId"])
    if row["state"] != "Chargeable":
        raise ApiError(422, "InvalidChargePermissionStatus")
    if currency != row["currency"]:
        raise ApiError(400, "CurrencyMismatch")
    if amount_minor > balance(file, row):
        raise ApiError(400, "TransactionAmountExceeded")
    number = file.one("select count(*) as charges from charges where permission_id = ?", row["permission_id"])
    assert number is not None
    if number["charges"] >= MOST_CHARGES:
        raise ApiError(422, "TransactionCountExceeded")
    if code not in (None, "AuthorizationInitiated", *DECLINES):
        raise ApiError(400, "InvalidSandboxSimulationSpecified")
    pending = code == "AuthorizationInitiated" and bool(given.get("canHandlePendingAuthorization"))
    declined = code if code in DECLINES else None
    charge_id = add(file, row["permission_id"], amount_minor, currency, pending=pending, declined=declined)
    if declined is not None:
        raise ApiError(422, declined)
    if given.get("captureNow") and not pending:
        take(file, charge_id, amount_minor)
    return 202 if pending else 201, shown(charge(file, charge_id))


def add(
    file: File,
    permission_id: str,
    amount_minor: int,
    currency: str,
    *,
    pending: bool = False,
    outcome: str | None = None,
    declined: str | None = None,
) -> str:
    """A charge on a permission: authorised, or pending with the `outcome` it will have, or declined at once."""
    charge_id = f"{permission_id}-C{secrets.randbelow(10**6):06d}"
    instant = times.stored(times.now())
    file.run(
        "insert into charges(charge_id, permission_id, merchant_reference, state, reason_code, currency,"
        " authorised_minor, cancelled_minor, outcome, authorised_at, expires_at, created_at, updated_at)"
        " select ?, permission_id, merchant_reference, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
        " from permissions where permission_id = ?",
        charge_id,
        "Declined" if declined else "AuthorizationInitiated" if pending else "Authorized",
        declined,
        currency,
        0 if declined else amount_minor,
        0,
        outcome,
        None if pending or declined else instant,
        times.stored(times.now() + times.AUTHORISATION_LIFE),
        instant,
        instant,
        permission_id,
    )
    return charge_id


def capture(file: File, charge_id: str, body: bytes, code: str | None) -> tuple[int, dict[str, Any]]:
    """200 when taken, 202 when the authorisation is older than seven days; once a charge."""
    given = fields.document(body, ("captureAmount", "softDescriptor", "merchantMetadata"), ("captureAmount",))
    amount_minor, currency = fields.price(given["captureAmount"], "captureAmount")
    row = charge(file, charge_id)
    if row["state"] != "Authorized":
        raise ApiError(422, "InvalidChargeStatus")
    if currency != row["currency"]:
        raise ApiError(400, "CurrencyMismatch")
    if amount_minor > row["authorised_minor"]:
        raise ApiError(400, "TransactionAmountExceeded")
    if code not in (None, "CaptureInitiated", *DECLINES):
        raise ApiError(400, "InvalidSandboxSimulationSpecified")
    if code in DECLINES:
        file.run(
            "update charges set state = 'Declined', reason_code = ?, cancelled_minor = authorised_minor,"
            " updated_at = ? where charge_id = ?",
            code,
            times.stored(times.now()),
            charge_id,
        )
        raise ApiError(422, str(code))
    old = times.now() - datetime.fromisoformat(row["authorised_at"]) > times.CAPTURE_AT_ONCE
    if old or code == "CaptureInitiated":
        file.run(
            "update charges set state = 'CaptureInitiated', asked_minor = ?, updated_at = ? where charge_id = ?",
            amount_minor,
            times.stored(times.now()),
            charge_id,
        )
        return 202, shown(charge(file, charge_id))
    take(file, charge_id, amount_minor)
    return 200, shown(charge(file, charge_id))


def take(file: File, charge_id: str, amount_minor: int) -> None:
    """Capture now; the rest of the authorisation is released. A permission that is used up closes by itself."""
    file.run(
        "update charges set state = 'Captured', asked_minor = ?1, captured_minor = ?1,"
        " cancelled_minor = authorised_minor - ?1, updated_at = ?2 where charge_id = ?3",
        amount_minor,
        times.stored(times.now()),
        charge_id,
    )
    close_used_up(file)


def close_used_up(file: File) -> None:
    """Permissions whose whole amount was captured."""
    file.run(
        "update permissions set state = 'Closed', updated_at = ? where state <> 'Closed' and limit_minor <= (select"
        " coalesce(sum(captured_minor), 0) from charges where charges.permission_id = permissions.permission_id)",
        times.stored(times.now()),
    )


def cancel(file: File, charge_id: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """200; only what is reserved can be given back."""
    given = fields.document(body, ("cancellationReason",), ("cancellationReason",))
    if len(str(given["cancellationReason"])) > 255:
        raise ApiError(400, "InvalidParameterValue", "cancellationReason")
    row = charge(file, charge_id)
    if row["state"] not in ("Authorized", "AuthorizationInitiated"):
        raise ApiError(422, "InvalidChargeStatus")
    file.run(
        "update charges set state = 'Canceled', reason_code = 'MerchantCanceled',"
        " cancelled_minor = authorised_minor, updated_at = ? where charge_id = ?",
        times.stored(times.now()),
        charge_id,
    )
    return 200, shown(charge(file, charge_id))


def charge(file: File, charge_id: str) -> dict[str, Any]:
    """The charge's row, or 404."""
    row = file.one("select * from charges where charge_id = ?", charge_id)
    if row is None:
        raise ApiError(404, "ResourceNotFound")
    return row


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """The charge as Amazon shows it."""
    captured = row["captured_minor"]
    return {
        "chargeId": row["charge_id"],
        "chargePermissionId": row["permission_id"],
        "chargeAmount": fields.shown(row["authorised_minor"], row["currency"]),
        "captureAmount": fields.shown(captured, row["currency"]) if captured else None,
        "refundedAmount": fields.shown(row["refunded_minor"], row["currency"]),
        "merchantMetadata": {"merchantReferenceId": row["merchant_reference"]},
        "statusDetails": {
            "state": row["state"],
            "reasonCode": row["reason_code"],
            "reasonDescription": row["reason_code"],
            "lastUpdatedTimestamp": times.shown(row["updated_at"]),
        },
        "creationTimestamp": times.shown(row["created_at"]),
        "expirationTimestamp": times.shown(row["expires_at"]),
        "releaseEnvironment": "Sandbox",
    }


# ---- refunds -----------------------------------------------------------------------------------------------------


def create_refund(file: File, body: bytes, code: str | None) -> tuple[int, dict[str, Any]]:
    """201; a refund is decided some seconds later."""
    given = fields.document(
        body, ("chargeId", "refundAmount", "softDescriptor", "merchantMetadata"), ("chargeId", "refundAmount")
    )
    amount_minor, currency = fields.price(given["refundAmount"], "refundAmount")
    row = charge(file, given["chargeId"])
    if row["state"] != "Captured":
        raise ApiError(422, "InvalidChargeStatus")
    if currency != row["currency"]:
        raise ApiError(400, "CurrencyMismatch")
    if code not in (None, "AmazonRejected", "ProcessingFailure"):
        raise ApiError(400, "InvalidSandboxSimulationSpecified")
    asked = file.one(
        "select coalesce(sum(amount_minor), 0) as minor from refunds where charge_id = ? and state <> 'Declined'",
        row["charge_id"],
    )
    assert asked is not None
    over = min(row["captured_minor"] * 15 // 100, MOST_OVER_REFUND_MINOR.get(currency, 0))
    if asked["minor"] + amount_minor > row["captured_minor"] + over:
        raise ApiError(400, "TransactionAmountExceeded")
    refund_id = f"{row['permission_id']}-R{secrets.randbelow(10**6):06d}"
    instant = times.stored(times.now())
    file.run(
        "insert into refunds(refund_id, charge_id, state, amount_minor, currency, created_at, updated_at, outcome)"
        " values (?, ?, 'RefundInitiated', ?, ?, ?, ?, ?)",
        refund_id,
        row["charge_id"],
        amount_minor,
        currency,
        instant,
        instant,
        code,
    )
    return 201, shown_refund(refund(file, refund_id))


def refund(file: File, refund_id: str) -> dict[str, Any]:
    """The refund's row, or 404."""
    row = file.one("select * from refunds where refund_id = ?", refund_id)
    if row is None:
        raise ApiError(404, "ResourceNotFound")
    return row


def shown_refund(row: dict[str, Any]) -> dict[str, Any]:
    """The refund as Amazon shows it."""
    return {
        "refundId": row["refund_id"],
        "chargeId": row["charge_id"],
        "refundAmount": fields.shown(row["amount_minor"], row["currency"]),
        "statusDetails": {
            "state": row["state"],
            "reasonCode": row["reason_code"],
            "lastUpdatedTimestamp": times.shown(row["updated_at"]),
        },
        "creationTimestamp": times.shown(row["created_at"]),
        "releaseEnvironment": "Sandbox",
    }


def _digits() -> str:
    return f"{secrets.randbelow(10**7):07d}"

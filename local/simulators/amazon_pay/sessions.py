"""Checkout sessions: opened by the merchant, approved by the buyer, completed into a permission and a charge."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.simulators.amazon_pay import charges, fields, times
from local.simulators.amazon_pay.files import File
from local.simulators.amazon_pay.refusals import ApiError

CREATE_FIELDS = (
    "webCheckoutDetails", "storeId", "productType", "scopes", "deliverySpecifications", "addressDetails",
    "paymentDetails", "chargePermissionType", "merchantMetadata", "platformId", "providerMetadata",
)  # fmt: skip
UPDATE_FIELDS = ("webCheckoutDetails", "paymentDetails", "merchantMetadata", "platformId", "providerMetadata")
PAYMENT_FIELDS = (
    "paymentIntent", "canHandlePendingAuthorization", "chargeAmount", "totalOrderAmount", "softDescriptor",
    "presentmentCurrency", "allowOvercharge", "extendExpiration",
)  # fmt: skip
URLS = ("checkoutReviewReturnUrl", "checkoutResultReturnUrl", "checkoutCancelUrl")
CANCELLING_CARDS = {"3064": "BuyerCanceled", "3434": "Declined"}
CARDS = ("1111", "0005", "4444", "9424", "0000", "3064", "3434", "0701", "4354")


def create(file: File, body: bytes, public_url: str) -> tuple[int, dict[str, Any]]:
    """201 with the session; the redirect URL is there once nothing is missing."""
    given = fields.document(body, CREATE_FIELDS, ("webCheckoutDetails", "storeId"))
    if given.get("productType", "PayAndShip") not in ("PayAndShip", "PayOnly"):
        raise ApiError(400, "InvalidParameterValue", "productType")
    known = _checked(given) | {"public_url": public_url}
    session_id = str(uuid.uuid4())
    file.run(
        "insert into sessions(session_id, state, document, created_at, updated_at, expires_at)"
        " values (?, 'Open', '{}', ?, ?, ?)",
        session_id,
        times.stored(times.now()),
        times.stored(times.now()),
        times.stored(times.now() + times.SESSION_LIFE),
    )
    _keep(file, session_id, known)
    return 201, shown(file, found(file, session_id))


def update(file: File, session_id: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """200; only an open session may be changed."""
    session = found(file, session_id)
    given = _checked(fields.document(body, UPDATE_FIELDS))
    if session["state"] != "Open":
        raise ApiError(422, "InvalidCheckoutSessionStatus")
    document = json.loads(session["document"])
    for name, value in given.items():
        document[name] = document.get(name, {}) | value if isinstance(value, dict) else value
    _keep(file, session_id, document)
    return 200, shown(file, found(file, session_id))


def complete(file: File, session_id: str, body: bytes, code: str | None) -> tuple[int, dict[str, Any]]:
    """200 with permission and charge, 202 while the authorisation is pending."""
    given = fields.document(body, ("chargeAmount", "totalOrderAmount", "supplementaryData"), ("chargeAmount",))
    amount_minor, currency = fields.price(given["chargeAmount"], "chargeAmount")
    session = found(file, session_id)
    if session["state"] == "Canceled":
        raise ApiError(422, "CheckoutSessionCanceled")
    if session["state"] != "Open" or session["approved_at"] is None:
        raise ApiError(422, "InvalidCheckoutSessionStatus")
    if currency != session["currency"]:
        raise ApiError(400, "CurrencyMismatch")
    if amount_minor != session["amount_minor"]:
        raise ApiError(409, "AmountMismatch")
    pending, outcome = _simulated(session, code)
    if code in ("BuyerCanceled", "AmazonCanceled", "Declined"):
        cancel(file, session_id, code)
        raise ApiError(422, "CheckoutSessionCanceled", code)
    if code is None and session["card"] in CANCELLING_CARDS:
        cancel(file, session_id, CANCELLING_CARDS[session["card"]])
        raise ApiError(422, "CheckoutSessionCanceled", CANCELLING_CARDS[session["card"]])
    if outcome is not None and not pending:
        cancel(file, session_id, "Declined")
        raise ApiError(422, outcome)
    permission_id = charges.open_permission(file, session["merchant_reference"], amount_minor, currency)
    charge_id = charges.add(file, permission_id, amount_minor, currency, pending=pending, outcome=outcome)
    if session["intent"] == "AuthorizeWithCapture" and not pending:
        charges.take(file, charge_id, amount_minor)
    file.run(
        "update sessions set state = 'Completed', permission_id = ?, charge_id = ?, updated_at = ?"
        " where session_id = ?",
        permission_id,
        charge_id,
        times.stored(times.now()),
        session_id,
    )
    return 202 if pending else 200, shown(file, found(file, session_id))


def found(file: File, session_id: str) -> dict[str, Any]:
    """The session's row, or 404."""
    session = file.one("select * from sessions where session_id = ?", session_id)
    if session is None:
        raise ApiError(404, "ResourceNotFound")
    return session


def approve(file: File, session_id: str, card: str) -> str:
    """The buyer presses Pay; where they go next."""
    session = found(file, session_id)
    if session["state"] != "Open" or card not in CARDS:
        raise ApiError(422, "InvalidCheckoutSessionStatus")
    instant = times.stored(times.now())
    file.run(
        "update sessions set approved_at = ?, card = ?, updated_at = ? where session_id = ?",
        instant,
        card,
        instant,
        session_id,
    )
    return _with_session(json.loads(session["document"])["webCheckoutDetails"]["checkoutResultReturnUrl"], session_id)


def abandon(file: File, session_id: str) -> str:
    """The buyer goes away; where to."""
    session = found(file, session_id)
    if session["state"] != "Open":
        raise ApiError(422, "InvalidCheckoutSessionStatus")
    cancel(file, session_id, "BuyerCanceled")
    urls = json.loads(session["document"])["webCheckoutDetails"]
    return _with_session(urls.get("checkoutCancelUrl") or urls["checkoutResultReturnUrl"], session_id)


def cancel(file: File, session_id: str, reason: str) -> None:
    """It ends without money."""
    file.run(
        "update sessions set state = 'Canceled', reason_code = ?, updated_at = ? where session_id = ?",
        reason,
        times.stored(times.now()),
        session_id,
    )


def shown(file: File, session: dict[str, Any]) -> dict[str, Any]:
    """The session as Amazon shows it; the buyer appears once they have approved."""
    document = json.loads(session["document"])
    public_url = document.pop("public_url")
    constraints = _constraints(session, document)
    redirect = None if constraints else f"{public_url}/checkout/{session['session_id']}"
    approved = session["approved_at"] is not None
    return {
        "checkoutSessionId": session["session_id"],
        "productType": "PayAndShip",
        "chargePermissionType": "OneTime",
        **document,
        "webCheckoutDetails": {**document["webCheckoutDetails"], "amazonPayRedirectUrl": redirect},
        "buyer": {"buyerId": "amzn1.account.LOCALBUYER"} if approved else None,
        "paymentPreferences": [{"paymentDescriptor": f"Visa ****{session['card']}"}] if approved else [],
        "constraints": [{"constraintId": name, "description": name} for name in constraints],
        "statusDetails": {
            "state": session["state"],
            "reasonCode": session["reason_code"],
            "reasonDescription": session["reason_code"],
            "lastUpdatedTimestamp": times.shown(session["updated_at"]),
        },
        "chargePermissionId": session["permission_id"],
        "chargeId": session["charge_id"],
        "creationTimestamp": times.shown(session["created_at"]),
        "expirationTimestamp": times.shown(session["expires_at"]),
        "releaseEnvironment": "Sandbox",
    }


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    urls = fields.fields(given.get("webCheckoutDetails", {}), (*URLS, "checkoutMode", "amazonPayRedirectUrl"))
    for name in URLS:
        if name in urls and urlsplit(str(urls[name])).scheme not in ("http", "https"):
            raise ApiError(400, "InvalidParameterValue", name)
    payment = fields.fields(given.get("paymentDetails", {}), PAYMENT_FIELDS)
    if payment.get("chargeAmount") is not None:
        fields.price(payment["chargeAmount"], "chargeAmount")
    if payment.get("paymentIntent") not in (None, "Confirm", "Authorize", "AuthorizeWithCapture"):
        raise ApiError(400, "InvalidParameterValue", "paymentIntent")
    if payment.get("softDescriptor") and payment.get("paymentIntent") != "AuthorizeWithCapture":
        raise ApiError(400, "InvalidParameterValue", "softDescriptor")
    fields.fields(
        given.get("merchantMetadata", {}),
        ("merchantReferenceId", "merchantStoreName", "noteToBuyer", "customInformation"),
    )
    return given


def _keep(file: File, session_id: str, document: dict[str, Any]) -> None:
    payment = document.get("paymentDetails", {})
    amount = payment.get("chargeAmount")
    amount_minor, currency = fields.price(amount, "chargeAmount") if amount else (None, None)
    file.run(
        "update sessions set document = ?, merchant_reference = ?, intent = ?, pending_allowed = ?,"
        " amount_minor = ?, currency = ?, updated_at = ? where session_id = ?",
        json.dumps(document),
        document.get("merchantMetadata", {}).get("merchantReferenceId"),
        payment.get("paymentIntent"),
        int(bool(payment.get("canHandlePendingAuthorization"))),
        amount_minor,
        currency,
        times.stored(times.now()),
        session_id,
    )


def _constraints(session: dict[str, Any], document: dict[str, Any]) -> list[str]:
    missing = []
    if not document["webCheckoutDetails"].get("checkoutResultReturnUrl"):
        missing.append("CheckoutResultReturnUrlNotSet")
    if session["amount_minor"] is None:
        missing.append("ChargeAmountNotSet")
    if session["intent"] is None:
        missing.append("PaymentIntentNotSet")
    return missing


def _simulated(session: dict[str, Any], code: str | None) -> tuple[bool, str | None]:
    """(pending, how it is declined) by the simulation code, which overrides the card."""
    if code not in (None, "BuyerCanceled", "AmazonCanceled", "Declined", "AuthorizationInitiated"):
        raise ApiError(400, "InvalidSandboxSimulationSpecified")
    pending = code == "AuthorizationInitiated" or (code is None and session["card"] in ("0701", "4354"))
    outcome = "HardDeclined" if code is None and session["card"] == "4354" else None
    return pending and bool(session["pending_allowed"]), outcome


def _with_session(url: str, session_id: str) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode({'amazonCheckoutSessionId': session_id})}"

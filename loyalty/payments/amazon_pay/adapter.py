"""Amazon Pay as a `PaymentProvider`: its documents read leniently, its words turned into ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from loyalty.payments.amazon_pay.client import AmazonPayClient, Document
from loyalty.payments.amazon_pay.errors import SOFT_DECLINES
from loyalty.payments.currencies import decimal_of, money_of
from loyalty.payments.provider import (
    Charge,
    ChargePage,
    ChargeState,
    Checkout,
    CheckoutState,
    Declined,
    Dispute,
    Money,
    NotApproved,
    Order,
    OutcomeUnknown,
    Refund,
    RefundState,
    Refused,
)

CHARGE_STATES = {
    "AuthorizationInitiated": ChargeState.PENDING,
    "Authorized": ChargeState.AUTHORISED,
    "CaptureInitiated": ChargeState.PENDING,
    "Captured": ChargeState.CAPTURED,
    "Declined": ChargeState.DECLINED,
    "Canceled": ChargeState.CANCELLED,
}
# A charge that ended unused may be followed by another one on the same permission.
MAY_BE_FOLLOWED = SOFT_DECLINES | {"ExpiredUnused"}


class AmazonPay:
    """Sessions of one-time payments without shipping: Amazon reserves, synchronously, when we complete."""

    name = "amazon_pay"
    renews = True
    # Charges on one permission; each is captured once, and declined ones count as well.
    most_parts = 25

    def __init__(self, client: AmazonPayClient, store_id: str) -> None:
        self._client = client
        self._store_id = store_id

    def smallest_minor(self, currency: str) -> int:
        """Amazon publishes no minimum."""
        return 1

    # ---- approval ------------------------------------------------------------------------------------------------

    def checkout_request(self, order: Order) -> str:
        """Everything Amazon needs before the member comes, so that it knows where to send them."""
        return _json(
            {
                "webCheckoutDetails": {
                    "checkoutReviewReturnUrl": order.result_url,
                    "checkoutResultReturnUrl": order.result_url,
                    "checkoutCancelUrl": order.cancel_url,
                    "checkoutMode": "ProcessOrder",
                },
                "storeId": self._store_id,
                "productType": "PayOnly",
                "paymentDetails": {
                    "paymentIntent": "Authorize",
                    "canHandlePendingAuthorization": False,
                    "chargeAmount": _price(order.amount),
                },
                "merchantMetadata": {"merchantReferenceId": str(order.redemption_id)},
            }
        )

    def open_checkout(self, key: str, request: str) -> Checkout:
        """Raises Refused with the first constraint that Amazon still has."""
        session = self._client.create_checkout_session(key, request)
        checkout = _read(_checkout, session)
        if checkout.approval_url is None:
            asked = json.loads(request)
            missing = {name: asked[name] for name in ("webCheckoutDetails", "paymentDetails", "merchantMetadata")}
            session = self._client.update_checkout_session(checkout.checkout_id, _json(missing))
            checkout = _read(_checkout, session)
        if checkout.approval_url is None:
            constraints = session.get("constraints") or [{}]
            raise Refused(422, str(constraints[0].get("constraintId", "NoRedirectUrl")))
        return checkout

    def checkout(self, checkout_id: str) -> Checkout:
        """How it stands now."""
        return _read(_checkout, self._client.get_checkout_session(checkout_id))

    def complete_request(self, amount: Money) -> str:
        """Exactly the session's amount."""
        return _json({"chargeAmount": _price(amount)})

    def complete(self, checkout_id: str, key: str, request: str) -> Checkout:
        """Reserve. A refusal whose reason is the session's own state is answered with that state."""
        try:
            return _read(_checkout, self._client.complete_checkout_session(checkout_id, key, request))
        except Declined:
            checkout = self.checkout(checkout_id)
            if checkout.state in (CheckoutState.WAITING, CheckoutState.APPROVED):
                raise
            return checkout
        except Refused as refused:
            if refused.reason not in ("InvalidCheckoutSessionStatus", "CheckoutSessionCanceled"):
                raise
            checkout = self.checkout(checkout_id)
            if checkout.state in (CheckoutState.WAITING, CheckoutState.APPROVED):
                raise NotApproved(refused.reason) from refused
            return checkout

    def abandon(self, checkout_id: str) -> Checkout:
        """A session that is not completed reserves nothing and ends by itself after a day; it cannot be cancelled."""
        return self.checkout(checkout_id)

    # ---- charges -------------------------------------------------------------------------------------------------

    def charge_request(self, permission_id: str, amount: Money, redemption_id: UUID) -> str:
        """Another reservation on what the member allowed."""
        return _json(
            {
                "chargePermissionId": permission_id,
                "chargeAmount": _price(amount),
                "captureNow": False,
                "canHandlePendingAuthorization": False,
                "merchantMetadata": {"merchantReferenceId": str(redemption_id)},
            }
        )

    def authorise_again(self, key: str, request: str) -> Charge:
        """The charge as it is now: a repeated key brings back the first answer, which may be old."""
        created = _read(_charge, self._client.create_charge(key, request))
        return self.charge(created.charge_id)

    def charge(self, charge_id: str) -> Charge:
        """How it stands now."""
        return _read(_charge, self._client.get_charge(charge_id))

    def named_charge(self, charge_id: str) -> Charge:
        """The name may stand on the permission only."""
        charge = self.charge(charge_id)
        if charge.reference is not None or charge.permission_id is None:
            return charge
        permission = self._client.get_charge_permission(charge.permission_id)
        return replace(charge, reference=_reference(permission))

    def charges(self, start: datetime, end: datetime, page_token: str | None = None) -> ChargePage | None:
        """Amazon Pay lists none: what is not known by its id is in the reports of Seller Central."""
        return None

    def capture_request(self, amount: Money, *, last: bool = True) -> str:
        """At most what is reserved; the rest is given back, also when it is not the last."""
        return _json({"captureAmount": _price(amount)})

    def capture(self, charge_id: str, key: str, request: str) -> Charge:
        """Once a charge."""
        return _read(_charge, self._client.capture_charge(charge_id, key, request))

    def cancel(self, charge_id: str, reason: str) -> Charge:
        """Give back; a charge that cannot be cancelled is answered as it stands."""
        try:
            return _read(_charge, self._client.cancel_charge(charge_id, reason))
        except Refused as refused:
            if refused.reason != "InvalidChargeStatus":
                raise
            return self.charge(charge_id)

    def close(self, permission_id: str, reason: str) -> None:
        """Closing twice is fine."""
        try:
            self._client.close_charge_permission(permission_id, reason)
        except Refused as refused:
            if refused.reason not in ("InvalidChargePermissionStatus", "ChargePermissionNotModifiable"):
                raise
            status = self._client.get_charge_permission(permission_id).get("statusDetails") or {}
            if status.get("state") != "Closed":
                raise

    # ---- refunds -------------------------------------------------------------------------------------------------

    def refund_request(self, charge_id: str, amount: Money, reference: str) -> str:
        """All or a part of what was captured."""
        return _json({"chargeId": charge_id, "refundAmount": _price(amount)})

    def refund(self, key: str, request: str) -> Refund:
        """Begin to send money back."""
        return _read(_refund, self._client.create_refund(key, request))

    def find_refund(self, charge_id: str, reference: str) -> Refund | None:
        """Amazon keeps keys without end and lists no refunds: the same call again brings back the one that exists."""
        return None

    def refund_status(self, refund_id: str) -> Refund:
        """How it stands now."""
        return _read(_refund, self._client.get_refund(refund_id))

    def dispute(self, dispute_id: str) -> Dispute | None:
        """Chargebacks are told and handled in Seller Central; this API does not know them."""
        return None


def _read[T](parse: Callable[[Document], T], document: Document) -> T:
    """An answer that is not what it should be leaves the outcome open, however friendly its status."""
    try:
        return parse(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutcomeUnknown("MalformedAnswer") from error


def _checkout(session: Document) -> Checkout:
    status: Mapping[str, Any] = session.get("statusDetails") or {}
    reason = status.get("reasonCode")
    state = {
        "Completed": CheckoutState.COMPLETED,
        "Canceled": CheckoutState.DECLINED if reason == "Declined" else CheckoutState.ABANDONED,
    }.get(str(status.get("state")))
    if state is None:
        # Amazon shows whom it knows and how they pay only after they have pressed its button.
        approved = bool(session.get("buyer")) and bool(session.get("paymentPreferences"))
        state = CheckoutState.APPROVED if approved else CheckoutState.WAITING
    return Checkout(
        checkout_id=_text(session, "checkoutSessionId"),
        state=state,
        approval_url=(session.get("webCheckoutDetails") or {}).get("amazonPayRedirectUrl"),
        permission_id=session.get("chargePermissionId"),
        charge_id=session.get("chargeId"),
        reason=reason,
    )


def _charge(document: Document) -> Charge:
    status: Mapping[str, Any] = document.get("statusDetails") or {}
    reason = status.get("reasonCode") or _first_reason(status)
    return Charge(
        charge_id=_text(document, "chargeId"),
        # A state we do not know is not decided yet: it is asked again, never acted on.
        state=CHARGE_STATES.get(str(status.get("state")), ChargeState.PENDING),
        amount=_money(document["chargeAmount"]),
        captured_minor=_money(document["captureAmount"]).minor if document.get("captureAmount") else 0,
        permission_id=document.get("chargePermissionId"),
        expires_at=_instant(document.get("expirationTimestamp")),
        reason=reason,
        soft=reason in MAY_BE_FOLLOWED,
        refunded_minor=_money(document["refundedAmount"]).minor if document.get("refundedAmount") else 0,
        reference=_reference(document),
    )


def _refund(document: Document) -> Refund:
    status: Mapping[str, Any] = document.get("statusDetails") or {}
    states = {"Refunded": RefundState.REFUNDED, "Declined": RefundState.DECLINED}
    return Refund(
        refund_id=_text(document, "refundId"),
        charge_id=_text(document, "chargeId"),
        state=states.get(str(status.get("state")), RefundState.PENDING),
        amount=_money(document["refundAmount"]),
        reason=status.get("reasonCode"),
        soft=status.get("reasonCode") == "ProcessingFailure",
    )


def _reference(document: Document) -> str | None:
    metadata = document.get("merchantMetadata")
    reference = metadata.get("merchantReferenceId") if isinstance(metadata, dict) else None
    return str(reference) if reference else None


def _first_reason(status: Mapping[str, Any]) -> str | None:
    reasons = status.get("reasons") or [{}]
    return reasons[0].get("reasonCode") if isinstance(reasons[0], dict) else None


def _price(money: Money) -> dict[str, str]:
    return {"amount": decimal_of(money), "currencyCode": money.currency}


def _money(price: Mapping[str, Any]) -> Money:
    return money_of(price["amount"], str(price["currencyCode"]))


def _text(document: Document, name: str) -> str:
    return str(document[name])


def _instant(text: Any) -> datetime | None:
    """Amazon writes 20260101T000000Z; the longer form is read as well."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))

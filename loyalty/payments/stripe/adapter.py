"""Stripe as a `PaymentProvider`: a hosted Checkout Session whose PaymentIntent is captured by hand.

The session reserves the money itself when the member pays, so nothing is ever APPROVED here. A PaymentIntent is our
charge: it takes one capture, or up to 50 with multicapture. Its reservation ends
after seven days and cannot be renewed without the member.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from loyalty.payments.provider import (
    Charge,
    ChargePage,
    ChargeState,
    Checkout,
    CheckoutState,
    Declined,
    Dispute,
    DisputeState,
    Money,
    NotApproved,
    Order,
    OutcomeUnknown,
    Refund,
    RefundState,
    Refused,
)
from loyalty.payments.stripe.amounts import smallest_minor
from loyalty.payments.stripe.client import Document, StripeApi

CHARGE_STATES = {
    "requires_payment_method": ChargeState.DECLINED,
    "requires_confirmation": ChargeState.PENDING,
    "requires_action": ChargeState.PENDING,
    "processing": ChargeState.PENDING,
    "requires_capture": ChargeState.AUTHORISED,
    "succeeded": ChargeState.CAPTURED,
    "canceled": ChargeState.CANCELLED,
}
REFUND_STATES = {
    "succeeded": RefundState.REFUNDED,
    "failed": RefundState.DECLINED,
    "canceled": RefundState.DECLINED,
}
DISPUTE_STATES = {"won": DisputeState.WON, "lost": DisputeState.LOST, "warning_closed": DisputeState.WON}
# Our balance at Stripe was too low: that passes.
PASSING = frozenset({"insufficient_funds"})
MOST_CAPTURES = 50
LISTED_REFUNDS = 100
LISTED_CHARGES = 100


class Stripe:
    """Taking in parts needs multicapture, which Stripe enables for an account; a programme says in its document that
    it has it. Where Stripe refuses a part after all, everything is taken with the last one."""

    name = "stripe"
    renews = False
    most_parts = MOST_CAPTURES

    def __init__(self, api: StripeApi) -> None:
        self._api = api

    def smallest_minor(self, currency: str) -> int:
        """Also of a part."""
        return smallest_minor(currency)

    # ---- approval ------------------------------------------------------------------------------------------------

    def checkout_request(self, order: Order) -> str:
        """Cards only: they can be reserved and captured later. Nothing says who the member is."""
        reference = {"redemption_id": str(order.redemption_id)}
        asked: dict[str, Any] = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.amount.currency.lower(),
                        "unit_amount": order.amount.minor,
                        "product_data": {"name": f"Redemption {str(order.redemption_id)[-6:]}"},
                    },
                }
            ],
            "payment_intent_data": {"capture_method": "manual", "metadata": reference},
            "client_reference_id": str(order.redemption_id),
            "metadata": reference,
            "success_url": order.result_url,
            "cancel_url": order.cancel_url,
        }
        if order.in_parts:
            asked["payment_method_options"] = {"card": {"request_multicapture": "if_available"}}
        return _json(asked)

    def open_checkout(self, key: str, request: str) -> Checkout:
        """The answer of a repeated key may be old: what counts is read again when the member comes back."""
        session = self._api.change(
            lambda api, params, options: api.v1.checkout.sessions.create(params, options), request, key
        )
        checkout = _read(_checkout, session)
        if checkout.approval_url is None:
            raise Refused(422, "NoCheckoutUrl")
        return checkout

    def checkout(self, checkout_id: str) -> Checkout:
        """How it stands now."""
        expand: Any = {"expand": ["payment_intent"]}
        return _read(_checkout, self._api.read(lambda api: api.v1.checkout.sessions.retrieve(checkout_id, expand)))

    def complete_request(self, amount: Money) -> str:
        """Stripe reserves by itself when the member pays."""
        return _json({})

    def complete(self, checkout_id: str, key: str, request: str) -> Checkout:
        """Nothing to do but to look."""
        checkout = self.checkout(checkout_id)
        if checkout.state is CheckoutState.WAITING:
            raise NotApproved("open")
        return checkout

    def abandon(self, checkout_id: str) -> Checkout:
        """No card is taken any more; a session that is complete stays so, and tells its reservation."""
        try:
            # Expiring twice is refused, and then read: no key is needed.
            self._api.change(lambda api, _, __: api.v1.checkout.sessions.expire(checkout_id), "{}", "")
        except Refused as refused:
            if refused.status == 404:
                raise
        return self.checkout(checkout_id)

    # ---- charges -------------------------------------------------------------------------------------------------

    def charge_request(self, permission_id: str, amount: Money, redemption_id: UUID) -> str:
        """There is no second reservation without the member."""
        raise Declined("CannotBeRenewed")

    def authorise_again(self, key: str, request: str) -> Charge:
        """There is no second reservation without the member."""
        raise Declined("CannotBeRenewed")

    def charge(self, charge_id: str) -> Charge:
        """How it stands now."""
        expand: Any = {"expand": ["latest_charge"]}
        return _read(_charge, self._api.read(lambda api: api.v1.payment_intents.retrieve(charge_id, expand)))

    def named_charge(self, charge_id: str) -> Charge:
        """The name is in its metadata."""
        return self.charge(charge_id)

    def charges(self, start: datetime, end: datetime, page_token: str | None = None) -> ChargePage | None:
        """PaymentIntents by the time of their making, newest first."""
        made = {"gte": int(start.timestamp()), "lte": int(end.timestamp())}
        asked: Any = {"created": made, "limit": LISTED_CHARGES, "expand": ["data.latest_charge"]}
        if page_token:
            asked["starting_after"] = page_token
        listed = self._api.read(lambda api: api.v1.payment_intents.list(asked))
        charges = tuple(_read(_charge, intent) for intent in listed.get("data", ()))
        return ChargePage(charges, charges[-1].charge_id if charges and listed.get("has_more") else None)

    def capture_request(self, amount: Money, *, last: bool = True) -> str:
        """The last one gives back what is left."""
        request: dict[str, Any] = {"amount_to_capture": amount.minor}
        if not last:
            request["final_capture"] = False
        return _json(request)

    def capture(self, charge_id: str, key: str, request: str) -> Charge:
        """The answer is read anew: a repeated key brings back the first one."""
        self._api.change(
            lambda api, params, options: api.v1.payment_intents.capture(charge_id, params, options),
            request,
            key,
        )
        return self.charge(charge_id)

    def cancel(self, charge_id: str, reason: str) -> Charge:
        """Give back what is reserved; what cannot be cancelled is answered as it stands."""
        asked = _json({"cancellation_reason": "abandoned"})
        try:
            self._api.change(lambda api, params, _: api.v1.payment_intents.cancel(charge_id, params), asked, "")
        except Refused as refused:
            if refused.reason != "payment_intent_unexpected_state":
                raise
        return self.charge(charge_id)

    def close(self, permission_id: str, reason: str) -> None:
        """Stripe knows no permission beyond the reservation."""

    # ---- refunds -------------------------------------------------------------------------------------------------

    def refund_request(self, charge_id: str, amount: Money, reference: str) -> str:
        """All or a part of what was captured, under a name by which it is found again."""
        return _json({"payment_intent": charge_id, "amount": amount.minor, "metadata": {"reference": reference}})

    def refund(self, key: str, request: str) -> Refund:
        """Begin to send money back."""
        return _read(
            _refund, self._api.change(lambda api, params, options: api.v1.refunds.create(params, options), request, key)
        )

    def find_refund(self, charge_id: str, reference: str) -> Refund | None:
        """Stripe forgets keys after a day, but not names."""
        asked: Any = {"payment_intent": charge_id, "limit": LISTED_REFUNDS}
        listed = self._api.read(lambda api: api.v1.refunds.list(asked))
        return next(
            (
                _read(_refund, refund)
                for refund in listed.get("data", ())
                if (refund.get("metadata") or {}).get("reference") == reference
            ),
            None,
        )

    def refund_status(self, refund_id: str) -> Refund:
        """How it stands now."""
        return _read(_refund, self._api.read(lambda api: api.v1.refunds.retrieve(refund_id)))

    def dispute(self, dispute_id: str) -> Dispute | None:
        """How it stands now."""
        return _read(_dispute, self._api.read(lambda api: api.v1.disputes.retrieve(dispute_id)))


def _read[T](parse: Callable[[Document], T], document: Document) -> T:
    """An answer that is not what it should be leaves the outcome open, however friendly its status."""
    try:
        return parse(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OutcomeUnknown("MalformedAnswer") from error


def _checkout(session: Document) -> Checkout:
    intent = session.get("payment_intent")
    known: Mapping[str, Any] = intent if isinstance(intent, dict) else {}
    charge_id = known.get("id") if known else intent
    reason = _error_code(known)
    match session["status"]:
        case "complete":
            state = CheckoutState.ABANDONED if known.get("status") == "canceled" else CheckoutState.COMPLETED
        case "expired":
            state = CheckoutState.DECLINED if reason else CheckoutState.ABANDONED
        case _:
            state = CheckoutState.WAITING
    return Checkout(
        checkout_id=str(session["id"]),
        state=state,
        approval_url=session.get("url"),
        charge_id=str(charge_id) if charge_id and state is CheckoutState.COMPLETED else None,
        reason=reason or (None if state is CheckoutState.WAITING else str(session["status"])),
    )


def _charge(intent: Document) -> Charge:
    latest = intent.get("latest_charge")
    card = ((latest.get("payment_method_details") or {}).get("card") or {}) if isinstance(latest, dict) else {}
    before = card.get("capture_before")
    return Charge(
        charge_id=str(intent["id"]),
        # A state we do not know is not decided yet: it is asked again, never acted on.
        state=CHARGE_STATES.get(str(intent["status"]), ChargeState.PENDING),
        amount=Money(int(intent["amount"]), str(intent["currency"]).upper()),
        captured_minor=int(intent.get("amount_received") or 0),
        expires_at=datetime.fromtimestamp(before, UTC) if isinstance(before, int) else None,
        reason=_error_code(intent) or intent.get("cancellation_reason"),
        refunded_minor=int(latest.get("amount_refunded") or 0) if isinstance(latest, dict) else 0,
        reference=(intent.get("metadata") or {}).get("redemption_id"),
    )


def _refund(document: Document) -> Refund:
    reason = document.get("failure_reason")
    return Refund(
        refund_id=str(document["id"]),
        charge_id=str(document["payment_intent"]),
        state=REFUND_STATES.get(str(document["status"]), RefundState.PENDING),
        amount=Money(int(document["amount"]), str(document["currency"]).upper()),
        reason=reason,
        soft=reason in PASSING,
    )


def _dispute(document: Document) -> Dispute:
    status = str(document["status"])
    # A warning is an inquiry: the bank has taken nothing.
    taken = not status.startswith("warning")
    return Dispute(
        dispute_id=str(document["id"]),
        state=DISPUTE_STATES.get(status, DisputeState.OPEN),
        amount=Money(int(document["amount"]), str(document["currency"]).upper()) if taken else None,
    )


def _error_code(intent: Mapping[str, Any]) -> str | None:
    error = intent.get("last_payment_error")
    if not isinstance(error, dict):
        return None
    return str(error.get("decline_code") or error.get("code") or "declined")


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))

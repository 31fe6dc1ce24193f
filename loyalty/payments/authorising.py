"""Reserve the member's money: open the checkout, and complete it once the member has approved."""

from __future__ import annotations

from loyalty.payments.answers import TryLater
from loyalty.payments.provider import (
    ChargeState,
    Checkout,
    CheckoutState,
    Declined,
    NotApproved,
    Order,
    OutcomeUnknown,
    PaymentProvider,
    Refused,
)
from loyalty.payments.store import Payment, Payments
from loyalty.payments.voiding import give_back, reread

PENDING_SECONDS = 30


def open_checkout(payments: Payments, provider: PaymentProvider, payment: Payment, portal_origin: str) -> None:
    """Open the checkout the member will approve. An answer that got lost is asked for again with the same key."""
    if not (payment.state == "opened" or (payment.state == "unknown" and payment.step == "session")):
        return
    page = f"{portal_origin.rstrip('/')}/redemptions/{payment.redemption_id}"
    order = Order(
        payment.redemption_id,
        payment.amount,
        f"{page}?payment=returned",
        f"{page}?payment=cancelled",
        in_parts=payment.capture_at == "shipment",
    )
    step = payments.begin(payment, "session", provider.checkout_request(order))
    if step is None:
        return
    try:
        checkout = provider.open_checkout(step.key, step.request)
    except OutcomeUnknown as unknown:
        payments.record_unknown(payment, "session")
        raise TryLater(5, unknown.reason) from unknown
    except (Declined, Refused) as refused:
        payments.record_failed(payment, "declined", refused.reason)
        return
    payments.record_session(payment, checkout.checkout_id, checkout.approval_url or "")


def complete(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """The member may have approved: ask the provider, and reserve the money if so. Nothing happens if not."""
    if payment.void_requested_at is not None:
        give_back(payments, provider, payment)
        return
    following = payment.state in ("awaiting_approval", "completing", "unknown") and payment.step in (None, "complete")
    if payment.session_id is None or not following:
        return
    checkout = provider.checkout(payment.session_id)
    begun = payment.state != "awaiting_approval"
    if checkout.state is CheckoutState.APPROVED or (checkout.state is CheckoutState.WAITING and begun):
        found = _reserve(payments, provider, payment)
        if found is None:
            return
        checkout = found
    _record(payments, provider, payment, checkout)


def _reserve(payments: Payments, provider: PaymentProvider, payment: Payment) -> Checkout | None:
    """Complete the checkout with exactly the payment's amount. None: recorded already, or not ours to do now."""
    assert payment.session_id is not None
    step = payments.begin(payment, "complete", provider.complete_request(payment.amount))
    if step is None:
        return None
    try:
        return provider.complete(payment.session_id, step.key, step.request)
    except NotApproved:
        payments.record_not_approved(payment)
    except OutcomeUnknown as unknown:
        payments.record_unknown(payment, "complete")
        raise TryLater(5, unknown.reason) from unknown
    except (Declined, Refused) as refused:
        payments.record_failed(payment, "declined", refused.reason)
    return None


def _record(payments: Payments, provider: PaymentProvider, payment: Payment, checkout: Checkout) -> None:
    match checkout.state:
        case CheckoutState.DECLINED:
            payments.record_failed(payment, "declined", checkout.reason)
        case CheckoutState.ABANDONED:
            payments.record_failed(payment, "abandoned", checkout.reason)
        case CheckoutState.COMPLETED:
            _record_charge(payments, provider, payment, checkout)
        case _:
            return


def _record_charge(payments: Payments, provider: PaymentProvider, payment: Payment, checkout: Checkout) -> None:
    assert checkout.charge_id is not None
    charge = provider.charge(checkout.charge_id)
    if charge.state is ChargeState.PENDING:
        payments.record_unknown(payment, "complete")
        raise TryLater(PENDING_SECONDS, "the provider has not decided")
    if charge.state is ChargeState.DECLINED:
        payments.record_failed(payment, "declined", charge.reason)
    elif charge.state is ChargeState.CANCELLED:
        payments.record_failed(payment, "abandoned", charge.reason)
    elif payments.record_authorised(payment, charge, checkout.permission_id) == "void":
        # The engine gave up while we were completing: what was reserved a moment ago goes back.
        give_back(payments, provider, reread(payments, payment))

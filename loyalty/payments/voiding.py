"""Give back: whatever is reserved for a payment is cancelled, and nothing is reserved any more."""

from __future__ import annotations

from loyalty.payments.answers import TryLater
from loyalty.payments.provider import (
    ChargeState,
    CheckoutState,
    OutcomeUnknown,
    PaymentError,
    PaymentProvider,
    Refused,
)
from loyalty.payments.store import Payment, Payments, Step

REASON = "The order was not placed"
# Longer than any call of ours can take: after it, a completion that has left no trace was never received.
COMPLETION_SECONDS = 90
LOOK_AGAIN_SECONDS = 600


def give_back(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Idempotent. Raises TryLater while something may still be reserved."""
    look_again_seconds: int | None = None
    if payment.state not in ("declined", "abandoned"):
        if payment.charge_id is None and payment.session_id is not None:
            payment, look_again_seconds = _end_checkout(payments, provider, payment)
        _cancel_charge(payments, provider, payment)
        for step in payments.unresolved(payment):
            if step.name.startswith("charge:"):
                _cancel_renewal(payments, provider, payment, step)
        payments.record_voided(payment, look_again_seconds)
    if close_permission(payments, provider, payment) and look_again_seconds is None:
        payments.at_rest(payment)


def close_permission(payments: Payments, provider: PaymentProvider, payment: Payment) -> bool:
    """Nothing more is to be charged. False: left for the next look, because no money hangs on it."""
    if payment.permission_id is None or payment.permission_closed_at is not None:
        return True
    try:
        provider.close(payment.permission_id, "Nothing more to charge")
    except PaymentError:
        return False
    payments.record_permission_closed(payment)
    return True


def _end_checkout(payments: Payments, provider: PaymentProvider, payment: Payment) -> tuple[Payment, int | None]:
    """The payment with the charge that exists after all, and when to look again for one that may."""
    assert payment.session_id is not None
    checkout = provider.abandon(payment.session_id)
    if checkout.state is CheckoutState.COMPLETED and checkout.charge_id is not None:
        payments.record_authorised(payment, provider.charge(checkout.charge_id), checkout.permission_id)
        return reread(payments, payment), None
    if checkout.state in (CheckoutState.WAITING, CheckoutState.APPROVED):
        for step in payments.unresolved(payment):
            if step.name.startswith("complete:") and step.age_seconds < COMPLETION_SECONDS:
                raise TryLater(int(COMPLETION_SECONDS - step.age_seconds) + 1, "a completion is on its way")
            if step.name.startswith("complete:") and step.age_seconds < LOOK_AGAIN_SECONDS:
                return payment, LOOK_AGAIN_SECONDS
    return payment, None


def _cancel_charge(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    if payment.charge_id is None or payment.charge_cancelled_at is not None:
        return
    cancel(payments, provider, payment, payment.charge_id)


def cancel(payments: Payments, provider: PaymentProvider, payment: Payment, charge_id: str) -> None:
    """Cancel a charge unless the provider says that it is over; asked first, so that repeating is harmless."""
    charge = provider.charge(charge_id)
    if charge.state in (ChargeState.AUTHORISED, ChargeState.PENDING):
        try:
            charge = provider.cancel(charge_id, REASON)
        except OutcomeUnknown as unknown:
            payments.record_unknown(payment, "void")
            raise TryLater(5, unknown.reason) from unknown
    if charge.state is ChargeState.CAPTURED and charge.captured_minor > payment.charge_captured_minor:
        raise PaymentError("CapturedAlready")
    if charge.state in (ChargeState.AUTHORISED, ChargeState.PENDING):
        raise TryLater(10, "the charge is not cancelled yet")
    payments.record_charge_cancelled(payment, charge_id)


def _cancel_renewal(payments: Payments, provider: PaymentProvider, payment: Payment, step: Step) -> None:
    """A later charge may have been created. With the permission closed, repeating the call can only bring back one
    that exists: it never reserves anew."""
    if not close_permission(payments, provider, payment):
        raise TryLater(5, "the permission is not closed yet")
    try:
        charge = provider.authorise_again(step.key, step.request)
    except Refused:
        return
    except OutcomeUnknown as unknown:
        raise TryLater(5, unknown.reason) from unknown
    payments.record_authorised(payment, charge, payment.permission_id)
    cancel(payments, provider, payment, charge.charge_id)


def reread(payments: Payments, payment: Payment) -> Payment:
    """The row as it is now."""
    now = payments.payment(payment.program_id, payment.redemption_id)
    assert now is not None  # rows are never deleted
    return now

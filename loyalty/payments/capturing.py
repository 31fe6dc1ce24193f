"""Take the money once the order stands, and renew a reservation that grows old before."""

from __future__ import annotations

from loyalty.payments.answers import TryLater
from loyalty.payments.provider import (
    Charge,
    ChargeState,
    Declined,
    Money,
    OutcomeUnknown,
    PaymentProvider,
    Refused,
)
from loyalty.payments.store import Payment, Payments
from loyalty.payments.voiding import cancel, close_permission, give_back, reread

PENDING_SECONDS = 30
SOFT_DECLINE_SECONDS = 60
# The first reservation and its successors; a permission takes 25.
LARGEST_GENERATION = 20


def capture(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Take what was intended, once; what is left of the reservation is released with it."""
    if payment.step == "reauthorise":
        reauthorise(payments, provider, payment)
        payment = reread(payments, payment)
    if payment.capture_minor == 0 and payment.state == "authorised":
        give_back(payments, provider, payment)
    elif payment.state == "authorised":
        _take(payments, provider, payment)
    elif payment.state in ("capturing", "unknown") and payment.step == "capture":
        # It may have happened: only the provider knows.
        assert payment.charge_id is not None
        _settle(payments, provider, payment, provider.charge(payment.charge_id))
    payment = reread(payments, payment)
    if payment.state == "captured":
        finish(payments, provider, payment)


def finish(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Close what is over. An order that stands unpaid keeps its permission: it may be collected later."""
    unpaid = payment.state == "declined" and bool(payment.capture_minor)
    if unpaid or close_permission(payments, provider, payment):
        payments.at_rest(payment)


def reauthorise(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Replace the reservation by a new one on the same permission. The old one goes first: a one-time permission
    covers the amount once, and the member's card never shows it twice."""
    if payment.permission_id is None:
        return
    amount = Money(payment.capture_minor or payment.authorised_minor, payment.currency)
    request = provider.charge_request(payment.permission_id, amount, payment.redemption_id)
    step = payments.begin(payment, "reauthorise", request)
    if step is None:
        return
    if payment.charge_id is not None and payment.charge_cancelled_at is None:
        cancel(payments, provider, payment, payment.charge_id)
    try:
        charge = provider.authorise_again(step.key, step.request)
    except OutcomeUnknown as unknown:
        payments.record_unknown(payment, "reauthorise")
        raise TryLater(5, unknown.reason) from unknown
    except Declined as declined:
        _charge_declined(payments, payment, declined.reason, soft=declined.soft)
        return
    except Refused as refused:
        payments.record_failed(payment, "declined", refused.reason)
        return
    if charge.state is ChargeState.PENDING:
        payments.record_unknown(payment, "reauthorise")
        raise TryLater(PENDING_SECONDS, "the provider has not decided")
    if charge.state is not ChargeState.AUTHORISED:
        _charge_declined(payments, payment, charge.reason, soft=charge.soft)
    elif payments.record_authorised(payment, charge, payment.permission_id) == "void":
        give_back(payments, provider, reread(payments, payment))


def _take(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    assert payment.charge_id is not None
    assert payment.capture_minor is not None
    request = provider.capture_request(Money(payment.capture_minor, payment.currency))
    step = payments.begin(payment, "capture", request)
    if step is None:
        return
    try:
        charge = provider.capture(payment.charge_id, step.key, step.request)
    except OutcomeUnknown as unknown:
        payments.record_unknown(payment, "capture")
        raise TryLater(5, unknown.reason) from unknown
    except Declined as declined:
        _not_taken(payments, provider, payment, declined.reason, soft=declined.soft)
        return
    except Refused:
        charge = provider.charge(payment.charge_id)
        if charge.state is ChargeState.AUTHORISED:
            raise  # our mistake, not the member's: it goes to a person
    _settle(payments, provider, payment, charge)


def _settle(payments: Payments, provider: PaymentProvider, payment: Payment, charge: Charge) -> None:
    match charge.state:
        case ChargeState.CAPTURED:
            payments.record_captured(payment, charge.captured_minor)
        case ChargeState.PENDING:
            payments.record_unknown(payment, "capture")
            raise TryLater(PENDING_SECONDS, "the provider has not decided")
        case ChargeState.AUTHORISED:
            _take(payments, provider, payment)
        case _:
            _not_taken(payments, provider, payment, charge.reason or "", soft=charge.soft)


def _not_taken(payments: Payments, provider: PaymentProvider, payment: Payment, reason: str, *, soft: bool) -> None:
    """The reservation is worth nothing (any more): reserve once more where that may help, and take that."""
    if soft and payment.charge_generation < LARGEST_GENERATION:
        reauthorise(payments, provider, payment)
        raise TryLater(1, "the money was reserved again")
    assert payment.charge_id is not None
    cancel(payments, provider, payment, payment.charge_id)
    payments.record_failed(payment, "declined", reason)


def _charge_declined(payments: Payments, payment: Payment, reason: str | None, *, soft: bool) -> None:
    if soft and payment.charge_generation < LARGEST_GENERATION:
        payments.record_charge_refused(payment)
        raise TryLater(SOFT_DECLINE_SECONDS, reason or "declined for now")
    payments.record_failed(payment, "declined", reason)

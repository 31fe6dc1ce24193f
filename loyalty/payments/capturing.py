"""Take money that is reserved, and renew a reservation that grows old before."""

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
PART_REFUSED_SECONDS = 21_600
SOFT_DECLINE_SECONDS = 60
# The first reservation and its successors; a permission takes 25.
LARGEST_GENERATION = 20


def capture(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Take what was intended, once; what is left of the reservation is released with it."""
    if payment.step == "reauthorise":
        reauthorise(payments, provider, payment)
        payment = reread(payments, payment)
    if payment.left_minor == 0 and payment.state == "authorised":
        give_back(payments, provider, payment)
    elif payment.state == "authorised":
        take(payments, provider, payment, payment.left_minor)
    elif in_flight(payment):
        settle(payments, provider, payment)
    payment = reread(payments, payment)
    if payment.state == "captured":
        finish(payments, provider, payment)


def in_flight(payment: Payment) -> bool:
    """Whether a capture may have happened: only the provider knows."""
    return payment.state in ("capturing", "unknown") and payment.step == "capture"


def settle(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Ask what became of the capture under way, and go on with it."""
    assert payment.charge_id is not None
    _settle(payments, provider, payment, provider.charge(payment.charge_id))


def finish(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Close what is over. An order that stands unpaid keeps its permission: it may be collected later."""
    unpaid = payment.state == "declined" and bool(payment.capture_minor)
    if unpaid or close_permission(payments, provider, payment):
        payments.at_rest(payment)


def reauthorise(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Replace the reservation by a new one on the same permission. The old one goes first: a one-time permission
    covers the amount once, and the member's card never shows it twice."""
    if not provider.renews or payment.permission_id is None:
        _let_go(payments, provider, payment)
        return
    amount = Money(payment.left_minor if payment.capture_minor else payment.authorised_minor, payment.currency)
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


def check(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """The provider says that something happened to a reservation: look whether it still stands."""
    if payment.state != "authorised" or payment.charge_id is None or payment.charge_cancelled_at is not None:
        return
    charge = provider.charge(payment.charge_id)
    if charge.state in (ChargeState.AUTHORISED, ChargeState.PENDING):
        payments.at_rest(payment)
    elif charge.state in (ChargeState.CANCELLED, ChargeState.DECLINED):
        payments.record_charge_cancelled(payment, payment.charge_id)
        if charge.soft and provider.renews:
            reauthorise(payments, provider, reread(payments, payment))
        else:
            payments.record_failed(payment, "declined", charge.reason)


def take(payments: Payments, provider: PaymentProvider, payment: Payment, part_minor: int) -> None:
    """Capture so much. Nothing happens when the row has moved meanwhile: whoever calls looks again."""
    assert payment.charge_id is not None
    request = provider.capture_request(Money(part_minor, payment.currency), last=part_minor == payment.left_minor)
    step = payments.begin(payment, "capture", request, part_minor)
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
    except Refused as refused:
        charge = provider.charge(payment.charge_id)
        if charge.state is ChargeState.AUTHORISED and not _gave(payment, charge):
            if part_minor < payment.left_minor:
                payments.record_part_refused(payment)
                raise TryLater(PART_REFUSED_SECONDS, refused.reason, alarm=True) from refused
            raise  # our mistake, not the member's: it goes to a person
    _settle(payments, provider, payment, charge)


def _gave(payment: Payment, charge: Charge) -> bool:
    return charge.captured_minor > payment.charge_captured_minor


def _settle(payments: Payments, provider: PaymentProvider, payment: Payment, charge: Charge) -> None:
    match charge.state:
        case ChargeState.CAPTURED | ChargeState.AUTHORISED if _gave(payment, charge):
            payments.record_captured(payment, charge)
        case ChargeState.PENDING:
            payments.record_unknown(payment, "capture")
            raise TryLater(PENDING_SECONDS, "the provider has not decided")
        case ChargeState.AUTHORISED:
            take(payments, provider, payment, payment.part_minor or payment.left_minor)
        case _:
            _not_taken(payments, provider, payment, charge.reason or "", soft=charge.soft)


def _not_taken(payments: Payments, provider: PaymentProvider, payment: Payment, reason: str, *, soft: bool) -> None:
    """The reservation is worth nothing (any more): reserve once more where that may help, and take that."""
    if soft and provider.renews and payment.charge_generation < LARGEST_GENERATION:
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


def _let_go(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """A reservation that cannot be renewed and for which there is no order yet ends as declined, before it lapses."""
    if payment.state == "authorised" and payment.capture_minor is None:
        if payment.charge_id is not None and payment.charge_cancelled_at is None:
            cancel(payments, provider, payment, payment.charge_id)
        payments.record_failed(payment, "declined", "CannotBeRenewed")
    elif payment.state in ("unpaid", "completing"):
        payments.record_failed(payment, "declined", payment.reason or "CannotBeRenewed")

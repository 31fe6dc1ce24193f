"""Send captured money back: asked for once, asked about until it is decided, handed to a person when it is refused."""

from __future__ import annotations

from loyalty.payments.answers import TryLater
from loyalty.payments.provider import (
    Declined,
    Money,
    NotSent,
    OutcomeUnknown,
    PaymentError,
    PaymentProvider,
    Refund,
    RefundState,
    Refused,
    Throttled,
)
from loyalty.payments.store import Payment, Payments, RefundRow


def send_back(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Go on with every open refund of the payment. One that must wait does not hold up the others."""
    waits: PaymentError | None = None
    for refund in payments.refunds_open(payment):
        try:
            _go_on(payments, provider, payment, refund)
        except (Throttled, NotSent, OutcomeUnknown) as error:
            waits = error
    if waits is not None:
        raise TryLater(waits.retry_after_seconds if isinstance(waits, Throttled) else 5, waits.reason) from waits


def _go_on(payments: Payments, provider: PaymentProvider, payment: Payment, refund: RefundRow) -> None:
    if refund.state == "pending":
        assert refund.refund_id is not None
        _record(payments, payment, refund, provider.refund_status(refund.refund_id))
        return
    reference = f"{payment.redemption_id}:{refund.refund_number}:{refund.attempt}"
    request = provider.refund_request(refund.charge_id, Money(refund.amount_minor, payment.currency), reference)
    step = payments.begin_refund(payment, refund, request)
    if step is None:
        return
    # It may have been sent before: where the provider can be asked by our name it is asked first.
    found = provider.find_refund(refund.charge_id, reference) if refund.state == "sending" else None
    try:
        _record(payments, payment, refund, found or provider.refund(step.key, step.request))
    except Declined as declined:
        payments.record_refund_refused(payment, refund, declined.reason, again=declined.soft)
    except Refused as refused:
        payments.record_refund_refused(payment, refund, refused.reason, again=False)


def _record(payments: Payments, payment: Payment, refund: RefundRow, answer: Refund) -> None:
    if answer.state is RefundState.DECLINED:
        payments.record_refund_refused(payment, refund, answer.reason or "Declined", again=answer.soft)
    else:
        refunded = answer.state is RefundState.REFUNDED
        payments.record_refund(payment, refund, answer.refund_id, refunded=refunded)

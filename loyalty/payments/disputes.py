"""Money that a bank took back on the member's word: how it stands at the provider."""

from __future__ import annotations

from loyalty.payments.provider import PaymentProvider
from loyalty.payments.store import Payment, Payments


def follow(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """Ask about every open dispute. A provider that cannot be asked leaves it open, for the person of its case."""
    for dispute_id in payments.disputes_open(payment):
        dispute = provider.dispute(dispute_id)
        if dispute is None:
            payments.record_dispute(payment, dispute_id, None, "open")
        else:
            taken_minor = dispute.amount.minor if dispute.amount is not None else 0
            payments.record_dispute(payment, dispute_id, taken_minor, dispute.state.value)

"""Money that is taken as shipments leave: which part now, and what becomes of the rest."""

from __future__ import annotations

from loyalty.payments.capturing import finish, in_flight, reauthorise, settle, take
from loyalty.payments.provider import PaymentProvider
from loyalty.payments.store import Payment, Payments
from loyalty.payments.voiding import cancel, give_back, reread

# Steps of one look: the capture under way, a part, the reservation of the rest, the last part, the end.
MOST_STEPS = 8


def part_to_take(
    *, due_minor: int, left_minor: int, taken_minor: int, all_due: bool, smallest_minor: int, parts_left: int
) -> int:
    """How much to take now of `left_minor`. Zero: nothing is due, or too little to be taken alone.

    What is due is never exceeded. A part below the provider's minimum waits for the next one; a part that would leave
    less than the minimum behind leaves exactly the minimum; and the last capture that the approval allows takes all.
    """
    wanted = left_minor if all_due else min(due_minor - taken_minor, left_minor)
    if wanted <= 0:
        return 0
    if wanted < left_minor:
        if parts_left <= 1:
            return 0
        wanted = min(wanted, left_minor - smallest_minor)
    return wanted if wanted >= smallest_minor else 0


def collect(payments: Payments, provider: PaymentProvider, payment: Payment, *, everything: bool = False) -> None:
    """Take what has shipped and is not taken; reserve the rest again; end it when nothing is left.

    `everything`: take also what has not shipped, because the reservation is about to lapse and cannot be renewed.
    """
    for _ in range(MOST_STEPS):
        if not _step(payments, provider, payment, everything=everything):
            if payment.step is None:
                payments.at_rest(payment)
            break
        payment = reread(payments, payment)
        if payment.state == "unpaid" and payment.left_minor > 0:
            break  # refused a moment ago: the row knows when to try again
    if payment.state in ("captured", "voided"):
        finish(payments, provider, payment)


def _step(payments: Payments, provider: PaymentProvider, payment: Payment, *, everything: bool) -> bool:
    """One step forward. False: nothing to do as the row stands."""
    if in_flight(payment):
        settle(payments, provider, payment)
        return True
    if payment.state not in ("authorised", "completing", "unknown", "unpaid") or payment.void_requested_at is not None:
        return False
    renewing = any(step.name.startswith("charge:") for step in payments.unresolved(payment))
    if payment.step == "reauthorise" and (payment.left_minor > 0 or renewing):
        reauthorise(payments, provider, payment)
        return True
    if payment.left_minor == 0:
        _nothing_left(payments, provider, payment)
        return True
    part = part_to_take(
        due_minor=payment.due_minor,
        left_minor=payment.left_minor,
        taken_minor=payment.captured_minor,
        all_due=payment.all_due or everything,
        smallest_minor=provider.smallest_minor(payment.currency),
        parts_left=provider.most_parts - max(payment.charge_generation, payment.captures),
    )
    if part == 0:
        too_small = payment.left_minor < provider.smallest_minor(payment.currency)
        complete = payment.all_due or payment.due_minor >= payment.captured_minor + payment.left_minor
        return too_small and complete and payments.write_off(payment, payment.left_minor, "below_minimum")
    if payment.state == "authorised" and payment.charge_cancelled_at is None:
        take(payments, provider, payment, part)
    else:
        reauthorise(payments, provider, payment)
    return True


def _nothing_left(payments: Payments, provider: PaymentProvider, payment: Payment) -> None:
    """All is taken, given back or written off: nothing stays reserved."""
    if payment.captured_minor == 0:
        give_back(payments, provider, payment)
        return
    if payment.charge_id is not None and payment.charge_cancelled_at is None:
        cancel(payments, provider, payment, payment.charge_id)
    payments.record_finished(payment)

"""What the waiting state machine is told, read off the payment's row: whoever comes by can give the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loyalty.payments.store import Payment

DECLINED = "PaymentDeclined"
ABANDONED = "PaymentAbandoned"
ALREADY_CAPTURED = "PaymentCaptured"
NOT_INTENDED = "CaptureNotIntended"
NO_PAYMENT = "PaymentUnknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """Success with `output`, or the failure `error` (a name the machine catches) with the provider's code as cause."""

    task_token: str
    output: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    cause: str = ""


class TryLater(Exception):
    """Not decided, or not possible now: come back in `seconds`. `alarm`: it will not heal by itself."""

    def __init__(self, seconds: int, reason: str, *, alarm: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason
        self.alarm = alarm


def answer_of(payment: Payment) -> Answer | None:
    """The answer to the payment's open task, or None: nobody asks, or it is not decided."""
    token = payment.task_token
    if token is None:
        return None
    match payment.task, payment.state:
        case "authorise", "authorised" | "capturing" | "captured":
            return Answer(token, {"state": "authorised"})
        case "capture", state if payment.by_shipment and state not in ("voiding", "voided"):
            # Shipments take it, whatever the reservation does meanwhile.
            return Answer(token, {"state": "authorised", "captured_minor": payment.captured_minor})
        case "capture", "captured":
            return Answer(token, {"state": "captured", "captured_minor": payment.captured_minor})
        case "capture", "voided":
            return Answer(token, {"state": "voided", "captured_minor": 0})
        case "void", "voided" | "declined" | "abandoned":
            return Answer(token, {"state": "voided"})
        case "authorise" | "capture", "declined":
            return Answer(token, error=DECLINED, cause=payment.reason or "")
        case "authorise", "abandoned" | "voided":
            return Answer(token, error=ABANDONED, cause=payment.reason or "")
    return None

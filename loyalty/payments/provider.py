"""The port to whoever moves money: what we ask in our words, what can come back, what can go wrong.

It fits a provider that reserves when we complete a checkout (Amazon Pay) and one that reserves when the member
approves it (Stripe with manual capture). Every call that must not happen twice takes a request and a key which the
caller has stored before; the same pair may be sent again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class CheckoutState(StrEnum):
    """Where the member's approval stands."""

    WAITING = "waiting"  # not approved yet
    APPROVED = "approved"  # approved; `complete` reserves the money
    COMPLETED = "completed"  # `charge_id` is the reserved money
    DECLINED = "declined"
    ABANDONED = "abandoned"  # cancelled by the member or the provider, or expired


class ChargeState(StrEnum):
    """Where one reservation of money stands."""

    PENDING = "pending"  # the provider has not decided yet
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Money:
    """Minor units of a currency (ISO 4217)."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a checkout is opened for. The URLs are where the provider sends the member back to. `in_parts`: it will be
    taken shipment by shipment."""

    redemption_id: UUID
    amount: Money
    result_url: str
    cancel_url: str
    in_parts: bool = False


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout as the provider tells it. `approval_url` is where the member approves."""

    checkout_id: str
    state: CheckoutState
    approval_url: str | None = None
    permission_id: str | None = None
    charge_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """A reservation as the provider tells it. `soft`: declined, but another attempt is allowed. `reference`: what we
    named it, if that is told with it."""

    charge_id: str
    state: ChargeState
    amount: Money
    captured_minor: int = 0
    permission_id: str | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    soft: bool = False
    refunded_minor: int = 0
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class ChargePage:
    """Some of the provider's charges; `next_token` asks for the next ones, None: these were the last."""

    charges: tuple[Charge, ...]
    next_token: str | None = None


class RefundState(StrEnum):
    """Where a refund stands; it is decided later than it is asked for."""

    PENDING = "pending"
    REFUNDED = "refunded"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back to the member."""

    refund_id: str
    charge_id: str
    state: RefundState
    amount: Money
    reason: str | None = None
    soft: bool = False  # declined, but another attempt is allowed


class DisputeState(StrEnum):
    """Where the bank's inquiry stands."""

    OPEN = "open"
    WON = "won"  # the money is ours
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Dispute:
    """Money that the member's bank took back. No amount: nothing was taken (yet)."""

    dispute_id: str
    state: DisputeState
    amount: Money | None


class PaymentError(Exception):
    """`reason` is the provider's stable code. Nothing personal is in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Declined(PaymentError):
    """The provider said no to this money. `soft`: another attempt, with another key, is allowed."""

    def __init__(self, reason: str, *, soft: bool = False) -> None:
        super().__init__(reason)
        self.soft = soft


class Throttled(PaymentError):
    """Not processed, for now."""

    def __init__(self, reason: str, retry_after_seconds: int) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class Refused(PaymentError):
    """The request is wrong or comes at the wrong time: nothing happened, and repeating it changes nothing."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class NotApproved(PaymentError):
    """Asked to complete a checkout that the member has not approved yet: nothing happened. The key is used up."""


class NotTrusted(PaymentError):
    """The provider does not accept our account or key: a matter of the programme, never of one member."""


class NotSent(PaymentError):
    """No connection: the provider has not heard of it."""


class OutcomeUnknown(PaymentError):
    """It was sent and no answer tells what happened. Only a query by our own id does."""


class PaymentProvider(Protocol):
    """`name` is what the payment's row says. Raises PaymentError's kinds."""

    @property
    def name(self) -> str: ...

    @property
    def renews(self) -> bool:
        """Whether a reservation can be replaced by a new one without the member."""
        ...

    @property
    def most_parts(self) -> int:
        """Into how many captures one approval can be divided."""
        ...

    def smallest_minor(self, currency: str) -> int:
        """The smallest amount that can be taken."""
        ...

    def checkout_request(self, order: Order) -> str:
        """What `open_checkout` will send: stored first, and sent again as it is."""
        ...

    def open_checkout(self, key: str, request: str) -> Checkout: ...
    def checkout(self, checkout_id: str) -> Checkout: ...
    def complete_request(self, amount: Money) -> str: ...
    def complete(self, checkout_id: str, key: str, request: str) -> Checkout: ...

    def abandon(self, checkout_id: str) -> Checkout:
        """No approval is wanted any more: end the checkout where the provider can. Tells how it stands now."""
        ...

    def charge_request(self, permission_id: str, amount: Money, redemption_id: UUID) -> str: ...
    def authorise_again(self, key: str, request: str) -> Charge: ...
    def charge(self, charge_id: str) -> Charge: ...

    def named_charge(self, charge_id: str) -> Charge:
        """As `charge`, with its `reference` also where that takes another call."""
        ...

    def charges(self, start: datetime, end: datetime, page_token: str | None = None) -> ChargePage | None:
        """All of our account that were made in this time. None where the provider has no such list."""
        ...

    def capture_request(self, amount: Money, *, last: bool = True) -> str:
        """`last`: what is left of the reservation is given back with it."""
        ...

    def capture(self, charge_id: str, key: str, request: str) -> Charge: ...
    def cancel(self, charge_id: str, reason: str) -> Charge: ...

    def close(self, permission_id: str, reason: str) -> None:
        """Nothing more will be charged. Closing twice is fine."""
        ...

    def refund_request(self, charge_id: str, amount: Money, reference: str) -> str:
        """`reference`: our own name of this attempt, the same for ever."""
        ...

    def refund(self, key: str, request: str) -> Refund: ...

    def find_refund(self, charge_id: str, reference: str) -> Refund | None:
        """A refund made under that name. None where there is none, or where repeating the call is how one asks."""
        ...

    def refund_status(self, refund_id: str) -> Refund: ...

    def dispute(self, dispute_id: str) -> Dispute | None:
        """How it stands. None where the provider cannot be asked."""
        ...

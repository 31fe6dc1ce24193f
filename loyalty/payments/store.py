"""The payment's row: one function of database/payments a line, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.payments.provider import Charge, ChargeState, Money


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as its row stands. `step` is what is, or may be, under way at the provider."""

    program_id: int
    redemption_id: UUID
    provider: str
    amount_minor: int
    currency: str
    state: str
    step: str | None
    reason: str | None
    session_id: str | None
    permission_id: str | None
    permission_closed_at: datetime | None
    charge_id: str | None
    charge_cancelled_at: datetime | None
    charge_generation: int
    authorised_minor: int
    capture_minor: int | None
    captured_minor: int
    void_requested_at: datetime | None
    task: str | None
    task_token: str | None
    capture_at: str
    due_minor: int
    all_due: bool
    reduced_minor: int
    written_off_minor: int
    part_minor: int | None
    charge_captured_minor: int
    captures: int
    row_xid: str

    @property
    def left_minor(self) -> int:
        """What is still to be taken: intended, less what was taken, is not owed any more, or nobody will pay."""
        return (self.capture_minor or 0) - self.reduced_minor - self.written_off_minor - self.captured_minor

    @property
    def by_shipment(self) -> bool:
        """The order stands, and its shipments say when money is taken."""
        return self.capture_at == "shipment" and self.capture_minor is not None

    @property
    def amount(self) -> Money:
        """What the member approves."""
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Step:
    """A call's stored key and request. `age_seconds` since it was first begun (0 when just read for sending)."""

    name: str
    key: str
    request: str
    age_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A part of an event's money on its way back to one capture."""

    refund_number: int
    charge_id: str
    amount_minor: int
    state: str
    attempt: int
    refund_id: str | None


REFUND_COLUMNS = ", ".join(RefundRow.__dataclass_fields__)
COLUMNS = ", ".join(Payment.__dataclass_fields__)


class Payments:
    """The payments room's functions on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def payment(self, program_id: int, redemption_id: UUID) -> Payment | None:
        """The row, or None where the redemption has no money part."""
        rows = self._rows(f"select {COLUMNS} from payments.payment_of(%s, %s)", program_id, redemption_id)  # noqa: S608
        return Payment(**rows[0]) if rows else None

    def take_task(self, program_id: int, redemption_id: UUID, task: str, task_token: str) -> str:
        """Keep the task's token. ok, void, captured or unknown_payment."""
        return str(self._call("take_task", program_id, redemption_id, task, task_token))

    def abandon(self, program_id: int, redemption_id: UUID) -> str:
        """No approval is taken any more: ok, late or unknown_payment."""
        return str(self._call("abandon", program_id, redemption_id))

    def answered(self, program_id: int, redemption_id: UUID, task_token: str) -> None:
        """The state machine has its answer."""
        self._call("answered", program_id, redemption_id, task_token)

    def begin(self, payment: Payment, step: str, request: str, part_minor: int | None = None) -> Step | None:
        """Say that the call may happen from now on; None when the payment's state forbids it."""
        rows = self._rows(
            "select name, idempotency_key, stored_request from payments.begin_step(%s, %s, %s, %s, %s)",
            *_id(payment),
            step,
            request,
            part_minor,
        )
        if not rows:
            return None
        return Step(rows[0]["name"], rows[0]["idempotency_key"], rows[0]["stored_request"])

    def unresolved(self, payment: Payment) -> list[Step]:
        """Calls whose outcome nobody has recorded."""
        rows = self._rows("select * from payments.unresolved(%s, %s)", *_id(payment))
        return [Step(row["name"], row["idempotency_key"], row["request"], row["age_seconds"]) for row in rows]

    def record_unknown(self, payment: Payment, step: str) -> None:
        """Only a query leaves this state."""
        self._call("record_unknown", *_id(payment), step)

    def record_session(self, payment: Payment, session_id: str, approval_url: str) -> None:
        """The member may go and approve."""
        self._call("record_session", *_id(payment), session_id, approval_url)

    def record_not_approved(self, payment: Payment) -> None:
        """Back to waiting; the next attempt has another key."""
        self._call("record_not_approved", *_id(payment))

    def record_authorised(self, payment: Payment, charge: Charge, permission_id: str | None) -> str:
        """ok; void when the charge must be given back at once; late when the row is further already."""
        return str(
            self._call(
                "record_authorised",
                *_id(payment),
                charge.charge_id,
                charge.permission_id or permission_id,
                charge.amount.minor,
                charge.expires_at,
            )
        )

    def record_charge_refused(self, payment: Payment) -> None:
        """A soft decline: the next charge has another key."""
        self._call("record_charge_refused", *_id(payment))

    def record_charge_cancelled(self, payment: Payment, charge_id: str) -> None:
        """Nothing is reserved by it any more."""
        self._call("record_charge_cancelled", *_id(payment), charge_id)

    def record_failed(self, payment: Payment, state: str, reason: str | None) -> None:
        """declined or abandoned."""
        self._call("record_failed", *_id(payment), state, reason)

    def record_captured(self, payment: Payment, charge: Charge) -> None:
        """Money was taken."""
        goes_on = charge.state is ChargeState.AUTHORISED
        self._call("record_captured", *_id(payment), charge.charge_id, charge.captured_minor, goes_on)

    def record_part_refused(self, payment: Payment) -> None:
        """A part alone is not to be had: the reservation stands as before."""
        self._call("record_part_refused", *_id(payment))

    def record_finished(self, payment: Payment) -> None:
        """Nothing is left to take and nothing is reserved."""
        self._call("record_finished", *_id(payment))

    def write_off(self, payment: Payment, amount_minor: int, reason: str) -> bool:
        """Nobody will pay this. False: it is not owed, or may be taken just now."""
        return bool(self._call("write_off", *_id(payment), amount_minor, reason))

    def refunds_open(self, payment: Payment) -> list[RefundRow]:
        """What is to be sent back, or asked about."""
        rows = self._rows(
            f"select {REFUND_COLUMNS} from payments.refunds_open(%s, %s)",  # noqa: S608
            *_id(payment),
        )
        return [RefundRow(**row) for row in rows]

    def begin_refund(self, payment: Payment, refund: RefundRow, request: str) -> Step | None:
        """Say that the call may happen from now on; None when the refund is further."""
        rows = self._rows(
            "select name, idempotency_key, stored_request from payments.begin_refund(%s, %s, %s, %s, %s)",
            *_id(payment),
            refund.refund_number,
            refund.attempt,
            request,
        )
        return Step(rows[0]["name"], rows[0]["idempotency_key"], rows[0]["stored_request"]) if rows else None

    def record_refund(self, payment: Payment, refund: RefundRow, refund_id: str, *, refunded: bool) -> None:
        """The provider has it, or has sent it."""
        self._call("record_refund", *_id(payment), refund.refund_number, refund.attempt, refund_id, refunded)

    def record_refund_refused(self, payment: Payment, refund: RefundRow, reason: str, *, again: bool) -> None:
        """No; `again`: another attempt is allowed."""
        self._call("record_refund_refused", *_id(payment), refund.refund_number, refund.attempt, reason, again)

    def record_voided(self, payment: Payment, look_again_seconds: int | None) -> None:
        """Nothing is reserved."""
        self._call("record_voided", *_id(payment), look_again_seconds)

    def record_permission_closed(self, payment: Payment) -> None:
        """Nothing more can be charged."""
        self._call("record_permission_closed", *_id(payment))

    def disputes_open(self, payment: Payment) -> list[str]:
        """Disputes to ask about."""
        rows = self._rows("select dispute_id from payments.disputes_open(%s, %s)", *_id(payment))
        return [row["dispute_id"] for row in rows]

    def record_dispute(self, payment: Payment, dispute_id: str, amount_minor: int | None, state: str) -> None:
        """open, won or lost."""
        self._call("record_dispute", *_id(payment), dispute_id, amount_minor, state)

    def at_rest(self, payment: Payment) -> None:
        """Nothing is left to do, unless the row has moved since it was read."""
        self._call("at_rest", *_id(payment), payment.row_xid)

    def due_for_reauthorisation(self, payment: Payment) -> bool:
        """Whether the authorisation is to be renewed now, by the database's clock."""
        return bool(
            self._rows(
                "select 1 from payments.due_for_reauthorisation where program_id = %s and redemption_id = %s",
                *_id(payment),
            )
        )

    def programs_at_work(self) -> list[int]:
        """Programmes with something to look at."""
        return [row["program_id"] for row in self._rows("select program_id from payments.programs_at_work")]

    def due(self, program_id: int, page_size: int) -> list[tuple[UUID, str]]:
        """Payments to look at now, each with its task."""
        rows = self._rows("select redemption_id, task from payments.due(%s, %s)", program_id, page_size)
        return [(row["redemption_id"], row["task"]) for row in rows]

    def _call(self, function: str, *arguments: Any) -> Any:
        places = ", ".join(["%s"] * len(arguments))
        return self._rows(f"select payments.{function}({places}) as result", *arguments)[0]["result"]

    def _rows(self, statement: str, *arguments: Any) -> Sequence[dict[str, Any]]:
        return self._connection.execute(statement.encode(), arguments).fetchall()


def _id(payment: Payment) -> tuple[int, UUID]:
    return payment.program_id, payment.redemption_id

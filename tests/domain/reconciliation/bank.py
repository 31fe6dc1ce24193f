"""A payment provider in memory that outlives the database: keys for ever, charges, refunds, a list of all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.payments.provider import (
    Charge,
    ChargePage,
    ChargeState,
    Checkout,
    CheckoutState,
    Dispute,
    Money,
    Order,
    Refund,
    RefundState,
    Refused,
)


@dataclass
class Bank:
    """`lists` False: like Amazon Pay it shows no charge that is not asked for by its id."""

    name: str = "amazon_pay"
    renews: bool = True
    most_parts: int = 25
    lists: bool = True
    sessions: dict[str, Checkout] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    made: dict[str, Charge] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)

    def smallest_minor(self, currency: str) -> int:
        return 1

    # ---- approval ----------------------------------------------------------------------------------------------------

    def checkout_request(self, order: Order) -> str:
        return json.dumps({"reference": str(order.redemption_id), "minor": order.amount.minor, "url": order.result_url})

    def open_checkout(self, key: str, request: str) -> Checkout:
        if key not in self.keys:
            name = f"session-{len(self.sessions)}"
            self.sessions[name] = Checkout(name, CheckoutState.WAITING, approval_url="http://bank")
            self.keys[key], self.requests[name] = (request, name), request
        before, name = self.keys[key]
        if before != request:
            raise Refused(400, "DuplicateIdempotencyKey")
        return self.sessions[name]

    def approve_all(self) -> None:
        """Every member who is asked says yes."""
        for name, session in self.sessions.items():
            if session.state is CheckoutState.WAITING:
                self.sessions[name] = replace(session, state=CheckoutState.APPROVED)

    def checkout(self, checkout_id: str) -> Checkout:
        return self.sessions[checkout_id]

    def complete_request(self, amount: Money) -> str:
        return json.dumps({"minor": amount.minor})

    def complete(self, checkout_id: str, key: str, request: str) -> Checkout:
        session = self.sessions[checkout_id]
        if session.charge_id is None:
            asked = json.loads(self.requests[checkout_id])
            charge = self._make(asked["reference"], asked["minor"], f"permission-{checkout_id}")
            self.sessions[checkout_id] = replace(
                session,
                state=CheckoutState.COMPLETED,
                charge_id=charge.charge_id,
                permission_id=charge.permission_id,
            )
        return self.sessions[checkout_id]

    def abandon(self, checkout_id: str) -> Checkout:
        return self.sessions[checkout_id]

    # ---- charges -----------------------------------------------------------------------------------------------------

    def charge_request(self, permission_id: str, amount: Money, redemption_id: UUID) -> str:
        return json.dumps({"reference": str(redemption_id), "minor": amount.minor, "permission": permission_id})

    def authorise_again(self, key: str, request: str) -> Charge:
        if key not in self.keys:
            asked = json.loads(request)
            self.keys[key] = self._make(asked["reference"], asked["minor"], asked["permission"]).charge_id
        return self.made[self.keys[key]]

    def charge(self, charge_id: str) -> Charge:
        if charge_id not in self.made:
            raise Refused(404, "ResourceNotFound")
        return self.made[charge_id]

    def named_charge(self, charge_id: str) -> Charge:
        return self.charge(charge_id)

    def charges(self, start: datetime, end: datetime, page_token: str | None = None) -> ChargePage | None:
        return ChargePage(tuple(self.made.values())) if self.lists else None

    def capture_request(self, amount: Money, *, last: bool = True) -> str:
        return json.dumps({"minor": amount.minor})

    def capture(self, charge_id: str, key: str, request: str) -> Charge:
        charge = self.made[charge_id]
        if charge.state is not ChargeState.AUTHORISED:
            raise Refused(422, "InvalidChargeStatus")
        minor = json.loads(request)["minor"]
        self.made[charge_id] = replace(charge, state=ChargeState.CAPTURED, captured_minor=minor)
        return self.made[charge_id]

    def cancel(self, charge_id: str, reason: str) -> Charge:
        if self.made[charge_id].state is ChargeState.AUTHORISED:
            self.made[charge_id] = replace(self.made[charge_id], state=ChargeState.CANCELLED)
        return self.made[charge_id]

    def close(self, permission_id: str, reason: str) -> None:
        pass

    # ---- refunds -----------------------------------------------------------------------------------------------------

    def refund_request(self, charge_id: str, amount: Money, reference: str) -> str:
        return json.dumps({"charge": charge_id, "minor": amount.minor})

    def refund(self, key: str, request: str) -> Refund:
        if key not in self.keys:
            asked = json.loads(request)
            charge = self.made[asked["charge"]]
            if asked["minor"] > charge.captured_minor - charge.refunded_minor:
                raise Refused(400, "TransactionAmountExceeded")
            self.made[charge.charge_id] = replace(charge, refunded_minor=charge.refunded_minor + asked["minor"])
            self.keys[key] = Refund(
                f"refund-{len(self.refunds)}", charge.charge_id, RefundState.REFUNDED, Money(asked["minor"], "USD")
            )
            self.refunds[self.keys[key].refund_id] = self.keys[key]
        refund: Refund = self.keys[key]
        return refund

    def find_refund(self, charge_id: str, reference: str) -> Refund | None:
        return None

    def refund_status(self, refund_id: str) -> Refund:
        return self.refunds[refund_id]

    def dispute(self, dispute_id: str) -> Dispute | None:
        return None

    # ---- what it knows -----------------------------------------------------------------------------------------------

    def of(self, redemption_id: UUID) -> list[Charge]:
        """This redemption's charges."""
        return [charge for charge in self.made.values() if charge.reference == str(redemption_id)]

    def _make(self, reference: str, minor: int, permission: str) -> Charge:
        name = f"charge-{len(self.made)}"
        self.made[name] = Charge(
            name, ChargeState.AUTHORISED, Money(minor, "USD"), permission_id=permission, reference=reference
        )
        return self.made[name]

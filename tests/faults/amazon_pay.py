"""Amazon Pay in this process: the books of one seed, as strict as the laptop's stand-in (local/simulators/amazon_pay).

Sessions, permissions, charges and refunds are rows in memory; a repeated key brings back the first answer, a key that
comes with another request is refused. Time is the simulation's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from loyalty.payments.currencies import decimal_of, money_of
from loyalty.payments.provider import Money

CAPTURE_AT_ONCE = timedelta(days=7)
AUTHORISATION_LIFE = timedelta(days=30)
SESSION_LIFE = timedelta(hours=24)
DECIDES_AFTER = timedelta(seconds=10)
MOST_CHARGES = 25

type Reply = tuple[int, dict[str, Any]]


class No(Exception):
    """A refusal of Amazon's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass
class Session:
    """A checkout. `decision`: what the member has chosen on Amazon's page (pay, decline)."""

    session_id: str
    reference: str
    minor: int
    currency: str
    opened_at: datetime
    state: str = "Open"
    reason: str | None = None
    decision: str | None = None
    permission_id: str | None = None
    charge_id: str | None = None


@dataclass
class Permission:
    """What the member allowed: one-time, up to the order's amount."""

    permission_id: str
    reference: str
    limit_minor: int
    currency: str
    state: str = "Chargeable"


@dataclass
class Charge:
    """One reservation of money, and what became of it."""

    charge_id: str
    permission: Permission
    minor: int
    authorised_at: datetime
    state: str = "Authorized"
    reason: str | None = None
    captured_minor: int = 0
    asked_minor: int = 0
    changed_at: datetime | None = None


@dataclass
class Refund:
    """Money on its way back. `ending`: Refunded or Declined, some seconds later."""

    refund_id: str
    charge: Charge
    minor: int
    asked_at: datetime
    ending: str = "Refunded"
    state: str = "RefundInitiated"
    reason: str | None = None


@dataclass
class Books:
    """Everything Amazon Pay knows. `decline_next[(operation, reference)]`: how the next such call is declined."""

    now: Callable[[], datetime]
    sessions: dict[str, Session] = field(default_factory=dict)
    permissions: dict[str, Permission] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    replies: dict[str, tuple[str, Reply]] = field(default_factory=dict)
    decline_next: dict[tuple[str, str], str] = field(default_factory=dict)
    # Requests that no correct worker sends.
    complaints: list[str] = field(default_factory=list)

    # ---- what was reserved, taken, sent back -----------------------------------------------------------------------

    def reserved_minor(self, reference: str) -> int:
        """What the member's card shows as reserved."""
        self._advance()
        return sum(c.minor for c in self._of(reference) if c.state in ("Authorized", "CaptureInitiated"))

    def captured_minor(self, reference: str) -> int:
        return sum(charge.captured_minor for charge in self._of(reference))

    def captures(self, reference: str) -> int:
        return sum(charge.captured_minor > 0 for charge in self._of(reference))

    def refunded_minor(self, reference: str) -> int:
        """Sent back, or on its way."""
        self._advance()
        return sum(
            refund.minor
            for refund in self.refunds.values()
            if refund.charge.permission.reference == reference and refund.state != "Declined"
        )

    def _of(self, reference: str) -> list[Charge]:
        return [charge for charge in self.charges.values() if charge.permission.reference == reference]

    # ---- the member's page -----------------------------------------------------------------------------------------

    def decide(self, session_id: str, decision: str) -> None:
        """pay, decline (their bank will) or abandon."""
        self._advance()
        session = self.sessions[session_id]
        if session.state == "Open":
            if decision == "abandon":
                session.state, session.reason = "Canceled", "BuyerCanceled"
            else:
                session.decision = decision

    # ---- calls -----------------------------------------------------------------------------------------------------

    def reference_of(self, path: str, body: bytes) -> str | None:
        """Whose money a call is about."""
        parts = path.split("/")
        given = json.loads(body) if body else {}
        if path == "/v2/checkoutSessions":
            return str(given["merchantMetadata"]["merchantReferenceId"])
        if parts[2] == "checkoutSessions":
            session = self.sessions.get(parts[3])
            return session.reference if session else None
        permission_id = parts[3] if parts[2] == "chargePermissions" else given.get("chargePermissionId")
        if permission_id:
            permission = self.permissions.get(permission_id)
            return permission.reference if permission else None
        if parts[2] == "refunds" and len(parts) > 3:
            return self.refunds[parts[3]].charge.permission.reference if parts[3] in self.refunds else None
        charge = self.charges.get(given.get("chargeId") or parts[3])
        return charge.permission.reference if charge else None

    def is_part(self, path: str, body: bytes) -> bool:
        """Whether a capture is of less than what is reserved."""
        charge = self.charges.get(path.split("/")[3])
        asked = json.loads(body)["captureAmount"]
        return charge is not None and money_of(asked["amount"], asked["currencyCode"]).minor < charge.minor

    def answer(self, method: str, path: str, key: str | None, body: bytes) -> Reply:
        """Carry the call out, once a key."""
        self._advance()
        if method != "POST":
            return self._operate(method, path, body)
        if key is None:
            self.complaints.append(f"{path} without a key")
            return 400, {"reasonCode": "MissingHeader"}
        fingerprint = f"{path}\n{body.decode()}"
        if key in self.replies:
            before, reply = self.replies[key]
            if before != fingerprint:
                self.complaints.append(f"{path}: the key was used for another request")
                return 400, {"reasonCode": "DuplicateIdempotencyKey"}
            return reply
        reply = self._operate(method, path, body)
        self.replies[key] = (fingerprint, reply)
        return reply

    def _operate(self, method: str, path: str, body: bytes) -> Reply:
        parts, given = path.split("/")[2:], json.loads(body) if body else {}
        try:
            match method, parts:
                case "POST", ["checkoutSessions"]:
                    return self._open(given)
                case "GET", ["checkoutSessions", session_id]:
                    return 200, self._shown_session(self._session(session_id))
                case "POST", ["checkoutSessions", session_id, "complete"]:
                    return self._complete(self._session(session_id), given)
                case "GET", ["chargePermissions", permission_id]:
                    return 200, {"statusDetails": {"state": self.permissions[permission_id].state}}
                case "DELETE", ["chargePermissions", permission_id, "close"]:
                    return self._close(self.permissions[permission_id])
                case "POST", ["charges"]:
                    return self._charge(given)
                case "GET", ["charges", charge_id]:
                    return 200, self._shown(self._found(charge_id))
                case "POST", ["charges", charge_id, "capture"]:
                    return self._capture(self._found(charge_id), given)
                case "DELETE", ["charges", charge_id, "cancel"]:
                    return self._cancel(self._found(charge_id))
                case "POST", ["refunds"]:
                    return self._refund(given)
                case "GET", ["refunds", refund_id]:
                    return 200, self._shown_refund(self.refunds[refund_id])
        except No as no:
            return no.status, {"reasonCode": no.reason, "message": no.reason}
        self.complaints.append(f"{method} {path} is no call of Amazon Pay")
        return 405, {"reasonCode": "UnsupportedOperation"}

    def _open(self, given: dict[str, Any]) -> Reply:
        amount = given["paymentDetails"]["chargeAmount"]
        money = money_of(amount["amount"], amount["currencyCode"])
        session = Session(
            f"session-{len(self.sessions) + 1}",
            given["merchantMetadata"]["merchantReferenceId"],
            money.minor,
            money.currency,
            self.now(),
        )
        self.sessions[session.session_id] = session
        return 201, self._shown_session(session)

    def _complete(self, session: Session, given: dict[str, Any]) -> Reply:
        minor = self._asked(given["chargeAmount"], session.currency)
        if session.state == "Canceled":
            raise No(422, "CheckoutSessionCanceled")
        if session.state != "Open" or session.decision is None:
            raise No(422, "InvalidCheckoutSessionStatus")
        if minor != session.minor:
            self.complaints.append("completed with another amount than the session's")
            raise No(409, "AmountMismatch")
        if session.decision == "decline" or self.decline_next.pop(("complete", session.reference), None):
            session.state, session.reason = "Canceled", "Declined"
            raise No(422, "CheckoutSessionCanceled")
        number = len(self.permissions) + 1
        permission = Permission(f"S01-{number:07d}", session.reference, minor, session.currency)
        self.permissions[permission.permission_id] = permission
        charge = self._reserve(permission, minor)
        session.state, session.permission_id = "Completed", permission.permission_id
        session.charge_id = charge.charge_id
        return 200, self._shown_session(session)

    def _close(self, permission: Permission) -> Reply:
        if permission.state == "Closed":
            raise No(422, "InvalidChargePermissionStatus")
        permission.state = "Closed"
        return 200, {}

    def _charge(self, given: dict[str, Any]) -> Reply:
        permission = self.permissions[given["chargePermissionId"]]
        minor = self._asked(given["chargeAmount"], permission.currency)
        of_it = [charge for charge in self.charges.values() if charge.permission is permission]
        if permission.state != "Chargeable":
            raise No(422, "InvalidChargePermissionStatus")
        if minor > permission.limit_minor - sum(
            c.captured_minor if c.state == "Captured" else 0 if c.state in ("Declined", "Canceled") else c.minor
            for c in of_it
        ):
            raise No(400, "TransactionAmountExceeded")
        if len(of_it) >= MOST_CHARGES:
            raise No(422, "TransactionCountExceeded")
        declined = self.decline_next.pop(("charge", permission.reference), None)
        charge = self._reserve(permission, minor)
        if declined:
            charge.state, charge.reason = "Declined", declined
            raise No(422, declined)
        return 201, self._shown(charge)

    def _reserve(self, permission: Permission, minor: int) -> Charge:
        charge_id = f"{permission.permission_id}-C{len(self.charges) + 1:06d}"
        self.charges[charge_id] = Charge(charge_id, permission, minor, self.now())
        return self.charges[charge_id]

    def _capture(self, charge: Charge, given: dict[str, Any]) -> Reply:
        minor = self._asked(given["captureAmount"], charge.permission.currency)
        if charge.state != "Authorized":
            raise No(422, "InvalidChargeStatus")
        if minor > charge.minor:
            raise No(400, "TransactionAmountExceeded")
        declined = self.decline_next.pop(("capture", charge.permission.reference), None)
        if declined:
            charge.state, charge.reason = "Declined", declined
            raise No(422, declined)
        charge.asked_minor, charge.changed_at = minor, self.now()
        if self.now() - charge.authorised_at > CAPTURE_AT_ONCE:
            charge.state = "CaptureInitiated"
            return 202, self._shown(charge)
        self._take(charge)
        return 200, self._shown(charge)

    def _take(self, charge: Charge) -> None:
        charge.state, charge.captured_minor = "Captured", charge.asked_minor
        permission = charge.permission
        taken = sum(c.captured_minor for c in self.charges.values() if c.permission is permission)
        if taken >= permission.limit_minor:
            permission.state = "Closed"

    def _cancel(self, charge: Charge) -> Reply:
        if charge.state != "Authorized":
            raise No(422, "InvalidChargeStatus")
        charge.state, charge.reason = "Canceled", "MerchantCanceled"
        return 200, self._shown(charge)

    def _refund(self, given: dict[str, Any]) -> Reply:
        charge = self._found(given["chargeId"])
        minor = self._asked(given["refundAmount"], charge.permission.currency)
        if charge.state != "Captured":
            raise No(422, "InvalidChargeStatus")
        asked = sum(r.minor for r in self.refunds.values() if r.charge is charge and r.state != "Declined")
        if asked + minor > charge.captured_minor:
            self.complaints.append(f"sent back more than was taken of {charge.charge_id}")
            raise No(400, "TransactionAmountExceeded")
        refund = Refund(f"{charge.permission.permission_id}-R{len(self.refunds) + 1:06d}", charge, minor, self.now())
        reason = self.decline_next.pop(("refund", charge.permission.reference), None)
        if reason:
            refund.ending, refund.reason = "Declined", reason
        self.refunds[refund.refund_id] = refund
        return 201, self._shown_refund(refund)

    # ---- what is found and shown -----------------------------------------------------------------------------------

    def _advance(self) -> None:
        """What has happened by itself until now."""
        now = self.now()
        for session in self.sessions.values():
            if session.state == "Open" and now - session.opened_at >= SESSION_LIFE:
                session.state, session.reason = "Canceled", "Expired"
        for charge in self.charges.values():
            if charge.state == "CaptureInitiated" and charge.changed_at and now - charge.changed_at >= DECIDES_AFTER:
                self._take(charge)
            elif charge.state == "Authorized" and now - charge.authorised_at >= AUTHORISATION_LIFE:
                charge.state, charge.reason = "Canceled", "ExpiredUnused"
        for refund in self.refunds.values():
            if refund.state == "RefundInitiated" and now - refund.asked_at >= DECIDES_AFTER:
                refund.state = refund.ending

    def _session(self, session_id: str) -> Session:
        if session_id not in self.sessions:
            raise No(404, "ResourceNotFound")
        return self.sessions[session_id]

    def _found(self, charge_id: str) -> Charge:
        if charge_id not in self.charges:
            raise No(404, "ResourceNotFound")
        return self.charges[charge_id]

    def _asked(self, price: dict[str, str], currency: str) -> int:
        if price["currencyCode"] != currency:
            raise No(400, "CurrencyMismatch")
        return money_of(price["amount"], currency).minor

    def _shown_session(self, session: Session) -> dict[str, Any]:
        approved = session.decision is not None
        return {
            "checkoutSessionId": session.session_id,
            "webCheckoutDetails": {"amazonPayRedirectUrl": f"https://pay.test/checkout/{session.session_id}"},
            "buyer": {"buyerId": "B"} if approved else None,
            "paymentPreferences": [{"paymentDescriptor": "Visa"}] if approved else [],
            "statusDetails": {"state": session.state, "reasonCode": session.reason},
            "chargePermissionId": session.permission_id,
            "chargeId": session.charge_id,
        }

    def _shown(self, charge: Charge) -> dict[str, Any]:
        currency = charge.permission.currency
        return {
            "chargeId": charge.charge_id,
            "chargePermissionId": charge.permission.permission_id,
            "chargeAmount": _price(charge.minor, currency),
            "captureAmount": _price(charge.captured_minor, currency) if charge.captured_minor else None,
            "statusDetails": {"state": charge.state, "reasonCode": charge.reason},
            "expirationTimestamp": (charge.authorised_at + AUTHORISATION_LIFE).strftime("%Y%m%dT%H%M%SZ"),
        }

    def _shown_refund(self, refund: Refund) -> dict[str, Any]:
        return {
            "refundId": refund.refund_id,
            "chargeId": refund.charge.charge_id,
            "refundAmount": _price(refund.minor, refund.charge.permission.currency),
            "statusDetails": {
                "state": refund.state,
                "reasonCode": refund.reason if refund.state == "Declined" else None,
            },
        }


def _price(minor: int, currency: str) -> dict[str, str]:
    return {"amount": decimal_of(Money(minor, currency)), "currencyCode": currency}

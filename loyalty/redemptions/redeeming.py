"""From a quote to held points, an open payment and a planned order: one SQL call, and what may be changed after it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal

PAUSED_RETRY_AFTER_SECONDS = 300

# The outer limit of a promise in JSON: what a browser's number can hold exactly.
LARGEST_AMOUNT = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Redeem:
    """What a member asks for: so many points and so much money (minor units) for a quote, under a key of their own."""

    redemption_id: UUID
    quote_id: UUID
    points: int
    money_minor: int

    @property
    def request_hash(self) -> bytes:
        """What must be the same when the key comes again."""
        return hashlib.sha256(f"redeem|{self.quote_id}|{self.points}|{self.money_minor}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The redemption stands. `replay`: it stood before this call. `available`: points left to spend."""

    redemption_id: UUID
    state: str
    replay: bool
    available: int
    points: int
    money_minor: int
    release_at: datetime


_REFUSALS = {
    "key_reuse": (Kind.CONFLICT, "key-reuse", "This key was used for another request.", "Idempotency-Key"),
    "key_time": (Kind.INVALID, "key-time", "The key's time is not now; make a new key.", "Idempotency-Key"),
    "quote_not_found": (Kind.NOT_FOUND, "quote-not-found", "There is no such quote.", "quote_id"),
    "quote_expired": (Kind.CONFLICT, "quote-expired", "The price was promised until a time that is over.", "quote_id"),
    "quote_used": (Kind.CONFLICT, "quote-used", "This quote has been redeemed already.", "quote_id"),
    "quote_mismatch": (
        Kind.INVALID,
        "quote-mismatch",
        "The quote does not offer these points with this money.",
        "points",
    ),
    "address_removed": (
        Kind.CONFLICT,
        "address-removed",
        "You have removed the address of this quote. Choose another one.",
        "quote_id",
    ),
    "money_too_little": (
        Kind.INVALID,
        "money-too-little",
        "So little money cannot be paid. Choose fewer points, or all of it in points.",
        "points",
    ),
    "blocked": (Kind.FORBIDDEN, "member-blocked", "This membership cannot redeem at the moment. Please ask us.", None),
    "frozen": (Kind.FORBIDDEN, "frozen", "Spending is stopped for this membership. Please ask us.", None),
    "closing": (Kind.CONFLICT, "membership-closing", "This membership is being closed. Undo that first.", None),
    "insufficient": (Kind.CONFLICT, "insufficient-points", "There are not enough points.", "points"),
    "velocity": (
        Kind.CONFLICT,
        "velocity",
        "This is more than can be spent in 24 hours. Choose fewer points, or try again tomorrow.",
        "points",
    ),
    "over_cap": (
        Kind.CONFLICT,
        "quantity-limit",
        "One member may have only so many of one of these products. Ask for a new price.",
        "quote_id",
    ),
    "unknown_member": (Kind.FORBIDDEN, "not-claimed", "Claim your membership first.", None),
    # Somebody has decided it: it is no failure that anybody is woken for, or that browsers try again.
    "redemption_off": (
        Kind.CONFLICT,
        "redemption-off",
        "Redeeming is switched off at the moment. Your points stay yours; try again later.",
        None,
    ),
    "money_off": (
        Kind.CONFLICT,
        "money-off",
        "Paying a part in money is switched off at the moment. Use points for all of it.",
        "points",
    ),
    "paused": (
        Kind.UNAVAILABLE,
        "ordering-paused",
        "Orders cannot be placed at the moment. Nothing was taken; try again later.",
        None,
    ),
}


def redeem(
    connection: Connection,
    program_id: int,
    member_id: int,
    request: Redeem,
    actor: str,
    device_hash: bytes | None = None,
) -> Redeemed:
    """Carry the request out, once however often it comes. Raises Refusal; then nothing has moved.

    `device_hash`: 32 bytes that stand for the device it comes from, for screening."""
    row = connection.execute(
        "select * from redemptions.redeem(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            program_id,
            member_id,
            request.redemption_id,
            request.quote_id,
            request.points,
            request.money_minor,
            request.request_hash,
            actor,
            device_hash,
        ),
    ).fetchone()
    assert row is not None
    status = row["status"]
    if status not in ("ok", "replay"):
        raise refused(status)
    return Redeemed(
        request.redemption_id,
        row["state"],
        status == "replay",
        row["available"],
        row["points_charged"],
        row["money_charged_minor"],
        row["release_at"],
    )


def refused(status: str) -> Refusal:
    """What a status of redemptions.redeem is to the member."""
    kind, code, detail, field = _REFUSALS.get(
        status, (Kind.INVALID, "quote-mismatch", "The quote does not offer this.", "points")
    )
    wait = PAUSED_RETRY_AFTER_SECONDS if status == "paused" else None
    return Refusal(kind, code, detail, field=field, retry_after_seconds=wait)


def started(connection: Connection, program_id: int, redemption_id: UUID) -> None:
    """The state machine has it; the sweeper need not start it."""
    connection.execute("select redemptions.started(%s, %s)", (program_id, redemption_id))


def cancel(connection: Connection, program_id: int, member_id: int, redemption_id: UUID) -> bool:
    """Cancel while no order can exist. True if a payment may be open and wants closing. Raises Refusal."""
    before = payment_of(connection, program_id, member_id, redemption_id)
    row = connection.execute(
        "select redemptions.cancel(%s, %s, %s) as status", (program_id, member_id, redemption_id)
    ).fetchone()
    assert row is not None
    if row["status"] == "not_found":
        raise not_found()
    if row["status"] == "too_late":
        raise Refusal(Kind.CONFLICT, "too-late", "It is being ordered and can no longer be cancelled.")
    return before.money_minor > 0


_ADDRESS_REFUSALS = {
    "too_late": (Kind.CONFLICT, "too-late", "It is being ordered and can no longer be changed."),
    "address_not_found": (Kind.INVALID, "address-not-found", "This is not one of your addresses."),
    "not_delivered_there": (Kind.INVALID, "not-delivered-there", "The programme does not deliver to that country."),
    "other_price": (
        Kind.CONFLICT,
        "other-price",
        "Shipping and tax are different there. Cancel this redemption and ask for a new price.",
    ),
    "screened": (
        Kind.CONFLICT,
        "screened",
        "It was checked for the address that it has. Cancel it and redeem again for another one.",
    ),
}


def change_address(
    connection: Connection, program_id: int, member_id: int, redemption_id: UUID, address_id: UUID
) -> None:
    """Send it to another of the member's addresses, while no order can exist. Raises Refusal."""
    row = connection.execute(
        "select redemptions.change_address(%s, %s, %s, %s) as status",
        (program_id, member_id, redemption_id, address_id),
    ).fetchone()
    assert row is not None
    if row["status"] == "not_found":
        raise not_found()
    if refused := address_refusal(row["status"]):
        raise refused


def address_refusal(status: str) -> Refusal | None:
    """Why it may not be sent there; None: it may."""
    if status not in _ADDRESS_REFUSALS:
        return None
    kind, code, detail = _ADDRESS_REFUSALS[status]
    return Refusal(kind, code, detail, field=None if status == "too_late" else "address_id")


@dataclass(frozen=True, slots=True)
class PaymentPart:
    """The money of one redemption. `payment_state` is None where there is none."""

    state: str
    money_minor: int
    payment_state: str | None


def payment_of(connection: Connection, program_id: int, member_id: int, redemption_id: UUID) -> PaymentPart:
    """How the member's own redemption stands with the payment provider. Raises Refusal (not found)."""
    row = connection.execute(
        "select * from redemptions.state_for_member(%s, %s, %s)", (program_id, member_id, redemption_id)
    ).fetchone()
    if row is None:
        raise not_found()
    return PaymentPart(row["state"], row["money_minor"], row["payment_state"])


def approve(connection: Connection, program_id: int, member_id: int, redemption_id: UUID) -> bool:
    """The member says that the provider has their approval. True if the payment is to be completed; False if that is
    done or under way. Raises Refusal where nothing is to be approved (any more)."""
    part = payment_of(connection, program_id, member_id, redemption_id)
    if part.payment_state is None:
        raise Refusal(Kind.CONFLICT, "no-payment", "This redemption has no money part.")
    if part.state != "awaiting_payment" and part.payment_state in ("declined", "abandoned", "voiding", "voided"):
        raise Refusal(Kind.CONFLICT, "payment-over", "This payment is over.")
    return part.state == "awaiting_payment"


def not_found() -> Refusal:
    """Also for somebody else's: whether it exists is not told."""
    return Refusal(Kind.NOT_FOUND, "redemption-not-found", "There is no such redemption.")

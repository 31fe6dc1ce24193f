"""Points from one member to another, where the programme allows it. The rules are in database/points/transfer.sql."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Given:
    """The points have moved, now or (`replayed`) before; `available` is what the giver had left then."""

    points: int
    available: int
    replayed: bool


_REFUSALS = {
    "key_time": (Kind.INVALID, "key-time", "The key's time is not now; make a new key.", "Idempotency-Key"),
    "key_reuse": (Kind.CONFLICT, "key-reuse", "This key was used for another request.", "Idempotency-Key"),
    "blocked": (Kind.FORBIDDEN, "member-blocked", "This membership cannot give points. Please ask us.", None),
    "frozen": (Kind.FORBIDDEN, "frozen", "Spending is stopped for this membership. Please ask us.", None),
    "closing": (Kind.CONFLICT, "membership-closing", "This membership is being closed. Undo that first.", None),
    "transfers_off": (Kind.FORBIDDEN, "transfers-off", "In this programme points cannot be given to others.", None),
    "same_member": (Kind.INVALID, "same-member", "These are your own points already.", "member_number"),
    "unknown_recipient": (Kind.NOT_FOUND, "no-such-member", "There is no such member.", "member_number"),
    "in_debt": (Kind.CONFLICT, "in-debt", "Points are owed; earn those first.", None),
    "over_limit": (Kind.CONFLICT, "over-limit", "This is more than can be given in 24 hours.", "points"),
    "insufficient": (Kind.CONFLICT, "insufficient-points", "There are not enough points.", "points"),
}


def give(
    connection: Connection,
    program_id: int,
    member_id: int,
    transfer_id: UUID,
    member_number: str,
    points: int,
    actor: str,
) -> Given:
    """Give points to the member of that number, once however often it is asked. Raises Refusal; then nothing moved."""
    row = connection.execute(
        "select * from members.transfer(%s, %s, %s, %s, %s, %s)",
        (program_id, member_id, transfer_id, member_number, points, actor),
    ).fetchone()
    assert row is not None
    if row["status"] not in ("ok", "replay"):
        kind, code, detail, field = _REFUSALS.get(
            row["status"], (Kind.INVALID, "invalid", "The ledger cannot move that many points.", "points")
        )
        raise Refusal(kind, code, detail, field=field)
    return Given(row["amount"], row["available"], row["status"] == "replay")

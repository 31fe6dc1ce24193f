"""Levels given by staff: until a day, for a reason; they never lower what a member has, and end by themselves."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from loyalty.database import Connection
from loyalty.points.ledger import request_hash
from loyalty.refusal import Kind, Refusal

_REFUSALS: dict[str, tuple[Kind, str, str | None]] = {
    "key_reuse": (Kind.CONFLICT, "This key was used for another request.", "Idempotency-Key"),
    "key_time": (Kind.INVALID, "This key is too old or from the future.", "Idempotency-Key"),
    "closed": (Kind.CONFLICT, "This membership is closed.", None),
    "unknown_tier": (Kind.INVALID, "The programme has no such level.", "tier"),
    "lowest": (Kind.INVALID, "Everybody has this level.", "tier"),
    "past": (Kind.INVALID, "This day is over.", "until"),
    "too_far": (Kind.INVALID, "A level is given for five years at most.", "until"),
    "unknown": (Kind.NOT_FOUND, "This member was given no such level.", None),
}


def grant(
    connection: Connection,
    program_id: int,
    grant_id: UUID,
    member_id: int,
    tier: str,
    until: date,
    reason_code: str,
    actor: str,
) -> None:
    """Give a level through the day `until`; the same request again changes nothing. Raises Refusal."""
    asked = request_hash("grant_tier", {"member": member_id, "tier": tier, "until": until, "reason": reason_code})
    row = connection.execute(
        "select tiers.grant_level(%s, %s, %s, %s, %s, %s, %s, %s) as status",
        (program_id, grant_id, member_id, tier, until, reason_code, asked, actor),
    ).fetchone()
    assert row is not None
    _require_done(row["status"])


def withdraw(connection: Connection, program_id: int, member_id: int, grant_id: UUID, actor: str) -> None:
    """End what was given; again, or when it had run out, changes nothing. Raises Refusal."""
    row = connection.execute(
        "select tiers.withdraw_grant(%s, %s, %s, %s) as status", (program_id, member_id, grant_id, actor)
    ).fetchone()
    assert row is not None
    _require_done(row["status"])


def _require_done(status: str) -> None:
    if status in _REFUSALS:
        kind, detail, field = _REFUSALS[status]
        raise Refusal(kind, status.replace("_", "-"), detail, field=field)

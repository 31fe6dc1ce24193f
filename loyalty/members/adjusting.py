"""Points given or taken by hand: one person up to the programme's limit, a second one above it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from loyalty.database import Connection
from loyalty.points.ledger import request_hash
from loyalty.programme import earning
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

# Who may decide about an adjustment that somebody else asked for.
APPROVERS = ("business-operator",)

type State = Literal["applied", "waiting", "declined", "failed"]


@dataclass(frozen=True, slots=True)
class Request:
    """`points` signed; given points lapse after `expires_on`, by the programme's own rule if None."""

    adjustment_id: UUID
    member_number: str
    points: int
    reason_code: str
    note: str | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An adjustment that needs a second person."""

    adjustment_id: UUID
    member_number: str
    amount: int
    expires_on: date | None
    reason_code: str
    note: str | None
    requested_by: str
    requested_at: datetime


def request(connection: Connection, program_id: int, document: Programme, asked: Request, actor: str) -> State:
    """Adjust now, or put it before a second person; the same request again has the same answer. Raises Refusal."""
    expires_on = asked.expires_on
    if expires_on is None and asked.points > 0:
        now = connection.execute("select clock.now() as now").fetchone()
        assert now is not None
        expires_on = earning.expires_on(document, now["now"])
    what = {"number": asked.member_number, "points": asked.points, "reason": asked.reason_code, "note": asked.note}
    row = connection.execute(
        "select status from members.request_adjustment(%s, %s, %s, %s, %s, %s, %s, %s, %s::text[], %s, %s)",
        (
            program_id,
            asked.adjustment_id,
            asked.member_number,
            asked.points,
            expires_on,
            asked.reason_code,
            asked.note,
            document.points.adjustment_limit,
            list(APPROVERS),
            request_hash("request_adjustment", what | {"expires_on": asked.expires_on}),
            actor,
        ),
    ).fetchone()
    return _state(row)


def decide(
    connection: Connection,
    program_id: int,
    adjustment_id: UUID,
    decision: Literal["approve", "decline"],
    actor: str,
    groups: frozenset[str],
) -> State:
    """Approve or decline as the second person; the same decision again has the same answer. Raises Refusal."""
    row = connection.execute(
        "select status from members.decide_adjustment(%s, %s, %s, %s, %s::text[])",
        (program_id, adjustment_id, decision, actor, sorted(groups)),
    ).fetchone()
    return _state(row)


def waiting(connection: Connection, program_id: int, page_size: int = 50) -> list[Waiting]:
    """What waits for a second person, oldest first."""
    rows = connection.execute("select * from members.waiting_adjustments(%s, %s)", (program_id, page_size)).fetchall()
    return [Waiting(**row) for row in rows]


_REFUSALS: dict[str, tuple[Kind, str, str | None]] = {
    "key_reuse": (Kind.CONFLICT, "This key was used for another request.", "Idempotency-Key"),
    "key_time": (Kind.INVALID, "This key is too old or from the future.", "Idempotency-Key"),
    "unknown_member": (Kind.NOT_FOUND, "This programme has no such member.", "member_number"),
    "insufficient": (Kind.CONFLICT, "The member does not have that many points.", "points"),
    "invalid": (Kind.INVALID, "The ledger cannot hold that: too many points, or an expiry in the past.", "points"),
    "unknown_case": (Kind.NOT_FOUND, "There is no such adjustment waiting.", None),
    "not_open": (Kind.CONFLICT, "Somebody has already decided.", None),
    "same_person": (Kind.FORBIDDEN, "A second person has to decide.", None),
    "not_approver": (Kind.FORBIDDEN, "Your role does not allow that.", None),
    "not_allowed": (Kind.INVALID, "That cannot be decided here.", "decision"),
}


def _state(row: dict[str, Any] | None) -> State:
    assert row is not None
    status = str(row["status"]).removeprefix("replay_")
    if status in _REFUSALS:
        kind, detail, field = _REFUSALS[status]
        raise Refusal(kind, status.replace("_", "-"), detail, field=field)
    state: State = status  # type: ignore[assignment]
    return state

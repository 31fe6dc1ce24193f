"""Staff's side: an export, an erasure with its second person, a legal hold. The rules are in database/privacy/."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from loyalty.database import Connection
from loyalty.points.ledger import request_hash
from loyalty.refusal import Kind, Refusal

type Reason = Literal["member_request", "minor", "court_order", "other"]

_ACCEPTED = ("ok", "replay", "running", "declined")
_REFUSALS: dict[str, tuple[Kind, str, str | None]] = {
    "unknown_member": (Kind.NOT_FOUND, "This programme has no such member.", None),
    "key_reuse": (Kind.CONFLICT, "This key was used for another request.", "Idempotency-Key"),
    "key_time": (Kind.INVALID, "The key's time is not now; make a new key.", "Idempotency-Key"),
    "erased": (Kind.CONFLICT, "This member is erased; there is nothing to export.", None),
    "too_many": (Kind.CONFLICT, "Three exports of this member wait or are ready. Use one of them.", None),
    "erasing": (Kind.CONFLICT, "There is an erasure of this member already.", None),
    "redemptions_open": (Kind.CONFLICT, "Orders of this member are not finished yet.", None),
    "points_held": (Kind.CONFLICT, "Points of this member are held for an order.", None),
    "cases_open": (Kind.CONFLICT, "Cases of this member are open.", None),
    "disputes_open": (Kind.CONFLICT, "A bank's dispute about an order of this member is open.", None),
    "adjustments_waiting": (Kind.CONFLICT, "An adjustment for this member waits for a second person.", None),
    "legal_hold": (Kind.CONFLICT, "A legal hold keeps this member's data.", None),
    "points_changed": (Kind.CONFLICT, "The member has other points now than you were shown. Look again.", "points"),
    "on_hold": (Kind.CONFLICT, "There is a legal hold already.", None),
    "unknown_hold": (Kind.NOT_FOUND, "There is no such legal hold.", None),
    "lifted": (Kind.CONFLICT, "Somebody has already lifted it.", None),
    "unknown_case": (Kind.NOT_FOUND, "There is no such request.", None),
    "not_open": (Kind.CONFLICT, "Somebody has already decided.", None),
    "same_person": (Kind.FORBIDDEN, "A second person has to decide.", None),
    "not_approver": (Kind.FORBIDDEN, "Your role does not allow that.", None),
    "not_stuck": (Kind.CONFLICT, "Nothing of it is stuck.", None),
}


def standing(connection: Connection, program_id: int, number: str) -> dict[str, Any]:
    """What a member's page shows of privacy: requests, holds, and what an erasure would meet. Raises Refusal."""
    told = _one(connection, "select privacy.standing(%s, %s) as told", program_id, number)
    if told is None:
        raise _refusal("unknown_member")
    standing: dict[str, Any] = told
    standing["obstacles"] = [code.replace("_", "-") for code in standing["obstacles"]]
    for erasure in standing["erasures"]:
        erasure["waits_for"] = [code.replace("_", "-") for code in erasure["waits_for"]]
    return standing


def listed(
    connection: Connection, program_id: int, *, kind: str | None, state: str | None, before: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Exports and erasures, newest first."""
    rows = connection.execute(
        "select told from privacy.requests(%s, %s, %s, %s, %s)", (program_id, kind, state, before, limit)
    ).fetchall()
    return [row["told"] for row in rows]


def one(connection: Connection, program_id: int, request_id: UUID) -> dict[str, Any]:
    """An export or an erasure. Raises Refusal."""
    told = _one(connection, "select privacy.one(%s, %s) as told", program_id, request_id)
    if told is None:
        raise _refusal("unknown_case")
    found: dict[str, Any] = told
    if found["kind"] == "erasure":
        found["waits_for"] = [code.replace("_", "-") for code in found["waits_for"]]
    return found


def export(connection: Connection, program_id: int, number: str, export_id: UUID, actor: str) -> None:
    """Ask for an export; the same request again changes nothing. Raises Refusal."""
    _accepted(connection, "select privacy.ask_for_export(%s, %s, %s, %s) as told", program_id, number, export_id, actor)


def place_of(connection: Connection, program_id: int, export_id: UUID, actor: str) -> str:
    """Where a ready export is; who took it is written down. Raises Refusal."""
    told = _one(connection, "select privacy.download(%s, %s, %s) as told", program_id, export_id, actor)
    if told is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-file", "The file is not ready, or not there any more.")
    return str(told)


def erase(
    connection: Connection, program_id: int, number: str, erasure_id: UUID, reason: Reason, points: int, actor: str
) -> None:
    """Ask for an erasure of a member who would lose so many points; a second person decides. Raises Refusal."""
    _accepted(
        connection,
        "select privacy.ask_for_erasure(%s, %s, %s, %s, %s, %s, %s) as told",
        program_id,
        number,
        erasure_id,
        reason,
        points,
        request_hash("erase_member", {"number": number, "reason": reason, "points": points}),
        actor,
    )


def decide(
    connection: Connection,
    program_id: int,
    erasure_id: UUID,
    decision: Literal["approve", "decline"],
    actor: str,
    groups: frozenset[str],
) -> None:
    """The second person's word. Raises Refusal; `points-changed`: others than the request says."""
    told = _one(
        connection,
        "select privacy.decide_erasure(%s, %s, %s, %s, %s::text[]) as told",
        program_id,
        erasure_id,
        decision,
        actor,
        sorted(groups),
    )
    if told == "points_changed":
        raise Refusal(
            Kind.CONFLICT,
            "points-changed",
            "The member has other points now than when this was asked for. Decline it, and ask again.",
        )
    if told not in _ACCEPTED:
        raise _refusal(str(told))


def retry(connection: Connection, program_id: int, erasure_id: UUID, actor: str) -> None:
    """Somebody has looked at what was stuck: again. Raises Refusal."""
    _accepted(connection, "select privacy.retry_erasure(%s, %s, %s) as told", program_id, erasure_id, actor)


def place_hold(connection: Connection, program_id: int, number: str, hold_id: UUID, reason: str, actor: str) -> None:
    """Nothing of this member is erased until it is lifted. Raises Refusal."""
    _accepted(
        connection, "select privacy.place_hold(%s, %s, %s, %s, %s) as told", program_id, number, hold_id, reason, actor
    )


def lift_hold(connection: Connection, program_id: int, number: str, hold_id: UUID, actor: str) -> None:
    """Raises Refusal."""
    _accepted(connection, "select privacy.lift_hold(%s, %s, %s, %s) as told", program_id, number, hold_id, actor)


def retention_runs(connection: Connection, days: int = 30) -> list[dict[str, Any]]:
    """What the retention job removed, newest day first."""
    return connection.execute("select * from privacy.retention_runs(%s)", (days,)).fetchall()


def _one(connection: Connection, statement: str, *values: Any) -> Any:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row["told"]


def _accepted(connection: Connection, statement: str, *values: Any) -> None:
    status = str(_one(connection, statement, *values))
    if status not in _ACCEPTED:
        raise _refusal(status)


def _refusal(status: str) -> Refusal:
    kind, detail, field = _REFUSALS[status]
    return Refusal(kind, status.replace("_", "-"), detail, field=field)

"""Two memberships of one person become one: what would happen, who asks, who decides."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from loyalty.database import Connection
from loyalty.points.ledger import request_hash
from loyalty.refusal import Kind, Refusal
from loyalty.support.seeing import no_such_member

type State = Literal["waiting", "merged", "declined"]

# In words for the person at the desk; the codes are what SQL calls them.
OBSTACLES = {
    "same_member": "These are the same membership.",
    "closed": "One of them is closed.",
    "blocked": "One of them is blocked.",
    "frozen": "Spending is stopped for one of them.",
    "closing": "One of them is being closed by its member.",
    "erasing": "One of them is being erased, or somebody has asked for it.",
    "redemptions_open": "A redemption of the duplicate is on its way to an order.",
    "points_held": "Points of the duplicate are held.",
    "cases_open": "A case of the duplicate is open.",
    "adjustments_waiting": "An adjustment of the duplicate waits for a second person.",
    "owes_points": "The duplicate owes more points than the other one has.",
    "too_many_points": "Together they have more points than an account holds.",
}


def preview(connection: Connection, program_id: int, duplicate: str, survivor: str) -> dict[str, Any]:
    """Both memberships, what stands in the way, and where the sign-in goes. Raises Refusal (not found)."""
    row = connection.execute(
        "select support.merge_preview(%s, %s, %s) as told", (program_id, duplicate, survivor)
    ).fetchone()
    if row is None or row["told"] is None:
        raise no_such_member("duplicate")
    told: dict[str, Any] = row["told"]
    told["obstacles"] = [{"code": code, "words": OBSTACLES[code]} for code in told["obstacles"]]
    return told


def ask(
    connection: Connection, program_id: int, merge_id: UUID, duplicate: str, survivor: str, reason: str, actor: str
) -> State:
    """Put it before a second person; the same request again has the same answer. Raises Refusal."""
    facts = {"duplicate": duplicate, "survivor": survivor, "reason": reason}
    row = connection.execute(
        "select support.ask_merge(%s, %s, %s, %s, %s, %s, %s) as status",
        (program_id, merge_id, duplicate, survivor, reason, request_hash("merge", facts), actor),
    ).fetchone()
    return _state(row)


def decide(
    connection: Connection, program_id: int, merge_id: UUID, decision: str, actor: str, groups: frozenset[str]
) -> State:
    """Approve or decline as the second person; the same decision again has the same answer. Raises Refusal."""
    row = connection.execute(
        "select support.decide_merge(%s, %s, %s, %s, %s::text[]) as status",
        (program_id, merge_id, decision, actor, sorted(groups)),
    ).fetchone()
    return _state(row)


def waiting(connection: Connection, program_id: int, most: int) -> list[dict[str, Any]]:
    """What waits for a second person, oldest first."""
    rows = connection.execute("select support.merges_waiting(%s, %s) as told", (program_id, most)).fetchall()
    return [row["told"] for row in rows]


_REFUSALS: dict[str, tuple[Kind, str, str | None]] = {
    "key_reuse": (Kind.CONFLICT, "This key was used for another request.", "Idempotency-Key"),
    "key_time": (Kind.INVALID, "This key is too old or from the future.", "Idempotency-Key"),
    "unknown_member": (Kind.NOT_FOUND, "This programme has no such member.", "duplicate"),
    "asked": (Kind.CONFLICT, "A merge of this duplicate waits already.", "duplicate"),
    "unknown_case": (Kind.NOT_FOUND, "There is no such merge waiting.", None),
    "not_open": (Kind.CONFLICT, "Somebody has already decided.", None),
    "same_person": (Kind.FORBIDDEN, "A second person has to decide.", None),
    "not_approver": (Kind.FORBIDDEN, "Your role does not allow that.", None),
    "not_allowed": (Kind.INVALID, "That cannot be decided here.", "decision"),
    **{code: (Kind.CONFLICT, words, None) for code, words in OBSTACLES.items()},
}


def _state(row: dict[str, Any] | None) -> State:
    assert row is not None
    status = str(row["status"]).removeprefix("replay_")
    if status in _REFUSALS:
        kind, detail, field = _REFUSALS[status]
        raise Refusal(kind, status.replace("_", "-"), detail, field=field)
    state: State = status  # type: ignore[assignment]
    return state

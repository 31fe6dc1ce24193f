"""Staff's side of the queue: what waits, whose it is, what is answered, and the closed list of outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from loyalty.casework import files
from loyalty.casework.files import Upload
from loyalty.database import Connection
from loyalty.programme import earning, reading
from loyalty.refusal import Kind, Refusal

type Outcome = Literal[
    "return_with_label", "refund_without_return", "goodwill_points", "credit_missing_accrual", "refuse"
]
OUTCOMES: tuple[str, ...] = (
    "return_with_label", "refund_without_return", "goodwill_points", "credit_missing_accrual", "refuse",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agent:
    """Who decides, with the groups of the token."""

    actor: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Units of an order's line that will not come."""

    line_number: int
    quantity: int


def queue(
    connection: Connection,
    program_id: int,
    *,
    state: str | None,
    kind: str | None,
    owner: str | None,
    after: UUID | None,
    page_size: int,
) -> list[dict[str, Any]]:
    """What is in the queue: open cases by deadline (so overdue ones first), closed ones after them."""
    return connection.execute(
        "select * from cases.queue(%s, %s, %s, %s, %s, %s)", (program_id, state, kind, owner, after, page_size)
    ).fetchall()


def one(connection: Connection, program_id: int, case_id: UUID) -> dict[str, Any]:
    """Any case of the programme. Raises Refusal (not found)."""
    row = connection.execute("select cases.for_staff(%s, %s) as told", (program_id, case_id)).fetchone()
    if row is None or row["told"] is None:
        raise _refusal("unknown_case")
    told: dict[str, Any] = row["told"]
    return told


def look_at_files(connection: Connection, shelf: files.Shelf, program_id: int, told: dict[str, Any]) -> None:
    """Look at what was uploaded; each file of `told` gets its state, and an address if it is good."""
    for file in told["files"]:
        file["url"] = None
        if file["state"] == "bad":
            continue
        good, file["url"] = shelf.shown(file)
        if good is not None:
            connection.execute(
                "select cases.looked_at(%s, %s, %s, %s)", (program_id, told["case_id"], file["file_id"], good)
            )
            file["state"] = "good" if good else "bad"


def assign(connection: Connection, program_id: int, case_id: UUID, owner: str | None, agent: Agent) -> None:
    """It is this person's now, or nobody's. Raises Refusal."""
    row = connection.execute(
        "select casework.assign(%s, %s, %s, %s, %s::text[]) as status",
        (program_id, case_id, owner, agent.actor, list(agent.groups)),
    ).fetchone()
    _accepted(row)


def answer(connection: Connection, program_id: int, case_id: UUID, key: UUID, text: str, agent: Agent) -> None:
    """A message to the member, which `key` identifies. Raises Refusal."""
    row = connection.execute(
        "select cases.answer(%s, %s, %s, %s, %s, %s::text[]) as status",
        (program_id, case_id, key, text, agent.actor, list(agent.groups)),
    ).fetchone()
    _accepted(row)


def promise_label(
    connection: Connection, shelf: files.Shelf, program_id: int, case_id: UUID, kind: str, size: int, agent: Agent
) -> Upload:
    """Where to put a label. Raises Refusal."""
    upload = shelf.promise("label", program_id, case_id, kind, size)
    row = connection.execute(
        "select cases.promise_label(%s, %s, %s, %s, %s, %s, %s) as status",
        (program_id, case_id, upload.file_id, upload.object_key, kind, size, agent.actor),
    ).fetchone()
    _accepted(row)
    return upload


def decide(
    connection: Connection,
    program_id: int,
    case_id: UUID,
    outcome: str,
    agent: Agent,
    *,
    points: int | None = None,
    reason: str | None = None,
    units: Sequence[Lost] = (),
) -> str:
    """Choose an outcome; the case's state after it (approval: a second person decides). Raises Refusal.

    What is no outcome of members' cases is one of a ticket that a room opened; `units` for points_back.
    """
    mine: tuple[Any, ...] = (agent.actor, list(agent.groups))
    match outcome:
        case "return_with_label" | "refund_without_return":
            arguments = mine
        case "goodwill_points" | "credit_missing_accrual":
            if points is None:
                raise Refusal(Kind.INVALID, "invalid", "Say how many points.", field="points")
            arguments = (points, _expires_on(connection, program_id), *mine)
        case "refuse":
            if reason is None or not reason.strip():
                raise Refusal(Kind.INVALID, "invalid", "Say why, in words for the member.", field="reason")
            arguments = (reason, *mine)
        case _:
            row = connection.execute(
                "select cases.settle_ticket(%s, %s, %s, %s, %s, %s::text[]) as status, 'decided' as state",
                (program_id, case_id, outcome, Jsonb([asdict(one) for one in units]), *mine),
            ).fetchone()
            return _state(row)
    marks = ", ".join(["%s"] * (len(arguments) - 1) + ["%s::text[]"])
    row = connection.execute(
        f"select * from cases.{outcome}(%s, %s, {marks})".encode(),  # noqa: S608 - one of the literals above
        (program_id, case_id, *arguments),
    ).fetchone()
    return _state(row)


def approve(
    connection: Connection, program_id: int, case_id: UUID, decision: Literal["approve", "decline"], agent: Agent
) -> str:
    """The second person's word; the case's state after it. Raises Refusal."""
    row = connection.execute(
        "select * from cases.approve(%s, %s, %s, %s, %s, %s::text[])",
        (program_id, case_id, decision, _expires_on(connection, program_id), agent.actor, list(agent.groups)),
    ).fetchone()
    return _state(row)


def receive_return(connection: Connection, program_id: int, case_id: UUID, quantity: int | None, agent: Agent) -> str:
    """The goods are back, all of them or so many. Raises Refusal."""
    row = connection.execute(
        "select * from cases.receive_return(%s, %s, %s, %s, %s::text[])",
        (program_id, case_id, quantity, agent.actor, list(agent.groups)),
    ).fetchone()
    if row is not None and row["status"] == "invalid":
        raise _refusal("invalid_quantity")
    return _state(row)


def _expires_on(connection: Connection, program_id: int) -> date:
    """Points given now lapse like those of a purchase made now."""
    row = connection.execute("select clock.now() as now").fetchone()
    assert row is not None
    return earning.expires_on(reading.current(connection, program_id).document, row["now"])


_REFUSALS: dict[str, tuple[Kind, str, str | None]] = {
    "unknown_case": (Kind.NOT_FOUND, "This programme has no such case.", None),
    "not_found": (Kind.NOT_FOUND, "This programme has no such case of a member.", None),
    "not_approver": (Kind.FORBIDDEN, "Your role does not allow that.", None),
    "same_person": (Kind.FORBIDDEN, "A second person has to decide.", None),
    "not_open": (Kind.CONFLICT, "The case is not where that can be decided.", None),
    "over": (Kind.CONFLICT, "The case is closed.", None),
    "too_many": (Kind.CONFLICT, "The case has no room for more.", None),
    "not_allowed": (Kind.INVALID, "A case of this kind has no such outcome.", "outcome"),
    "not_here": (Kind.CONFLICT, "This is decided elsewhere.", None),
    "invalid": (Kind.INVALID, "That is out of bounds.", "points"),
    "invalid_quantity": (Kind.INVALID, "The case is about fewer units.", "quantity"),
    "invalid_units": (Kind.INVALID, "Say which units of the order will not come.", "units"),
    "nothing_owed": (Kind.CONFLICT, "It was paid or given back meanwhile.", None),
    "under_way": (Kind.CONFLICT, "The provider is being asked for it at this moment: try again in a minute.", None),
    "units_gone": (Kind.CONFLICT, "Fewer units are left to give back.", None),
    "no_label": (Kind.CONFLICT, "Upload a label first.", None),
    "already_credited": (Kind.CONFLICT, "The purchase has its points.", None),
    "key_reuse": (Kind.CONFLICT, "This key was used for another message.", "Idempotency-Key"),
    "key_time": (Kind.INVALID, "This key is too old or from the future.", "Idempotency-Key"),
    "refused": (Kind.CONFLICT, "The ledger cannot hold that.", "points"),
}


def _refusal(status: str) -> Refusal:
    kind, detail, field = _REFUSALS[status]
    return Refusal(kind, status.replace("_", "-"), detail, field=field)


def _accepted(row: dict[str, Any] | None) -> None:
    assert row is not None
    if row["status"] not in ("ok", "replay"):
        raise _refusal(str(row["status"]))


def _state(row: dict[str, Any] | None) -> str:
    _accepted(row)
    assert row is not None
    return str(row["state"])

"""Before an order: who must confirm it or look at it. The rules are in database/redemptions/screening_*.sql."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.members.claiming import Mail, Send
from loyalty.programme import messages
from loyalty.programme.document import Programme
from loyalty.redemptions.redeeming import not_found
from loyalty.refusal import Kind, Refusal

# Shorter names could be guessed, longer ones are none.
_DEVICE_LENGTHS = range(16, 201)


def device_hash(program_id: int, device_id: str | None) -> bytes | None:
    """What stands for a device; None where it names none, or something that cannot be one."""
    if device_id is None or len(device_id) not in _DEVICE_LENGTHS:
        return None
    return hashlib.sha256(f"device|{program_id}|{device_id}".encode(errors="replace")).digest()


def send_code(
    connection: Connection, program_id: int, member_id: int, redemption_id: UUID, document: Programme, send: Send
) -> int:
    """Send the member a new code for a redemption that waits for one, to the contact of three days before it; answers
    the minutes that it is good for. Raises Refusal: not found, `nothing-to-confirm`, `too-many-codes`, `too-soon`,
    unavailable."""
    code, salt = f"{secrets.randbelow(1_000_000):06}", secrets.token_bytes(16)
    row = connection.execute(
        "select * from redemptions.new_step_up_code(%s, %s, %s, %s, %s)",
        (program_id, member_id, redemption_id, salt, hashlib.sha256(salt + code.encode()).digest()),
    ).fetchone()
    assert row is not None
    match row["status"]:
        case "not_found":
            raise not_found()
        case "not_asked":
            raise Refusal(Kind.CONFLICT, "nothing-to-confirm", "This redemption waits for no confirmation.")
        case "too_many":
            raise Refusal(Kind.CONFLICT, "too-many-codes", "No more codes can be sent. Please ask us.")
        case "too_soon":
            raise Refusal(
                Kind.CONFLICT, "too-soon", "A code was sent a moment ago; wait half a minute.", retry_after_seconds=30
            )
    minutes = int(row["minutes"])
    _, message = messages.text_of(document, "step-up-code", row["language"] or "en")
    words = {"code": code, "minutes": str(minutes), "brand": document.brand.name}
    subject = " ".join(messages.filled(message.subject, words).split())
    send(Mail(row["contact"], subject, messages.filled(message.text, words)))
    return minutes


def confirm(connection: Connection, program_id: int, member_id: int, redemption_id: UUID, code: str) -> None:
    """The member has the code. Raises Refusal: not found, or `code-refused` whatever the reason."""
    row = connection.execute(
        "select redemptions.confirm_step_up(%s, %s, %s, %s) as status", (program_id, member_id, redemption_id, code)
    ).fetchone()
    assert row is not None
    if row["status"] == "not_found":
        raise not_found()
    if row["status"] not in ("confirmed", "replay"):
        raise Refusal(Kind.CONFLICT, "code-refused", "That code is not right, or no longer good.", field="code")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A redemption that a person must look at; `evidence` holds what the rules found, ids and amounts only."""

    case_id: UUID
    redemption_id: UUID
    member_number: str
    reason: str
    evidence: dict[str, Any]
    opened_at: datetime
    deadline: datetime


def waiting(connection: Connection, program_id: int, page_size: int) -> list[Waiting]:
    """What waits for a person, oldest first."""
    rows = connection.execute(
        "select * from redemptions.screenings_waiting(%s, %s)", (program_id, page_size)
    ).fetchall()
    return [Waiting(**row) for row in rows]


_REFUSALS = {
    "unknown_case": (Kind.NOT_FOUND, "no-such-case", "There is no such case."),
    "not_open": (Kind.CONFLICT, "not-open", "This case is over."),
    "same_person": (Kind.FORBIDDEN, "same-person", "A second person decides this."),
    "not_approver": (Kind.FORBIDDEN, "wrong-group", "Your role does not allow that."),
    "not_allowed": (Kind.INVALID, "invalid", "This case cannot be decided like that."),
    "frozen": (Kind.CONFLICT, "frozen", "Spending is stopped for this membership; allow it first."),
}


def decide(
    connection: Connection,
    program_id: int,
    case_id: UUID,
    decision: str,
    reason: str,
    actor: str,
    groups: frozenset[str],
) -> None:
    """Approve or reject a redemption that waits for a person. Raises Refusal."""
    row = connection.execute(
        "select redemptions.decide_screening(%s, %s, %s, %s, %s, %s) as status",
        (program_id, case_id, decision, reason, actor, list(groups)),
    ).fetchone()
    assert row is not None
    if row["status"] not in ("ok", "replay"):
        kind, code, detail = _REFUSALS[row["status"]]
        raise Refusal(kind, code, detail)

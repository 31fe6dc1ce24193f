"""A member who may not redeem by staff's word, and contact data that staff put right."""

from __future__ import annotations

import re

from loyalty.database import Connection
from loyalty.members.membership import is_email
from loyalty.refusal import Kind, Refusal


def block(connection: Connection, program_id: int, member_number: str, reason: str, actor: str) -> None:
    """Nothing more is redeemed, and what is not ordered yet is turned back; again is the same. Raises Refusal."""
    _done(connection, "select members.block(%s, %s, %s, %s) as status", program_id, member_number, reason, actor)


def unblock(connection: Connection, program_id: int, member_number: str, reason: str, actor: str) -> None:
    """Everything as before. Raises Refusal."""
    _done(connection, "select members.unblock(%s, %s, %s, %s) as status", program_id, member_number, reason, actor)


def correct_contact(
    connection: Connection, program_id: int, member_number: str, email: str | None, language: str | None
) -> bool:
    """Put an e-mail address or the language right; the address of before is told. Whether anything changed. Raises
    Refusal."""
    given = email.strip() if email is not None else None
    if given is not None and not is_email(given):
        raise Refusal(Kind.INVALID, "invalid", "This is not an e-mail address.", field="email")
    if language is not None and not re.fullmatch(r"[a-z]{2}", language):
        raise Refusal(Kind.INVALID, "invalid", "Give the language's two letters.", field="language")
    status = _done(
        connection,
        "select members.correct_contact(%s, %s, %s, %s) as status",
        program_id,
        member_number,
        given,
        language,
    )
    return status == "changed"


_REFUSALS = {
    "unknown_member": (Kind.NOT_FOUND, "no-such-member", "This programme has no such member."),
    "closed": (Kind.CONFLICT, "member-closed", "This membership is closed."),
    "not_blocked": (Kind.CONFLICT, "not-blocked", "This membership is not blocked."),
}


def _done(connection: Connection, statement: str, *values: object) -> str:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    status = str(row["status"])
    if status in _REFUSALS:
        kind, code, detail = _REFUSALS[status]
        raise Refusal(kind, code, detail)
    return status

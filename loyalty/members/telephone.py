"""A member's telephone number: theirs once a code that was sent there has come back."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from loyalty.database import Connection
from loyalty.members.membership import normal_phone
from loyalty.programme import messages
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

# An SMS costs more than a mail, and a stranger may get it.
MOST_CODES_A_DAY = 5

# To a number, a text. Raises Refusal if it is not taken.
type Text = Callable[[str, str], None]

_REFUSALS = {
    "unchanged": Refusal(Kind.CONFLICT, "same-phone", "This is your number already.", field="phone"),
    "too_soon": Refusal(
        Kind.CONFLICT, "too-soon", "A code was sent a moment ago; wait half a minute.", retry_after_seconds=30
    ),
    "too_many": Refusal(Kind.CONFLICT, "too-many-codes", "No more codes can be sent today."),
    "locked": Refusal(Kind.CONFLICT, "too-many-codes", "No more codes can be sent today."),
}


def start(connection: Connection, program_id: int, member_id: int, document: Programme, phone: str, text: Text) -> int:
    """Send a code to the number; the minutes that it is good for. Raises Refusal."""
    number = normal_phone(phone)
    rules = document.enrolment
    code, salt = f"{secrets.randbelow(1_000_000):06}", secrets.token_bytes(16)
    row = connection.execute(
        "select * from members.start_phone(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            program_id,
            member_id,
            number,
            salt,
            hashlib.sha256(salt + code.encode()).digest(),
            rules.code_minutes,
            min(rules.codes_per_day, MOST_CODES_A_DAY),
            rules.code_failures,
            rules.lock_hours,
        ),
    ).fetchone()
    assert row is not None
    if row["status"] != "send":
        raise _REFUSALS[row["status"]]
    _, message = messages.text_of(document, "phone-code", row["language"])
    words = {"code": code, "minutes": str(rules.code_minutes), "brand": document.brand.name}
    text(number, messages.filled(message.sms or message.text, words))
    return rules.code_minutes


def confirm(connection: Connection, program_id: int, member_id: int, document: Programme, code: str) -> None:
    """The number is the member's; again is the same. Raises Refusal `code-refused`, whatever the reason."""
    rules = document.enrolment
    row = connection.execute(
        "select members.confirm_phone(%s, %s, %s, %s, %s) as status",
        (program_id, member_id, code, rules.code_failures, rules.lock_hours),
    ).fetchone()
    assert row is not None
    if row["status"] != "ok":
        raise Refusal(Kind.CONFLICT, "code-refused", "That code is not right, or no longer good.", field="code")

"""A member who existed before signing in proves it: the number, and a one-time code to the contact on file.

The answer to whoever asks is always the same. Only the person who reads that mailbox learns that the number exists.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from loyalty.database import Connection
from loyalty.members.membership import NUMBER
from loyalty.programme.document import Programme
from loyalty.programme.schema.messages import Message
from loyalty.refusal import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to a person; nothing of it is ever logged."""

    to: str
    subject: str
    text: str


# Raises Refusal (unavailable) if the mail is not taken.
type Send = Callable[[Mail], None]

ALREADY_MEMBER = Refusal(Kind.CONFLICT, "already-member", "This sign-in already has a membership.")
CLOSING = Refusal(Kind.CONFLICT, "membership-closing", "This membership is being closed. Undo that first.")


def start(connection: Connection, program_id: int, document: Programme, number: str, subject: str, send: Send) -> None:
    """Send a code if there is an unclaimed member of that number; say nothing either way.

    Raises Refusal (conflict) only about the caller itself: a mail that failed would give the number away.
    """
    if not NUMBER.fullmatch(number):
        return
    enrolment = document.enrolment
    code, salt = f"{secrets.randbelow(1_000_000):06}", secrets.token_bytes(16)
    row = connection.execute(
        "select status, email, language from members.start_claim(%s, %s, %s, %s, %s, %s, %s)",
        (
            program_id,
            number,
            subject,
            salt,
            hashlib.sha256(salt + code.encode()).digest(),
            enrolment.code_minutes,
            enrolment.codes_per_day,
        ),
    ).fetchone()
    assert row is not None
    _about_the_caller(row["status"])
    if row["status"] == "send":
        message = _message(document, "claim-code", row["language"])
        words = {"code": code, "minutes": str(enrolment.code_minutes), "brand": document.brand.name}
        with suppress(Refusal):  # `send` has told the operators
            send(Mail(row["email"], _filled(message.subject, words), _filled(message.text, words)))


def confirm(connection: Connection, program_id: int, document: Programme, number: str, subject: str, code: str) -> int:
    """Link the sign-in to the member and answer its id; again is the same answer.

    Raises Refusal (conflict): `claim-refused` whatever the reason; `already-member` and `membership-closing` are about
    the caller itself.
    """
    row = connection.execute(
        "select status, member_id from members.confirm_claim(%s, %s, %s, %s, %s, %s)",
        (program_id, number, subject, code, document.enrolment.code_failures, document.enrolment.lock_hours),
    ).fetchone()
    assert row is not None
    _about_the_caller(row["status"])
    if row["status"] != "ok":
        raise Refusal(Kind.CONFLICT, "claim-refused", "That code is not right, or no longer good.", field="code")
    return int(row["member_id"])


def _about_the_caller(status: str) -> None:
    if status == "already_member":
        raise ALREADY_MEMBER
    if status == "closing":
        raise CLOSING


def _message(document: Programme, kind: str, language: str) -> Message:
    languages = document.messages.get(kind) or {"en": _PLAIN}
    return languages.get(language) or languages.get("en") or next(iter(languages.values()))


_PLAIN = Message(subject="{brand}: {code}", text="{code}")


def _filled(text: str, words: dict[str, str]) -> str:
    # Not str.format: a template is a company's text, and a brace in it must not reach into objects.
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", value)
    return text

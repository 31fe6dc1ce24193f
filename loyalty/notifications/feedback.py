"""What mail servers and telephones say back: delivered, bounced, complained of, STOP."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from loyalty.database import Connection

type Outcome = Literal["delivered", "bounced", "soft_bounced", "complained"]

_STOP = frozenset({"STOP", "STOPP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "ABMELDEN", "OPTOUT", "REVOKE"})
# Whoever begins with one of these means it, whatever follows.
_PLAIN_STOP = frozenset({"STOP", "STOPP", "STOPALL", "UNSUBSCRIBE", "ABMELDEN"})
_START = frozenset({"START", "UNSTOP", "YES", "ANMELDEN"})
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


class NotUnderstood(Exception):
    """What came is neither; a person must look at it."""


@dataclass(frozen=True, slots=True)
class MailOutcome:
    """What became of one of our e-mails; which one, say the tags it was sent with."""

    program_id: int
    message_id: UUID
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Keyword:
    """STOP or START from a number."""

    phone: str
    stop: bool


def understood(text: str) -> MailOutcome | Keyword | None:
    """What a message of the feedback queue says; None: nothing for us. Raises NotUnderstood, quoting nothing."""
    try:
        said = json.loads(text)
        if isinstance(said, dict) and said.get("Type") == "Notification":
            said = json.loads(said["Message"])
        if not isinstance(said, dict):
            raise ValueError
        if "eventType" in said or "notificationType" in said:
            return _mail(said)
        if "originationNumber" in said:
            return _keyword(said)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise NotUnderstood("feedback of an unknown shape") from None
    raise NotUnderstood("feedback of an unknown kind")


def take(connection: Connection, said: MailOutcome | Keyword) -> bool:
    """Act on it; again changes nothing. Whether there is such a message or such a number."""
    if isinstance(said, Keyword):
        row = connection.execute("select notifications.heard(%s, %s) as known", (said.phone, said.stop)).fetchone()
    else:
        row = connection.execute(
            "select notifications.came_back(%s, %s, %s) as known", (said.program_id, said.message_id, said.outcome)
        ).fetchone()
    assert row is not None
    return bool(row["known"])


def _mail(said: Mapping[str, Any]) -> MailOutcome | None:
    kind = said.get("eventType") or said["notificationType"]
    outcome: Outcome
    match kind:
        case "Delivery":
            outcome = "delivered"
        case "Bounce":
            outcome = "bounced" if said["bounce"]["bounceType"] == "Permanent" else "soft_bounced"
        case "Reject":
            outcome = "soft_bounced"
        case "Complaint":
            outcome = "complained"
        case _:
            return None
    tags = said["mail"].get("tags") or {}
    if "message" not in tags:
        return None  # another mail of this account
    program_id = int(tags["programme"][0])
    if not 0 < program_id < 2**31:
        raise ValueError
    return MailOutcome(program_id, UUID(tags["message"][0]), outcome)


def _keyword(said: Mapping[str, Any]) -> Keyword | None:
    phone = str(said["originationNumber"]).strip()
    if not _PHONE.fullmatch(phone):
        raise ValueError
    words = re.findall(r"\w+", str(said["messageBody"]).upper()[:200])
    if words and (words[0] in _PLAIN_STOP or (len(words) == 1 and words[0] in _STOP)):
        return Keyword(phone, stop=True)
    return Keyword(phone, stop=False) if len(words) == 1 and words[0] in _START else None

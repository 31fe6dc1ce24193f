"""Spending that is stopped: by the link in a message to the contact of old, or allowed again by support.

The link's token is signed and runs out; it names a member and the event that was told, and says nothing about them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal

GOOD_FOR = timedelta(days=30)
MIN_KEY_LENGTH = 32
_SHAPE = struct.Struct(">BIQI16s")
_VERSION = 1
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Link:
    """Whom a link stops, and the event whose message it was in; `until` is when it runs out."""

    program_id: int
    member_id: int
    event_id: UUID
    until: datetime


def token(key: str, link: Link) -> str:
    """The link's token: safe in an address and in an SMS. Raises ValueError for a key that is too short to be one."""
    said = _SHAPE.pack(_VERSION, link.program_id, link.member_id, int(link.until.timestamp()), link.event_id.bytes)
    return base64.urlsafe_b64encode(said + _mac(key, said)).decode().rstrip("=")


def read(key: str, given: str) -> Link | None:
    """What a token of ours says; None for anything else. Whether it has run out is the database's question."""
    try:
        raw = base64.b64decode(given.encode("ascii") + b"=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != given:  # one spelling only
        return None
    said, mac = raw[: _SHAPE.size], raw[_SHAPE.size :]
    if not hmac.compare_digest(_mac(key, said), mac) or len(said) != _SHAPE.size:
        return None
    version, program_id, member_id, until, event_id = _SHAPE.unpack(said)
    if version != _VERSION:
        return None
    return Link(program_id, member_id, UUID(bytes=event_id), datetime.fromtimestamp(until, UTC))


def _mac(key: str, said: bytes) -> bytes:
    if len(key) < MIN_KEY_LENGTH:
        raise ValueError("the key of links must have 32 characters at least")
    return hmac.digest(key.encode(), b"not-me|" + said, hashlib.sha256)[:_MAC_BYTES]


def stop(connection: Connection, key: str, given: str) -> None:
    """Whoever holds the link stops what is spent; again is the same. Raises Refusal `link-refused`, whatever is
    wrong."""
    refused = Refusal(
        Kind.INVALID, "link-refused", "This link is not good, or no longer. Please ask us.", field="token"
    )
    link = read(key, given)
    if link is None:
        raise refused
    row = connection.execute(
        "select case when clock.now() <= %s then redemptions.stop_spending(%s, %s, 'not_me', %s, 'link')"
        " else 'late' end as status",
        (link.until, link.program_id, link.member_id, link.event_id),
    ).fetchone()
    assert row is not None
    if row["status"] not in ("frozen", "replay"):
        raise refused


def unfreeze(connection: Connection, program_id: int, member_number: str, reason: str, actor: str) -> None:
    """Spending goes on. Raises Refusal: no such member, or nothing was stopped."""
    row = connection.execute(
        "select members.unfreeze(%s, %s, %s, %s) as status", (program_id, member_number, reason, actor)
    ).fetchone()
    assert row is not None
    if row["status"] == "unknown_member":
        raise _no_such_member()
    if row["status"] == "not_frozen":
        raise Refusal(Kind.CONFLICT, "not-frozen", "Spending is not stopped for this membership.")


def history(
    connection: Connection, program_id: int, member_number: str
) -> tuple[datetime | None, list[dict[str, Any]]]:
    """Since when spending is stopped (None: it is not), and what happened, oldest first. Raises Refusal (not found)."""
    row = connection.execute("select * from members.freezes(%s, %s)", (program_id, member_number)).fetchone()
    if row is None:
        raise _no_such_member()
    return row["frozen_since"], row["events"]


def _no_such_member() -> Refusal:
    return Refusal(Kind.NOT_FOUND, "no-such-member", "There is no such member.")

"""The journal's chain once more, without the ledger's own functions: SHA-256 over each row's bytes and the link before.

The invariant I8 asks points.link whether points.link was right; this asks nobody.
"""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime
from typing import Any

from proofs.ledger.calls import Plain

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_COLUMNS = b"""
select program_id, member_id, op_id, leg, sequence, kind::text, dr, cr, amount, available_after, held_after,
    pending_after, debt_after, lot_keys, lot_amounts, lot_to, ref_op::text, reference, actor, approver, request_hash,
    occurred_at, created_at, chain
from points.journal order by program_id, member_id, sequence
"""


def verify(connection: Plain) -> tuple[int, list[str]]:
    """All links of all members: how many, and those that are not what they should be."""
    broken: list[str] = []
    links = 0
    before, whose, sequence = b"", None, 0
    with connection.transaction(), connection.cursor(name="chain") as rows:
        rows.execute(_COLUMNS)
        for row in rows:
            if row[:2] != whose:
                before, whose, sequence = b"", row[:2], 0
            links += 1
            sequence += 1
            if row[4] != sequence or bytes(row[-1]) != link(before, row):
                broken.append(f"link {row[4]} of member {row[1]}")
            before, sequence = bytes(row[-1]), row[4]
    return links, broken


def link(before: bytes, row: tuple[Any, ...]) -> bytes:
    """What the row's link must be; every part has a fixed length or its length in front."""
    (program, member, op, leg, sequence, kind, dr, cr, *numbers, keys, amounts, to, ref, reference, actor, approver,
     request_hash, occurred, created, _) = row  # fmt: skip
    return hashlib.sha256(
        before
        + struct.pack(">iq", program, member) + op.bytes + struct.pack(">hq", leg, sequence) + _text(kind)
        + struct.pack(">hh", dr, cr) + struct.pack(">5q", *numbers)
        + _array(keys, 23, "i") + _array(amounts, 20, "q") + _array(to, 23, "i")
        + _text(ref) + _text(reference) + _text(actor) + _text(approver)
        + struct.pack(">i", len(request_hash)) + bytes(request_hash) + _instant(occurred) + _instant(created)
    ).digest()  # fmt: skip


def _text(text: str | None) -> bytes:
    if text is None:
        return struct.pack(">i", -1)
    return struct.pack(">i", len(text.encode())) + text.encode()


def _array(items: list[int] | None, element: int, code: str) -> bytes:
    """PostgreSQL's binary form of a one-dimensional array without nulls."""
    if items is None:
        return b"\xff\xff\xff\xff"
    if not items:
        return struct.pack(">iii", 0, 0, element)
    size = struct.calcsize(f">{code}")
    packed = b"".join(struct.pack(f">i{code}", size, item) for item in items)
    return struct.pack(">iiiii", 1, 0, element, len(items), 1) + packed


def _instant(instant: datetime) -> bytes:
    since = instant - _EPOCH
    return struct.pack(">q", (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)

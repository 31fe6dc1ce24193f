"""A member's whole statement as a document that proves itself: `python -m loyalty.points.verify` checks it alone.

It holds what the journal's chain covers and nothing else, so that nothing in it has to be believed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loyalty.database import Connection
from loyalty.points.verify import FORMAT

# A function answers with 6 MB at most; a row takes about 800 bytes.
ROWS_PER_PART = 4_000


def document(
    connection: Connection, program_id: int, member_id: int, after: int = 0, limit: int = ROWS_PER_PART
) -> dict[str, Any] | None:
    """The rows after number `after`, oldest first, and the head they lead to; None if there is no such member.

    A part whose last row is below the head is continued by the one after that row.
    """
    # Rows are only ever added: those up to a head that was read before them are all there.
    head = connection.execute("select * from points.head(%s, %s)", (program_id, member_id)).fetchone()
    if head is None:
        return None
    rows = connection.execute(
        "select * from points.history(%s, %s, %s, %s) where sequence <= %s order by sequence",
        (program_id, member_id, after, limit, head["sequence"]),
    ).fetchall()
    return {
        "format": FORMAT,
        "program_id": program_id,
        "member_id": member_id,
        "rows": [_plain(row) for row in rows],
        "head": _plain(head),
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    match value:
        case None | int() | list() | str():
            return value
        case bytes():
            return value.hex()
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case _:
            return str(value)

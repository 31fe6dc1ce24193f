"""From the row to the PDF in the store: draw, put, mark. Whatever dies in between, the next try ends alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from uuid import UUID

from loyalty.database import Connection
from loyalty.programme import reading

# Puts bytes under a key; again with the same key is no harm.
type Put = Callable[[str, bytes], None]


class NotDrawn(Exception):
    """The page could not be drawn, and will not be by this version; the message names the failure and nothing else."""


def store(connection: Connection, program_id: int, document_id: UUID, put: Put) -> bool:
    """Make the document ready. Answers whether it was not before. Raises NotDrawn, and whatever `put` raises."""
    row = connection.execute("select * from documents.to_draw(%s, %s)", (program_id, document_id)).fetchone()
    if row is None or row["state"] == "ready":
        return False
    try:
        # Heavy: only where something is drawn.
        from loyalty.documents.drawing import Sheet, draw

        document = reading.version(connection, program_id, row["programme_version"]).document
        content = draw(
            Sheet(
                kind=row["kind"],
                number=row["number"],
                redemption_id=row["redemption_id"],
                member_number=row["member_number"],
                recipient=row["recipient"],
                facts=row["facts"],
                programme=document,
            )
        )
    except Exception as failure:
        name = type(failure).__name__
        connection.execute("select documents.not_drawn(%s, %s, %s)", (program_id, document_id, name))
        # Without the cause: its message may quote a name.
        raise NotDrawn(name) from None
    put(row["object_key"], content)
    stored = connection.execute(
        "select documents.stored(%s, %s, %s, %s) as first",
        (program_id, document_id, hashlib.sha256(content).digest(), len(content)),
    ).fetchone()
    return bool(stored and stored["first"])

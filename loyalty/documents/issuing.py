"""Which events make a document, and the row that each makes once; its PDF comes later."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from loyalty.database import Connection

CONFIRMED = "redemption.confirmed"
CAME_BACK = ("units.cancelled", "units.returned")
TOPICS = frozenset({CONFIRMED, *CAME_BACK})


class NotAnEvent(Exception):
    """What came is no event of ours; a person must look at it."""


class NotYet(Exception):
    """The order is not closed, or the event has no trace here; it comes again."""


def issue(connection: Connection, topic: Any, detail: Any) -> tuple[int, list[UUID]]:
    """Issue what the event asks for; answers the programme and the documents, the same ones every time.

    Raises NotAnEvent (without quoting what came), NotYet.
    """
    try:
        program_id, payload = _whole(detail["program_id"]), detail["payload"]
        redemption_id = UUID(payload["redemption_id"])
        units = (_whole(payload["line_number"]), _key_of(payload["event_key"])) if topic in CAME_BACK else None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotAnEvent("the message is no event of the outbox") from None
    order = _issued(
        connection, "select documents.issue(%s, %s, %s) as id", (program_id, redemption_id, _place(program_id))
    )
    if units is None:
        return program_id, [order]
    note = _issued(
        connection,
        "select documents.issue_credit_note(%s, %s, %s, %s, %s, %s) as id",
        (program_id, redemption_id, *units, _place(program_id), _place(program_id)),
    )
    return program_id, [order, note]


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 < value < 2**31:
        raise ValueError
    return value


def _key_of(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError
    return value


def _issued(connection: Connection, statement: str, values: tuple[Any, ...]) -> UUID:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None or row["id"] is None:
        raise NotYet
    return UUID(str(row["id"]))


def _place(program_id: int) -> str:
    """Nobody guesses where a document is; it is used if the document is new."""
    return f"{program_id}/{secrets.token_hex(24)}.pdf"

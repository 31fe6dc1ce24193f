"""What members and staff see of documents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.redemptions.redeeming import not_found
from loyalty.refusal import Kind, Refusal


def of_redemption(connection: Connection, program_id: int, member_id: int, redemption_id: UUID) -> list[dict[str, Any]]:
    """The documents of the member's own redemption, oldest first. Raises Refusal (not found)."""
    return _listed(
        connection, "select documents.of_redemption(%s, %s, %s) as found", program_id, member_id, redemption_id
    )


def of_redemption_for_staff(connection: Connection, program_id: int, redemption_id: UUID) -> list[dict[str, Any]]:
    """The documents of anybody's redemption in the programme. Raises Refusal (not found)."""
    return _listed(connection, "select documents.of_redemption_for_staff(%s, %s) as found", program_id, redemption_id)


def one(connection: Connection, program_id: int, member_id: int, document_id: UUID) -> dict[str, Any]:
    """The member's own document, with its place. Raises Refusal (not found; unavailable until it is there)."""
    return _ready(connection, "select documents.one(%s, %s, %s) as found", program_id, member_id, document_id)


def one_for_staff(connection: Connection, program_id: int, document_id: UUID) -> dict[str, Any]:
    """Anybody's document in the programme, with its place. Raises Refusal (not found, unavailable)."""
    return _ready(connection, "select documents.one_for_staff(%s, %s) as found", program_id, document_id)


def _listed(connection: Connection, statement: str, *values: Any) -> list[dict[str, Any]]:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None or row["found"] is None:
        raise not_found()
    found: list[dict[str, Any]] = row["found"]
    return found


def _ready(connection: Connection, statement: str, *values: Any) -> dict[str, Any]:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None or row["found"] is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-document", "There is no such document.")
    found: dict[str, Any] = row["found"]
    if found["object_key"] is None:
        raise Refusal(
            Kind.UNAVAILABLE,
            "not-ready",
            "The document is being written. Try again in a minute.",
            retry_after_seconds=60,
        )
    return found

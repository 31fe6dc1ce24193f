"""What staff see of documents on their way to the ERP, and the one thing they may do about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal

_REFUSALS = {
    "unknown_document": (Kind.NOT_FOUND, "There is no such document."),
    "posted": (Kind.CONFLICT, "It is in the ERP's books: it is not sent a second time."),
    "in_review": (Kind.CONFLICT, "The ERP refused it: correct the invoice and approve it, and it is sent again."),
    "no_erp": (Kind.CONFLICT, "The programme has no ERP: it waits until there is one."),
}


def documents(
    connection: Connection,
    program_id: int,
    *,
    kind: str | None,
    state: str | None,
    number: str | None,
    before: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Newest first."""
    return connection.execute(
        "select * from erp.documents(%s, %s, %s, %s, %s, %s)", (program_id, kind, state, number, before, limit)
    ).fetchall()


def document(connection: Connection, program_id: int, document_id: UUID) -> dict[str, Any]:
    """One with its text and its attempts. Raises Refusal."""
    row = connection.execute("select erp.document_of(%s, %s) as told", (program_id, document_id)).fetchone()
    if row is None or row["told"] is None:
        raise _refusal("unknown_document")
    told: dict[str, Any] = row["told"]
    return told


def send_again(connection: Connection, program_id: int, document_id: UUID, actor: str) -> None:
    """Now, whatever pause it had. Raises Refusal."""
    row = connection.execute("select erp.send_again(%s, %s, %s) as told", (program_id, document_id, actor)).fetchone()
    assert row is not None
    if row["told"] != "ok":
        raise _refusal(row["told"])


def _refusal(status: str) -> Refusal:
    kind, detail = _REFUSALS[status]
    return Refusal(kind, status.replace("_", "-"), detail)

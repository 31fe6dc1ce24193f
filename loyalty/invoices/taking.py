"""A mail that has come in: is it believed, which papers are in it, and all of that recorded, whatever it was.

The same object a second time changes nothing, and a paper that is known stays the one it is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from loyalty.database import Connection
from loyalty.invoices import examining, mail, vouching
from loyalty.invoices.packing import Found
from loyalty.invoices.vouching import Head
from loyalty.programme import reading

# Twenty papers that are each a trap must not take an hour: what is left then is refused.
LOOKING_SECONDS = 90.0

type Keep = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail in the bucket: `raw` is all of it, or the beginning of one that is too large; `size` in bytes."""

    object_key: str
    raw: bytes
    size: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """A paper as the record has it; `reason` if it is refused, else it lies under `object_key`."""

    document_id: UUID
    sha256: str
    name: str
    bytes: int
    pages: int | None
    object_key: str | None
    reason: str | None

    def told(self) -> dict[str, object]:
        """As the database takes it."""
        return {**asdict(self), "document_id": str(self.document_id)}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it. `program_id`: None: it was to nobody. `received`: the documents that somebody has to read now.
    `refused`: reasons of documents."""

    program_id: int | None
    reason: str | None
    received: tuple[UUID, ...]
    known: int
    refused: tuple[str, ...]


def take(connection: Connection, arrived: Arrived, domain: str, keep: Keep) -> Taken:
    """Record the mail; its good papers are kept first (`keep(key, bytes)`), so that nobody is told of one that is not.

    `domain`: the part after the @ of our addresses. Raises what the database and `keep` raise, nothing for the mail.
    """
    head = vouching.read(arrived.raw)
    code = vouching.programme_code(head, domain)
    program_id = _program_id(connection, code) if code else None
    reason, papers = _doubt(connection, arrived, head, program_id), mail.Enclosed()
    if reason is None:
        papers = mail.read(arrived.raw)
        reason = papers.reason
    documents: tuple[Document, ...] = ()
    if program_id is not None and reason is None:
        documents = documents_of(connection, program_id, papers.documents, keep)
    if documents and all(document.reason for document in documents):
        reason = "no_usable_pdf"
    return _recorded(connection, program_id, arrived, head, code, documents, reason)


def documents_of(
    connection: Connection, program_id: int, papers: tuple[Found, ...], keep: Keep
) -> tuple[Document, ...]:
    """Each paper looked at, those that are good kept under their own hash."""
    documents = []
    end = time.monotonic() + LOOKING_SECONDS
    for paper, document_id in zip(papers, _new_ids(connection, len(papers)), strict=True):
        late = "took_too_long" if time.monotonic() > end else None
        refused = paper.reason or late
        examined = examining.Examined(None, refused) if refused else examining.examine(paper.data)
        sha256 = hashlib.sha256(paper.data).hexdigest()
        key = None if examined.reason else f"documents/{program_id}/{sha256}.pdf"
        if key is not None and not _is_known(connection, program_id, sha256):
            keep(key, paper.data)
        documents.append(
            Document(document_id, sha256, paper.name, len(paper.data), examined.pages, key, examined.reason)
        )
    return tuple(documents)


def _doubt(connection: Connection, arrived: Arrived, head: Head, program_id: int | None) -> str | None:
    """Why nothing of the mail is looked at but its head."""
    if not head.is_one:
        return "not_a_mail" if arrived.raw else "empty"
    if program_id is None:
        return "unknown_recipient"
    senders = reading.current(connection, program_id).document.invoices.senders
    return vouching.doubt(head, senders) or ("too_large" if arrived.size > mail.LARGEST_BYTES else None)


def _recorded(
    connection: Connection,
    program_id: int | None,
    arrived: Arrived,
    head: Head,
    code: str | None,
    documents: tuple[Document, ...],
    reason: str | None,
) -> Taken:
    told = {
        "object_key": arrived.object_key,
        "message_id": head.message_id or None,
        "sender": head.sender,
        "recipient": code if program_id is not None else None,
        "received_at": arrived.received_at.isoformat(),
        "bytes": arrived.size,
        **asdict(head.verdicts),
        "outcome": "refused" if reason else "taken",
        "reason": reason,
    }
    rows = connection.execute(
        "select document_id, state, fresh from invoices.take_mail(%s, %s, %s::jsonb, %s::jsonb)",
        (program_id, _new_ids(connection, 1)[0], json.dumps(told), json.dumps([one.told() for one in documents])),
    ).fetchall()
    return Taken(
        program_id=program_id,
        reason=reason,
        received=tuple(row["document_id"] for row in rows if row["state"] == "received"),
        known=sum(not row["fresh"] for row in rows),
        refused=tuple(document.reason for document in documents if document.reason),
    )


def _program_id(connection: Connection, code: str) -> int | None:
    row = connection.execute("select programme.id_of(%s) as id", (code,)).fetchone()
    return None if row is None else row["id"]


def _is_known(connection: Connection, program_id: int, sha256: str) -> bool:
    known = connection.execute(
        "select object_key from invoices.known_document(%s, %s)", (program_id, sha256)
    ).fetchone()
    return known is not None and known["object_key"] is not None


def _new_ids(connection: Connection, count: int) -> list[UUID]:
    row = connection.execute(
        "select array(select clock.new_id() from generate_series(1, %s)) as ids", (count,)
    ).fetchone()
    assert row is not None
    return list(row["ids"])

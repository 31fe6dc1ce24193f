"""The ERP's books: a document is taken once, waits perhaps, and is posted; after that it stays."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from local.simulators import clock
from local.simulators.erp.documents import Document, read
from local.simulators.erp.files import File, now, stored
from local.simulators.erp.refusals import ApiError, refused

type Reply = tuple[int, dict[str, Any]]

LETTERS = {"invoice": "VI", "credit_memo": "VC", "journal": "GJ"}


def take(file: File, kind: str, format: str, key: str, body: bytes) -> Reply:
    """A document that was sent. Raises ApiError."""
    if not 1 <= len(key) <= 300:
        raise ApiError(400, "idempotency_key", "Idempotency-Key", "It has to have one.")
    sha256 = hashlib.sha256(body).hexdigest()
    known = file.one("select * from documents where key = ? and status <> 'rejected'", key)
    if known is not None and known["sha256"] == sha256:
        return (201 if known["status"] == "posted" else 202), _shown(known)
    if known is not None:
        raise _had(known, "key_reused", "That key was another document's.")
    document = read(kind, format, body)
    known = file.one(
        "select * from documents where kind = ? and vendor = ? and number = ? and status <> 'rejected'",
        kind, document.vendor, document.number,
    )  # fmt: skip
    if known is not None:
        raise _had(known, "duplicate_number", "That number is in the books.")
    _may_be_booked(file, document)
    return _booked(file, document, format, key, sha256, body.decode())


def look_at(format: str, body: bytes) -> Reply:
    """An invoice is only looked at. Raises ApiError."""
    read("invoice", format, body)
    return 200, {"valid": True}


def standing(file: File, document_id: str) -> Reply:
    """What became of it. Raises ApiError."""
    row = file.one("select * from documents where document_id = ?", document_id)
    if row is None:
        raise ApiError(404, "unknown_document", "", "There is no such document.")
    return 200, _shown(row)


def advance(file: File) -> None:
    """What has waited long enough is posted, unless its month was locked meanwhile."""
    due = file.all("select * from documents where status = 'pending' and due_at <= ? order by due_at", now())
    for row in due:
        if _is_locked(file, row["booked_on"]):
            reject(file, row["document_id"], "locked_period")
        else:
            file.run(
                "update documents set status = 'posted', posted_at = ? where document_id = ?", now(), row["document_id"]
            )


def reject(file: File, document_id: str, reason: str) -> dict[str, Any]:
    """One that is pending will not be booked. Raises ApiError."""
    row = file.one("select * from documents where document_id = ? and status = 'pending'", document_id)
    if row is None:
        raise ApiError(404, "not_pending", "", "No such document is pending.")
    file.run("delete from entries where document_id = ?", document_id)
    # Its number is free again.
    file.run(
        "update documents set status = 'rejected', reason = ?, key = key || ' ' || document_id,"
        " number = number || ' ' || document_id where document_id = ?",
        reason, document_id,
    )  # fmt: skip
    return {"document_id": document_id, "status": "rejected", "reason": reason}


def _may_be_booked(file: File, document: Document) -> None:
    if _is_locked(file, document.booked_on):
        raise refused("locked_period", "day" if document.kind == "journal" else "issued_on", "The month is locked.")
    if document.kind == "journal":
        return
    vendor = file.one("select state from vendors where name = ?", document.vendor)
    if vendor is not None and vendor["state"] == "blocked":
        raise refused("blocked_vendor", "vendor", "Nothing is booked for that vendor.")
    if vendor is None and file.settings()["vendors_must_be_known"]:
        raise refused("unknown_vendor", "vendor", "There is no such vendor.")
    if document.corrects is not None and file.one(
        "select 1 from documents where kind = 'invoice' and vendor = ? and number = ?",
        document.vendor, document.corrects,
    ) is None:  # fmt: skip
        raise refused("unknown_invoice", "corrects", "There is no such invoice to be taken back.")


def _is_locked(file: File, day: str) -> bool:
    return file.one("select 1 from periods where month = ? and state = 'locked'", day[:7]) is not None


def _booked(file: File, document: Document, format: str, key: str, sha256: str, body: str) -> Reply:
    number = (file.one("select count(*) + 1 as n from documents") or {})["n"]
    document_id = f"{LETTERS[document.kind]}-{number:06d}"
    wait = file.settings()["pending_seconds"]
    status = "posted" if wait is None else "pending"
    due = stored(clock.now() + timedelta(seconds=wait or 0))
    posted_at = now() if wait is None else None
    file.run(
        "insert into documents values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        document_id, document.kind, format, key, sha256, document.vendor, document.number, document.booked_on,
        document.currency, document.total_minor, document.tax_minor, document.corrects, status, None, body, now(), due,
        posted_at,
    )  # fmt: skip
    for line, entry in enumerate(document.entries, 1):
        file.run(
            "insert into entries values (?, ?, ?, ?, ?, ?)",
            document_id, line, entry.account, entry.debit_minor, entry.credit_minor, entry.words,
        )  # fmt: skip
    return (201 if wait is None else 202), {"document_id": document_id, "status": status}


def _had(known: dict[str, Any], code: str, detail: str) -> ApiError:
    """409: which one it was, so that whoever never heard of it can tell."""
    refusal = ApiError(409, code, "number", detail, sha256=known["sha256"])
    refusal.document |= _shown(known)
    return refusal


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    shown = {"document_id": row["document_id"], "status": row["status"]}
    return shown | ({"code": row["reason"], "reason": "It was rejected."} if row["status"] == "rejected" else {})

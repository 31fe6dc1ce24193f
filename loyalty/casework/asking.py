"""A member's side of a case: open it, say more, send photos, take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from loyalty.casework import files
from loyalty.casework.files import Upload
from loyalty.database import Connection
from loyalty.points.ledger import request_hash
from loyalty.refusal import Kind, Refusal

type CaseKind = Literal["not_received", "damaged", "wrong_item", "changed_mind", "missing_points", "other"]


@dataclass(frozen=True, slots=True)
class Units:
    """So many units of an order's line."""

    redemption_id: UUID
    line_number: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Purchase:
    """Something bought at a partner, by the number on its receipt."""

    partner: str
    partner_reference: str
    bought_on: date | None


def open_case(
    connection: Connection,
    program_id: int,
    member_id: int,
    case_id: UUID,
    kind: CaseKind,
    about: Units | Purchase,
    said: str,
) -> None:
    """Open it; the same request again changes nothing. Raises Refusal."""
    row = connection.execute(
        "select cases.open(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as status",
        (program_id, member_id, case_id, *_asked(kind, about, said)),
    ).fetchone()
    _accepted(row)


def open_for(
    connection: Connection,
    program_id: int,
    member_number: str,
    case_id: UUID,
    kind: CaseKind,
    about: Units | Purchase,
    said: str,
    actor: str,
    groups: frozenset[str],
) -> None:
    """The same by staff, for a member who is on the telephone. Raises Refusal."""
    row = connection.execute(
        "select cases.open_for_member(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::text[]) as status",
        (program_id, member_number, case_id, *_asked(kind, about, said), actor, sorted(groups)),
    ).fetchone()
    _accepted(row)


def _asked(kind: CaseKind, about: Units | Purchase, said: str) -> tuple[Any, ...]:
    if kind != "other" and (kind == "missing_points") is not isinstance(about, Purchase):
        field = "purchase" if kind == "missing_points" else "units"
        raise Refusal(Kind.INVALID, "invalid", f"Such a case is about {field}.", field=field)
    units = about if isinstance(about, Units) else None
    purchase = about if isinstance(about, Purchase) else None
    return (
        kind,
        units and units.redemption_id,
        units and units.line_number,
        units and units.quantity,
        purchase and purchase.partner,
        purchase and purchase.partner_reference,
        purchase and purchase.bought_on,
        said,
        request_hash("open_case", {"kind": kind, "about": repr(about), "said": said}),
    )


def say(connection: Connection, program_id: int, member_id: int, case_id: UUID, text: str) -> None:
    """Another message. Raises Refusal."""
    row = connection.execute(
        "select cases.say(%s, %s, %s, %s) as status", (program_id, member_id, case_id, text)
    ).fetchone()
    _accepted(row)


def promise_photo(
    connection: Connection, shelf: files.Shelf, program_id: int, member_id: int, case_id: UUID, kind: str, size: int
) -> Upload:
    """Where to put a photo of exactly this type and size, for some minutes. Raises Refusal."""
    upload = shelf.promise("photo", program_id, case_id, kind, size)
    row = connection.execute(
        "select cases.promise_photo(%s, %s, %s, %s, %s, %s, %s) as status",
        (program_id, member_id, case_id, upload.file_id, upload.object_key, kind, size),
    ).fetchone()
    _accepted(row)
    return upload


def withdraw(connection: Connection, program_id: int, member_id: int, case_id: UUID) -> None:
    """The member takes it back. Raises Refusal."""
    row = connection.execute("select cases.withdraw(%s, %s, %s) as status", (program_id, member_id, case_id)).fetchone()
    _accepted(row)


def one(connection: Connection, program_id: int, member_id: int, case_id: UUID) -> dict[str, Any]:
    """A case of the member's own. Raises Refusal (not found)."""
    row = connection.execute("select cases.of_member(%s, %s, %s) as told", (program_id, member_id, case_id)).fetchone()
    if row is None or row["told"] is None:
        raise _refusal("not_found")
    told: dict[str, Any] = row["told"]
    return told


def listed(
    connection: Connection, program_id: int, member_id: int, before: UUID | None, page_size: int
) -> list[dict[str, Any]]:
    """The member's cases, newest first."""
    return connection.execute(
        "select * from cases.list(%s, %s, %s, %s)", (program_id, member_id, before, page_size)
    ).fetchall()


_REFUSALS: dict[str, tuple[Kind, str, str, str | None]] = {
    "key_reuse": (Kind.CONFLICT, "key-reuse", "This key was used for another request.", "Idempotency-Key"),
    "key_time": (Kind.INVALID, "key-time", "This key is too old or from the future.", "Idempotency-Key"),
    "unknown_order": (Kind.NOT_FOUND, "no-such-order", "You have no such order.", "units.redemption_id"),
    "too_many_units": (Kind.INVALID, "too-many-units", "You do not have so many of it.", "units.quantity"),
    "already_open": (Kind.CONFLICT, "already-open", "There is an open case about this.", None),
    "too_many_cases": (Kind.CONFLICT, "too-many-cases", "Twenty of your cases are open.", None),
    "not_found": (Kind.NOT_FOUND, "no-such-case", "You have no such case.", None),
    "over": (Kind.CONFLICT, "case-closed", "The case is closed.", None),
    "unknown_member": (Kind.NOT_FOUND, "no-such-member", "This programme has no such member.", None),
    "not_approver": (Kind.FORBIDDEN, "wrong-group", "Your role does not allow that.", None),
    "too_many": (Kind.CONFLICT, "too-many", "The case has no room for more.", None),
}


def _refusal(status: str) -> Refusal:
    kind, code, detail, field = _REFUSALS[status]
    return Refusal(kind, code, detail, field=field)


def _accepted(row: dict[str, Any] | None) -> None:
    assert row is not None
    if row["status"] not in ("ok", "replay"):
        raise _refusal(str(row["status"]))

"""Members arrive from partners, from staff and from files, before they ever sign in."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from loyalty.database import Connection
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_EMAIL = re.compile(
    r"[^\s@<>\",;:\\()\[\]\x00-\x1f\x7f]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_SPACING = re.compile(r"[\s()./-]+")


@dataclass(frozen=True, slots=True)
class NewMember:
    """What is known of somebody on arrival. `number` is the company's own; e-mail is where the code goes."""

    number: str
    email: str
    phone: str | None
    tier: str
    country: str
    language: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One member's own data."""

    number: str
    email: str
    phone: str | None
    tier: str
    country: str
    language: str
    state: Literal["active", "closing", "blocked", "closed"]
    claimed: bool
    member_since: datetime
    default_address_id: UUID | None
    accepted_terms: list[str]


def checked(document: Programme, given: NewMember) -> NewMember:
    """The same with its spelling made even. Raises Refusal (invalid) naming the first field that is wrong."""
    email = given.email.strip()
    phone = normal_phone(given.phone) if given.phone else None
    tier = given.tier or document.enrolment.default_tier
    for field, right in (
        ("member_number", NUMBER.fullmatch(given.number)),
        ("email", is_email(email)),
        ("tier", any(tier == known.code for known in document.tiers.levels)),
        ("country", re.fullmatch(r"[A-Z]{2}", given.country)),
        ("language", re.fullmatch(r"[a-z]{2}", given.language)),
    ):
        if not right:
            raise Refusal(Kind.INVALID, "invalid", f"{field} is not valid.", field=field)
    return NewMember(given.number, email, phone, tier, given.country, given.language)


def is_email(email: str) -> bool:
    """Whether mail could be sent there."""
    return len(email) <= 254 and email.isascii() and _EMAIL.fullmatch(email) is not None


def normal_phone(phone: str, field: str = "phone") -> str:
    """A telephone number as +, country and digits. Raises Refusal (invalid) if it is none; ten digits are American."""
    digits = _SPACING.sub("", phone)
    if re.fullmatch(r"[2-9][0-9]{9}", digits):
        digits = f"+1{digits}"
    if not _PHONE.fullmatch(digits):
        raise Refusal(
            Kind.INVALID, "invalid", "Give the telephone number with its country, like +1 206 555 0100.", field=field
        )
    return digits


def request_hash(member: NewMember) -> bytes:
    """The same for the same request, so that asking twice is no conflict."""
    return hashlib.sha256(json.dumps(asdict(member), sort_keys=True).encode()).digest()


def create(connection: Connection, program_id: int, member: NewMember, actor: str) -> tuple[int, bool]:
    """Create a member with an empty points account: (member_id, whether it is new). Raises Refusal (conflict)."""
    row = connection.execute(
        "select status, member_id from members.create(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            program_id,
            member.number,
            member.email,
            member.phone,
            member.tier,
            member.country,
            member.language,
            request_hash(member),
            actor,
        ),
    ).fetchone()
    assert row is not None
    if row["status"] == "conflict":
        raise Refusal(
            Kind.CONFLICT, "member-exists", "A member with this number exists with other data.", field="member_number"
        )
    return int(row["member_id"]), row["status"] == "created"


def create_many(connection: Connection, program_id: int, members: list[NewMember], actor: str) -> list[str]:
    """Create many in one transaction; answers `created`, `same` or `conflict` in their order."""
    rows = connection.execute(
        'select "position", status from members.create_many(%s, %s::text[], %s::text[], %s::text[], %s::text[],'
        " %s::text[], %s::text[], %s::bytea[], %s) order by 1",
        (
            program_id,
            [member.number for member in members],
            [member.email for member in members],
            [member.phone for member in members],
            [member.tier for member in members],
            [member.country for member in members],
            [member.language for member in members],
            [request_hash(member) for member in members],
            actor,
        ),
    ).fetchall()
    return [str(row["status"]) for row in rows]


def enrol(connection: Connection, program_id: int, document: Programme, subject: str, email: str, language: str) -> int:
    """Make a new sign-in a member where the programme lets everybody join. Again answers the same member_id."""
    row = connection.execute(
        "select members.enrol(%s, %s, %s, %s, %s, %s) as member_id",
        (program_id, subject, email, document.enrolment.default_tier, document.store.region, language),
    ).fetchone()
    assert row is not None
    return int(row["member_id"])


def profile(connection: Connection, program_id: int, member_id: int) -> Profile:
    """The member's own data. Raises Refusal (not found)."""
    row = connection.execute("select * from members.profile(%s, %s)", (program_id, member_id)).fetchone()
    if row is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-member", "This programme has no such member.")
    return Profile(**row)


def id_of(connection: Connection, program_id: int, number: str) -> int:
    """The member of that number. Raises Refusal (not found)."""
    return _by_number(connection, program_id, number)[0]


def accept_terms(
    connection: Connection, program_id: int, member_id: int, document: Programme, version: str
) -> datetime:
    """Record that the member accepts the current terms: the instant of the first time. Raises Refusal (conflict)."""
    if version != document.terms.version:
        raise Refusal(
            Kind.CONFLICT, "terms-changed", "These are not the current terms; read them again.", field="version"
        )
    row = connection.execute(
        "select members.accept_terms(%s, %s, %s) as accepted_at", (program_id, member_id, version)
    ).fetchone()
    assert row is not None
    accepted_at: datetime = row["accepted_at"]
    return accepted_at


def _by_number(connection: Connection, program_id: int, number: str) -> tuple[int, str]:
    row = connection.execute(
        "select member_id, tier, state from members.by_number(%s, %s)", (program_id, number)
    ).fetchone()
    if row is None or row["state"] == "closed":
        raise Refusal(Kind.NOT_FOUND, "no-such-member", "This programme has no such member.", field="member_number")
    return int(row["member_id"]), str(row["tier"])

"""Addresses are checked when they are saved, so that an order never learns too late that nobody can deliver there."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.members.membership import normal_phone
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

MAX_LINE = 60

_STATES = frozenset(
    """AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA
    RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI AA AE AP""".split()  # noqa: SIM905
)
_MILITARY_STATES = frozenset(("AA", "AE", "AP"))
_MILITARY_CITIES = frozenset(("APO", "FPO", "DPO"))
_NEED_STATE = frozenset(("US", "CA", "AU", "IN", "MX", "BR"))
_POSTAL_CODES = {
    "US": r"\d{5}(-\d{4})?",
    "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
    "DE": r"\d{5}",
    "FR": r"\d{5}",
    "IT": r"\d{5}",
    "ES": r"\d{5}",
    "JP": r"\d{3}-?\d{4}",
}
_PO_BOX = re.compile(
    r"\b(p\s?\.?\s?o\s?\.?\s?b(ox|x)?\.?\s*#?\s*\d|p\s?\.?\s?o\s?\.?\s?box(?![-\w])|post\s*office\s*box|postfach"
    r"|bo[iî]te\s+postale|apartado(\s+postal)?\s*\d)",
    re.IGNORECASE,
)
# Joiners are part of how some languages are written; every other invisible character is a mistake or a trick.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel goes, as it was typed."""

    full_name: str
    phone: str
    line1: str
    line2: str | None
    line3: str | None
    city: str
    state_or_region: str | None
    postal_code: str
    country_code: str


@dataclass(frozen=True, slots=True)
class SavedAddress:
    """An address with its id and what we know of it; it never changes."""

    address_id: UUID
    full_name: str
    phone: str
    line1: str
    line2: str | None
    line3: str | None
    city: str
    state_or_region: str | None
    postal_code: str
    country_code: str
    is_po_box: bool
    is_military: bool
    created_at: datetime


def checked(document: Programme, given: Address) -> Address:
    """The address with its spelling made even. Raises Refusal (invalid) naming the first field that is wrong."""
    country = given.country_code.strip().upper()
    if country not in document.store.delivery_countries:
        raise _wrong("country_code", "The programme does not deliver to this country.")
    state = _line(given.state_or_region, "state_or_region")
    if country in _NEED_STATE and not state:
        raise _wrong("state_or_region", "The state is missing.")
    if country == "US":
        state = (state or "").upper()
        if state not in _STATES:
            raise _wrong("state_or_region", "Give the state's two letters.")
    postal_code = _required(given.postal_code, "postal_code").upper()
    if not re.fullmatch(_POSTAL_CODES.get(country, r"[A-Z0-9 -]{2,12}"), postal_code, re.ASCII):
        raise _wrong("postal_code", "This is not a postal code of that country.")
    city = _required(given.city, "city")
    if country == "US" and (state in _MILITARY_STATES) != (city.upper() in _MILITARY_CITIES):
        raise _wrong("city", "A military address has the city APO, FPO or DPO and the state AA, AE or AP.")
    return Address(
        full_name=_required(given.full_name, "full_name"),
        phone=normal_phone(_required(given.phone, "phone")),
        line1=_required(given.line1, "line1"),
        line2=_line(given.line2, "line2"),
        line3=_line(given.line3, "line3"),
        city=city,
        state_or_region=state,
        postal_code=postal_code,
        country_code=country,
    )


def is_po_box(address: Address) -> bool:
    """A box at a post office: carriers other than the post cannot deliver there."""
    return any(_PO_BOX.search(line) for line in (address.line1, address.line2, address.line3) if line)


def is_military(address: Address) -> bool:
    """An American military or diplomatic post."""
    return address.country_code == "US" and address.state_or_region in _MILITARY_STATES


def save(
    connection: Connection, program_id: int, member_id: int, document: Programme, given: Address, *, make_default: bool
) -> SavedAddress:
    """Check and save; the same address again is the one saved before. Raises Refusal (invalid; conflict: too many)."""
    address = checked(document, given)
    row = connection.execute(
        "select members.add_address(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as address_id",
        (
            program_id,
            member_id,
            address.full_name,
            address.phone,
            address.line1,
            address.line2,
            address.line3,
            address.city,
            address.state_or_region,
            address.postal_code,
            address.country_code,
            is_po_box(address),
            is_military(address),
            make_default,
            document.enrolment.addresses_per_member,
        ),
    ).fetchone()
    if row is None or row["address_id"] is None:
        raise Refusal(Kind.CONFLICT, "too-many-addresses", "No more addresses can be saved.")
    return next(
        known for known in of_member(connection, program_id, member_id) if known.address_id == row["address_id"]
    )


def of_member(connection: Connection, program_id: int, member_id: int) -> list[SavedAddress]:
    """The member's addresses, newest first."""
    rows = connection.execute("select * from members.addresses(%s, %s)", (program_id, member_id)).fetchall()
    return [_saved(row) for row in rows]


def default_of(connection: Connection, program_id: int, member_id: int) -> UUID | None:
    """The id of the address that is used unless the member says otherwise."""
    row = connection.execute("select members.default_address(%s, %s) as id", (program_id, member_id)).fetchone()
    return row["id"] if row else None


def choose(connection: Connection, program_id: int, member_id: int, address_id: UUID) -> None:
    """Use this one unless the member says otherwise. Raises Refusal (not found)."""
    row = connection.execute(
        "select members.choose_address(%s, %s, %s) as chosen", (program_id, member_id, address_id)
    ).fetchone()
    assert row is not None
    if not row["chosen"]:
        raise _no_such_address()


def remove(connection: Connection, program_id: int, member_id: int, address_id: UUID) -> None:
    """Take it off the member's list; orders that went there keep it. Raises Refusal (not found; conflict: in use)."""
    row = connection.execute(
        "select redemptions.remove_address(%s, %s, %s) as status", (program_id, member_id, address_id)
    ).fetchone()
    assert row is not None
    if row["status"] == "in_use":
        raise Refusal(
            Kind.CONFLICT,
            "address-in-use",
            "Something that is not ordered yet is to go there. Choose another address for it first.",
            field="address_id",
        )
    if row["status"] != "removed":
        raise _no_such_address()


def _no_such_address() -> Refusal:
    return Refusal(Kind.NOT_FOUND, "no-such-address", "You have no such address.", field="address_id")


def _saved(row: dict[str, Any]) -> SavedAddress:
    return SavedAddress(**{name: row[name] for name in SavedAddress.__dataclass_fields__})


def _required(value: str | None, field: str) -> str:
    line = _line(value, field)
    if not line:
        raise _wrong(field, "This is missing.")
    return line


def _line(value: str | None, field: str) -> str | None:
    line = " ".join(part for part in unicodedata.normalize("NFC", value or "").split(" ") if part)
    if any(unicodedata.category(character)[0] == "C" and character not in _JOINERS for character in line):
        raise _wrong(field, "This has a character that cannot be printed.")
    if len(line) > MAX_LINE:
        raise _wrong(field, f"At most {MAX_LINE} characters fit on a label.")
    return line or None


def _wrong(field: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "invalid", detail, field=field)

"""A member is found by whatever they say: number, name, telephone, e-mail, or what stands on an order or a parcel."""

from __future__ import annotations

import re
from typing import Any

from loyalty.database import Connection

MOST = 20
# With fewer nobody is found but half of everybody.
FEWEST_DIGITS, FEWEST_LETTERS = 5, 2

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BEGUN_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{0,4}){0,3}(-[0-9a-f]{0,12})?")
_AMAZON = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
_TELEPHONE = re.compile(r"[+(]?[0-9][0-9\s()./+-]*")
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_PARCEL = re.compile(r"[A-Za-z0-9-]{8,40}")


def find(connection: Connection, program_id: int, said: str, most: int = MOST) -> list[dict[str, Any]]:
    """Members, each once for an order they were found by, at most `most`; none for what is too short."""
    found: list[dict[str, Any]] = []
    known: set[tuple[str, Any]] = set()
    for way, value in ways(said):
        rows = connection.execute(
            "select * from support.find(%s, %s, %s, %s)", (program_id, way, value, most - len(found))
        ).fetchall()
        for row in rows:
            if (row["member_number"], row["redemption_id"]) not in known:
                known.add((row["member_number"], row["redemption_id"]))
                found.append(row)
        # A whole id or address means one thing; what else it might have begun is not looked for.
        if (found and way in ("order", "amazon", "email", "document")) or len(found) >= most:
            break
    return found


def ways(said: str) -> list[tuple[str, str]]:
    """What it may be, the surest first: (way, in which form)."""
    text = " ".join(said.split())
    lower = text.lower()
    whole = _UUID.search(lower)
    if whole:  # also inside a purchase order's number
        return [("order", whole[0])]
    if "@" in text:
        return [("email", text)] if len(text) >= FEWEST_LETTERS + 1 else []
    possible: list[tuple[str, str]] = []
    if _AMAZON.fullmatch(text):
        return [("amazon", text)]
    if _NUMBER.fullmatch(text) and len(text) >= FEWEST_LETTERS:
        possible.append(("number", text))
    if digits := tail(text):
        possible.append(("phone", digits))
    if re.search(r"[^\W\d_]", text) and len(re.sub(r"\W", "", text)) >= FEWEST_LETTERS:
        possible.append(("name", text))
    if _BEGUN_UUID.fullmatch(lower):
        possible.append(("order", lower))
    if re.fullmatch(r"[A-Za-z]{1,8}[A-Za-z0-9/._-]*[0-9]", text):
        possible.append(("document", text))
    if _PARCEL.fullmatch(text) and any(character.isdigit() for character in text):
        possible.append(("parcel", text.upper()))
    return possible


def tail(said: str) -> str | None:
    """The last digits of a telephone number however it is written; None if it is none.

    A zero that is dialled only inside a country is left out: +49 (0)171 and 0171 are the same telephone."""
    if not _TELEPHONE.fullmatch(said):
        return None
    digits = re.sub(r"\D", "", said.replace("(0)", ""))
    if not said.lstrip("(").startswith("+"):
        digits = digits.lstrip("0")
    return digits if FEWEST_DIGITS <= len(digits) <= 15 else None

"""The people of the local cloud: who can sign in, and with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Known on purpose: it opens nothing but a laptop's own emulator.
PASSWORD = "Local-cloud-2026!"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Member:
    """A member with points from one purchase; `spend_minor` in US cents."""

    number: str
    email: str
    name: str
    tier: str
    spend_minor: int
    language: str = "en"
    phone: str | None = None

    def registration(self) -> dict[str, Any]:
        """The body of POST /members."""
        return {
            "member_number": self.number,
            "email": self.email,
            "tier": self.tier,
            "country": "US",
            "language": self.language,
            **({"phone": self.phone} if self.phone else {}),
        }

    def purchase(self) -> dict[str, Any]:
        """The body of POST /accruals; always the same, so that sending it twice is a replay."""
        return {
            "member_number": self.number,
            "partner_reference": f"welcome-{self.number}",
            "category": "groceries",
            "spend_minor": self.spend_minor,
            "currency": "USD",
            "occurred_at": "2026-11-01T12:00:00Z",
        }

    def address(self) -> dict[str, Any]:
        """The body of POST /me/addresses."""
        return {
            "full_name": f"{self.name} Example",
            "phone": "+1 206 555 0100",
            "line1": "410 Terry Ave N",
            "city": "Seattle",
            "state_or_region": "WA",
            "postal_code": "98109",
            "country_code": "US",
        }


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff and their Cognito group."""

    email: str
    name: str
    group: str


MEMBERS = (
    Member("LOCAL-0001", "ada@members.example", "Ada", "gold", 500_000, phone="+12065550101"),
    Member("LOCAL-0002", "ben@members.example", "Ben", "member", 60_000, phone="+12065550102"),
)
STAFF = (
    Staff("cleo@staff.example", "Cleo", "catalogue-manager"),
    Staff("otto@staff.example", "Otto", "business-operator"),
    Staff("olga@staff.example", "Olga", "business-operator"),
    Staff("sam@staff.example", "Sam", "support"),
    Staff("fay@staff.example", "Fay", "finance"),
    Staff("finn@staff.example", "Finn", "finance"),
)

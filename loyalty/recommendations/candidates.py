"""What an engine answers: products by their key, best first, each with why. Whether they can be had now and what they
cost is not its business (answering.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from loyalty.database import Connection

# for_you: by what the member redeemed, wished for or looked at; again: the member has had it before; trending: redeemed
# more than usual lately; popular: members redeem it most; well_rated: the shop ranks it first. About a product: itself;
# instead: staff named it for when that one cannot be had; goes_with: in one order with it; liked_too: liked by those
# who like it; similar: of its category.
type Reason = (
    Literal["for_you", "again", "trending", "popular", "well_rated"]
    | Literal["itself", "instead", "goes_with", "liked_too", "similar"]
)
# What the member did with the product that speaks for another one.
type How = Literal["redeemed", "wished", "looked"]


@dataclass(frozen=True, slots=True)
class Because:
    """The product of the member's own past that speaks for this one most. `texts`: its own names by language."""

    asin: str
    how: How
    title: str
    brand: str
    texts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product that might be shown."""

    asin: str
    reason: Reason
    because: Because | None = None


class Engine(Protocol):
    """Whoever knows what a member might like. Nothing personal is answered of who wants no personal choices."""

    @property
    def name(self) -> str:
        """As answers name it."""

    def for_member(self, connection: Connection, program_id: int, member_id: int, most: int) -> list[Candidate]:
        """Best first, at most so many, without what the member redeemed lately; may be none."""

    def with_product(
        self, connection: Connection, program_id: int, member_id: int, asin: str, most: int
    ) -> list[Candidate]:
        """What goes with this product or is like it, best first, at most so many; may be none."""

    def places(self, connection: Connection, program_id: int, member_id: int) -> dict[str, int]:
        """ASIN → place, from 1, of what stands first where the member searches; the rest is ranked by the search."""

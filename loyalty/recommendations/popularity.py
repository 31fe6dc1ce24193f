"""Popularity: what members of the programme redeem, else what the catalogue ranks first; and what goes with a product.

The counts are made by the sweeper; an answer reads them by index.
"""

from __future__ import annotations

from loyalty.database import Connection
from loyalty.recommendations.candidates import Candidate

RECOUNT_MINUTES = 60


class Popularity:
    """Has an answer for everybody: knows no member but by what they had lately."""

    name = "popularity"

    def for_member(self, connection: Connection, program_id: int, member_id: int, most: int) -> list[Candidate]:
        """What members redeem most, then what the shop ranks first."""
        rows = connection.execute(
            "select * from recommendations.for_member(%s, %s, %s)", (program_id, member_id, most)
        ).fetchall()
        return [Candidate(row["asin"], row["reason"]) for row in rows]

    def with_product(
        self, connection: Connection, program_id: int, member_id: int, asin: str, most: int
    ) -> list[Candidate]:
        """The product itself or its parent, what was redeemed with it, what is of its category; none: unknown."""
        rows = connection.execute(
            "select * from recommendations.with_product(%s, %s, %s, %s)", (program_id, member_id, asin, most)
        ).fetchall()
        return [Candidate(row["asin"], row["reason"]) for row in rows]

    def places(self, connection: Connection, program_id: int, member_id: int) -> dict[str, int]:
        """Places by what members redeem most."""
        found = self.for_member(connection, program_id, member_id, 100)
        return {one.asin: place for place, one in enumerate(found, start=1)}


def recount(connection: Connection) -> int:
    """Count again what was counted an hour ago. How many programmes."""
    row = connection.execute("select recommendations.recount(%s) as count", (RECOUNT_MINUTES,)).fetchone()
    assert row is not None
    return int(row["count"])

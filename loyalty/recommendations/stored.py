"""What the night worked out, read as it was stored: a member's own list, what is liked together, what rises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loyalty.database import Connection
from loyalty.recommendations.candidates import Because, Candidate


class Stored:
    """Reads by key and reckons nothing; empty before the first night, and then whoever asked goes on by popularity."""

    name = "stored"

    def for_member(self, connection: Connection, program_id: int, member_id: int, most: int) -> list[Candidate]:
        """The member's own list, if they want one, then what rises."""
        rows = connection.execute(
            "select * from recommendations.stored_for(%s, %s, %s)", (program_id, member_id, most)
        ).fetchall()
        return [_candidate(row) for row in rows]

    def with_product(
        self, connection: Connection, program_id: int, member_id: int, asin: str, most: int
    ) -> list[Candidate]:
        """What is liked by those who like it."""
        rows = connection.execute(
            "select * from recommendations.liked_too(%s, %s, %s, %s)", (program_id, member_id, asin, most)
        ).fetchall()
        return [Candidate(row["asin"], "liked_too") for row in rows]

    def places(self, connection: Connection, program_id: int, member_id: int) -> dict[str, int]:
        """The member's own list, if they want one, then what rises, then what is redeemed most."""
        row = connection.execute("select recommendations.places(%s, %s) as places", (program_id, member_id)).fetchone()
        assert row is not None
        return dict(row["places"])


def _candidate(row: Mapping[str, Any]) -> Candidate:
    because = None
    # What has left the catalogue has no name to be called by.
    if row["reason"] == "for_you" and row["title"]:
        because = Because(row["because"], row["how"], row["title"], row["brand"], row["texts"])
    return Candidate(row["asin"], row["reason"], because)

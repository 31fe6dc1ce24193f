"""What of ledger and books must wake somebody; the rule is in database/reports/6_watching.sql."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.database import Connection


@dataclass(frozen=True, slots=True)
class Watched:
    """All zero, or nearly so for the seconds, while everything is well."""

    months_missing: int
    closes_refused: int
    closes_late: int
    unposted_seconds: int
    unrolled_seconds: int


def watch(connection: Connection) -> Watched:
    """How things stand now."""
    row = connection.execute("select * from reports.watch()").fetchone()
    assert row is not None
    return Watched(**row)

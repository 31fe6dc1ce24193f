"""What operators see of redemptions: how each ended, and how those stand that are under way."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from loyalty.database import Connection

# Ends that are our own fault, however soon they come.
OURS = frozenset({"failed", "expired"})


@dataclass(frozen=True, slots=True)
class Ending:
    """`outcome` as in the redemption's row; points and money that were spent; seconds that it waited for nobody but us
    and Amazon."""

    outcome: str
    points: int
    money_minor: int
    currency: str
    waited_seconds: float

    def late(self, minutes: int) -> bool:
        """Not in its time, or not at all by our fault."""
        return self.outcome in OURS or self.waited_seconds > 60 * minutes


@dataclass(frozen=True, slots=True)
class Standing:
    """Redemptions that are not over: how many, how many of them hold points, how many points, how many are overdue."""

    open: int
    holds: int
    points_held: int
    overdue: int


def ending(connection: Connection, program_id: int, redemption_id: UUID) -> Ending | None:
    """How it ended; None while it has not, and for the canary's."""
    row = connection.execute("select * from redemptions.ended(%s, %s)", (program_id, redemption_id)).fetchone()
    return Ending(**row) if row else None


def standing(connection: Connection, minutes: int) -> Standing:
    """All programmes' but the canary's. `minutes` without a step is overdue."""
    row = connection.execute("select * from redemptions.standing(%s)", (minutes,)).fetchone()
    assert row is not None
    return Standing(**row)

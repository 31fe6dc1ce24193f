"""The token bucket that all callers of one Amazon connection share; it lives in the database."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from loyalty.database import Connection

PLACE_ORDER = "placeOrder"
ORDER_DETAILS = "orderDetails"


@dataclass(frozen=True, slots=True)
class Rate:
    """What a programme says of its connection: operations a second, and how many at once after a rest."""

    connection: str
    per_second: Decimal
    burst: int


def rate_of(connection: Connection, program_id: int) -> Rate | None:
    """The programme's connection; None while nothing is published."""
    row = connection.execute("select connection, per_second, burst from orders.rate_of(%s)", (program_id,)).fetchone()
    return Rate(row["connection"], row["per_second"], row["burst"]) if row and row["connection"] else None


def take_token(connection: Connection, program_id: int, rate: Rate, operation: str, *, reserve: int = 0) -> float:
    """Take one token, leaving `reserve` for others. Seconds to wait before asking again; 0: taken."""
    row = connection.execute(
        "select orders.take_token(%s, %s, %s, %s, %s, %s) as seconds",
        (program_id, rate.connection, operation, rate.per_second, rate.burst, reserve),
    ).fetchone()
    assert row is not None
    return float(row["seconds"])

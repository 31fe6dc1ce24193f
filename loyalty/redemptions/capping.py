"""How many of a scarce product one member may have. A quote says it early; redeeming decides (capping.sql)."""

from __future__ import annotations

from loyalty.database import Connection
from loyalty.redemptions.basket import Wanted
from loyalty.refusal import Kind, Refusal


def within_caps(connection: Connection, program_id: int, member_id: int, wanted: tuple[Wanted, ...]) -> None:
    """Raises Refusal (conflict) naming the first line that is more than the member may still have."""
    row = connection.execute(
        "select * from redemptions.capped(%s, %s, %s, %s)",
        (program_id, member_id, [line.asin for line in wanted], [line.quantity for line in wanted]),
    ).fetchone()
    if row is None:
        return
    detail = f"At most {row['units']} for one member in {row['days']} days; {row['remaining']} more for you."
    field = f"lines[{row['place'] - 1}].quantity"
    raise Refusal(Kind.CONFLICT, "quantity-limit", detail, field=field)

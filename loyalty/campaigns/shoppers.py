"""What campaigns ask of a member. Audiences are looked up, never computed here (database/campaigns/2_audiences.sql)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.database import Connection
from loyalty.programme.schema.campaigns import Shopper
from loyalty.refusal import Kind, Refusal


def of(connection: Connection, program_id: int, member_id: int) -> Shopper:
    """The member as campaigns see one."""
    row = connection.execute("select * from campaigns.shopper(%s, %s)", (program_id, member_id)).fetchone()
    return _shopper({"member_id": member_id, **(row or {"tier": "", "country": "", "audiences": ()})})


def by_number(connection: Connection, program_id: int, number: str) -> Shopper:
    """The member of that number. Raises Refusal (not found)."""
    row = connection.execute("select * from campaigns.shopper_by_number(%s, %s)", (program_id, number)).fetchone()
    if row is None or row["state"] == "closed":
        raise Refusal(Kind.NOT_FOUND, "no-such-member", "This programme has no such member.", field="member_number")
    return _shopper(row)


def by_numbers(connection: Connection, program_id: int, numbers: Sequence[str]) -> dict[str, Shopper]:
    """Those of these numbers that there are."""
    rows = connection.execute(
        "select * from campaigns.shoppers_by_numbers(%s, %s::text[])", (program_id, list(numbers))
    ).fetchall()
    return {row["number"]: _shopper(row) for row in rows}


def _shopper(row: Mapping[str, Any]) -> Shopper:
    return Shopper(int(row["member_id"]), row["tier"], row["country"], frozenset(row["audiences"]))

"""What members do, as it is told to Amazon Personalize when it happens: by random key, of those who want it.

What is told here is in the nightly files too. An event has a key of its own, so that what is told twice is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched, groupby
from typing import Any, Literal
from uuid import UUID

from loyalty.database import Connection

# What PutEvents takes in one call.
MOST_A_CALL = 10
# A message has no more: what a browser brings in one request.
MOST_LOOKS = 20
# As the room `privacy` calls what is kept of members outside. Until the lake has lost a key there may be two nights.
STORE, MOST_RECEIPTS, NIGHTS = "recommendations", 1_000, timedelta(days=2)
type Kind = Literal["looked", "redeemed"]


@dataclass(frozen=True, slots=True)
class Happened:
    """`member_key`: the lake's; `event_key`: of this time; `units`: how many were redeemed, 1 of a look."""

    member_key: str
    event_key: str
    asin: str
    kind: Kind
    units: int
    at: datetime


def looks(connection: Connection, program_id: int, member_id: int, keys: Sequence[UUID]) -> list[Happened]:
    """Of these looks those that are kept, oldest first; none of who wants no personal choices."""
    rows = connection.execute(
        "select * from recommendations.looks(%s, %s, %s)", (program_id, member_id, list(keys)[:MOST_LOOKS])
    ).fetchall()
    return [_happened("looked", row) for row in rows]


def redeemed(connection: Connection, program_id: int, redemption_id: UUID) -> list[Happened]:
    """A redemption's products; none of who wants no personal choices."""
    rows = connection.execute("select * from recommendations.redeemed(%s, %s)", (program_id, redemption_id)).fetchall()
    return [_happened("redeemed", row) for row in rows]


def put_events(put: Callable[..., Any], tracking_id: str, happened: Sequence[Happened]) -> int:
    """By PutEvents: a call for each member and day, of at most MOST_A_CALL. How many events; raises what `put` does."""
    for (member_key, day), events in groupby(happened, key=lambda one: (one.member_key, one.at.date())):
        for some in batched(events, MOST_A_CALL, strict=False):
            put(
                trackingId=tracking_id,
                userId=member_key,
                # A visit would be a session; nobody counts visits here.
                sessionId=f"{member_key}-{day:%Y%m%d}",
                eventList=list(_events(some)),
            )
    return len(happened)


def forgotten(connection: Connection, began_at: datetime) -> int:
    """Say of the erasures that a run has carried out that they are done there. How many.

    A run forgets whoever the lake has no key for, as of the night before it `began_at`.
    """
    rows = connection.execute("select * from privacy.to_erase_outside(%s, %s)", (STORE, MOST_RECEIPTS)).fetchall()
    due = [row for row in rows if row["asked_at"] < began_at - NIGHTS]
    for row in due:
        connection.execute(
            "select privacy.erased_outside(%s, %s, %s, %s::jsonb)",
            (row["program_id"], row["erasure_id"], STORE, '{"runs": 1}'),
        )
    return len(due)


def _events(happened: Sequence[Happened]) -> Iterator[dict[str, Any]]:
    for one in happened:
        yield {
            "eventId": one.event_key,
            "eventType": one.kind,
            "eventValue": float(one.units),
            "itemId": one.asin,
            "sentAt": one.at,
        }


def _happened(kind: Kind, row: dict[str, Any]) -> Happened:
    return Happened(row["member_key"], row["event_key"], row["asin"], kind, row["units"], row["happened_at"])

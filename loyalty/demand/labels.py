"""What a member is told of a product's outlook: that it is likely back, may soon be gone, may come late.

Of everybody alike, and only what the last nights said: what is older says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from loyalty.database import Connection

type State = Literal["back", "going", "slow"]


def beside(connection: Connection, program_id: int, cards: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same cards (asin, kind, points: None where it cannot be had now; a parent `available`) with `outlook`: state,
    back_from, back_until, or None."""
    rows = connection.execute(
        "select * from demand.labels(%s, %s)", (program_id, [card["asin"] for card in cards])
    ).fetchall()
    told = {row["asin"]: row for row in rows}
    return [{**card, "outlook": _outlook(card, told.get(card["asin"]))} for card in cards]


def _outlook(card: Mapping[str, Any], told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if told is None:
        return None
    # Whether it can be had, the shelf knows now, and the night knew then. A parent has a price only by its kinds.
    parent = card["kind"] == "VARIATION_PARENT" and card.get("available")
    if card["points"] is None and not parent:
        if told["back_from"] is None:
            return None
        return {"state": "back", "back_from": told["back_from"], "back_until": told["back_until"]}
    state: State | None = "going" if told["going"] else "slow" if told["slow"] else None
    return {"state": state} if state else None

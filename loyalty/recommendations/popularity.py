"""Popularity: what members of the programme redeem, else what the catalogue ranks first; and what goes with a product.

The counts are made by the sweeper; an answer reads them by index and prices a bounded number of candidates.
"""

from __future__ import annotations

from typing import Any

from loyalty.campaigns import shoppers
from loyalty.catalogue import cards
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.refusal import Kind, Refusal

ENGINE = "popularity"
MOST = 24
# Some candidates cannot be had now, or cost much more or less: so many are looked at for each that is wanted.
CANDIDATES = 5
# Similar is what costs between half and twice as much.
BAND = 2
RECOUNT_MINUTES = 60


def recommend(
    connection: Connection, program_id: int, member_id: int, limit: int, asin: str | None = None
) -> list[dict[str, Any]]:
    """Cards with `reason`, best first, at most `limit`; with `asin` what goes with it. Raises Refusal (not found)."""
    picked = _picked(connection, program_id, member_id, asin, limit * CANDIDATES)
    shopper = shoppers.of(connection, program_id, member_id)
    document = reading.current(connection, program_id).document
    prices = cards.prices(connection, program_id, document, cards.viewer_of(shopper))
    rows = connection.execute(
        "select * from catalogue.cards(%s, %s::jsonb, %s)", (program_id, prices.rules, [row["asin"] for row in picked])
    ).fetchall()
    known = {row["asin"]: row for row in rows if row["shown"] and row["points"] is not None}
    about = known.get(asin) if asin else None
    found = []
    for candidate in picked:
        row = known.get(candidate["asin"])
        if row is None or candidate["reason"] == "itself":
            continue
        if candidate["reason"] == "similar" and about and not _near(row["price_minor"], about["price_minor"]):
            continue
        found.append({**prices.card(row, shopper), "reason": candidate["reason"]})
    return found[:limit]


def recount(connection: Connection) -> int:
    """Count again what was counted an hour ago. How many programmes."""
    row = connection.execute("select recommendations.recount(%s) as count", (RECOUNT_MINUTES,)).fetchone()
    assert row is not None
    return int(row["count"])


def _picked(
    connection: Connection, program_id: int, member_id: int, asin: str | None, most: int
) -> list[dict[str, Any]]:
    if asin is None:
        return connection.execute(
            "select * from recommendations.for_member(%s, %s, %s)", (program_id, member_id, most)
        ).fetchall()
    picked = connection.execute(
        "select * from recommendations.with_product(%s, %s, %s, %s)", (program_id, member_id, asin, most)
    ).fetchall()
    if not picked:
        raise Refusal(Kind.NOT_FOUND, "no-such-product", "This product is not part of the programme.", field="asin")
    return picked


def _near(price_minor: int, other_minor: int) -> bool:
    return price_minor <= other_minor * BAND and other_minor <= price_minor * BAND

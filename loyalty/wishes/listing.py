"""A member's wish list, at the member's own prices."""

from __future__ import annotations

from typing import Any

from loyalty.campaigns import shoppers
from loyalty.catalogue import cards
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.refusal import Kind, Refusal

MOST = 200


def of(connection: Connection, program_id: int, member_id: int, only: str | None = None) -> list[dict[str, Any]]:
    """The list, newest first, or one entry of it: a card each, `available`, `added_at`, `told_at`."""
    shopper = shoppers.of(connection, program_id, member_id)
    document = reading.current(connection, program_id).document
    prices = cards.prices(connection, program_id, document, cards.viewer_of(shopper))
    rows = connection.execute(
        "select * from wishes.of_member(%s, %s, %s::jsonb, %s)", (program_id, member_id, prices.rules, only)
    ).fetchall()
    own = ("available", "added_at", "told_at")
    return [{**prices.card(row, shopper), **{name: row[name] for name in own}} for row in rows]


def add(connection: Connection, program_id: int, member_id: int, asin: str) -> dict[str, Any]:
    """Put a product on it and answer its entry; again changes nothing. Raises Refusal (not found, conflict)."""
    viewer = cards.viewer(connection, program_id, member_id)
    prices = cards.prices(connection, program_id, reading.current(connection, program_id).document, viewer)
    row = connection.execute(
        "select wishes.add(%s, %s, %s, %s::jsonb, %s) as outcome", (program_id, member_id, asin, prices.rules, MOST)
    ).fetchone()
    assert row is not None
    if row["outcome"] == "unknown":
        raise Refusal(Kind.NOT_FOUND, "no-such-product", "This product is not part of the programme.", field="asin")
    if row["outcome"] == "full":
        detail = f"Your wish list is full: it has room for {MOST} products. Take something off it first."
        raise Refusal(Kind.CONFLICT, "wishlist-full", detail, field="asin")
    found = of(connection, program_id, member_id, asin)
    if not found:  # taken off at the same moment, on another device
        raise Refusal(Kind.CONFLICT, "wishlist-changed", "Your wish list has just been changed. Look again.")
    return found[0]


def remove(connection: Connection, program_id: int, member_id: int, asin: str) -> bool:
    """Take it off; whether it was there."""
    row = connection.execute("select wishes.remove(%s, %s, %s) as gone", (program_id, member_id, asin)).fetchone()
    assert row is not None
    return bool(row["gone"])

"""What a quote promised, and whether a token is that promise's: all that redeeming needs to know of quotes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.redemptions import signing
from loyalty.refusal import Kind, Refusal

_NOT_SIGNED = frozenset({"open", "campaigns_left_out", "money_min_minor", "delivery_free"})


def quote_of(connection: Connection, program_id: int, member_id: int, quote_id: UUID) -> dict[str, Any]:
    """This member's quote as it was stored, and whether it is still `open`. Raises Refusal (not found)."""
    row = connection.execute(
        "select * from redemptions.quote_of(%s, %s, %s)", (program_id, member_id, quote_id)
    ).fetchone()
    if row is None:
        raise Refusal(Kind.NOT_FOUND, "quote-not-found", "There is no such quote.", field="quote_id")
    return row


def promised(quote: dict[str, Any]) -> dict[str, Any]:
    """The part of it that is signed."""
    return {name: value for name, value in quote.items() if name not in _NOT_SIGNED}


def verify(connection: Connection, key: str, program_id: int, member_id: int, quote_id: UUID, token: str) -> None:
    """Raises Refusal unless this member holds this quote's own token: `quote-not-found`, also for somebody else's, or
    `quote-forged`. Whether it has run out, or was redeemed, is the redemption's question.
    """
    if not signing.is_genuine(key, promised(quote_of(connection, program_id, member_id, quote_id)), token):
        raise Refusal(Kind.INVALID, "quote-forged", "This token does not belong to this quote.", field="quote_token")

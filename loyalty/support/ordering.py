"""What support does to an order for its member; what was possible when a page was drawn may be over by then."""

from __future__ import annotations

from uuid import UUID

from loyalty.database import Connection
from loyalty.redemptions.redeeming import address_refusal
from loyalty.refusal import Kind, Refusal


def cancel(connection: Connection, program_id: int, redemption_id: UUID, reason: str, actor: str) -> None:
    """As if the member did; again is the same. Raises Refusal."""
    _done(connection, "select redemptions.cancel_for_member(%s, %s, %s, %s)", program_id, redemption_id, reason, actor)


def change_address(connection: Connection, program_id: int, redemption_id: UUID, address_id: UUID, actor: str) -> None:
    """To another of the member's addresses. Raises Refusal."""
    _done(
        connection,
        "select redemptions.change_address_for_member(%s, %s, %s, %s)",
        program_id,
        redemption_id,
        address_id,
        actor,
    )


def try_again(connection: Connection, program_id: int, redemption_id: UUID, actor: str) -> None:
    """Another execution enters where the order stands, within a minute. Raises Refusal."""
    _done(connection, "select redemptions.try_again(%s, %s, %s)", program_id, redemption_id, actor)


def send_again(connection: Connection, program_id: int, redemption_id: UUID, actor: str) -> None:
    """The confirmation once more. Raises Refusal."""
    _done(connection, "select redemptions.send_again(%s, %s, %s)", program_id, redemption_id, actor)


_REFUSALS = {
    "not_found": (Kind.NOT_FOUND, "no-such-redemption", "This programme has no such redemption."),
    "over": (Kind.CONFLICT, "order-over", "This order is over: there is nothing left to try."),
    "not_stuck": (Kind.CONFLICT, "not-stuck", "This order goes on by itself."),
    "too_soon": (Kind.CONFLICT, "too-soon", "It was tried a moment ago. Give it five minutes."),
    "not_confirmed": (Kind.CONFLICT, "not-confirmed", "Nothing of it was confirmed, so there is nothing to send."),
    "too_many": (Kind.CONFLICT, "too-many", "It was sent three times today."),
}


def _done(connection: Connection, statement: str, *values: object) -> None:
    row = connection.execute(f"{statement} as status".encode(), values).fetchone()
    assert row is not None
    status = str(row["status"])
    if status in _REFUSALS:
        kind, code, detail = _REFUSALS[status]
        raise Refusal(kind, code, detail)
    if refused := address_refusal(status):
        raise refused

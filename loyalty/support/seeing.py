"""One page of everything: a member, and an order. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.redemptions import overview as words
from loyalty.refusal import Kind, Refusal


def member(connection: Connection, program_id: int, number: str, *, order_sms: bool) -> dict[str, Any]:
    """Everything about the member of that number. Raises Refusal (not found)."""
    row = connection.execute("select support.overview(%s, %s, %s) as told", (program_id, number, order_sms)).fetchone()
    if row is None or row["told"] is None:
        raise no_such_member()
    told: dict[str, Any] = row["told"]
    for one in told["redemptions"]:
        _with_words(one)
    return told


@dataclass(frozen=True, slots=True)
class Orders:
    """Which orders; None lets everything through. `state` of the row, or `open`."""

    state: str | None = None
    waits_for: str | None = None
    stuck: bool | None = None
    older_hours: int | None = None
    member_number: str | None = None
    asin: str | None = None
    money: bool | None = None


def orders(
    connection: Connection, program_id: int, wanted: Orders, before: UUID | None, page_size: int
) -> list[dict[str, Any]]:
    """A page, newest first. Raises Refusal where the member is nobody."""
    row = connection.execute(
        "select support.orders(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as told",
        (
            program_id,
            before,
            page_size,
            wanted.state,
            wanted.waits_for,
            wanted.stuck,
            wanted.older_hours,
            wanted.member_number,
            wanted.asin,
            wanted.money,
        ),
    ).fetchone()
    if row is None or row["told"] is None:
        raise no_such_member("member")
    told: list[dict[str, Any]] = row["told"]
    for one in told:
        _with_words(one)
    return told


def order(connection: Connection, program_id: int, redemption_id: UUID) -> dict[str, Any]:
    """One order with everything around it. Raises Refusal (not found)."""
    row = connection.execute("select support.one_order(%s, %s) as told", (program_id, redemption_id)).fetchone()
    if row is None or row["told"] is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-redemption", "This programme has no such redemption.")
    told: dict[str, Any] = row["told"]
    progress, payment = told["progress"], told["payment"]
    _with_words(told, {"progress": progress and progress["progress"], "payment_state": payment and payment["state"]})
    return told


def no_such_member(field: str = "member_number") -> Refusal:
    """The same for a number that nobody has, whoever asks."""
    return Refusal(Kind.NOT_FOUND, "no-such-member", "This programme has no such member.", field=field)


def _with_words(row: dict[str, Any], known: dict[str, Any] | None = None) -> None:
    status = words.status_of(row | (known or {}))
    row["status"], row["words"] = status.code, status.words

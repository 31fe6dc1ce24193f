"""Orders at the desk: which ones, each with everything around it, and what may be done with it now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from lambdas.http import STRICT, Caller, Id, Router, View
from lambdas.member_routes.profile import NewAddress
from lambdas.staff import about, staff
from loyalty.database import Connection, database
from loyalty.documents import reading as stored
from loyalty.members import addresses, membership
from loyalty.members.addresses import Address
from loyalty.programme import reading
from loyalty.refusal import Kind, Refusal
from loyalty.support import ordering, seeing

router = Router()

Reason = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]{1,500}$")]
State = Literal[
    "open", "held", "step_up", "review", "awaiting_payment", "ordering", "settled", "cancelled", "failed", "closed"
]
Waits = Literal["release_delay", "member", "person", "payment", "queue", "amazon", "machine", "delivery"]
Action = Literal["cancel", "change_address", "try_again", "refund", "send_again"]


class Order(View):
    """An order in the list. `waits_for` release_delay, member, person, payment, queue, amazon, machine or delivery;
    `stuck`: it should have gone on long ago, or the machine has asked a person."""

    redemption_id: UUID
    member_number: str
    status: str
    words: str
    state: str
    outcome: str | None
    review_reason: str | None
    waits_for: str | None
    waits_until: datetime | None
    stuck: bool
    points: int
    money_minor: int
    currency: str
    titles: list[str]
    progress: str | None
    payment_state: str | None
    created_at: datetime
    updated_at: datetime


class Orders(View):
    """Newest first; `before` asks for the next page and is missing on the last."""

    redemptions: list[Order]
    before: UUID | None


class StaffLine(View):
    """One product; `reasons` are Amazon's kinds of why units of it are not coming."""

    line_number: int
    asin: str
    title: str
    image_url: str | None
    quantity: int
    unit_points: int
    unit_money_minor: int
    accepted_quantity: int | None
    given_back: int
    reasons: list[str]


class StaffEvent(View):
    """One step of the machine."""

    kind: str
    detail: dict[str, Any]
    at: datetime


class Act(View):
    """What staff did: cancelled, address_changed, tried_again, sent_again."""

    kind: str
    reason: str | None
    actor: str
    at: datetime


class OrderCase(View):
    """A case or ticket about it."""

    case_id: UUID
    kind: str
    reason: str
    state: str
    outcome: str | None
    opened_at: datetime
    deadline: datetime | None


class OrderMessage(View):
    """What was said about it, and whether it arrived."""

    message_id: UUID
    channel: str
    template: str
    state: str
    reason: str | None
    created_at: datetime
    sent_at: datetime | None


class Money(View):
    """A step of the payment."""

    state: str
    reason: str | None
    created_at: datetime


class StaffOrder(View):
    """An order with everything around it. `actions`: what may be done now; each is asked again when it is done.
    `standing_for`: the member's number today, where the membership became part of another."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="allow")
    redemption_id: UUID
    as_of: datetime
    member_number: str
    standing_for: str
    status: str
    words: str
    state: str
    outcome: str | None
    review_reason: str | None
    actions: list[Action]
    waits_for: str | None
    waits_until: datetime | None
    stuck: bool
    points: int
    money_minor: int
    currency: str
    accepted_points: int | None
    accepted_money_minor: int | None
    settled_points: int
    released_points: int
    partial_policy: str
    capture_at: str
    created_at: datetime
    updated_at: datetime
    release_at: datetime
    approve_until: datetime
    closed_at: datetime | None
    case_id: UUID | None
    order_state: str | None
    lines: list[StaffLine]
    given_back: list[dict[str, Any]]
    parts: list[dict[str, Any]]
    progress: dict[str, Any] | None
    queue: dict[str, Any] | None
    payment: dict[str, Any] | None
    money: list[Money]
    events: list[StaffEvent]
    acts: list[Act]
    cases: list[OrderCase]
    messages: list[OrderMessage]
    address: dict[str, Any] | None
    screening: dict[str, Any] | None
    parkings: list[dict[str, Any]]
    documents: list[dict[str, Any]]


class Why(BaseModel):
    """In a few words, for whoever asks later."""

    model_config = STRICT
    reason: Reason


class NewPlace(BaseModel):
    """One of the member's addresses, or a new one, which is saved with them."""

    model_config = STRICT
    address_id: Id | None = None
    address: NewAddress | None = None


@router.get("/redemptions", summary="Orders")
def get_orders(
    state: Annotated[State | None, Query()] = None,
    waits_for: Annotated[Waits | None, Query()] = None,
    stuck: bool | None = None,
    older_hours: Annotated[int | None, Query(ge=1, le=24 * 366)] = None,
    member: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")] = None,
    asin: Annotated[str | None, Query(pattern=r"^[A-Z0-9]{10}$")] = None,
    money: bool | None = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Orders:
    who = staff(router)
    wanted = seeing.Orders(state, waits_for, stuck, older_hours, member, asin, money)
    rows = seeing.orders(database().connection(), who.program_id, wanted, before, limit)
    return Orders(
        redemptions=[Order(**row) for row in rows],
        before=UUID(rows[-1]["redemption_id"]) if len(rows) == limit else None,
    )


@router.get("/redemptions/<redemption_id>", summary="One redemption with all that happened")
def get_order(redemption_id: UUID) -> StaffOrder:
    return _view(database().connection(), staff(router), redemption_id)


@router.post("/redemptions/<redemption_id>/cancel", summary="Cancel for the member while nothing is ordered")
def cancel(redemption_id: UUID, body: Why) -> StaffOrder:
    who, connection = staff(router), database().connection()
    ordering.cancel(connection, who.program_id, redemption_id, body.reason, f"staff:{who.subject}")
    return _view(connection, who, redemption_id)


@router.put("/redemptions/<redemption_id>/address", summary="Send it elsewhere while nothing is ordered")
def change_address(redemption_id: UUID, body: NewPlace) -> StaffOrder:
    who, connection = staff(router), database().connection()
    if (body.address_id is None) == (body.address is None):
        raise Refusal(Kind.INVALID, "invalid", "Send an address or its id, one of both.", field="address_id")
    address_id = body.address_id
    if body.address is not None:
        address_id = _saved(connection, who, redemption_id, body.address)
    assert address_id is not None
    ordering.change_address(connection, who.program_id, redemption_id, address_id, f"staff:{who.subject}")
    return _view(connection, who, redemption_id)


@router.post("/redemptions/<redemption_id>/retry", summary="Try a stuck step again")
def try_again(redemption_id: UUID) -> StaffOrder:
    who, connection = staff(router), database().connection()
    ordering.try_again(connection, who.program_id, redemption_id, f"staff:{who.subject}")
    return _view(connection, who, redemption_id)


@router.post("/redemptions/<redemption_id>/confirmation", summary="Send the confirmation again")
def send_again(redemption_id: UUID) -> StaffOrder:
    who, connection = staff(router), database().connection()
    ordering.send_again(connection, who.program_id, redemption_id, f"staff:{who.subject}")
    return _view(connection, who, redemption_id)


def _saved(connection: Connection, who: Caller, redemption_id: UUID, given: NewAddress) -> UUID:
    """The new address among those of the order's member."""
    told = seeing.order(connection, who.program_id, redemption_id)
    if "change_address" not in told["actions"]:
        raise Refusal(Kind.CONFLICT, "too-late", "It is being ordered and can no longer be changed.")
    member_id = membership.id_of(connection, who.program_id, told["member_number"])
    document = reading.current(connection, who.program_id).document
    facts = given.model_dump(exclude={"make_default"})
    saved = addresses.save(
        connection, who.program_id, member_id, document, Address(**facts), make_default=given.make_default
    )
    return saved.address_id


def _view(connection: Connection, who: Caller, redemption_id: UUID) -> StaffOrder:
    told = seeing.order(connection, who.program_id, redemption_id)
    about(router, told["member_number"])
    found = stored.of_redemption_for_staff(connection, who.program_id, redemption_id)
    return StaffOrder(**told | {"documents": found})

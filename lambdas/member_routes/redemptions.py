"""Redeeming a quote, following it, and changing one's mind in time."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field, StringConstraints

from lambdas import machine
from lambdas.http import KEYED, STRICT, Id, Router, View, idempotency_key, logger, member
from lambdas.shelf import Document
from loyalty import aws
from loyalty.database import Connection, database
from loyalty.documents import reading as documents
from loyalty.redemptions import overview, promise, redeeming, screening
from loyalty.redemptions.redeeming import LARGEST_AMOUNT, Redeem
from loyalty.refusal import Kind, Refusal

router = Router()

# What the portal keeps in the browser; it is stored as a hash only.
DEVICE_HEADER = "X-Device-Id"

Amount = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]


class Redemption(BaseModel):
    """The quote as it was signed, and the split that was chosen on the slider."""

    model_config = STRICT
    quote_id: Id
    quote_token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    points: Amount
    money_minor: Amount


class AddressChange(BaseModel):
    """One of the member's saved addresses."""

    model_config = STRICT
    address_id: Id


class Accepted(View):
    """The redemption stands; it is followed at its own address."""

    redemption_id: UUID
    status: str
    words: str
    points: int
    money_minor: int
    may_change_until: datetime


class Line(View):
    """One product; `reasons` say why units of it are not coming, `orders` are Amazon's."""

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
    orders: list[dict[str, Any]]


class GivenBack(View):
    """Units that never arrived (cancelled) or went back (returned). Their points are back; `refund_state` is how their
    money goes: waiting, not_taken (it never left you), pending, refunded, failed (a person sends it); none without."""

    line_number: int
    quantity: int
    kind: str
    points: int
    money_minor: int
    given_back_at: datetime
    refund_state: str | None
    refunded_at: datetime | None


class Queue(View):
    """Orders leave at the shop's pace; without a number of seconds nobody can say."""

    orders_ahead: int
    expected_wait_seconds: int | None
    words: str


class Payment(View):
    """The money part. `approval_url` is there while the member may use it."""

    state: str
    approval_url: str | None
    amount_minor: int
    # Reserved with the provider; shipments take it part by part.
    authorised_minor: int
    captured_minor: int
    approve_until: datetime


class PackageEvent(View):
    """One step of a package, in Amazon's word and in ours."""

    status: str
    at: datetime
    words: str


class Package(View):
    """A parcel. `status` ordered, shipped, out_for_delivery, delivered, delayed, for_pickup, undeliverable, returned or
    refunded; promised for the window that Amazon named last."""

    package_id: str
    tracking_number: str | None
    carrier: str | None
    status: str
    words: str
    promised_from: datetime | None
    promised_to: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    events: list[PackageEvent]


class ShippedUnits(View):
    """So many units of a line."""

    line_number: int
    quantity: int


class Shipment(View):
    """What left together; `units` is empty while Amazon has not said what is in it."""

    shipment_id: str
    amazon_order_id: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    units: list[ShippedUnits]
    packages: list[Package]


class Event(View):
    """One line of the timeline."""

    kind: str
    at: datetime
    words: str
    detail: dict[str, Any]


class RedemptionView(View):
    """A redemption with all that has happened to it, `as_of` now: what is counted down is counted from there."""

    redemption_id: UUID
    as_of: datetime
    status: str
    words: str
    points: int
    money_minor: int
    currency: str
    points_spent: int
    points_returned: int
    money_accepted_minor: int | None
    partial_policy: str
    capture_at: str
    address_id: UUID
    may_cancel: bool
    # Until when a step-up is to be confirmed, while there is one.
    confirm_until: datetime | None
    may_change_address: bool
    may_change_until: datetime
    created_at: datetime
    closed_at: datetime | None
    lines: list[Line]
    shipments: list[Shipment]
    given_back: list[GivenBack]
    queue: Queue | None
    payment: Payment | None
    documents: list[Document]
    timeline: list[Event]


class Summary(View):
    """A redemption in the list."""

    redemption_id: UUID
    status: str
    words: str
    points: int
    money_minor: int
    currency: str
    points_spent: int
    points_returned: int
    created_at: datetime
    closed_at: datetime | None
    titles: list[str]
    image_url: str | None


class Summaries(View):
    """Newest first; `before` asks for the next page and is missing on the last."""

    redemptions: list[Summary]
    before: UUID | None


@router.post("/redemptions", summary="Redeem a quote", status_code=202, openapi_extensions=KEYED)
def redeem(body: Redemption) -> Accepted:
    connection = database().connection()
    who, member_id = member(router, connection)
    key = idempotency_key(router)
    promise.verify(connection, _signing_key(), who.program_id, member_id, body.quote_id, body.quote_token)
    request = Redeem(key, body.quote_id, body.points, body.money_minor)
    device = screening.device_hash(who.program_id, router.current_event.headers.get(DEVICE_HEADER))
    done = redeeming.redeem(connection, who.program_id, member_id, request, f"member:{member_id}", device)
    if not done.replay:
        _start(connection, who.program_id, key)
    told = overview.overview(connection, who.program_id, member_id, key)
    return Accepted(**{name: told[name] for name in Accepted.model_fields})


@router.get("/redemptions", summary="My redemptions")
def list_redemptions(before: UUID | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Summaries:
    connection = database().connection()
    who, member_id = member(router, connection)
    rows = overview.listed(connection, who.program_id, member_id, before, limit)
    return Summaries(
        redemptions=[Summary(**row) for row in rows],
        before=UUID(rows[-1]["redemption_id"]) if len(rows) == limit else None,
    )


@router.get("/redemptions/<redemption_id>", summary="One redemption with all that happened")
def get_redemption(redemption_id: UUID) -> RedemptionView:
    connection = database().connection()
    who, member_id = member(router, connection)
    return _view(connection, who.program_id, member_id, redemption_id)


@router.post("/redemptions/<redemption_id>/payment-approval", summary="The provider has my approval", status_code=202)
def approve_payment(redemption_id: UUID) -> RedemptionView:
    connection = database().connection()
    who, member_id = member(router, connection)
    if redeeming.approve(connection, who.program_id, member_id, redemption_id):
        _tell_payments("complete", who.program_id, redemption_id)
    return _view(connection, who.program_id, member_id, redemption_id)


@router.post("/redemptions/<redemption_id>/cancel", summary="Cancel while nothing is ordered")
def cancel(redemption_id: UUID) -> RedemptionView:
    connection = database().connection()
    who, member_id = member(router, connection)
    if redeeming.cancel(connection, who.program_id, member_id, redemption_id):
        # If it cannot be told it is cancelled all the same, and the sweeper tells the payments service again.
        with suppress(Refusal):
            _tell_payments("abandon", who.program_id, redemption_id)
    return _view(connection, who.program_id, member_id, redemption_id)


@router.put("/redemptions/<redemption_id>/address", summary="Send it elsewhere while nothing is ordered")
def change_address(redemption_id: UUID, body: AddressChange) -> RedemptionView:
    connection = database().connection()
    who, member_id = member(router, connection)
    redeeming.change_address(connection, who.program_id, member_id, redemption_id, body.address_id)
    return _view(connection, who.program_id, member_id, redemption_id)


def _view(connection: Connection, program_id: int, member_id: int, redemption_id: UUID) -> RedemptionView:
    told = overview.overview(connection, program_id, member_id, redemption_id)
    return RedemptionView(**told, documents=documents.of_redemption(connection, program_id, member_id, redemption_id))


def _start(connection: Connection, program_id: int, redemption_id: UUID) -> None:
    # The redemption stands whatever happens here: its row is the outbox, and the sweeper starts what is left.
    try:
        machine.start_execution(program_id, redemption_id)
        redeeming.started(connection, program_id, redemption_id)
        # The one line that ties the request's correlation id to the redemption's.
        logger.info("execution started", extra={"redemption_id": str(redemption_id)})
    except Exception as failure:
        logger.warning("execution not started", extra={"failure": type(failure).__name__, "id": str(redemption_id)})


def _tell_payments(task: str, program_id: int, redemption_id: UUID) -> None:
    try:
        machine.tell_payments(task, program_id, redemption_id)
    except Exception as failure:
        logger.warning("payments not told", extra={"failure": type(failure).__name__, "id": str(redemption_id)})
        raise Refusal(Kind.UNAVAILABLE, "unavailable", "Try again in a moment.") from failure


@cache
def _signing_key() -> str:
    secrets = aws.client("secretsmanager")
    return str(secrets.get_secret_value(SecretId=os.environ["QUOTE_SIGNING_SECRET_ARN"])["SecretString"])

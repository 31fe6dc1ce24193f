"""Outside parties as staff see them: how each connection stands, and what became of every event sent to a webhook."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from lambdas.http import Router, View
from lambdas.staff import about, staff
from loyalty.database import database
from loyalty.integrations import watching
from loyalty.programme import reading

router = Router()

Code = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
OfCode = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
OfTopic = Annotated[str | None, Query(pattern=r"^[a-z]+\.[a-z_]{1,40}$")]


class CheckSeen(View):
    """What the last test said."""

    outcome: Literal["ok", "warning", "failed"]
    findings: list[dict[str, str]]
    checked_by: str
    checked_at: datetime


class ConnectionSeen(View):
    """A connection of the published programme. `name` is what its test is called by."""

    name: str
    kind: Literal["amazon-business", "payment", "erp", "webhook"]
    title: str
    where: str | None
    check: CheckSeen | None


class WebhookSeen(View):
    """`stopped`: refused for days, what happens is kept; `failing_since`: no answer since then."""

    code: str
    state: Literal["active", "stopped", "off"]
    reason: str | None
    stopped_at: datetime | None
    failing_since: datetime | None
    delivered_at: datetime | None
    waiting: int
    oldest_waiting_at: datetime | None
    given_up: int


class IntegrationsSeen(View):
    """Connections by their published settings; webhooks by what became of what was sent."""

    connections: list[ConnectionSeen]
    webhooks: list[WebhookSeen]


class DeliverySeen(View):
    """`status`, `problem`: of the last attempt."""

    delivery_id: UUID
    code: str
    event_id: UUID
    topic: str
    member_number: str | None
    state: Literal["waiting", "delivered", "given_up"]
    again: bool
    occurred_at: datetime
    attempts: int
    due_at: datetime | None
    ended_at: datetime | None
    status: int | None
    problem: str | None


class DeliveriesSeen(View):
    """Newest first; `before` leads to the next page."""

    deliveries: list[DeliverySeen]
    before: UUID | None


class TrySeen(View):
    """One attempt; `problem`: why there was no answer."""

    at: datetime
    status: int | None
    problem: str | None
    milliseconds: int


class DeliveryWhole(View):
    """With what it says, and its last fifty attempts."""

    delivery_id: UUID
    code: str
    event_id: UUID
    topic: str
    member_number: str | None
    state: Literal["waiting", "delivered", "given_up"]
    again: bool
    occurred_at: datetime
    attempts: int
    due_at: datetime | None
    ended_at: datetime | None
    data: dict[str, Any]
    tries: list[TrySeen]


@router.get("/integrations", summary="Connections to outside parties, and how they stand")
def get_integrations() -> IntegrationsSeen:
    who = staff(router)
    connection = database().connection()
    document = reading.current(connection, who.program_id).document
    return IntegrationsSeen(
        connections=[ConnectionSeen(**one) for one in watching.connections(connection, who.program_id, document)],
        webhooks=[WebhookSeen(**one) for one in watching.webhooks(connection, who.program_id)],
    )


@router.get("/integrations/deliveries", summary="What was sent to webhooks")
def get_deliveries(
    webhook: OfCode = None,
    state: Literal["waiting", "delivered", "given_up"] | None = None,
    topic: OfTopic = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveriesSeen:
    who = staff(router)
    rows = watching.deliveries(
        database().connection(), who.program_id, code=webhook, state=state, topic=topic, before=before, limit=limit
    )
    return DeliveriesSeen(
        deliveries=[DeliverySeen(**row) for row in rows], before=rows[-1]["delivery_id"] if len(rows) == limit else None
    )


@router.get("/integrations/deliveries/<delivery_id>", summary="One of them with every attempt")
def get_delivery(delivery_id: UUID) -> DeliveryWhole:
    who = staff(router)
    return _one(who.program_id, delivery_id)


@router.post("/integrations/deliveries/<delivery_id>/redelivery", summary="Send it once more")
def post_redelivery(delivery_id: UUID) -> DeliveryWhole:
    who = staff(router)
    watching.redeliver(database().connection(), who.program_id, delivery_id)
    return _one(who.program_id, delivery_id)


@router.post("/integrations/webhooks/<code>/start", summary="Send again to a webhook that was stopped")
def post_start(code: Code) -> IntegrationsSeen:
    who = staff(router)
    watching.start(database().connection(), who.program_id, code, f"staff:{who.subject}")
    return get_integrations()


def _one(program_id: int, delivery_id: UUID) -> DeliveryWhole:
    found = watching.delivery(database().connection(), program_id, delivery_id)
    if found["member_number"]:
        about(router, found["member_number"])
    return DeliveryWhole(**found)

"""What members were not told: lapsing points nobody was warned of, messages that were lost."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from lambdas.http import Router, View
from lambdas.staff import staff
from loyalty.database import database

router = Router()

Most = Annotated[int, Query(ge=1, le=500)]


class UnwarnedLot(View):
    """Points that lapse within 30 days and whose owner got no warning; `why`: what became of the last try."""

    member_number: str
    expires_on: date
    amount: int
    warned_at: datetime
    why: str


class UnwarnedLots(View):
    """Soonest first."""

    lots: list[UnwarnedLot]


class LostMessage(View):
    """`unknown`: it may have been sent and is not sent again. `failed`: the provider refused it."""

    message_id: UUID
    member_number: str
    channel: str
    template: str
    state: str
    reason: str | None
    at: datetime


class LostMessages(View):
    """Newest first."""

    messages: list[LostMessage]


@router.get("/notices/unwarned-lots", summary="Points that lapse soon and whose owner was not warned")
def unwarned_lots(limit: Most = 100) -> UnwarnedLots:
    who = staff(router)
    rows = database().connection().execute("select * from notifications.unwarned(%s, %s)", (who.program_id, limit))
    return UnwarnedLots(lots=[UnwarnedLot(**row) for row in rows.fetchall()])


@router.get("/notices/lost-messages", summary="Messages that were refused, or that nobody knows of")
def lost_messages(limit: Most = 100) -> LostMessages:
    who = staff(router)
    rows = database().connection().execute("select * from notifications.lost(%s, %s)", (who.program_id, limit))
    return LostMessages(messages=[LostMessage(**row) for row in rows.fetchall()])

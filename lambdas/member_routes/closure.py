"""Closing my account."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from lambdas.http import KEYED, STRICT, Router, View, idempotency_key, member
from loyalty.database import Connection, database
from loyalty.members import closure

router = Router()


class ClosureView(View):
    """`state` active or closing; `points` (available and pending) would be lost and are to be sent with the request,
    `debt` would be forgiven. `obstacles`: redemptions-open, points-held, cases-open, frozen, member-blocked; with the
    redemptions and cases that have to end first."""

    state: str
    started_at: datetime | None
    undo_until: datetime | None
    undo_days: int
    points: int
    available: int
    pending: int
    held: int
    debt: int
    obstacles: list[str]
    redemptions: list[UUID]
    cases: list[UUID]


class Closing(BaseModel):
    """`points`: how many I was shown that I will lose."""

    model_config = STRICT
    points: Annotated[int, Field(ge=0, le=2**53 - 1)]


@router.get("/me/closure", summary="What closing my account would mean")
def my_closure() -> ClosureView:
    connection = database().connection()
    who, member_id = member(router, connection)
    return _view(connection, who.program_id, member_id)


@router.post("/me/closure", summary="Close my account", openapi_extensions=KEYED)
def close(body: Closing) -> ClosureView:
    connection = database().connection()
    who, member_id = member(router, connection)
    closure.start(connection, who.program_id, member_id, idempotency_key(router), body.points)
    return _view(connection, who.program_id, member_id)


@router.delete("/me/closure", summary="Keep my account after all")
def undo() -> ClosureView:
    connection = database().connection()
    who, member_id = member(router, connection)
    closure.undo(connection, who.program_id, member_id)
    return _view(connection, who.program_id, member_id)


def _view(connection: Connection, program_id: int, member_id: int) -> ClosureView:
    stands = closure.standing(connection, program_id, member_id)
    told = {name: getattr(stands, name) for name in ClosureView.model_fields if name != "undo_days"}
    return ClosureView(**told, undo_days=closure.UNDO_DAYS)

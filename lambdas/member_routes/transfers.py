"""Points to another member."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from lambdas.http import KEYED, STRICT, Router, View, idempotency_key, member
from lambdas.member_routes.profile import Number
from loyalty.database import database
from loyalty.members import transferring

router = Router()


class Transfer(BaseModel):
    """Whom and how many. Where the programme does not allow it, the answer is the same for every number."""

    model_config = STRICT
    member_number: Number
    points: Annotated[int, Field(ge=1, le=2**53 - 1)]


class Transferred(View):
    """The points are theirs. `available`: what was left; `replayed`: this very request had been carried out before."""

    transfer_id: UUID
    points: int
    available: int
    replayed: bool


@router.post("/transfers", summary="Give points to another member", status_code=201, openapi_extensions=KEYED)
def give(body: Transfer) -> Transferred:
    connection = database().connection()
    who, member_id = member(router, connection)
    key = idempotency_key(router)
    given = transferring.give(connection, who.program_id, member_id, key, body.member_number, body.points, "member")
    return Transferred(transfer_id=key, points=given.points, available=given.available, replayed=given.replayed)

"""What I look at."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from lambdas import personal
from lambdas.http import STRICT, Id, Router, View, member
from loyalty.database import database
from loyalty.interactions import viewing

router = Router()


class Looked(BaseModel):
    """A product's page was open. `key`: this time's own name, so that it counts once; `came_from`: the page before."""

    model_config = STRICT
    key: Id
    asin: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}$")]
    came_from: viewing.CameFrom


class NewViews(BaseModel):
    """Oldest first."""

    model_config = STRICT
    views: Annotated[list[Looked], Field(min_length=1, max_length=viewing.MOST)]


class ViewsNoted(View):
    """`wanted` false: I want nothing kept, and nothing was. `recorded`: new ones; `unknown`: of no product here."""

    wanted: bool
    recorded: int
    unknown: int


@router.post("/me/views", summary="Products I looked at")
def looked_at(body: NewViews) -> ViewsNoted:
    connection = database().connection()
    who, member_id = member(router, connection)
    views = [viewing.View(view.key, view.asin, view.came_from) for view in body.views]
    noted = viewing.record(connection, who.program_id, member_id, views)
    if noted.recorded:
        personal.tell_looks(who.program_id, member_id, [view.key for view in views])
    return ViewsNoted(wanted=noted.wanted, recorded=noted.recorded, unknown=noted.unknown)

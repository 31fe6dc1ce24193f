"""My own prices: what the pages that all members share do not know."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from lambdas.http import Router, View, member
from lambdas.member_routes.catalogue import Asin
from loyalty.catalogue import cards
from loyalty.database import database

router = Router()

MOST = 60


class OwnPrice(View):
    """A product's price for me, never dearer than the page's. `campaign` makes it cheaper until `until`; without it
    it would be `points_without`."""

    asin: str
    price_minor: int
    points: int
    campaign: str | None
    points_without: int | None
    until: datetime | None


class OwnPrices(View):
    """Of the products asked for that can be had now."""

    prices: list[OwnPrice]


@router.get("/me/prices", summary="My own prices of these products")
def my_prices(asin: Annotated[list[Asin], Query(), Field(min_length=1, max_length=MOST)]) -> OwnPrices:
    connection = database().connection()
    who, member_id = member(router, connection)
    found = cards.own(connection, who.program_id, member_id, list(dict.fromkeys(asin)))
    return OwnPrices(prices=[OwnPrice.model_validate(one) for one in found])

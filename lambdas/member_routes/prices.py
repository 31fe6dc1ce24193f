"""My own prices: what the pages that all members share do not know."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import StringConstraints

from lambdas.http import Router, View, member
from loyalty.catalogue import cards
from loyalty.database import database

router = Router()

Asins = Annotated[str, Query(), StringConstraints(pattern=r"^[A-Z0-9]{10}(,[A-Z0-9]{10}){0,59}$")]


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
def my_prices(asins: Asins) -> OwnPrices:
    """Up to 60 of them, with commas between."""
    connection = database().connection()
    who, member_id = member(router, connection)
    found = cards.own(connection, who.program_id, member_id, list(dict.fromkeys(asins.split(","))))
    return OwnPrices(prices=[OwnPrice.model_validate(one) for one in found])

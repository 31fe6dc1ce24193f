"""Quotes: what a basket costs at an address, and how points and money may share it."""

from __future__ import annotations

import os
from datetime import date, datetime
from functools import cache
from typing import Annotated
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, Field, StringConstraints

from lambdas.amazon import amazon_business
from lambdas.http import STRICT, Id, View, entry, member, resolver
from loyalty import aws
from loyalty.database import database
from loyalty.orders.amazon_business.deadline import Deadline
from loyalty.programme import reading
from loyalty.redemptions import quotes
from loyalty.redemptions.basket import Wanted
from loyalty.redemptions.quotes import MAX_LINES

app = resolver("Quote API")

# One answer's, and of all that is asked for one quote (token, products, trial, cart): API Gateway waits 29 seconds, and
# the database and an answer that came late want some of them.
READ_SECONDS = 6.0
AMAZON_SECONDS = 20.0
LARGEST_AMOUNT = 2**53 - 1

Asin = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}$")]


class BasketLine(BaseModel):
    """A product and how many; without an offer the best one is taken."""

    model_config = STRICT
    asin: Asin
    offer_id: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None
    quantity: Annotated[int, Field(ge=1, le=99)]


class Basket(BaseModel):
    """What a quote is wanted for; without an address the default one."""

    model_config = STRICT
    lines: Annotated[list[BasketLine], Field(min_length=1, max_length=MAX_LINES)]
    address_id: Id | None = None
    partial_policy: Annotated[str, StringConstraints(pattern=r"^(send_what_you_can|all_or_nothing)$")] | None = None


class Stop(View):
    """A useful place on the slider: fewest, half, most, affordable. `points` is what to ask for."""

    name: str
    points: int
    points_charged: int
    money_minor: int


class LotFirst(View):
    """Points that would go first."""

    expires_on: date | None
    amount: int


class Delivery(View):
    """When it should arrive, if Amazon says."""

    earliest: datetime | None
    latest: datetime | None


class QuotedLine(View):
    """One unit's price: all of it in money, or all of it in points (`unit_points_normal`: without the campaign)."""

    line_number: int
    asin: str
    title: str
    image_url: str | None
    quantity: int
    unit_price_minor: int
    unit_points: int
    unit_points_normal: int | None


class QuotedCampaign(View):
    """An offer that makes the quote cheaper, or cannot any more: then `reason` is exhausted, capped or open_quotes."""

    campaign: str
    applied: bool
    why: str | None
    reason: str | None


class Quote(View):
    """The price until `expires_at`; it is `as_of` now. `quote_token` signs it; `estimated`: tax and delivery may still
    differ for us. A part in money goes by `payment_provider`. `delivery_free`: `shipping_minor` is on the programme,
    because of the member's level."""

    quote_id: UUID
    quote_token: str
    programme_version: int
    as_of: datetime
    created_at: datetime
    expires_at: datetime
    currency: str
    payment_provider: str
    estimated: bool
    included: str
    price_includes: str
    partial_policy: str
    address_id: UUID
    total_minor: int
    shipping_minor: int
    delivery_free: bool
    tax_minor: int
    points_full: int
    points_min: int
    points_max: int
    points_step: int
    points_available: int
    # The least money that can be paid, if any is.
    money_min_minor: int
    stops: list[Stop]
    lots_first: list[LotFirst]
    campaigns: list[QuotedCampaign]
    delivery: Delivery
    lines: list[QuotedLine]


class Points(BaseModel):
    """How many points to put in."""

    model_config = STRICT
    points: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]


class SplitLine(View):
    """One unit's share of points and money."""

    line_number: int
    quantity: int
    unit_points: int
    unit_money_minor: int


class Split(View):
    """What is charged: `points_charged` is never more than was asked for."""

    quote_id: UUID
    expires_at: datetime
    points: int
    points_charged: int
    money_minor: int
    currency: str
    lines: list[SplitLine]


@app.post("/quotes", summary="What a basket costs", status_code=201)
def make(body: Basket) -> Quote:
    """Ask Amazon for the price, tax and delivery of a basket at an address, once; sign what the member is promised."""
    deadline = Deadline(AMAZON_SECONDS)
    connection = database().connection()
    who, member_id = member(app, connection)
    asked = quotes.Asked(
        tuple(Wanted(line.asin, line.quantity, line.offer_id) for line in body.lines),
        body.address_id,
        body.partial_policy,
    )
    store = reading.current(connection, who.program_id).document.store
    amazon = amazon_business(store.region, store.locale, READ_SECONDS, for_members=True).within(deadline)
    made = quotes.make(connection, amazon, _signing_key(), who.program_id, member_id, asked)
    return Quote.model_validate(made)


@app.post("/quotes/<quote_id>/split", summary="What a basket costs with so many points")
def split(quote_id: Annotated[UUID, Path()], body: Points) -> Split:
    """Arithmetic only: for the slider."""
    connection = database().connection()
    who, member_id = member(app, connection)
    return Split.model_validate(quotes.split(connection, who.program_id, member_id, quote_id, body.points))


@cache
def _signing_key() -> str:
    secrets = aws.client("secretsmanager")
    return str(secrets.get_secret_value(SecretId=os.environ["QUOTE_SIGNING_SECRET_ARN"])["SecretString"])


handler = entry(app)

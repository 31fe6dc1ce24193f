"""What I wish for, and what I might like."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import StringConstraints

from lambdas import engines
from lambdas.http import Router, View, member
from lambdas.member_routes.catalogue import Asin, Card, Listed, OwnText
from loyalty.database import database
from loyalty.demand import labels
from loyalty.recommendations import answering
from loyalty.recommendations.candidates import How
from loyalty.wishes import listing

router = Router()

Limit = Annotated[int, Query(ge=1, le=answering.MOST)]
About = Annotated[str | None, Query(), StringConstraints(pattern=r"^[A-Z0-9]{10}$")]


class Wish(Card):
    """Something I wish for. What is not `available` has no price; `told_at`: when I last heard that it was back."""

    points: int | None
    price_minor: int | None
    currency: str | None
    available: bool
    added_at: datetime
    told_at: datetime | None


class Wishlist(View):
    """Newest first; `most`: so many it may hold."""

    most: int
    wishes: list[Wish]


class Removed(View):
    """`removed` is false if it was not on the list."""

    asin: str
    removed: bool


class Because(View):
    """What I `redeemed`, `wished` for or `looked` at, and so I might like this; maybe this itself. `texts`: the
    programme's own names."""

    asin: str
    how: How
    title: str
    brand: str
    texts: dict[str, OwnText]


class Recommended(Listed):
    """At my own price. `reason`: for_you (`because` of something I had, wished for or looked at, where that can be
    named), again (I have had it before), trending (redeemed more than usual lately), popular (members redeem it most),
    well_rated (the shop ranks it first); of a product asked about, instead (named for when that cannot be had),
    goes_with (redeemed together with it), liked_too (liked by those who like it), similar (of its category and about
    its price)."""

    reason: Literal[
        "for_you", "again", "trending", "popular", "well_rated", "instead", "goes_with", "liked_too", "similar"
    ]
    because: Because | None = None


class Recommendations(View):
    """Best first; `engine`: whose choice it is; `personal`: some of it was chosen for me."""

    engine: str
    personal: bool
    products: list[Recommended]


@router.get("/me/wishlist", summary="What I wish for")
def my_wishlist() -> Wishlist:
    connection = database().connection()
    who, member_id = member(router, connection)
    wishes = labels.beside(connection, who.program_id, listing.of(connection, who.program_id, member_id))
    return Wishlist(most=listing.MOST, wishes=[Wish.model_validate(wish) for wish in wishes])


@router.put("/me/wishlist/<asin>", summary="Wish for a product")
def wish(asin: Asin) -> Wish:
    connection = database().connection()
    who, member_id = member(router, connection)
    return Wish.model_validate(listing.add(connection, who.program_id, member_id, asin))


@router.delete("/me/wishlist/<asin>", summary="Wish for it no more")
def unwish(asin: Asin) -> Removed:
    connection = database().connection()
    who, member_id = member(router, connection)
    return Removed(asin=asin, removed=listing.remove(connection, who.program_id, member_id, asin))


@router.get("/recommendations", summary="What I might like")
def recommendations(limit: Limit = 12, asin: About = None) -> Recommendations:
    connection = database().connection()
    who, member_id = member(router, connection)
    found = answering.recommend(connection, who.program_id, member_id, limit, asin, engine=engines.chosen())
    found["products"] = labels.beside(connection, who.program_id, found["products"])
    return Recommendations.model_validate(found)

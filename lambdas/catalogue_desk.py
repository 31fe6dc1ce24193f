"""The staff's look into the shop itself: search what Amazon sells now, and take a product into the catalogue.

Apart from the rest of the manager API, because only this one asks Amazon and holds the key to it.
"""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, StringConstraints

from lambdas.amazon import amazon_business
from lambdas.http import STRICT, View, entry
from lambdas.staff import staff, staff_resolver
from loyalty.catalogue import adding, desk
from loyalty.database import database
from loyalty.programme import reading

app = staff_resolver("Catalogue desk")

# A token, the product and its kinds, one after the other, fit into API Gateway's 29 seconds.
READ_SECONDS = 6.0

Words = Annotated[str, Query(min_length=1, max_length=100)]
Category = Annotated[str | None, Query(max_length=63)]


class ShopCategory(View):
    """A category to narrow the search with."""

    category: str
    name: str


class ShopProduct(View):
    """What Amazon sells. `known`: it is in the catalogue, shown or not; `never`: why it can never be a reward."""

    asin: str
    kind: str
    title: str
    brand: str
    image_url: str | None
    price_minor: int | None
    currency: str | None
    availability: str
    star_rating: float | None
    number_of_ratings: int | None
    kinds: int
    known: bool
    never: str | None


class ShopPage(View):
    """Pages count from 0."""

    matching: int
    pages: int
    categories: list[ShopCategory]
    products: list[ShopProduct]


class NewProduct(BaseModel):
    """A product of Amazon's, and the programme's category that it is filed under."""

    model_config = STRICT
    asin: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}$")]
    category: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 &/_.-]{0,62}$")] | None = None


class AddedView(View):
    """It is in the catalogue, picked. `why` it is not on the shelf all the same, in `words`; `kinds` came with it."""

    asin: str
    change_id: int | None
    why: str | None
    words: str | None
    kinds: int


@app.get("/catalogue/search", summary="What Amazon sells now")
def search(q: Words, category: Category = None, page: Annotated[int, Query(ge=0, le=adding.LAST_PAGE)] = 0) -> ShopPage:
    who, connection = staff(app), database().connection()
    store = reading.current(connection, who.program_id).document.store
    amazon = amazon_business(store.region, store.locale, READ_SECONDS)
    return ShopPage.model_validate(adding.search(connection, amazon, who.program_id, q, category, page))


@app.post("/catalogue/additions", summary="Take a product of Amazon's into the catalogue")
def add(body: NewProduct) -> AddedView:
    who, connection = staff(app), database().connection()
    store = reading.current(connection, who.program_id).document.store
    amazon = amazon_business(store.region, store.locale, READ_SECONDS)
    done = adding.add(connection, amazon, who.program_id, body.asin, body.category, f"staff:{who.subject}")
    return AddedView(
        asin=done.asin, change_id=done.change_id, why=done.why, words=desk.reason(done.why), kinds=done.kinds
    )


handler = entry(app)

"""The catalogue: the same pages for every member of the portal's programme, kept under its version; and, never kept,
what is only for members like the one who asks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import StringConstraints

from lambdas import engines
from lambdas.http import Router, View, caller, member
from lambdas.shared_answers import SHARED
from loyalty.catalogue import browsing
from loyalty.database import Connection, database
from loyalty.demand import labels
from loyalty.recommendations import answering

router = Router()

SCOPE = "loyalty/member"

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
Search = Annotated[str | None, Query(max_length=100)]
CategoryCode = Annotated[str | None, Query(max_length=63)]
Points = Annotated[int | None, Query(ge=0, le=2**53 - 1)]
Sort = Annotated[Literal["relevance", "points", "points_down", "newest"], Query()]
Page = Annotated[str | None, Query(max_length=300)]
Asin = Annotated[str, Path(), StringConstraints(pattern=r"^[A-Z0-9]{10}$")]


class Category(View):
    """A category that has something to show. `names`: by language, where the programme has named it."""

    category: str
    name: str
    names: dict[str, str]
    products: int


class OwnText(View):
    """The programme's own words about a product; what is missing is the shop's."""

    title: str | None = None
    description: str | None = None


class Catalogue(View):
    """Where to begin. `included`: charged (delivery and tax are in the price) or absorbed (the programme pays them).
    `own_prices`: some members pay less than these pages say; GET /me/prices tells what I pay.
    `only_for_some`: there is more for some members; GET /me/catalogue tells what for me."""

    programme_version: int
    currency: str
    included: str
    price_includes: str
    own_prices: bool
    only_for_some: bool
    categories: list[Category]


class ImageSize(View):
    """One size of a picture, in pixels."""

    url: str
    width: int
    height: int


class Image(View):
    """A picture in the sizes the shop gives."""

    alternative_text: str
    thumbnail: ImageSize | None = None
    small: ImageSize | None = None
    medium: ImageSize | None = None
    large: ImageSize | None = None


class Outlook(View):
    """What is likely of a product. `state`: back (it cannot be had, and will again between these days), going (it may
    be gone within a week), slow (it may come later than usual)."""

    state: labels.State
    back_from: date | None = None
    back_until: date | None = None


class Card(View):
    """A product as on a card; `from_points`: some of its kinds cost more."""

    asin: str
    kind: str
    title: str
    brand: str
    category: str | None
    image: Image | None
    list_price_minor: int | None
    from_points: bool
    star_rating: float | None
    number_of_ratings: int | None
    delivery_earliest: datetime | None
    delivery_latest: datetime | None
    # By language.
    texts: dict[str, OwnText]
    outlook: Outlook | None = None


class Listed(Card):
    """A product on a page."""

    points: int
    price_minor: int
    currency: str


class Products(View):
    """A page; `next_page` asks for the next one and is missing on the last."""

    programme_version: int
    included: str
    price_includes: str
    products: list[Listed]
    next_page: str | None


class Variation(View):
    """One of the product's kinds."""

    asin: str
    dimensions: dict[str, str]
    available: bool
    points: int | None
    price_minor: int | None


class Product(View):
    """One product. Without a price of its own it is a parent, or cannot be had now (`available`)."""

    programme_version: int
    included: str
    price_includes: str
    asin: str
    kind: str
    title: str
    brand: str
    category: str | None
    category_name: str
    category_names: dict[str, str]
    texts: dict[str, OwnText]
    description: str
    features: list[str]
    images: list[Image]
    parent_asin: str | None
    dimensions: dict[str, str]
    star_rating: float | None
    number_of_ratings: int | None
    available: bool
    offer_id: str | None
    points: int | None
    price_minor: int | None
    list_price_minor: int | None
    currency: str | None
    min_quantity: int | None
    max_quantity: int | None
    delivery_earliest: datetime | None
    delivery_latest: datetime | None
    checked_at: datetime
    variations: list[Variation]
    outlook: Outlook | None = None


@router.get("/catalogue", summary="Categories and the current version")
def catalogue() -> Catalogue:
    """The version to ask for products under, and what the price includes."""
    who = caller(router, SCOPE)
    return Catalogue.model_validate(browsing.categories(database().connection(), who.program_id))


@router.get("/catalogue/<version>/products", summary="A page of products", openapi_extensions=SHARED)
def products(
    version: Version,
    search: Search = None,
    category: CategoryCode = None,
    max_points: Points = None,
    sort: Sort = "relevance",
    page: Page = None,
) -> Products:
    """What can be had now, searched and sorted; `max_points` shows what so many points pay."""
    connection = database().connection()
    who = caller(router, SCOPE)
    asked = browsing.Asked(search, category, max_points, sort, page)
    return _page(connection, who.program_id, browsing.page(connection, who.program_id, version, asked))


@router.get("/catalogue/<version>/products/<asin>", summary="One product", openapi_extensions=SHARED)
def product(version: Version, asin: Asin) -> Product:
    """One product with its kinds."""
    connection = database().connection()
    who = caller(router, SCOPE)
    return _product(connection, who.program_id, browsing.product(connection, who.program_id, version, asin))


@router.get("/me/catalogue", summary="A page of what is only for members like me")
def own_products(
    search: Search = None,
    category: CategoryCode = None,
    max_points: Points = None,
    sort: Sort = "relevance",
    page: Page = None,
) -> Products:
    """What my level or my country lets me have and the shared pages do not show."""
    connection = database().connection()
    who, member_id = member(router, connection)
    asked = browsing.Asked(search, category, max_points, sort, page)
    return _page(connection, who.program_id, browsing.own_page(connection, who.program_id, member_id, asked))


@router.get("/me/catalogue/for-you", summary="A page of everything, what I might like first")
def products_for_me(
    search: Search = None, category: CategoryCode = None, max_points: Points = None, page: Page = None
) -> Products:
    """What was chosen for me comes first, then what members redeem, then the rest as it is ranked for all."""
    connection = database().connection()
    who, member_id = member(router, connection)
    asked = browsing.Asked(search, category, max_points, "for_you", page)
    return _page(
        connection,
        who.program_id,
        answering.ranked(connection, who.program_id, member_id, asked, engine=engines.chosen()),
    )


@router.get("/me/catalogue/products/<asin>", summary="One product as I may see it")
def own_product(asin: Asin) -> Product:
    """Also what the shared pages do not show."""
    connection = database().connection()
    who, member_id = member(router, connection)
    return _product(connection, who.program_id, browsing.own_product(connection, who.program_id, member_id, asin))


def _page(connection: Connection, program_id: int, found: dict[str, Any]) -> Products:
    return Products.model_validate({**found, "products": labels.beside(connection, program_id, found["products"])})


def _product(connection: Connection, program_id: int, found: dict[str, Any]) -> Product:
    (labelled,) = labels.beside(connection, program_id, [found])
    return Product.model_validate(labelled)

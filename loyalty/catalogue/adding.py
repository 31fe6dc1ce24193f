"""Looking for products at Amazon itself, and taking one into the catalogue: picked, priced and on the shelf at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from loyalty.catalogue import curating, desk
from loyalty.catalogue.asin import is_asin
from loyalty.catalogue.rules import REASONS, offer_refusal, product_refusal
from loyalty.catalogue.storing import store, text
from loyalty.database import Connection
from loyalty.orders.amazon_business import (
    AmazonBusinessError,
    CredentialsRevoked,
    Product,
    Products,
    ProductSearch,
    Refused,
    SearchPage,
    Throttled,
)
from loyalty.orders.amazon_business.contract import MAX_ASINS_A_CALL
from loyalty.orders.bucket import Rate, take_token
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

SEARCH, LOOK_UP = "searchProducts", "productsByAsins"
# Amazon's published rate of Product Search; members' quotes are never left without a call.
PER_SECOND = Decimal("0.5")
BURST = 10
RESERVE = 3
PAGE_SIZE = 24
LAST_PAGE = 12


@dataclass(frozen=True, slots=True)
class Added:
    """A product that is in the catalogue now. `change_id` None: it was picked already. `kinds` came with it."""

    asin: str
    change_id: int | None
    why: str | None
    kinds: int


def search(
    connection: Connection, amazon: ProductSearch, program_id: int, words: str, category: str | None, page: int
) -> dict[str, Any]:
    """A page of what Amazon sells now, each with whether we know it. Raises Refusal in words a person can act on."""
    document = reading.current(connection, program_id).document
    found: SearchPage = _asked(
        connection,
        program_id,
        document,
        SEARCH,
        lambda: amazon.search_products(words, category=category, page=page, page_size=PAGE_SIZE),
    )
    asins = [product.asin for product in found.products if is_asin(product.asin)]
    row = connection.execute("select catalogue.known(%s, %s) as asins", (program_id, asins)).fetchone()
    known = set(row["asins"]) if row else set()
    return {
        "matching": found.matching,
        "pages": min(found.pages, LAST_PAGE + 1),
        "categories": [{"category": text(code), "name": text(name)} for code, name in found.categories.items()],
        "products": [_told(product, known) for product in found.products if is_asin(product.asin)],
    }


def add(
    connection: Connection, amazon: ProductSearch, program_id: int, asin: str, category: str | None, actor: str
) -> Added:
    """Take it in with what Amazon says now; a parent with its kinds. Raises Refusal: not found, never redeemable, …"""
    document = reading.current(connection, program_id).document
    curating.known_category(document, category, "category")
    told = _looked_up(connection, amazon, program_id, document, (asin,))
    product = next((one for one in told.products if one.asin == asin), None)
    if product is None:
        raise Refusal(Kind.NOT_FOUND, "unknown-to-amazon", "Amazon does not sell this to us.", field="asin")
    if rule := _never(product):
        raise Refusal(Kind.CONFLICT, "not-redeemable", REASONS.get(rule, "This is never a reward."), field="asin")
    with connection.transaction():
        row = connection.execute(
            "select * from catalogue.adopt(%s, %s, %s, %s)", (program_id, [asin], category, actor)
        ).fetchone()
        store(connection, program_id, told)
    kinds = _with_kinds(connection, amazon, program_id, document, asin)
    found = desk.product(connection, program_id, asin)
    return Added(asin, row["change_id"] if row else None, found["why"], kinds)


def _with_kinds(
    connection: Connection, amazon: ProductSearch, program_id: int, document: Programme, parent: str
) -> int:
    rows = connection.execute(
        "select asin from catalogue.unchecked_kinds(%s, %s, %s)", (program_id, parent, MAX_ASINS_A_CALL)
    ).fetchall()
    if not rows:
        return 0
    try:
        told = _looked_up(connection, amazon, program_id, document, tuple(row["asin"] for row in rows))
    except Refusal:
        return 0  # the sync asks for them first of all
    store(connection, program_id, told)
    return len(told.products)


def _looked_up(
    connection: Connection, amazon: ProductSearch, program_id: int, document: Programme, asins: tuple[str, ...]
) -> Products:
    return _asked(connection, program_id, document, LOOK_UP, lambda: amazon.products_by_asins(asins))


def _asked[Answer](
    connection: Connection, program_id: int, document: Programme, operation: str, ask: Callable[[], Answer]
) -> Answer:
    rate = Rate(document.integrations.amazon_business.connection, PER_SECOND, BURST)
    seconds = take_token(connection, program_id, rate, operation, reserve=RESERVE)
    if seconds > 0:
        raise _busy(seconds)
    try:
        return ask()
    except Throttled as throttled:
        raise _busy(throttled.retry_after_seconds) from None
    except CredentialsRevoked:
        detail = "Amazon does not accept our access any more. Somebody has to connect the programme to it anew."
        raise Refusal(Kind.CONFLICT, "shop-access-revoked", detail) from None
    except Refused as refused:
        detail = f"Amazon does not answer this question (its code: {refused.code or refused.status})."
        raise Refusal(Kind.INVALID, "shop-refused", detail, field="q" if operation == SEARCH else "asin") from None
    except AmazonBusinessError:
        detail = "Amazon does not answer at the moment."
        raise Refusal(Kind.UNAVAILABLE, "shop-unavailable", detail, retry_after_seconds=10) from None


def _busy(seconds: float) -> Refusal:
    wait = max(1, math.ceil(seconds))
    detail = f"Amazon lets us ask only so often. Try again in {wait} second{'s' if wait > 1 else ''}."
    return Refusal(Kind.UNAVAILABLE, "shop-busy", detail, retry_after_seconds=wait)


def _never(product: Product) -> str | None:
    if rule := product_refusal(product):
        return rule
    rules = [offer_refusal(offer) for offer in product.offers]
    return rules[0] if rules and all(rules) else None


def _told(product: Product, known: set[str]) -> dict[str, Any]:
    offer = product.offers[0] if product.offers else None
    picture = product.images[0] if product.images else None
    sizes = picture.sizes if picture else {}
    url = next((sizes[size][0] for size in ("small", "thumbnail", "medium", "large") if size in sizes), None)
    rule = _never(product)
    return {
        "asin": product.asin,
        "kind": text(product.kind),
        "title": text(product.title),
        "brand": text(product.brand),
        "image_url": url,
        "price_minor": offer.price_minor if offer else None,
        "currency": offer.currency if offer else None,
        "availability": text(offer.availability) if offer else "",
        "star_rating": product.star_rating,
        "number_of_ratings": product.number_of_ratings,
        "kinds": len(product.variations),
        "known": product.asin in known,
        "never": REASONS.get(rule, "This is never a reward.") if rule else None,
    }

"""Writing what Amazon told into the stored copy. One odd value must not lose the other twenty-nine products."""

from __future__ import annotations

import json
from typing import Any

from loyalty.catalogue.asin import is_asin
from loyalty.catalogue.rules import in_stock, offer_refusal, product_refusal
from loyalty.database import Connection
from loyalty.orders.amazon_business import Image, Offer, Product, Products

MAX_TEXT = 4_000
# A price above a hundred million dollars is a mistake; so is a count that no database column takes.
MAX_PRICE_MINOR = 10**10
MAX_COUNT = 2**31 - 1


def store(connection: Connection, program_id: int, told: Products) -> None:
    """Keep what Amazon says about products we know, and that it no longer knows others."""
    connection.execute(
        "select catalogue.store_products(%s, %s, %s)",
        (program_id, json.dumps([_product(product) for product in told.products]), list(told.not_found)),
    )


def _product(product: Product) -> dict[str, Any]:
    return {
        "asin": product.asin,
        "kind": text(product.kind),
        "title": text(product.title),
        "brand": text(product.brand),
        "description": text(product.description),
        "features": [text(feature) for feature in product.features[:30]],
        "details": {text(label): text(value) for label, value in list(product.details.items())[:60]},
        "images": [_image(image) for image in product.images[:10]],
        "star_rating": _stars(product.star_rating),
        "number_of_ratings": _count(product.number_of_ratings),
        "refused_for": product_refusal(product),
        "variations": [
            {
                "asin": variation.asin,
                "dimensions": {text(name): text(value) for name, value in variation.dimensions.items()},
            }
            for variation in product.variations
            if is_asin(variation.asin)
        ],
        "offers": [
            _offer(offer, position) for position, offer in enumerate(product.offers) if offer.offer_id.isascii()
        ],
    }


def _image(image: Image) -> dict[str, Any]:
    sizes = {size: {"url": url, "width": width, "height": height} for size, (url, width, height) in image.sizes.items()}
    return {"alternative_text": text(image.alternative_text), **sizes}


def _offer(offer: Offer, position: int) -> dict[str, Any]:
    return {
        "offer_id": offer.offer_id,
        "position": position,
        "price_minor": _price(offer.price_minor),
        "currency": text(offer.currency or ""),
        "list_price_minor": _price(offer.list_price_minor),
        "price_type": text(offer.price_type or ""),
        "in_stock": in_stock(offer),
        "quantity_in_stock": _count(offer.quantity_in_stock),
        "min_quantity": _count(offer.min_quantity) or 1,
        "max_quantity": _count(offer.max_quantity),
        "condition": text(offer.condition),
        "buying_guidance": text(offer.buying_guidance),
        "merchant_name": text(offer.merchant_name or ""),
        "merchant_stars": _stars(offer.merchant_stars),
        "by_amazon": offer.fulfillment_type == "AMAZON_FULFILLMENT" if offer.fulfillment_type else None,
        "shipping_minor": _price(offer.shipping_minor) or 0,
        "delivery_earliest": offer.delivery_earliest.isoformat() if offer.delivery_earliest else None,
        "delivery_latest": offer.delivery_latest.isoformat() if offer.delivery_latest else None,
        "refused_for": offer_refusal(offer),
    }


def text(told: str) -> str:
    """The same, as PostgreSQL's text and jsonb can hold it: no NUL, no half characters, not endless."""
    return told.replace("\x00", "").encode("utf-8", "replace").decode()[:MAX_TEXT]


def _price(minor: int | None) -> int | None:
    return minor if minor is not None and 0 <= minor <= MAX_PRICE_MINOR else None


def _stars(told: float | None) -> float | None:
    return told if told is not None and 0 <= told <= 5 else None


def _count(number: int | None) -> int | None:
    return None if number is None else max(0, min(number, MAX_COUNT))

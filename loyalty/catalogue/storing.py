"""Writing what Amazon told into the stored copy."""

from __future__ import annotations

import json
from typing import Any

from loyalty.catalogue.rules import in_stock, offer_refusal, product_refusal
from loyalty.database import Connection
from loyalty.orders.amazon_business import Image, Offer, Product, Products

MAX_TEXT = 4_000


def store(connection: Connection, program_id: int, told: Products) -> None:
    """Keep what Amazon says about products we know, and that it no longer knows others."""
    connection.execute(
        "select catalogue.store_products(%s, %s, %s)",
        (program_id, json.dumps([_product(product) for product in told.products]), list(told.not_found)),
    )


def _product(product: Product) -> dict[str, Any]:
    return {
        "asin": product.asin,
        "kind": product.kind,
        "title": _text(product.title),
        "brand": _text(product.brand),
        "description": _text(product.description),
        "features": [_text(feature) for feature in product.features[:30]],
        "details": {_text(label): _text(value) for label, value in list(product.details.items())[:60]},
        "images": [_image(image) for image in product.images[:10]],
        "star_rating": product.star_rating,
        "number_of_ratings": product.number_of_ratings,
        "refused_for": product_refusal(product),
        "variations": [
            {"asin": variation.asin, "dimensions": variation.dimensions} for variation in product.variations
        ],
        "offers": [_offer(offer, position) for position, offer in enumerate(product.offers)],
    }


def _image(image: Image) -> dict[str, Any]:
    sizes = {size: {"url": url, "width": width, "height": height} for size, (url, width, height) in image.sizes.items()}
    return {"alternative_text": _text(image.alternative_text), **sizes}


def _offer(offer: Offer, position: int) -> dict[str, Any]:
    return {
        "offer_id": offer.offer_id,
        "position": position,
        "price_minor": offer.price_minor,
        "currency": offer.currency,
        "list_price_minor": offer.list_price_minor,
        "price_type": offer.price_type,
        "in_stock": in_stock(offer),
        "quantity_in_stock": offer.quantity_in_stock,
        "min_quantity": offer.min_quantity,
        "max_quantity": offer.max_quantity,
        "condition": offer.condition,
        "buying_guidance": offer.buying_guidance,
        "merchant_name": offer.merchant_name,
        "shipping_minor": max(offer.shipping_minor or 0, 0),
        "delivery_earliest": offer.delivery_earliest.isoformat() if offer.delivery_earliest else None,
        "delivery_latest": offer.delivery_latest.isoformat() if offer.delivery_latest else None,
        "refused_for": offer_refusal(offer),
    }


def _text(text: str) -> str:
    # PostgreSQL's text and jsonb hold no NUL.
    return text.replace("\x00", "")[:MAX_TEXT]

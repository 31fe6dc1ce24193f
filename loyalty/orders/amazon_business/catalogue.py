"""Product Search 2020-08-26: Amazon's products and offers in our words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from loyalty.orders.amazon_business.contract import (
    Image,
    Offer,
    Offers,
    Product,
    Products,
    SearchPage,
    Taxonomy,
    Variation,
)
from loyalty.orders.amazon_business.errors import Unknown
from loyalty.orders.amazon_business.reading import (
    integer,
    labelled,
    listed,
    moment,
    money_minor,
    nested,
    text,
    texts,
)

_IMAGE_SIZES = ("large", "medium", "small", "thumbnail")


def search_page(body: Any) -> SearchPage:
    """SearchProductsResult. Raises Unknown for a reply without products."""
    return SearchPage(
        products=_products(body),
        matching=integer(nested(body, "matchingProductCount")) or 0,
        pages=integer(nested(body, "numberOfPages")) or 0,
        categories={
            text(category["id"]): text(category.get("displayName")) or text(category["id"])
            for category in listed(nested(body, "refinements"), "categories")
            if text(category.get("id"))
        },
    )


def products(body: Any) -> Products:
    """ProductsByAsinsResponse. Raises Unknown for a reply without products."""
    return Products(products=_products(body), not_found=texts(body, "notFoundAsins"))


def offers(body: Any, asin: str) -> Offers:
    """OffersResult, the featured offer first. Raises Unknown for a reply without offers."""
    if not isinstance(body, dict) or not isinstance(body.get("offers"), list):
        raise Unknown("reply without offers")
    told = [offer for offer in (body.get("featuredOffer"), *listed(body, "offers")) if isinstance(offer, dict)]
    return Offers(offers=_offers(told, asin))


def _products(body: Any) -> tuple[Product, ...]:
    if not isinstance(body, dict) or not isinstance(body.get("products"), list):
        raise Unknown("reply without products")
    return tuple(_product(told) for told in listed(body, "products") if text(told.get("asin")))


def _product(told: dict[str, Any]) -> Product:
    asin = text(told["asin"])
    included = told.get("includedDataTypes")
    return Product(
        asin=asin,
        kind=text(told.get("asinType")) or "STANDARD",
        title=text(told.get("title")),
        brand=_brand(told),
        url=text(told.get("url")),
        description=text(told.get("productDescription")),
        features=texts(told, "features"),
        format=text(told.get("format")),
        taxonomies=tuple(
            Taxonomy(text(entry.get("type")), text(entry.get("taxonomyCode")), text(entry.get("title")))
            for entry in listed(told, "taxonomies")
        ),
        details=labelled(told.get("productOverview")) | labelled(told.get("productDetails")),
        badges=tuple(text(badge.get("name")) for badge in listed(told, "badges") if text(badge.get("name"))),
        images=tuple(_image(image) for image in listed(included, "IMAGES")),
        offers=_offers(listed(included, "OFFERS"), asin),
        variations=_variations(told.get("productVariations")),
        star_rating=_stars(nested(told, "customerReviewsSummary", "starRating")),
        number_of_ratings=integer(nested(told, "customerReviewsSummary", "numberOfRatings")),
    )


def _stars(told: Any) -> float | None:
    return float(told) if isinstance(told, int | Decimal) and not isinstance(told, bool) else None


def _brand(told: dict[str, Any]) -> str:
    for contributor in listed(told, "byLine"):
        if any(role.casefold() == "brand" for role in texts(contributor, "roles")):
            return text(contributor.get("name"))
    return labelled(told.get("productOverview")).get("Brand", "")


def _image(told: dict[str, Any]) -> Image:
    return Image(
        alternative_text=text(told.get("altText")),
        sizes={
            size: (
                text(told[size].get("url")),
                integer(told[size].get("width")) or 0,
                integer(told[size].get("height")) or 0,
            )
            for size in _IMAGE_SIZES
            if isinstance(told.get(size), dict) and text(told[size].get("url"))
        },
    )


def _variations(told: Any) -> tuple[Variation, ...]:
    """Amazon counts dimensions and values by index: {index: 0, value: 1} is the second value of the first dimension."""
    names: dict[int | None, tuple[str, dict[int | None, str]]] = {
        integer(dimension.get("index")): (
            text(dimension.get("displayString")),
            {integer(v.get("index")): text(v.get("displayString")) for v in listed(dimension, "dimensionValues")},
        )
        for dimension in listed(told, "dimensions")
    }
    found = []
    for child in listed(told, "variations"):
        chosen = {}
        for value in listed(child, "variationValues"):
            name, values = names.get(integer(value.get("index")), ("", {}))
            if name:
                chosen[name] = values.get(integer(value.get("value")), "")
        if text(child.get("asin")):
            found.append(Variation(text(child["asin"]), chosen))
    return tuple(found)


def _offers(told: list[dict[str, Any]], asin: str) -> tuple[Offer, ...]:
    unique: dict[str, Offer] = {}
    for offer in told:
        offer_id = text(offer.get("offerId"))
        if offer_id and offer_id not in unique:
            unique[offer_id] = _offer(offer, offer_id, asin)
    return tuple(unique.values())


def _offer(told: dict[str, Any], offer_id: str, asin: str) -> Offer:
    shipping = listed(told, "shippingOptions")
    option = shipping[0] if shipping else {}
    return Offer(
        offer_id=offer_id,
        asin=asin,
        availability=text(told.get("availability")),
        # A guidance that is not told is not the same as none: an unknown one is never redeemable.
        buying_guidance=text(told.get("buyingGuidance")) or "UNKNOWN",
        condition=text(nested(told, "condition", "conditionValue")) or text(told.get("productCondition")) or "UNKNOWN",
        price_minor=money_minor(nested(told, "price", "value")),
        currency=text(nested(told, "price", "value", "currencyCode")) or None,
        list_price_minor=money_minor(nested(told, "listPrice", "value")),
        price_type=text(nested(told, "price", "priceType")) or None,
        fulfillment_type=text(told.get("fulfillmentType")) or None,
        merchant_name=text(nested(told, "merchant", "name")) or None,
        merchant_stars=_stars(nested(told, "merchant", "meanFeedbackRating")),
        quantity_in_stock=integer(told.get("quantityInStock")),
        min_quantity=integer(nested(told, "quantityLimits", "minQuantity")) or 1,
        max_quantity=integer(nested(told, "quantityLimits", "maxQuantity")),
        buying_restrictions=tuple(
            text(entry.get("type")) or text(entry.get("title")) or "UNKNOWN"
            for entry in listed(told, "buyingRestrictions")
        ),
        delivery_information=text(told.get("deliveryInformation")),
        shipping_minor=money_minor(nested(option, "shippingCost", "value")),
        delivery_earliest=moment(nested(option, "deliveryRange", "min")),
        delivery_latest=moment(nested(option, "deliveryRange", "max")),
    )

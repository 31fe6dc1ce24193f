"""Product Search 2020-08-26: search, one product, many products, offers. Nulls where Amazon has nulls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from local.simulators.amazon_business.catalogue import Item, draw, offer_id
from local.simulators.amazon_business.charges import (
    FREE_SHIPPING_FROM_MINOR,
    MERCHANT_SHIPPING_MINOR,
    STANDARD_SHIPPING_MINOR,
)
from local.simulators.amazon_business.errors import Answer, invalid
from local.simulators.amazon_business.ordering import money
from local.simulators.amazon_business.shelf import item_of, items_of
from local.simulators.amazon_business.store import Store

type Json = dict[str, Any]

MAX_PAGES = 13
MAX_PAGE_SIZE = 24


class Search:
    """Answers of one store. `origin` is the address that pictures are served under."""

    def __init__(self, store: Store, region: str, currency: str, origin: str, now: datetime) -> None:
        self._store = store
        self._region = region
        self._currency = currency
        self._origin = origin
        self._now = now

    def search(self, query: Mapping[str, str]) -> Json:
        """GET /products"""
        self._where(query)
        page, size = _number(query, "pageNumber", 0, MAX_PAGES - 1), _number(query, "pageSize", 24, MAX_PAGE_SIZE)
        if size == 0:
            raise invalid("pageSize: 1 to 24")
        words = re.findall(r"\w+", query.get("keywords", "").casefold())
        # Children are found through their parents.
        every = items_of(self._store, "kind <> 'VARIATION_CHILD'")
        found = [
            item
            for item in every
            if all(word in f"{item.title} {item.brand} {item.category.name}".casefold() for word in words)
        ]
        categories = sorted({(item.category.category, item.category.name) for item in found})
        if query.get("category"):
            found = [item for item in found if item.category.category == query["category"]]
        if query.get("availability") == "InStockOnly":
            found = [item for item in found if item.stock is None or item.stock > 0]
        found = _sorted(found, query.get("sortKey", "RELEVANCE"))
        facets = _csv(query.get("facets", ""))
        return {
            "matchingProductCount": len(found),
            "numberOfPages": min(MAX_PAGES, -(-len(found) // size)),
            "searchRefinements": [],
            "legalInformation": [],
            "refinements": {
                "categories": [{"id": category, "displayName": name} for category, name in categories],
                "subCategories": [],
                "availabilityOptions": [{"id": "InStockOnly", "displayName": "In stock"}],
                "deliveryDayOptions": [],
                "eligibleForFreeShippingOptions": [],
                "primeEligible": [],
            },
            "products": [self._product(item, facets) for item in found[page * size : (page + 1) * size]],
        }

    def product(self, asin: str, query: Mapping[str, str]) -> Json:
        """GET /products/{asin}"""
        self._where(query)
        return self._product(self._known(asin), _csv(query.get("facets", "")))

    def offers(self, asin: str, query: Mapping[str, str]) -> Json:
        """GET /products/{asin}/offers"""
        self._where(query)
        item = self._known(asin)
        offers = [] if item.kind == "VARIATION_PARENT" else [self._offer(item)]
        return {
            "offerCount": len(offers),
            "numberOfPages": 1,
            "featuredOffer": offers[0] if offers else None,
            "offers": offers,
            "filterGroups": [],
        }

    def by_asins(self, body: Any) -> Json:
        """POST /products/getProductsByAsins"""
        if not isinstance(body, dict):
            raise invalid("the body must be an object")
        missing = [name for name in ("locale", "productIds", "productRegion") if name not in body]
        if missing:
            raise invalid(f"Missing required request parameters: {missing}")
        self._where(body)
        asins = body["productIds"]
        if not isinstance(asins, list) or not 1 <= len(asins) <= 30 or not all(isinstance(a, str) for a in asins):
            raise invalid("productIds: 1 to 30 ASINs")
        facets = body.get("facets", [])
        if not isinstance(facets, list) or not set(facets) <= {"OFFERS", "IMAGES"}:
            raise invalid("facets: OFFERS, IMAGES")
        found = {asin: item_of(self._store, asin) for asin in dict.fromkeys(asins)}
        products = [self._product(item, tuple(facets)) for item in found.values() if item]
        return {
            "matchingProductCount": len(products),
            "products": products,
            "notFoundAsins": [asin for asin, item in found.items() if item is None],
        }

    def _where(self, given: Mapping[str, Any]) -> None:
        missing = [name for name in ("productRegion", "locale") if not given.get(name)]
        if missing:
            raise invalid(f"Missing required request parameters: [{', '.join(missing)}]")
        if given["productRegion"] != self._region or not re.fullmatch(r"[a-zA-Z_-]+", str(given["locale"])):
            raise invalid("productRegion or locale")

    def _known(self, asin: str) -> Item:
        item = item_of(self._store, asin)
        if item is None:
            raise Answer(404, "PRODUCT_NOT_FOUND", "No such product")
        return item

    def _product(self, item: Item, facets: tuple[str, ...]) -> Json:
        included: Json = {}
        if "OFFERS" in facets:
            included["OFFERS"] = [] if item.kind == "VARIATION_PARENT" else [self._offer(item)]
        if "IMAGES" in facets:
            included["IMAGES"] = [self._image(item)]
        return {
            "asin": item.asin,
            "asinType": item.kind,
            "signedProductId": None,
            "legalInformation": [],
            "includedDataTypes": included,
            "features": list(item.features),
            "taxonomies": [
                {"taxonomyCode": item.category.unspsc, "title": item.category.unspsc_title, "type": "UNSPSC"}
            ],
            "packageTypeNames": [],
            "title": item.title,
            "url": f"https://www.amazon.com/dp/{item.asin}",
            "format": item.format or None,
            "bookInformation": None,
            "byLine": [{"name": item.brand, "roles": ["Brand"]}],
            "mediaInformation": None,
            "productDescription": f"{item.title}. {'. '.join(item.features)}.",
            "productOverview": {"Brand": item.brand, **item.dimensions},
            "productDetails": {"Product information": item.details} if item.details else {},
            "customerReviewsSummary": {
                "numberOfRatings": draw(f"ratings:{item.asin}", 12, 4800),
                "starRating": draw(f"stars:{item.asin}", 38, 49) / 10,
            },
            "productVariations": self._variations(item) if item.kind != "STANDARD" else None,
            "bundleQuantity": item.components,
            "isBundledAsin": None,
            "badges": [{"name": badge, "fragment": None} for badge in item.badges],
        }

    def _offer(self, item: Item) -> Json:
        gone = item.stock == 0
        priced = item.asin != "B0NOPRICE0"
        earliest = (self._now + timedelta(days=item.promise_days)).replace(hour=8, minute=0, second=0, microsecond=0)
        shipping = STANDARD_SHIPPING_MINOR if item.by_amazon else MERCHANT_SHIPPING_MINOR
        free = item.by_amazon and item.price_minor >= FREE_SHIPPING_FROM_MINOR
        return {
            "offerId": offer_id(item.asin),
            "availability": "Currently unavailable." if gone else "In Stock",
            "buyingGuidance": item.guidance,
            "buyingGuidanceV2": {"buyingGuidance": []},
            "buyingRestrictions": [{"type": restriction, "fragments": []} for restriction in item.restrictions],
            "fulfillmentType": "AMAZON_FULFILLMENT" if item.by_amazon else "MERCHANT_FULFILLMENT",
            "merchant": {
                "merchantId": None,
                "name": "Amazon.com" if item.by_amazon else f"{item.brand} Direct",
                "meanFeedbackRating": 4.6 if item.by_amazon else draw(f"seller:{item.brand}", 32, 49) / 10,
                "totalFeedbackCount": 1234,
            },
            "price": {
                "value": money(item.price_minor, self._currency) if priced else None,
                "formattedPrice": None,
                "priceType": item.price_type,
            },
            "listPrice": {
                "value": money(item.list_price_minor, self._currency) if item.stock is not None else None,
                "formattedPrice": None,
                "priceType": "LIST_PRICE",
            },
            "taxExclusivePrice": {"taxExclusiveAmount": None, "displayString": "", "formattedPrice": "", "label": ""},
            "productCondition": item.condition,
            "productConditionNote": "",
            "condition": {"conditionValue": item.condition, "conditionNote": None, "subCondition": item.condition},
            "quantityLimits": {"minQuantity": item.min_quantity, "maxQuantity": item.max_quantity},
            "quantityPrice": None,
            "quantityInStock": item.stock,
            "deliveryInformation": f"Delivery {earliest:%A, %B} {earliest.day}",
            "shippingOptions": []
            if gone
            else [
                {
                    "shippingCost": {"value": money(0 if free else shipping, self._currency)},
                    "deliveryRange": {
                        "min": earliest.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "max": (earliest + timedelta(days=2, hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    },
                    "deliveryInformation": "",
                    "thresholdCost": {"value": money(FREE_SHIPPING_FROM_MINOR, self._currency)},
                }
            ],
            "badges": [],
        }

    def _image(self, item: Item) -> Json:
        # One picture of 256 pixels in every size: the page scales it.
        return {
            "altText": item.title,
            **{
                size: {"url": f"{self._origin}/images/{item.picture}.webp", "width": 256, "height": 256}
                for size in ("large", "medium", "small", "thumbnail")
            },
        }

    def _variations(self, item: Item) -> Json:
        children = items_of(self._store, "parent = ?", item.parent or item.asin)
        names = list(children[0].dimensions) if children else []
        values = {name: list(dict.fromkeys(sorted(child.dimensions[name] for child in children))) for name in names}
        return {
            "dimensions": [
                {
                    "index": position,
                    "displayString": name,
                    "dimensionValues": [
                        {"index": index, "displayString": value} for index, value in enumerate(values[name])
                    ],
                }
                for position, name in enumerate(names)
            ],
            "variations": [
                {
                    "asin": child.asin,
                    "variationValues": [
                        {"index": position, "value": values[name].index(child.dimensions[name])}
                        for position, name in enumerate(names)
                    ],
                }
                for child in children
            ],
        }


def _sorted(items: list[Item], key: str) -> list[Item]:
    if key == "PRICE_LOW_TO_HIGH":
        return sorted(items, key=lambda item: item.price_minor)
    if key == "PRICE_HIGH_TO_LOW":
        return sorted(items, key=lambda item: -item.price_minor)
    if key == "TOP_RATED":
        return sorted(items, key=lambda item: -draw(f"stars:{item.asin}", 38, 49))
    if key == "NEWEST_ARRIVALS":
        return list(reversed(items))
    return items


def _csv(text: str) -> tuple[str, ...]:
    facets = tuple(part for part in text.split(",") if part)
    if not set(facets) <= {"OFFERS", "IMAGES"}:
        raise invalid("facets: OFFERS, IMAGES, separated by commas")
    return facets


def _number(query: Mapping[str, str], name: str, default: int, highest: int) -> int:
    told = query.get(name, str(default))
    if not told.isdigit() or int(told) > highest:
        raise invalid(f"{name}: 0 to {highest}")
    return int(told)

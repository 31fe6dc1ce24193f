"""What a member wants, checked against the rules once more with what Amazon says at this moment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.catalogue.prices import shelf_rules
from loyalty.catalogue.rules import ORDERABLE, REASONS
from loyalty.catalogue.storing import store
from loyalty.catalogue.visibility import Viewer
from loyalty.database import Connection
from loyalty.orders.amazon_business import AmazonBusinessError, OutOfTime, ProductSearch, Throttled
from loyalty.orders.bucket import Rate, take_token
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

LOOK_UP = "productsByAsins"
# Amazon's published rate of Product Search.
LOOK_UPS_PER_SECOND = Decimal("0.5")
LOOK_UPS_BURST = 10
RETRY_AFTER_SECONDS = 30
SLOW_RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as it was asked for; without an offer id the best offer is taken."""

    asin: str
    quantity: int
    offer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A line that can be had: its offer, and what Amazon asks for one unit."""

    asin: str
    quantity: int
    offer_id: str
    title: str
    image_url: str | None
    category: str | None
    price_minor: int
    shipping_minor: int
    delivery_earliest: datetime | None
    delivery_latest: datetime | None


@dataclass(frozen=True, slots=True)
class Basket:
    """All lines; `live` unless Amazon was not asked because of its rate, and the fresh stored copy had to do."""

    lines: tuple[Chosen, ...]
    live: bool


def choose(
    connection: Connection,
    amazon: ProductSearch,
    program_id: int,
    document: Programme,
    wanted: tuple[Wanted, ...],
    postal_code: str,
    now: datetime,
    viewer: Viewer,
    language: str,
) -> Basket:
    """Look again and choose, for a member like `viewer`, with titles in that language.

    Raises Refusal naming the line (`lines[0].asin`), unavailable if Amazon is silent or too slow.
    """
    asins = [line.asin for line in wanted]
    for position, asin in enumerate(asins):
        if asin in asins[:position]:
            raise Refusal(
                Kind.INVALID, "invalid", "Each product once, with its quantity.", field=f"lines[{position}].asin"
            )
    live = _look_again(connection, amazon, program_id, document, tuple(asins), postal_code)
    rows = {
        row["asin"]: row
        for row in connection.execute(
            "select * from catalogue.asked(%s, %s::jsonb, %s)",
            (program_id, json.dumps(shelf_rules(document, now, audience=viewer)), asins),
        ).fetchall()
    }
    return Basket(
        tuple(
            _choose(line, rows.get(line.asin), f"lines[{position}]", language) for position, line in enumerate(wanted)
        ),
        live,
    )


def unavailable() -> Refusal:
    """Amazon does not answer: come back later."""
    return Refusal(
        Kind.UNAVAILABLE,
        "shop-unavailable",
        "The shop does not answer at the moment.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


def _look_again(
    connection: Connection,
    amazon: ProductSearch,
    program_id: int,
    document: Programme,
    asins: tuple[str, ...],
    postal_code: str,
) -> bool:
    rate = Rate(document.integrations.amazon_business.connection, LOOK_UPS_PER_SECOND, LOOK_UPS_BURST)
    if take_token(connection, program_id, rate, LOOK_UP) > 0:
        return False
    try:
        store(connection, program_id, amazon.products_by_asins(asins, postal_code=postal_code))
    except Throttled:
        return False
    except OutOfTime:
        raise Refusal(
            Kind.UNAVAILABLE,
            "shop-slow",
            "The shop is slow at the moment. Please try again.",
            retry_after_seconds=SLOW_RETRY_AFTER_SECONDS,
        ) from None
    except AmazonBusinessError:
        raise unavailable() from None
    return True


def _choose(wanted: Wanted, row: dict[str, Any] | None, field: str, language: str) -> Chosen:
    if row is None:
        raise Refusal(
            Kind.NOT_FOUND, "no-such-product", "This product is not part of the programme.", field=f"{field}.asin"
        )
    _refuse_by_rule(row, field)
    offers = [offer for offer in row["offers"] if wanted.offer_id in (None, offer["offer_id"])]
    if wanted.offer_id and not offers:
        raise Refusal(Kind.CONFLICT, "offer-gone", "This offer is no longer there.", field=f"{field}.offer_id")
    offers = _good(offers, field)
    # Amazon's first choice among the cheapest.
    best = min(offers, key=lambda offer: (offer["price_minor"] + offer["shipping_minor"], offer["position"]))
    _check_quantity(wanted.quantity, best, field)
    return Chosen(
        asin=wanted.asin,
        quantity=wanted.quantity,
        offer_id=best["offer_id"],
        title=row["texts"].get(language, {}).get("title") or row["title"],
        image_url=row["image_url"],
        category=row["category"],
        price_minor=best["price_minor"],
        shipping_minor=best["shipping_minor"],
        delivery_earliest=_instant(best["delivery_earliest"]),
        delivery_latest=_instant(best["delivery_latest"]),
    )


def _refuse_by_rule(row: dict[str, Any], field: str) -> None:
    rule = row["refused_for"]
    if rule is None and row["kind"] == "VARIATION_PARENT":
        rule = "parent"
    elif rule is None and row["against"] is not None:
        rule = "hidden"
    if rule is not None:
        raise _not_redeemable(rule, field)
    if row["kind"] not in ORDERABLE:
        raise _price_unknown(field)


# What keeps an offer off the shelf, from what could never be helped to what may be over tomorrow.
_SOLD_OUT, _UNPRICED, _NO_MARGIN = ("out-of-stock",), ("no-price", "stale"), ("margin-floor",)


def _good(offers: list[dict[str, Any]], field: str) -> list[dict[str, Any]]:
    """Those on the shelf now: the database judges what Amazon has just said as it judges the pages. Else the reason."""
    kept = [offer for offer in offers if offer["why"] is None]
    if kept:
        return kept
    why = {str(offer["why"]) for offer in offers}
    if why & {*_NO_MARGIN}:
        raise _not_redeemable("hidden", field)
    if why & {*_UNPRICED}:
        raise _price_unknown(field)
    if why & {*_SOLD_OUT} or not offers:
        raise Refusal(Kind.CONFLICT, "out-of-stock", "This product is sold out.", field=f"{field}.asin")
    kind, _, rule = min(why).partition(":")
    raise _not_redeemable(rule if kind == "refused" else "hidden", field)


def _check_quantity(quantity: int, offer: dict[str, Any], field: str) -> None:
    left, most, least = offer["quantity_in_stock"], offer["max_quantity"], offer["min_quantity"]
    if left is not None and quantity > left:
        detail = f"Only {left} are left."
    elif most is not None and quantity > most:
        detail = f"At most {most} in one order."
    elif quantity < least:
        detail = f"At least {least} in one order."
    else:
        return
    raise Refusal(Kind.CONFLICT, "quantity-limit", detail, field=f"{field}.quantity")


def _not_redeemable(rule: str, field: str) -> Refusal:
    detail = REASONS.get(rule, "This product cannot be redeemed.")
    return Refusal(Kind.CONFLICT, "not-redeemable", detail, field=f"{field}.asin")


def _price_unknown(field: str) -> Refusal:
    detail = "Today's price of this product is not known yet."
    return Refusal(Kind.CONFLICT, "price-unknown", detail, field=f"{field}.asin")


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

"""What a member wants, checked against the rules once more with what Amazon says at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from loyalty.catalogue.prices import above_margin_floor, browse_factor, browse_price
from loyalty.catalogue.rules import ORDERABLE, REASONS
from loyalty.catalogue.storing import store
from loyalty.database import Connection
from loyalty.orders.amazon_business import AmazonBusinessError, ProductSearch, Throttled
from loyalty.orders.bucket import Rate, take_token
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

LOOK_UP = "productsByAsins"
# Amazon's published rate of Product Search.
LOOK_UPS_PER_SECOND = Decimal("0.5")
LOOK_UPS_BURST = 10
RETRY_AFTER_SECONDS = 30


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
) -> Basket:
    """Look again and choose. Raises Refusal naming the line (`lines[0].asin`), unavailable if Amazon is silent."""
    asins = [line.asin for line in wanted]
    for position, asin in enumerate(asins):
        if asin in asins[:position]:
            raise Refusal(
                Kind.INVALID, "invalid", "Each product once, with its quantity.", field=f"lines[{position}].asin"
            )
    live = _look_again(connection, amazon, program_id, document, tuple(asins), postal_code)
    rows = {
        row["asin"]: row
        for row in connection.execute("select * from catalogue.stored(%s, %s)", (program_id, asins)).fetchall()
    }
    return Basket(
        tuple(
            _choose(document, line, rows.get(line.asin), f"lines[{position}]", now)
            for position, line in enumerate(wanted)
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
    except AmazonBusinessError:
        raise unavailable() from None
    return True


def _choose(document: Programme, wanted: Wanted, row: dict[str, Any] | None, field: str, now: datetime) -> Chosen:
    if row is None:
        raise Refusal(
            Kind.NOT_FOUND, "no-such-product", "This product is not part of the programme.", field=f"{field}.asin"
        )
    _refuse_by_rule(document, row, field)
    offers = [offer for offer in row["offers"] if wanted.offer_id in (None, offer["offer_id"])]
    if wanted.offer_id and not offers:
        raise Refusal(Kind.CONFLICT, "offer-gone", "This offer is no longer there.", field=f"{field}.offer_id")
    offers = _good(document, offers, row, field, now)
    # Amazon's first choice among the cheapest.
    best = min(offers, key=lambda offer: (offer["price_minor"] + offer["shipping_minor"], offer["position"]))
    _check_quantity(wanted.quantity, best, field)
    return Chosen(
        asin=wanted.asin,
        quantity=wanted.quantity,
        offer_id=best["offer_id"],
        title=row["title"],
        image_url=row["image_url"],
        category=row["category"],
        price_minor=best["price_minor"],
        shipping_minor=best["shipping_minor"],
        delivery_earliest=_instant(best["delivery_earliest"]),
        delivery_latest=_instant(best["delivery_latest"]),
    )


def _refuse_by_rule(document: Programme, row: dict[str, Any], field: str) -> None:
    rule = row["refused_for"]
    hidden = {row["asin"], row["parent_asin"]} & set(document.catalogue.hidden_asins)
    if rule is None and row["kind"] == "VARIATION_PARENT":
        rule = "parent"
    elif rule is None and (hidden or row["category"] in document.catalogue.hidden_categories):
        rule = "hidden"
    if rule is not None:
        raise _not_redeemable(rule, field)
    if row["kind"] not in ORDERABLE:
        raise _price_unknown(field)


def _good(
    document: Programme, offers: list[dict[str, Any]], row: dict[str, Any], field: str, now: datetime
) -> list[dict[str, Any]]:
    """Sieve by sieve; the first one that lets nothing through gives the reason."""
    allowed = [offer for offer in offers if offer["refused_for"] is None]
    if offers and not allowed:
        raise _not_redeemable(offers[0]["refused_for"], field)
    stocked = [offer for offer in allowed if offer["in_stock"]]
    if not stocked:
        raise Refusal(Kind.CONFLICT, "out-of-stock", "This product is sold out.", field=f"{field}.asin")
    fresh = row["age_seconds"] is not None and row["age_seconds"] < document.catalogue.offer_max_age_hours * 3600
    priced = [
        offer for offer in stocked if fresh and offer["price_minor"] and offer["currency"] == document.store.currency
    ]
    if not priced:
        raise _price_unknown(field)
    kept = [offer for offer in priced if _leaves_margin(document, offer, row, now)]
    if not kept:
        raise _not_redeemable("hidden", field)
    return kept


def _leaves_margin(document: Programme, offer: dict[str, Any], row: dict[str, Any], now: datetime) -> bool:
    # By the page's arithmetic: what was shown does not vanish because a state's tax is higher than the rough rate.
    factor = browse_factor(document, row["asin"], row["category"], now)
    shown = browse_price(document, offer["price_minor"], offer["shipping_minor"], factor)
    goods = offer["price_minor"] + offer["shipping_minor"]
    cost = goods + -(-goods * document.pricing.browse_tax_basis_points // 10_000)
    return above_margin_floor(document, shown.points, cost)


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

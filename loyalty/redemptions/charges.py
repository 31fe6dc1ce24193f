"""What Amazon will charge for a basket at an address: by a trial order, or by an estimate if there is no time for one.

Trials are orders to Amazon's rate, so they wait behind real ones: a trial is made only with tokens to spare. Otherwise
the buyer's cart is asked, and if that is taken or throttled too, or no time is left for it, the offers' words and the
programme's rough tax do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loyalty.database import Connection
from loyalty.orders.amazon_business import (
    TRIAL,
    Address,
    CredentialsRevoked,
    LineResult,
    NotSent,
    Ordering,
    OrderLine,
    OutOfTime,
    PlaceOrder,
    Refused,
    Throttled,
    Unknown,
)
from loyalty.orders.bucket import PLACE_ORDER, rate_of, take_token
from loyalty.programme.document import Programme
from loyalty.redemptions.basket import Chosen, unavailable
from loyalty.redemptions.pricing import allocate
from loyalty.refusal import Kind, Refusal

TRIAL_RESERVE = 3
CART_SECONDS = 20


@dataclass(frozen=True, slots=True)
class LineCharges:
    """Amazon's charges: of one unit (`unit_price`), and shipping and tax of the whole line."""

    unit_price_minor: int
    shipping_minor: int
    tax_minor: int
    delivery_earliest: datetime | None
    delivery_latest: datetime | None


@dataclass(frozen=True, slots=True)
class Charges:
    """One entry a line, in order."""

    lines: tuple[LineCharges, ...]
    estimated: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything a question to Amazon needs."""

    program_id: int
    document: Programme
    quote_id: UUID
    lines: tuple[Chosen, ...]
    address: Address

    def order_lines(self) -> tuple[OrderLine, ...]:
        return tuple(
            OrderLine(number, line.asin, line.offer_id, line.quantity) for number, line in enumerate(self.lines, 1)
        )


def charges(connection: Connection, amazon: Ordering, asking: Asking) -> Charges:
    """Ask as exactly as there is room for. Raises Refusal if Amazon will not send a line, or does not answer at all."""
    try:
        tried = _by_trial(connection, amazon, asking)
        return tried or _by_cart(connection, amazon, asking) or _by_offers(asking)
    except OutOfTime:
        return _by_offers(asking)
    except (CredentialsRevoked, NotSent):
        raise unavailable() from None


def _by_trial(connection: Connection, amazon: Ordering, asking: Asking) -> Charges | None:
    rate = rate_of(connection, asking.program_id)
    if rate is None or _orders_wait(connection, asking.program_id, rate.connection):
        return None
    reserve = min(TRIAL_RESERVE, rate.burst - 1)
    if take_token(connection, asking.program_id, rate, PLACE_ORDER, reserve=reserve) > 0:
        return None
    store = asking.document.store
    order = PlaceOrder(
        external_id=f"{TRIAL}quote-{asking.quote_id}",
        lines=asking.order_lines(),
        address=asking.address,
        purchase_order_number=f"quote-{asking.quote_id}",
        region=store.region,
        currency=store.currency,
        trial=True,
    )
    try:
        result = amazon.place_order(order)
    except Throttled as throttled:
        connection.execute(
            "select orders.close_bucket(%s, %s, %s::numeric)",
            (rate.connection, PLACE_ORDER, throttled.retry_after_seconds),
        )
        return None
    except Unknown:
        # A trial places nothing, so nothing is lost with its answer; but there is no time to wait for another.
        return _by_offers(asking)
    except Refused:
        raise Refusal(
            Kind.CONFLICT, "not-deliverable", "This cannot be delivered to this address.", field="address_id"
        ) from None
    return Charges(
        tuple(_tried(line, result.lines[number], number - 1) for number, line in enumerate(asking.lines, 1)),
        estimated=False,
    )


def _tried(line: Chosen, result: LineResult, position: int) -> LineCharges:
    if result.accepted_quantity < line.quantity:
        if any(reason.minimum_age for reason in result.reasons):
            detail, code = "This product is sold to adults of a proven age only.", "not-redeemable"
        elif result.accepted_quantity:
            detail, code = f"Only {result.accepted_quantity} are left.", "quantity-limit"
        else:
            detail, code = "This product cannot be sent at the moment.", "out-of-stock"
        field = "quantity" if code == "quantity-limit" else "asin"
        raise Refusal(Kind.CONFLICT, code, detail, field=f"lines[{position}].{field}")
    return LineCharges(
        # The principal has discounts taken off; what a unit costs is what is really charged for it.
        unit_price_minor=max(result.unit_price_minor or 0, -(-result.principal_minor // line.quantity)),
        shipping_minor=max(result.shipping_minor, 0),
        tax_minor=max(result.tax_minor, 0),
        delivery_earliest=result.delivery_earliest or line.delivery_earliest,
        delivery_latest=result.delivery_latest or line.delivery_latest,
    )


def _by_cart(connection: Connection, amazon: Ordering, asking: Asking) -> Charges | None:
    name = asking.document.integrations.amazon_business.connection
    row = connection.execute("select redemptions.take_cart(%s, %s) as taken", (name, CART_SECONDS)).fetchone()
    if row is None or not row["taken"]:
        return None
    try:
        estimate = amazon.cart_estimate(asking.order_lines(), asking.address, asking.document.store.region)
    except (Throttled, Refused, Unknown):
        return None
    finally:
        connection.execute("select redemptions.give_cart_back(%s)", (name,))
    # The cart is estimated as a whole; each line bears its part by its worth.
    worth = [line.price_minor * line.quantity for line in asking.lines]
    shipping = allocate(max(estimate.shipping_minor, 0), worth)
    tax = allocate(max(estimate.tax_minor, 0), worth)
    return Charges(tuple(_estimated(line, shipping[i], tax[i]) for i, line in enumerate(asking.lines)), estimated=True)


def _by_offers(asking: Asking) -> Charges:
    rough = asking.document.pricing.browse_tax_basis_points

    def tax(line: Chosen) -> int:
        return -(-(line.price_minor * line.quantity + line.shipping_minor) * rough // 10_000)

    return Charges(tuple(_estimated(line, line.shipping_minor, tax(line)) for line in asking.lines), estimated=True)


def _estimated(line: Chosen, shipping_minor: int, tax_minor: int) -> LineCharges:
    return LineCharges(line.price_minor, shipping_minor, tax_minor, line.delivery_earliest, line.delivery_latest)


def _orders_wait(connection: Connection, program_id: int, name: str) -> bool:
    row = connection.execute("select orders.orders_waiting(%s, %s) as orders", (program_id, name)).fetchone()
    return row is None or row["orders"] > 0

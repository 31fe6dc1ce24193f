"""A quote: what a basket costs at an address, to the point and to the cent, promised until a time and signed.

`make` asks Amazon, once a basket and address; `split` is arithmetic; `verify` is what redeeming asks first, and has a
module of its own so that the member API need not load a client of Amazon's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from loyalty.campaigns import shoppers
from loyalty.catalogue.prices import member_factor, points_for, price_campaigns, price_includes
from loyalty.catalogue.visibility import Viewer
from loyalty.database import Connection
from loyalty.orders.amazon_business import Address, Ordering, ProductSearch
from loyalty.payments.smallest import smallest_minor
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.programme.partaking import takes_part
from loyalty.programme.reading import Published
from loyalty.programme.schema.campaigns import Shopper
from loyalty.redemptions import pricing, redeeming, signing
from loyalty.redemptions.basket import Chosen, Wanted, choose
from loyalty.redemptions.capping import within_caps
from loyalty.redemptions.charges import Asking, Charges, LineCharges, charges
from loyalty.redemptions.pricing import PricedLine, Slider
from loyalty.redemptions.promise import promised as _promised
from loyalty.redemptions.promise import quote_of as _quote
from loyalty.redemptions.promise import verify
from loyalty.refusal import Kind, Refusal

__all__ = ["MAX_LINES", "Amazon", "Asked", "make", "split", "verify"]

MAX_LINES = 20
MAX_LOTS_TOLD = 12

# Why a campaign does not apply though the member is in it, as the member is told.
_LEFT_OUT = {
    "exhausted": "The budget of this offer is used up.",
    "capped": "You have had all that this offer gives to one member.",
    "open_quotes": "You have many open offers of this kind; try again when some have run out.",
}


class Amazon(Ordering, ProductSearch, Protocol):
    """What a quote asks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A basket; without an address the member's default, without a policy the programme's."""

    lines: tuple[Wanted, ...]
    address_id: UUID | None = None
    partial_policy: str | None = None


@dataclass(frozen=True, slots=True)
class _Member:
    program_id: int
    member_id: int
    shopper: Shopper
    language: str
    address_id: UUID
    address: Address
    now: datetime


def make(
    connection: Connection, amazon: Amazon, key: str, program_id: int, member_id: int, asked: Asked
) -> dict[str, Any]:
    """The quote as the member is told it. Raises Refusal; Amazon not answering is `unavailable`.

    The same basket again gets the same quote while most of its time is left: the slider and a second look cost Amazon
    nothing.
    """
    published = reading.current(connection, program_id)
    if not published.document.features.on("redemption", member_id):
        raise redeeming.refused("redemption_off")
    member = _member(connection, published.document, program_id, member_id, asked.address_id)
    policy = asked.partial_policy or published.document.redemption.partial_policy_default
    # A campaign that has begun or ended since makes it another basket, though nobody has published.
    mine = [one.code for one in price_campaigns(published.document, member.now) if takes_part(one, member.shopper)]
    basket_hash = _basket_hash(published.version, member, mine, policy, asked.lines)
    row = connection.execute(
        "select redemptions.same_quote(%s, %s, %s) as quote_id, clock.new_id() as new_id, clock.now() as now",
        (program_id, member_id, basket_hash),
    ).fetchone()
    assert row is not None
    quote_id: UUID = row["quote_id"] or row["new_id"]
    if row["quote_id"] is None:
        _create(connection, amazon, published, member, asked.lines, policy, basket_hash, quote_id, row["now"])
    return _told(connection, key, published.document, program_id, member_id, quote_id)


def split(connection: Connection, program_id: int, member_id: int, quote_id: UUID, points: int) -> dict[str, Any]:
    """What the basket costs with so many points. Raises Refusal: not found, run out, or points not offered."""
    quote = _quote(connection, program_id, member_id, quote_id)
    if not quote["open"]:
        raise Refusal(
            Kind.CONFLICT, "quote-expired", "The price was promised until a time that is over.", field="quote_id"
        )
    pricing.checked(_slider(quote), points)
    parts = pricing.split(_priced(quote["lines"]), points)
    pricing.checked_money(parts.money_minor, quote["money_min_minor"])
    return {
        "quote_id": quote_id,
        "expires_at": quote["expires_at"],
        "points": points,
        "points_charged": parts.points,
        "money_minor": parts.money_minor,
        "currency": quote["currency"],
        "lines": [
            {
                "line_number": line["line_number"],
                "quantity": part.quantity,
                "unit_points": part.unit_points,
                "unit_money_minor": part.unit_money_minor,
            }
            for line, part in zip(quote["lines"], parts.lines, strict=True)
        ],
    }


# ---- making ------------------------------------------------------------------------------------------------------


def _create(
    connection: Connection,
    amazon: Amazon,
    published: Published,
    member: _Member,
    wanted: tuple[Wanted, ...],
    policy: str,
    basket_hash: bytes,
    quote_id: UUID,
    now: datetime,
) -> None:
    document = published.document
    within_caps(connection, member.program_id, member.member_id, wanted)
    basket = choose(
        connection,
        amazon,
        member.program_id,
        document,
        wanted,
        member.address.postal_code,
        now,
        Viewer(member.shopper.tier, member.shopper.country),
        member.language,
    )
    asking = Asking(member.program_id, document, quote_id, basket.lines, member.address)
    charged = charges(connection, amazon, asking)
    # A campaign whose budget cannot promise its discount is left out and the basket priced anew, at most once each.
    left_out: dict[str, str] = {}
    while True:
        lines = [
            _line(document, member.shopper, chosen, line, now, left_out)
            for chosen, line in zip(basket.lines, charged.lines, strict=True)
        ]
        refused = _write(connection, published, member, policy, charged, basket_hash, quote_id, lines, left_out)
        if not refused:
            return
        left_out |= refused


def _write(
    connection: Connection,
    published: Published,
    member: _Member,
    policy: str,
    charged: Charges,
    basket_hash: bytes,
    quote_id: UUID,
    lines: list[dict[str, Any]],
    left_out: dict[str, str],
) -> dict[str, str]:
    """Write the quote with what its campaigns reserve; or nothing, and answer a campaign that cannot, and why."""
    document = published.document
    conversion = document.conversion
    slider = pricing.slider(
        pricing.points_full(_priced(lines)),
        conversion.min_points_share_percent,
        conversion.max_points_share_percent,
        conversion.points_step,
    )
    if not document.features.on("money", member.member_id):
        full = pricing.points_full(_priced(lines))
        if slider.maximum < full:
            raise redeeming.refused("money_off")
        slider = Slider(full, full, slider.step)
    smallest = smallest_minor(document.integrations.payment.provider, document.store.currency)
    total = sum(line["quantity"] * line["unit_price_minor"] for line in lines)
    if total < smallest and slider.maximum < pricing.points_full(_priced(lines)):
        raise Refusal(Kind.CONFLICT, "basket-too-small", "A part in money would be too small. Add something to it.")
    # Without a campaign there is nothing to reserve, and no step more.
    name = "create_campaign_quote" if any("campaign" in line for line in lines) else "create_quote"
    row = connection.execute(
        f"select redemptions.{name}(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb,"
        " %s) as refused".encode(),
        (
            member.program_id,
            quote_id,
            member.member_id,
            member.address_id,
            published.version,
            document.store.currency,
            policy,
            charged.estimated,
            basket_hash,
            document.pricing.quote_minutes,
            slider.minimum,
            slider.maximum,
            slider.step,
            min((line.delivery_earliest for line in charged.lines if line.delivery_earliest), default=None),
            max((line.delivery_latest for line in charged.lines if line.delivery_latest), default=None),
            json.dumps(lines),
            json.dumps(left_out) if left_out else None,
            smallest,
        ),
    ).fetchone()
    assert row is not None
    return row["refused"] or {}


def _line(
    document: Programme,
    shopper: Shopper,
    chosen: Chosen,
    charged: LineCharges,
    now: datetime,
    left_out: Collection[str],
) -> dict[str, Any]:
    total = charged.unit_price_minor * chosen.quantity
    free_delivery = False
    if document.pricing.included == "charged":
        free_delivery = document.tier(shopper.tier).benefits.free_delivery
        total += charged.tax_minor + (0 if free_delivery else charged.shipping_minor)
    unit_price = pricing.unit_price(total, chosen.quantity)
    currency = document.store.currency
    factor = member_factor(document, shopper, chosen.asin, chosen.category, now, left_out)
    points = points_for(unit_price, factor.points_per_major, currency)
    normal = points_for(unit_price, factor.normal_points_per_major or 0, currency)
    return {
        "asin": chosen.asin,
        "offer_id": chosen.offer_id,
        "title": chosen.title,
        "image_url": chosen.image_url,
        "quantity": chosen.quantity,
        "unit_price_minor": unit_price,
        "unit_points_full": points,
        **({"campaign": factor.campaign, "unit_points_normal": normal} if normal > points else {}),
        "expected_unit_price_minor": charged.unit_price_minor,
        "expected_shipping_minor": charged.shipping_minor,
        "expected_tax_minor": charged.tax_minor,
        **({"delivery_free": True} if free_delivery else {}),
    }


def _member(
    connection: Connection, document: Programme, program_id: int, member_id: int, address_id: UUID | None
) -> _Member:
    row = connection.execute(
        "select v.language, members.spending_state(%s, %s) as standing, clock.now() as now,"
        " coalesce(%s::uuid, members.default_address(%s, %s)) as address_id"
        " from (select 1) as one left join members.viewer_of(%s, %s) as v on true",
        (program_id, member_id, address_id, program_id, member_id, program_id, member_id),
    ).fetchone()
    assert row is not None
    if row["standing"] == "closing":
        raise Refusal(Kind.CONFLICT, "membership-closing", "This membership is being closed. Undo that first.")
    if row["address_id"] is None:
        raise Refusal(Kind.INVALID, "no-address", "Save an address first.", field="address_id")
    address = connection.execute(
        "select * from members.shipping_address(%s, %s, %s)", (program_id, member_id, row["address_id"])
    ).fetchone()
    if address is None or address["removed_at"] is not None:
        raise Refusal(Kind.NOT_FOUND, "no-such-address", "You have no such address.", field="address_id")
    if address["country_code"] not in document.store.delivery_countries:
        raise Refusal(Kind.CONFLICT, "not-deliverable", "We do not deliver to this country.", field="address_id")
    told = Address(
        full_name=address["full_name"],
        phone=address["phone"],
        line1=address["line1"],
        line2=address["line2"] or "",
        line3=address["line3"] or "",
        city=address["city"],
        state_or_region=address["state_or_region"] or "",
        postal_code=address["postal_code"],
        country_code=address["country_code"],
    )
    shopper = shoppers.of(connection, program_id, member_id)
    return _Member(program_id, member_id, shopper, row["language"] or "", row["address_id"], told, row["now"])


def _basket_hash(
    version: int, member: _Member, campaigns: Sequence[str], policy: str, lines: Sequence[Wanted]
) -> bytes:
    wanted = [(line.asin, line.quantity, line.offer_id) for line in lines]
    told = json.dumps([version, member.shopper.tier, str(member.address_id), policy, wanted, *campaigns])
    return hashlib.sha256(told.encode()).digest()


# ---- telling -----------------------------------------------------------------------------------------------------


def _told(
    connection: Connection, key: str, document: Programme, program_id: int, member_id: int, quote_id: UUID
) -> dict[str, Any]:
    quote = _quote(connection, program_id, member_id, quote_id)
    lines, slider = _priced(quote["lines"]), _slider(quote)
    balance = connection.execute(
        "select b.available, clock.now() as now from (select 1) as one left join points.balance(%s, %s) as b on true",
        (program_id, member_id),
    ).fetchone()
    assert balance is not None
    available = max(int(balance["available"] or 0), 0)
    affordable = pricing.most_payable(lines, slider, available, quote["money_min_minor"])
    return {
        "quote_id": quote_id,
        "quote_token": signing.token(key, _promised(quote)),
        "programme_version": quote["programme_version"],
        "as_of": balance["now"],
        "created_at": quote["created_at"],
        "expires_at": quote["expires_at"],
        "currency": quote["currency"],
        "payment_provider": document.integrations.payment.provider,
        "estimated": quote["estimated"],
        "included": document.pricing.included,
        "price_includes": price_includes(document, quote["delivery_free"]),
        "partial_policy": quote["partial_policy"],
        "address_id": quote["address_id"],
        "total_minor": quote["total_minor"],
        "shipping_minor": quote["shipping_total_minor"],
        "delivery_free": quote["delivery_free"],
        "tax_minor": quote["tax_total_minor"],
        "points_full": quote["points_full"],
        "points_min": slider.minimum,
        "points_max": slider.maximum,
        "points_step": slider.step,
        "points_available": available,
        "money_min_minor": quote["money_min_minor"],
        "stops": _stops(lines, slider, affordable, quote["money_min_minor"]),
        "lots_first": _lots(connection, program_id, member_id, slider.maximum if affordable is None else affordable),
        "campaigns": [
            *({"campaign": code, "applied": True, "why": None, "reason": None} for code in _campaigns(quote)),
            *(
                {"campaign": code, "applied": False, "why": why, "reason": _LEFT_OUT[why]}
                for code, why in (quote["campaigns_left_out"] or {}).items()
            ),
        ],
        "delivery": {"earliest": quote["delivery_earliest"], "latest": quote["delivery_latest"]},
        "lines": [
            {
                "line_number": line["line_number"],
                "asin": line["asin"],
                "title": line["title"],
                "image_url": line["image_url"],
                "quantity": line["quantity"],
                "unit_price_minor": line["unit_price_minor"],
                "unit_points": line["unit_points_full"],
                "unit_points_normal": line.get("unit_points_normal"),
            }
            for line in quote["lines"]
        ],
    }


def _campaigns(quote: dict[str, Any]) -> list[str]:
    """The campaigns that make the quote cheaper."""
    return sorted({line["campaign"] for line in quote["lines"] if "campaign" in line})


def _stops(
    lines: Sequence[PricedLine], slider: Slider, affordable: int | None, money_min_minor: int
) -> list[dict[str, Any]]:
    middle = max(pricing.points_full(lines) // 2, slider.minimum)
    fewest, half, most = (
        pricing.most_payable(lines, slider, points, money_min_minor)
        for points in (slider.minimum, middle, slider.maximum)
    )
    stops = []
    for name, points in (
        ("fewest", fewest), ("half", half), ("most", most), ("affordable", affordable),
    ):  # fmt: skip
        if points is not None:
            parts = pricing.split(lines, points)
            stops.append(
                {"name": name, "points": points, "points_charged": parts.points, "money_minor": parts.money_minor}
            )
    return stops


def _lots(connection: Connection, program_id: int, member_id: int, points: int) -> list[dict[str, Any]]:
    """The member's points that would go first, soonest to lapse first, up to so many."""
    told: list[dict[str, Any]] = []
    for lot in connection.execute("select * from points.lots(%s, %s)", (program_id, member_id)).fetchall():
        if points <= 0 or len(told) == MAX_LOTS_TOLD:
            break
        told.append({"expires_on": lot["expires_on"], "amount": min(lot["amount"], points)})
        points -= lot["amount"]
    return told


def _slider(quote: dict[str, Any]) -> Slider:
    return Slider(quote["points_min"], quote["points_max"], quote["points_step"])


def _priced(lines: Sequence[dict[str, Any]]) -> list[PricedLine]:
    return [PricedLine(line["quantity"], line["unit_price_minor"], line["unit_points_full"]) for line in lines]

"""A past that the product itself made: real quotes of a shop, split at random and redeemed, then accepted in parts; and
the same redemptions priced again one by one, by the functions that price quotes."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from loyalty.campaigns import shoppers
from loyalty.catalogue.prices import member_factor, points_for
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.redemptions import pricing, quotes, redeeming
from loyalty.redemptions.basket import Wanted
from loyalty.redemptions.pricing import PricedLine, Slider
from tests.domain.catalogue.shop import KEY, Shop

REDEMPTIONS = 26
TIERS = ("member", "silver", "gold")
ROWS = """
select r.redemption_id, r.member_id, r.created_at, l.line_number, l.asin, l.quantity, l.unit_points,
       l.unit_money_minor, coalesce(l.accepted_quantity, l.quantity) - l.given_back as units, q.unit_points_full,
       q.expected_unit_price_minor as goods, q.expected_shipping_minor as delivery, q.expected_tax_minor as tax,
       p.accepted_quantity as accepted, p.charged_minor, p.variance_minor, p.limit_shipping_minor is not null as exact
from redemptions.redemption r
join redemptions.line l using (program_id, redemption_id)
join redemptions.quote_line q
    on q.program_id = r.program_id and q.quote_id = r.quote_id and q.line_number = l.line_number
left join orders.placement_line p
    on p.program_id = r.program_id and p.redemption_id = l.redemption_id and p.line_number = l.line_number
where r.program_id = 1 and (r.outcome is null or r.outcome in ('completed', 'partially_completed'))
order by r.redemption_id, l.line_number
"""


def now_of(shop: Shop) -> datetime:
    row = shop.owner.execute("select clock.now() as now").fetchone()
    assert row is not None
    now: datetime = row["now"]
    return now


def campaign(code: str, starts_at: datetime, days: float, factor: int, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "state": "running",
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(days=days)).isoformat(),
        "conversion_points_per_major": factor,
        "budget_minor": 10**9,
        "funder": "brand",
        "holdout_percent": 0,
        **more,
    }


def live(shop: Shop, dice: random.Random) -> None:
    """Members of all levels redeem whatever the shelf has, in points and money."""
    owner = shop.owner
    asins = [
        row["asin"]
        for row in owner.execute(
            "select p.asin from catalogue.product p join catalogue.offer o using (program_id, asin)"
            " where p.program_id = 1 and p.refused_for is null and o.refused_for is null and p.kind = 'STANDARD'"
            " and o.in_stock and o.price_minor > 0 and o.min_quantity = 1 group by p.asin order by p.asin limit 40"
        ).fetchall()
    ]
    client = shop.amazon.client()
    for number in range(REDEMPTIONS):
        member_id = shop.member(points=10**9, tier=TIERS[number % 3], state=dice.choice(["WA", "OR", "CA"]))
        wanted = dice.sample(asins, dice.choice([1, 1, 2, 3]))
        with shop.database.connect("quote_api") as connection:
            try:
                basket = tuple(Wanted(asin, dice.choice([1, 1, 2, 3])) for asin in wanted)
                told = quotes.make(connection, client, KEY, 1, member_id, quotes.Asked(basket))
            except Exception:
                # Not everything of the shop can be had; there is more than enough.
                continue
            slider = Slider(told["points_min"], told["points_max"], told["points_step"])
            points = slider.at_most(dice.choice([slider.maximum, dice.randint(slider.minimum, slider.maximum)]))
            assert points is not None
            split = quotes.split(connection, 1, member_id, told["quote_id"], points)
        row = owner.execute("select clock.new_id() as id").fetchone()
        assert row is not None
        asked = redeeming.Redeem(row["id"], told["quote_id"], points, split["money_minor"])
        redeeming.redeem(owner, 1, member_id, asked, "test")
    _accept(owner)


def _accept(owner: Connection) -> None:
    """Of some, Amazon has sent a part and charged a little more or less; of some, units came back."""
    owner.execute(
        "update orders.placement_line set accepted_quantity = quantity - (quantity > 1)::int,"
        " rejected_quantity = (quantity > 1)::int, charged_minor = x.paid + x.drift, variance_minor = x.drift"
        " from (select redemption_id as id, line_number as n,"
        "   hashtext(redemption_id::text || line_number) as dice,"
        "   (quantity - (quantity > 1)::int) * expected_unit_price_minor"
        "   + (expected_shipping_minor + expected_tax_minor) * (quantity - (quantity > 1)::int) / quantity as paid,"
        "   abs(hashtext(redemption_id::text)) % 900 - 100 as drift"
        "   from orders.placement_line) x where x.id = redemption_id and x.n = line_number and x.dice % 2 = 0"
    )
    owner.execute(
        "update redemptions.line l set accepted_quantity = p.accepted_quantity from orders.placement_line p"
        " where p.redemption_id = l.redemption_id and p.line_number = l.line_number and p.accepted_quantity is not null"
    )
    owner.execute(
        "update redemptions.line set given_back = 1"
        " where accepted_quantity > 1 and hashtext(redemption_id::text) % 2 = 0"
    )


@dataclass(slots=True)
class Found:
    """Of one document, as the replay sums it."""

    sums: Counter[str] = field(default_factory=Counter)
    discount: Counter[str] = field(default_factory=Counter)
    saved: Counter[str] = field(default_factory=Counter)


def one_by_one(owner: Connection, document: Programme, categories: Mapping[str, str | None], shift: timedelta) -> Found:
    """Every redemption of the past by this document, as if it happened `shift` later. Slow and plain."""
    found = Found()
    rows: dict[Any, list[dict[str, Any]]] = {}
    for row in owner.execute(ROWS.encode()).fetchall():
        rows.setdefault(row["redemption_id"], []).append(row)
    for lines in rows.values():
        _again(owner, document, categories, shift, lines, found)
    return found


def _again(
    owner: Connection,
    document: Programme,
    categories: Mapping[str, str | None],
    shift: timedelta,
    lines: list[dict[str, Any]],
    found: Found,
) -> None:
    shopper = shoppers.of(owner, 1, lines[0]["member_id"])
    at: datetime = lines[0]["created_at"] + shift
    currency, conversion = document.store.currency, document.conversion
    priced, campaigns = [], []
    for row in lines:
        total = row["goods"] * row["quantity"]
        if document.pricing.included == "charged":
            total += row["tax"] + (0 if document.tier(shopper.tier).benefits.free_delivery else row["delivery"])
        price = pricing.unit_price(total, row["quantity"])
        factor = member_factor(document, shopper, row["asin"], categories.get(row["asin"]), at)
        full = points_for(price, factor.points_per_major, currency)
        normal = points_for(price, factor.normal_points_per_major or 0, currency)
        priced.append(PricedLine(row["quantity"], price, full))
        campaigns.append((factor.campaign or "", normal) if normal > full else None)
    recorded = sum(row["quantity"] * row["unit_points_full"] for row in lines)
    asked = max(-(-row["unit_points"] * recorded // row["unit_points_full"]) for row in lines)
    whole = pricing.points_full(priced)
    slider = pricing.slider(
        whole, conversion.min_points_share_percent, conversion.max_points_share_percent, conversion.points_step
    )
    wanted = -(-asked * whole // recorded)
    step = -(-wanted // slider.step) * slider.step
    position = slider.minimum if wanted <= slider.minimum else min(step, slider.maximum)
    assert slider.allows(position)
    split = pricing.split(priced, position)
    for row, line, part, campaign in zip(lines, priced, split.lines, campaigns, strict=True):
        units = row["units"]
        found.sums["units"] += units
        found.sums["points"] += units * part.unit_points
        found.sums["money"] += units * part.unit_money_minor
        found.sums["recorded_points"] += units * row["unit_points"]
        found.sums["recorded_money"] += units * row["unit_money_minor"]
        if row["accepted"]:
            found.sums["paid"] += row["charged_minor"] * units // row["accepted"]
        else:
            found.sums["paid"] += row["goods"] * units + (row["delivery"] + row["tax"]) * units // row["quantity"]
        if campaign is not None:
            code, normal = campaign
            covered = line.unit_price_minor * part.unit_points
            found.discount[code] += units * (covered // line.unit_points_full - covered // normal)
            found.saved[code] += units * (normal * part.unit_points // line.unit_points_full - part.unit_points)


def changed(document: Programme, **parts: Any) -> Programme:
    """The document with these parts changed, checked as a whole."""
    told = document.model_dump(mode="json")
    for name, values in parts.items():
        told[name] = {**told[name], **values} if isinstance(values, dict) else values
    return Programme.model_validate_json(json.dumps(told))


def current(owner: Connection) -> Programme:
    return reading.current(owner, 1).document

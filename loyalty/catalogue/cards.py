"""Products by their key, each as on a card of the catalogue, at the price of one member instead of everybody's."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.campaigns import shoppers
from loyalty.catalogue.prices import MemberFactor, member_factor, points_for, price_campaigns, shelf_rules
from loyalty.catalogue.visibility import Audience, Viewer
from loyalty.database import Connection
from loyalty.points import budgets
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Shopper

FIELDS = (
    *("asin", "kind", "title", "brand", "category", "image", "points", "price_minor", "list_price_minor", "currency"),
    *("from_points", "star_rating", "number_of_ratings", "delivery_earliest", "delivery_latest", "texts"),
)


@dataclass(frozen=True, slots=True)
class Prices:
    """What prices are made of at one instant; `spent` are campaigns that pay for nothing more, `audience` is whose
    shelf it is."""

    document: Programme
    at: datetime
    spent: Collection[str]
    audience: Audience = None

    @property
    def shelf(self) -> dict[str, Any]:
        """For the SQL that prices by everybody's factor."""
        return shelf_rules(self.document, self.at, self.spent, self.audience)

    @property
    def rules(self) -> str:
        """The same as JSON."""
        return json.dumps(self.shelf)

    def card(self, row: Mapping[str, Any], shopper: Shopper) -> dict[str, Any]:
        """A row of `catalogue.cards` as this member sees it: never dearer than the page that all share."""
        card = {name: row[name] for name in FIELDS}
        if row["points"] is not None:
            card["price_minor"] = self._price_minor(row, shopper)
            factor = self._factor(row, shopper).points_per_major
            card["points"] = points_for(card["price_minor"], factor, row["currency"])
        return card

    def own(self, row: Mapping[str, Any], shopper: Shopper) -> dict[str, Any]:
        """The price alone, and the campaign that makes it cheaper with what it would be without."""
        price, factor = self._price_minor(row, shopper), self._factor(row, shopper)
        points = points_for(price, factor.points_per_major, row["currency"])
        normal = points_for(price, factor.normal_points_per_major or 0, row["currency"])
        campaign = factor.campaign if normal > points else None
        return {
            "asin": row["asin"],
            "price_minor": price,
            "points": points,
            "campaign": campaign,
            "points_without": normal if campaign else None,
            "until": next((one.ends_at for one in self.document.campaigns if one.code == campaign), None),
        }

    def _price_minor(self, row: Mapping[str, Any], shopper: Shopper) -> int:
        charged = self.document.pricing.included == "charged"
        if charged and self.document.tier(shopper.tier).benefits.free_delivery:
            return int(row["price_minor"] - row["shipping_minor"])
        return int(row["price_minor"])

    def _factor(self, row: Mapping[str, Any], shopper: Shopper) -> MemberFactor:
        return member_factor(self.document, shopper, row["priced_asin"], row["priced_category"], self.at, self.spent)


def prices(connection: Connection, program_id: int, document: Programme, audience: Audience = None) -> Prices:
    """Those of now; without an `audience` for the shelf that all members share."""
    row = connection.execute("select clock.now() as now").fetchone()
    assert row is not None
    campaigns = [campaign.code for campaign in price_campaigns(document, row["now"])]
    # What no quote would give is not shown.
    spent = budgets.exhausted(connection, program_id, campaigns) if campaigns else frozenset[str]()
    return Prices(document, row["now"], spent, audience)


def own(connection: Connection, program_id: int, member_id: int, asins: Collection[str]) -> list[dict[str, Any]]:
    """The member's own prices of these products, as the review step will find them; none of what cannot be had now."""
    shopper = shoppers.of(connection, program_id, member_id)
    now = prices(connection, program_id, reading.current(connection, program_id).document, viewer_of(shopper))
    rows = connection.execute(
        "select * from catalogue.cards(%s, %s::jsonb, %s)", (program_id, now.rules, list(asins))
    ).fetchall()
    return [now.own(row, shopper) for row in rows if row["shown"] and row["points"] is not None]


def viewer(connection: Connection, program_id: int, member_id: int) -> Viewer:
    """The member as quotes see one: the tier and where they live."""
    return viewer_of(shoppers.of(connection, program_id, member_id))


def viewer_of(shopper: Shopper) -> Viewer:
    """As far as a shelf depends on the member."""
    return Viewer(shopper.tier, shopper.country)

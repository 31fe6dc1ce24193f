"""Products by their key, each as on a card of the catalogue, at the price of one member instead of everybody's."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.catalogue.prices import member_factor, open_campaigns, points_for, shelf_rules
from loyalty.catalogue.visibility import Audience, Viewer
from loyalty.database import Connection
from loyalty.points import budgets
from loyalty.programme.document import Programme

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

    def card(self, row: Mapping[str, Any], tier: str) -> dict[str, Any]:
        """A row of `catalogue.cards` as a member of this tier sees it: never dearer than the page that all share."""
        card = {name: row[name] for name in FIELDS}
        if row["points"] is None:
            return card
        if self.document.pricing.included == "charged" and self.document.tier(tier).benefits.free_delivery:
            card["price_minor"] -= row["shipping_minor"]
        factor = member_factor(
            self.document, tier, row["priced_asin"], row["priced_category"], self.at, self.spent
        ).points_per_major
        card["points"] = points_for(card["price_minor"], factor, row["currency"])
        return card


def prices(connection: Connection, program_id: int, document: Programme, audience: Audience = None) -> Prices:
    """Those of now; without an `audience` for the shelf that all members share."""
    row = connection.execute("select clock.now() as now").fetchone()
    assert row is not None
    campaigns = [campaign.code for campaign in open_campaigns(document, row["now"])]
    # What no quote would give is not shown.
    spent = budgets.exhausted(connection, program_id, campaigns) if campaigns else frozenset[str]()
    return Prices(document, row["now"], spent, audience)


def viewer(connection: Connection, program_id: int, member_id: int) -> Viewer:
    """The member as quotes see one: the tier and where they live."""
    row = connection.execute("select * from members.viewer_of(%s, %s)", (program_id, member_id)).fetchone()
    return Viewer(str(row["tier"] or ""), str(row["country"] or "")) if row else Viewer("", "")

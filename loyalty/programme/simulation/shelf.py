"""The favourites and what they cost members of each tier under both documents; what the draft would not show."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty.catalogue.cards import Prices
from loyalty.catalogue.prices import shelf_rules
from loyalty.catalogue.visibility import Everybody, Viewer
from loyalty.database import Connection
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Shopper
from loyalty.programme.simulation.rules import for_all

TOP = 20
ASKED = 200


@dataclass(frozen=True, slots=True)
class Shelf:
    """`categories`: of every product, under both documents. `hidden`: products that the draft would not show and the
    current document does; `below_floor`: those of them that its margin floor hides."""

    categories: Mapping[str, tuple[str | None, str | None]]
    titles: Mapping[str, str]
    hidden: tuple[str, ...]
    below_floor: frozenset[str]


@dataclass(frozen=True, slots=True)
class Favourite:
    """A product with its price in points for each tier, before and after; None where it could not be had."""

    asin: str
    title: str
    before: Mapping[str, int | None]
    after: Mapping[str, int | None]


def shelf(connection: Connection, program_id: int, before: Programme, after: Programme, now: datetime) -> Shelf:
    """What members see under both, whoever they are."""
    rows = connection.execute(
        "select * from simulation.products(%s, %s::jsonb, %s::jsonb)",
        (program_id, *(json.dumps(shelf_rules(one, now, audience=Everybody())) for one in (before, after))),
    ).fetchall()
    hidden = [row for row in rows if row["shown_before"] and not row["shown_after"]]
    return Shelf(
        {row["asin"]: (row["category_before"], row["category_after"]) for row in rows},
        {row["asin"]: row["title"] for row in rows},
        tuple(row["asin"] for row in hidden),
        frozenset(row["asin"] for row in hidden if row["below_floor"]),
    )


def favourites(
    connection: Connection,
    program_id: int,
    documents: tuple[Programme, Programme],
    spent: tuple[Collection[str], Collection[str]],
    tiers: Sequence[str],
    now: datetime,
) -> list[Favourite]:
    """Up to twenty: what members redeem most, then what the catalogue ranks first, of what can be had under either.

    Prices are those of members who take part in no campaign that is not for everybody, without campaigns that are
    `spent`.
    """
    rows = connection.execute("select asin from simulation.popular(%s, %s)", (program_id, ASKED)).fetchall()
    asins = [row["asin"] for row in rows]
    titles: dict[str, str] = {}
    sides = []
    for document, without in zip(documents, spent, strict=True):
        prices: dict[str, dict[str, int | None]] = {asin: dict.fromkeys(tiers) for asin in asins}
        for tier in tiers:
            seen = Prices(for_all(document), now, without, Viewer(tier, document.store.delivery_countries[0]))
            found = connection.execute(
                "select * from catalogue.cards(%s, %s::jsonb, %s)", (program_id, seen.rules, asins)
            ).fetchall()
            for row in found:
                titles[row["asin"]] = row["title"]
                if row["shown"] and row["points"] is not None:
                    prices[row["asin"]][tier] = seen.card(row, Shopper(0, tier, ""))["points"]
        sides.append(prices)
    return [
        Favourite(asin, titles[asin], sides[0][asin], sides[1][asin])
        for asin in asins
        if any(price is not None for side in sides for price in side[asin].values())
    ][:TOP]

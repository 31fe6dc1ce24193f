"""The favourites and what they cost members of each tier under both documents; what the draft would not show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty.catalogue.cards import Prices
from loyalty.catalogue.prices import shelf_rules
from loyalty.database import Connection
from loyalty.programme.document import Programme

TOP = 20
ASKED = 200


@dataclass(frozen=True, slots=True)
class Shelf:
    """`categories`: of every product. `hidden`: products that the draft would not show and the current document does;
    `below_floor`: those of them that its margin floor hides."""

    categories: Mapping[str, str | None]
    titles: Mapping[str, str]
    hidden: tuple[str, ...]
    below_floor: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Favourite:
    """A product with its price in points for each tier, before and after; None where it could not be had."""

    asin: str
    title: str
    before: Mapping[str, int | None]
    after: Mapping[str, int | None]


def shelf(connection: Connection, program_id: int, before: Programme, after: Programme, now: datetime) -> Shelf:
    """What members see under both."""
    no_floor = after.model_copy(
        update={"conversion": after.conversion.model_copy(update={"margin_floor_basis_points": 0})}
    )
    rows = connection.execute(
        "select * from simulation.products(%s, %s::jsonb, %s::jsonb, %s::jsonb)",
        (program_id, *(json.dumps(shelf_rules(document, now)) for document in (before, after, no_floor))),
    ).fetchall()
    hidden = [row for row in rows if row["shown_before"] and not row["shown_after"]]
    return Shelf(
        {row["asin"]: row["category"] for row in rows},
        {row["asin"]: row["title"] for row in rows},
        tuple(row["asin"] for row in hidden),
        tuple(row["asin"] for row in hidden if row["shown_without_floor"]),
    )


def favourites(
    connection: Connection, program_id: int, before: Programme, after: Programme, tiers: Sequence[str], now: datetime
) -> list[Favourite]:
    """Up to twenty: what members redeem most, then what the catalogue ranks first, of what can be had under either."""
    rows = connection.execute("select asin from simulation.popular(%s, %s)", (program_id, ASKED)).fetchall()
    asins = [row["asin"] for row in rows]
    priced = [_priced(connection, program_id, document, asins, tiers, now) for document in (before, after)]
    titles = priced[1][1] | priced[0][1]
    nothing: dict[str, int | None] = dict.fromkeys(tiers)
    found = [
        Favourite(asin, titles[asin], priced[0][0].get(asin, nothing), priced[1][0].get(asin, nothing))
        for asin in asins
        if asin in priced[0][0] or asin in priced[1][0]
    ]
    return found[:TOP]


def _priced(
    connection: Connection, program_id: int, document: Programme, asins: list[str], tiers: Sequence[str], now: datetime
) -> tuple[dict[str, dict[str, int | None]], dict[str, str]]:
    prices = Prices(document, now, frozenset())
    rows = connection.execute(
        "select * from catalogue.cards(%s, %s::jsonb, %s)", (program_id, prices.rules, asins)
    ).fetchall()
    shown = [row for row in rows if row["shown"] and row["points"] is not None]
    return (
        {row["asin"]: {tier: prices.card(row, tier)["points"] for tier in tiers} for row in shown},
        {row["asin"]: row["title"] for row in rows},
    )

"""What a member is shown: an engine's choice, filled up by popularity, of which only what can be had now is left, at
the member's own price. A bounded number of candidates is priced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from loyalty.campaigns import shoppers
from loyalty.catalogue import browsing, cards
from loyalty.database import Connection
from loyalty.points import ledger
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Shopper
from loyalty.recommendations.candidates import Candidate, Engine
from loyalty.recommendations.popularity import Popularity
from loyalty.recommendations.stored import Stored
from loyalty.refusal import Kind, Refusal

MOST = 24
# Some candidates cannot be had now, or cost much more or less: so many are looked at for each that is wanted, and of
# them so many are the engine's.
CANDIDATES, CHOSEN = 5, 3
# Similar is what costs between half and twice as much.
BAND = 2
# A reward is within reach when the member's points pay so much of it, or as much as the programme asks for.
REACH_PERCENT = 50

POPULARITY = Popularity()
STORED = Stored()


def recommend(
    connection: Connection,
    program_id: int,
    member_id: int,
    limit: int,
    asin: str | None = None,
    *,
    engine: Engine = STORED,
) -> dict[str, Any]:
    """`products`: cards with `reason` and `because`, best first, at most `limit`; with `asin` what goes with it.
    `engine`: whose choice they are; `personal`: some were chosen for this member. Raises Refusal (not found)."""
    pricing = _pricing(connection, program_id, member_id)
    engine = _chosen(pricing.document, member_id, engine)
    if asin is None:
        chosen, found = _for_member(pricing, limit, engine)
    else:
        chosen, found = _with_product(pricing, limit, engine, asin)
    shown = found[:limit]
    theirs = {candidate.asin for candidate in chosen}
    return {
        "engine": engine.name if any(one["asin"] in theirs for one in shown) else POPULARITY.name,
        "personal": any(one["reason"] in ("for_you", "again") for one in shown),
        "products": shown,
    }


def ranked(
    connection: Connection, program_id: int, member_id: int, asked: browsing.Asked, *, engine: Engine = STORED
) -> dict[str, Any]:
    """A page of all that the member may see, what is chosen for them first. Raises Refusal (invalid: the token)."""
    document = reading.current(connection, program_id).document
    places = _chosen(document, member_id, engine).places(connection, program_id, member_id)
    return browsing.page_for(connection, program_id, member_id, asked, places)


def _chosen(document: Programme, member_id: int, engine: Engine) -> Engine:
    """The engine, or what is the same for all while personal choices are switched off for this member."""
    return engine if document.features.on("personal", member_id) else POPULARITY


@dataclass(frozen=True, slots=True)
class _Pricing:
    """Whom products are priced for, and by which rules."""

    connection: Connection
    program_id: int
    member_id: int
    document: Programme
    shopper: Shopper
    prices: cards.Prices

    def known(self, picked: Iterable[Candidate]) -> dict[str, dict[str, Any]]:
        """ASIN → row of catalogue.cards, of those that can be had now."""
        asins = [one.asin for one in picked]
        rows = self.connection.execute(
            "select * from catalogue.cards(%s, %s::jsonb, %s)", (self.program_id, self.prices.rules, asins)
        ).fetchall()
        return {row["asin"]: row for row in rows if row["shown"] and row["points"] is not None}

    def cards(self, picked: Iterable[Candidate], known: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that are known, in their order."""
        return [
            {
                **self.prices.card(known[one.asin], self.shopper),
                "reason": one.reason,
                "because": asdict(one.because) if one.because else None,
            }
            for one in picked
            if one.asin in known
        ]


def _pricing(connection: Connection, program_id: int, member_id: int) -> _Pricing:
    document = reading.current(connection, program_id).document
    shopper = shoppers.of(connection, program_id, member_id)
    prices = cards.prices(connection, program_id, document, cards.viewer_of(shopper))
    return _Pricing(connection, program_id, member_id, document, shopper, prices)


def _for_member(pricing: _Pricing, limit: int, engine: Engine) -> tuple[list[Candidate], list[dict[str, Any]]]:
    """What was chosen, and what can be had, within the member's reach first."""
    whose = (pricing.connection, pricing.program_id, pricing.member_id)
    chosen = _once(engine.for_member(*whose, limit * CHOSEN))
    found = pricing.cards(chosen, pricing.known(chosen))
    balance = ledger.balance(*whose)
    # What is not within reach is left out by nothing but by what is: money or time may help.
    percent = max(REACH_PERCENT, pricing.document.conversion.min_points_share_percent)
    reach = max(balance.available, 0) * 100 // percent if balance else 0
    if sum(one["points"] <= reach for one in found) < limit:
        filled = _once(POPULARITY.for_member(*whose, limit * CANDIDATES), chosen)[: limit * CANDIDATES - len(chosen)]
        found += pricing.cards(filled, pricing.known(filled))
    return chosen, sorted(found, key=lambda one: one["points"] > reach)


def _with_product(
    pricing: _Pricing, limit: int, engine: Engine, asin: str
) -> tuple[list[Candidate], list[dict[str, Any]]]:
    """What was chosen, and what can be had. Raises Refusal (not found)."""
    whose = (pricing.connection, pricing.program_id, pricing.member_id)
    filled = POPULARITY.with_product(*whose, asin, limit * CANDIDATES)
    if not filled:
        raise Refusal(Kind.NOT_FOUND, "no-such-product", "This product is not part of the programme.", field="asin")
    chosen = engine.with_product(*whose, asin, limit * CHOSEN)
    instead = _substitutes(pricing, asin)
    # What was redeemed together with a product says more of it than who likes it; its category says less.
    together = [one for one in filled if one.reason == "goes_with"]
    picked = _once([*together, *chosen, *filled])[: limit * CANDIDATES + 1]
    known = pricing.known([Candidate(asin, "itself"), *instead, *picked])
    if itself := known.get(asin):
        picked = [one for one in picked if one.reason != "similar" or _near(known.get(one.asin), itself)]
    else:
        picked = _once([*instead, *picked])
    others = [one for one in picked if one.reason != "itself"]
    return chosen, _half_goes_with(pricing.cards(others, known), limit)


def _substitutes(pricing: _Pricing, asin: str) -> list[Candidate]:
    """What staff named for when this one cannot be had."""
    rows = pricing.connection.execute(
        "select * from catalogue.substitutes(%s, %s)", (pricing.program_id, [asin])
    ).fetchall()
    return [Candidate(row["other"], "instead") for row in rows]


def _once(candidates: Iterable[Candidate], but: Iterable[Candidate] = ()) -> list[Candidate]:
    without = {candidate.asin for candidate in but}
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.asin not in without:
            first.setdefault(candidate.asin, candidate)
    return list(first.values())


def _half_goes_with(found: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """What goes with it fills at most half, while there is something else to show."""
    together = [one for one in found if one["reason"] == "goes_with"]
    others = [one for one in found if one["reason"] != "goes_with"]
    room = max((limit + 1) // 2, limit - len(others))
    return [*together[:room], *others]


def _near(row: Mapping[str, Any] | None, other: Mapping[str, Any]) -> bool:
    if row is None:
        return False
    price, other_price = row["price_minor"], other["price_minor"]
    return bool(price <= other_price * BAND and other_price <= price * BAND)

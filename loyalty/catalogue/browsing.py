"""The catalogue as members see it: categories, pages, one product. The same answer for everybody; what only some
members may see is on no such page, and asked for by each of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from loyalty.catalogue import cards
from loyalty.catalogue.asin import is_asin
from loyalty.catalogue.prices import has_own_prices, price_includes
from loyalty.catalogue.visibility import Audience, only_for
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.programme.reading import Published
from loyalty.refusal import Kind, Refusal

# for_you: by the places that whoever asks for it hands over (page_for).
type Sort = Literal["relevance", "points", "points_down", "newest", "for_you"]

PAGE_SIZE = 24
# Answers are cached under their version: a page that was opened before a publication may still be turned.
RECENT_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page was asked for. `page` is the token of the answer before."""

    search: str | None = None
    category: str | None = None
    max_points: int | None = None
    sort: Sort = "relevance"
    page: str | None = None


def published(connection: Connection, program_id: int, version: int) -> Published:
    """The current version or a recent one. Raises Refusal (not found) that names the current one."""
    current = reading.current(connection, program_id)
    if version == current.version:
        return current
    if current.version - RECENT_VERSIONS < version < current.version:
        return reading.version(connection, program_id, version)
    raise Refusal(
        Kind.NOT_FOUND,
        "no-such-version",
        f"The current version of the catalogue is {current.version}.",
        field="version",
    )


def categories(connection: Connection, program_id: int) -> dict[str, Any]:
    """Where to begin: the current version and the categories that have something to show."""
    current = reading.current(connection, program_id)
    document = current.document
    prices = cards.prices(connection, program_id, document)
    rows = connection.execute(
        "select * from catalogue.categories(%s, %s::jsonb)", (program_id, prices.rules)
    ).fetchall()
    return {
        "programme_version": current.version,
        "currency": document.store.currency,
        "included": document.pricing.included,
        "price_includes": price_includes(document),
        "own_prices": has_own_prices(document, prices.at),
        "only_for_some": any(rule.effect == "limit" for rule in document.catalogue.rules),
        "categories": rows,
    }


def page(connection: Connection, program_id: int, version: int, asked: Asked) -> dict[str, Any]:
    """A page of products and the token of the next one. Raises Refusal (invalid) for a token that is not ours."""
    shelf = published(connection, program_id, version)
    if asked.search and shelf.document.features.search.on:
        # Of an earlier version: what is switched off now is off on its pages too.
        _search_is_on(reading.current(connection, program_id))
    return _page(connection, program_id, shelf, _shelf_rules(connection, program_id, shelf), asked)


def own_page(connection: Connection, program_id: int, member_id: int, asked: Asked) -> dict[str, Any]:
    """A page of what is for members like this one and not for all. Raises Refusal (invalid) for a foreign token."""
    shelf = reading.current(connection, program_id)
    viewer = cards.viewer(connection, program_id, member_id)
    rules = _shelf_rules(connection, program_id, shelf, viewer)
    return _page(connection, program_id, shelf, {**rules, "only": only_for(shelf.document, viewer)}, asked)


def page_for(
    connection: Connection, program_id: int, member_id: int, asked: Asked, mine: Mapping[str, int]
) -> dict[str, Any]:
    """A page of all that this member may see, by `mine`, ASIN → place, then by relevance. Raises Refusal (invalid)."""
    shelf = reading.current(connection, program_id)
    rules = _shelf_rules(connection, program_id, shelf, cards.viewer(connection, program_id, member_id))
    return _page(connection, program_id, shelf, {**rules, "mine": dict(mine)}, replace(asked, sort="for_you"))


def _page(
    connection: Connection, program_id: int, shelf: Published, rules: dict[str, Any], asked: Asked
) -> dict[str, Any]:
    search = " ".join((asked.search or "").split()) or None
    if search:
        _search_is_on(shelf)
    after_key, after_asin = _opened(asked) if asked.page else (None, None)
    rows = connection.execute(
        "select * from catalogue.page(%s, %s::jsonb, %s, %s, %s, %s, %s, %s, %s)",
        (
            program_id,
            json.dumps(rules),
            search,
            asked.category,
            asked.max_points,
            asked.sort,
            after_key,
            after_asin,
            PAGE_SIZE + 1,
        ),
    ).fetchall()
    shown = rows[:PAGE_SIZE]
    next_page = _sealed(asked, shown[-1]) if len(rows) > PAGE_SIZE else None
    return {
        "programme_version": shelf.version,
        "included": shelf.document.pricing.included,
        "price_includes": price_includes(shelf.document),
        "products": [{name: value for name, value in row.items() if name != "sort_key"} for row in shown],
        "next_page": next_page,
    }


def _search_is_on(shelf: Published) -> None:
    if not shelf.document.features.search.on:
        raise Refusal(
            Kind.CONFLICT, "search-off", "Search is switched off at the moment. Choose a category.", field="search"
        )


def product(connection: Connection, program_id: int, version: int, asin: str) -> dict[str, Any]:
    """One product; `available` says whether it can be had now. Raises Refusal (not found)."""
    shelf = published(connection, program_id, version)
    return _product(connection, program_id, shelf, _rules(connection, program_id, shelf), asin)


def own_product(connection: Connection, program_id: int, member_id: int, asin: str) -> dict[str, Any]:
    """One product as members like this one see it: also what is not for all. Raises Refusal (not found)."""
    shelf = reading.current(connection, program_id)
    rules = _rules(connection, program_id, shelf, cards.viewer(connection, program_id, member_id))
    return _product(connection, program_id, shelf, rules, asin)


def _product(connection: Connection, program_id: int, shelf: Published, rules: str, asin: str) -> dict[str, Any]:
    row = connection.execute(
        "select * from catalogue.product_of(%s, %s::jsonb, %s)", (program_id, rules, asin)
    ).fetchone()
    if row is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-product", "This product is not part of the programme.", field="asin")
    variations = [{**child, "available": child["points"] is not None} for child in row.pop("variations")]
    return {
        "programme_version": shelf.version,
        "included": shelf.document.pricing.included,
        "price_includes": price_includes(shelf.document),
        **row,
        "available": row["points"] is not None or any(child["available"] for child in variations),
        "variations": variations,
    }


def _rules(connection: Connection, program_id: int, shelf: Published, audience: Audience = None) -> str:
    return cards.prices(connection, program_id, shelf.document, audience).rules


def _shelf_rules(
    connection: Connection, program_id: int, shelf: Published, audience: Audience = None
) -> dict[str, Any]:
    return cards.prices(connection, program_id, shelf.document, audience).shelf


def _sealed(asked: Asked, last: dict[str, Any]) -> str:
    told = json.dumps([asked.sort, last["sort_key"], last["asin"]], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _opened(asked: Asked) -> tuple[int, str]:
    wrong = Refusal(Kind.INVALID, "invalid", "Use the token of the page before, with the same sort.", field="page")
    text = asked.page or ""
    try:
        told = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise wrong from None
    match told:
        case [asked.sort, int(key), str(asin)] if (
            not isinstance(key, bool) and -(2**63) <= key < 2**63 and is_asin(asin)
        ):
            return key, asin
    raise wrong

"""The catalogue as staff see it: every product, shown or not and why, its price, margin, and how old that is."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loyalty.catalogue import cards
from loyalty.catalogue.asin import is_asin
from loyalty.catalogue.rules import REASONS
from loyalty.catalogue.visibility import Everybody
from loyalty.database import Connection
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

# What a file of all of them may hold.
MOST_IN_A_FILE = 20_000
# So many products are named where a draft's difference is told; the rest is counted.
NAMED = 50

_WORDS = {
    "hidden": "Hidden by hand.",
    "category": "Its category is hidden.",
    "not-included": "No rule that includes names it.",
    "out-of-stock": "Sold out.",
    "no-price": "Amazon told no price in the programme's currency.",
    "stale": "Its price is older than the programme allows.",
    "margin-floor": "Its points would leave less than the margin floor.",
    "not-checked": "Amazon has not been asked about it yet.",
    "no-offer": "Amazon has no offer of it.",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of them; `page` is the token of the answer before."""

    search: str | None = None
    category: str | None = None
    state: str | None = None
    page: str | None = None


def reason(why: str | None) -> str | None:
    """Why a product is not on the shelf, in words; None: it is."""
    if why is None:
        return None
    kind, _, detail = why.partition(":")
    if kind == "refused":
        return f"Can never be redeemed: {REASONS.get(detail, 'by rule.')}"
    if kind == "rule":
        return f"The rule “{detail}” excludes it."
    if kind == "limited":
        return f"The rule “{detail}” keeps it for some members."
    return _WORDS.get(kind, kind)


def products(connection: Connection, program_id: int, asked: Filter, most: int) -> dict[str, Any]:
    """A page of them, the counts by reason, the token of the next page. Raises Refusal (invalid): a foreign token."""
    rules = _rules(connection, program_id)
    after_key, after_asin = _opened(asked.page) if asked.page else (None, None)
    rows = connection.execute(
        "select * from catalogue.desk(%s, %s::jsonb, %s, %s, %s, %s, %s, %s)",
        (
            program_id,
            rules,
            " ".join((asked.search or "").split()) or None,
            asked.category,
            asked.state,
            after_key,
            after_asin,
            most + 1,
        ),
    ).fetchall()
    shown = rows[:most]
    return {
        "products": [_row(row) for row in shown],
        "found": shown[0]["found"] if shown else 0,
        "next_page": _sealed(shown[-1]) if len(rows) > most else None,
    }


def counts(connection: Connection, program_id: int, document: Programme | None = None) -> dict[str, Any]:
    """How many products there are, how many are shown, and how many are not for each reason; by a draft, if given."""
    rows = connection.execute(
        "select * from catalogue.desk_counts(%s, %s::jsonb)", (program_id, _rules(connection, program_id, document))
    ).fetchall()
    return {
        "products": sum(row["products"] for row in rows),
        "shown": sum(row["products"] for row in rows if row["why"] == ""),
        "hidden": [
            {"why": row["why"], "words": reason(row["why"]), "products": row["products"]} for row in rows if row["why"]
        ],
    }


def difference(connection: Connection, program_id: int, document: Programme) -> dict[str, Any]:
    """What this document would show that is not shown now, and the other way round; the most popular are named."""
    rows = connection.execute(
        "select * from catalogue.desk_difference(%s, %s::jsonb, %s::jsonb)",
        (program_id, _rules(connection, program_id), _rules(connection, program_id, document)),
    ).fetchall()
    told: dict[str, Any] = {}
    for name, comes in (("appear", True), ("disappear", False)):
        those = [row for row in rows if row["comes"] is comes]
        told[name] = {
            "products": len(those),
            "first": [
                {"asin": row["asin"], "title": row["title"], "why": row["why"], "words": reason(row["why"])}
                for row in those[:NAMED]
            ],
        }
    return told


def product(connection: Connection, program_id: int, asin: str) -> dict[str, Any]:
    """One product with its offers, kinds and prices so far. Raises Refusal (not found)."""
    row = connection.execute(
        "select * from catalogue.desk_product(%s, %s::jsonb, %s)", (program_id, _rules(connection, program_id), asin)
    ).fetchone()
    if row is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-product", "This product is not in the catalogue.", field="asin")
    for one in (*row["offers"], *row["kinds"]):
        one["words"] = reason(one["why"])
    return {**row, "words": reason(row["why"])}


def every(connection: Connection, program_id: int, asked: Filter) -> Iterator[dict[str, Any]]:
    """All of them that the filter lets through, for a file."""
    yield from products(connection, program_id, asked, MOST_IN_A_FILE)["products"]


def categories(connection: Connection, program_id: int) -> dict[str, Any]:
    """Amazon's categories and where each is filed, and the programme's own with what they show now."""
    document = reading.current(connection, program_id).document
    theirs = connection.execute("select * from catalogue.amazon_categories(%s)", (program_id,)).fetchall()
    filed: dict[str, list[int]] = {}
    for row in connection.execute(
        "select category, why from catalogue.desk(%s, %s::jsonb, null, null, null, null, null, %s)",
        (program_id, _rules(connection, program_id), MOST_IN_A_FILE),
    ).fetchall():
        count = filed.setdefault(row["category"] or "", [0, 0])
        count[0] += 1
        count[1] += row["why"] is None
    own = {category.code: category.names for category in document.catalogue.categories}
    names = {row["category"]: row["name"] for row in theirs}
    return {
        "amazon": [{**row, "mapped_to": document.catalogue.mapping.get(row["category"])} for row in theirs],
        "programme": [
            {
                "code": code,
                "names": own.get(code, {}),
                "own": code in own,
                "name": own.get(code, {}).get("en") or names.get(code, code),
                "products": filed.get(code, [0, 0])[0],
                "shown": filed.get(code, [0, 0])[1],
            }
            for code in (*own, *sorted(code for code in filed if code and code not in own))
        ],
    }


def _rules(connection: Connection, program_id: int, document: Programme | None = None) -> str:
    # Staff see what is kept for some as well.
    found = document or reading.current(connection, program_id).document
    return cards.prices(connection, program_id, found, Everybody()).rules


def _row(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in ("sort_key", "found")}
    return {**kept, "words": reason(row["why"])}


def _sealed(row: dict[str, Any]) -> str:
    told = json.dumps([row["sort_key"], row["asin"]], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _opened(token: str) -> tuple[int, str]:
    wrong = Refusal(Kind.INVALID, "invalid", "Use the token of the page before.", field="after")
    try:
        told = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise wrong from None
    match told:
        case [int(key), str(asin)] if not isinstance(key, bool) and -(2**63) <= key < 2**63 and is_asin(asin):
            return key, asin
    raise wrong

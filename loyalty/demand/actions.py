"""What staff do about a product that will be short. Each is done with one press and taken back with another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from loyalty.catalogue.asin import is_asin
from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal

# substitute {"asins": [1 to 5, best first]}: offered where this one cannot be had.
# cap {"units": 1 to 100, "days": 1 to 365 (30)}: so many for one member within so many days.
# feature {"asin": …}: that product (left out: this one) comes first on the shelf, after those featured already.
# hide {}: out of the programme until it is taken back.
type ActionKind = Literal["substitute", "cap", "feature", "hide"]

MOST_SUBSTITUTES = 5
MOST_UNITS, MOST_DAYS, USUAL_DAYS = 100, 365, 30


@dataclass(frozen=True, slots=True)
class Action:
    """`details` as the kind has them. `undone_at` None: it stands."""

    action_id: int
    asin: str
    kind: ActionKind
    details: dict[str, Any]
    actor: str
    done_at: datetime
    undone_at: datetime | None
    undone_by: str | None


def do(connection: Connection, program_id: int, asin: str, kind: str, details: Mapping[str, Any], actor: str) -> Action:
    """Do it. Raises Refusal: invalid (kind, details), not found (the product), conflict (one of this kind stands, or it
    is so already)."""
    checked = _checked(asin, kind, details)
    with connection.transaction():
        row = connection.execute(
            "select * from demand.act(%s, %s, %s, %s::jsonb, %s)", (program_id, asin, kind, json.dumps(checked), actor)
        ).fetchone()
        assert row is not None
        if row["outcome"] != "ok":
            raise _refusal(row["outcome"], kind, row["unfit"] or [])
        return next(one for one in open_of(connection, program_id, asin) if one.action_id == row["action_id"])


def undo(connection: Connection, program_id: int, action_id: int, actor: str) -> Action:
    """Take it back; what somebody has changed by hand since stays. Raises Refusal: not found, or conflict (undone)."""
    with connection.transaction():
        row = connection.execute("select demand.undo(%s, %s, %s) as outcome", (program_id, action_id, actor)).fetchone()
        assert row is not None
        if row["outcome"] == "unknown":
            raise Refusal(Kind.NOT_FOUND, "no-such-action", "There is no such action.", field="action_id")
        if row["outcome"] == "undone":
            raise Refusal(Kind.CONFLICT, "already-undone", "This action has been taken back already.")
        return history(connection, program_id, before=action_id + 1, most=1)[0]


def open_of(connection: Connection, program_id: int, asin: str | None = None) -> list[Action]:
    """Those that stand, newest first; of one product only, if it is named."""
    rows = connection.execute("select * from demand.standing(%s, %s)", (program_id, asin)).fetchall()
    return [Action(**row) for row in rows]


def history(
    connection: Connection, program_id: int, *, asin: str | None = None, before: int | None = None, most: int = 50
) -> list[Action]:
    """All of them, newest first, those taken back too; after a page, `before` its last action."""
    rows = connection.execute(
        "select * from demand.actions(%s, %s, %s, %s)", (program_id, asin, before, most)
    ).fetchall()
    return [Action(**row) for row in rows]


def _checked(asin: str, kind: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """The details with what they leave out. Raises Refusal naming what is wrong."""
    allowed = {"substitute": {"asins"}, "cap": {"units", "days"}, "feature": {"asin"}, "hide": set[str]()}
    if kind not in get_args(ActionKind.__value__):
        raise _invalid("kind", f"One of {', '.join(allowed)}.")
    for name in details:
        if name not in allowed[kind]:
            raise _invalid("details", f"This kind of action has no “{str(name)[:40]}”.")
    match kind:
        case "substitute":
            return {"asins": _asins(details.get("asins"))}
        case "cap":
            units = _whole(details.get("units"), "units", MOST_UNITS)
            return {"units": units, "days": _whole(details.get("days", USUAL_DAYS), "days", MOST_DAYS)}
        case "feature":
            other = details.get("asin", asin)
            if not isinstance(other, str) or not is_asin(other):
                raise _invalid("details.asin", "A product has ten letters and digits.")
            return {"asin": other}
    return {}


def _asins(told: object) -> list[str]:
    if not isinstance(told, list | tuple) or not 1 <= len(told) <= MOST_SUBSTITUTES:
        raise _invalid("details.asins", f"1 to {MOST_SUBSTITUTES} products.")
    for place, one in enumerate(told):
        if not isinstance(one, str) or not is_asin(one):
            raise _invalid(f"details.asins[{place}]", "A product has ten letters and digits.")
        if one in told[:place]:
            raise _invalid(f"details.asins[{place}]", "Each product once.")
    return list(told)


def _whole(told: object, name: str, most: int) -> int:
    if not isinstance(told, int) or isinstance(told, bool) or not 1 <= told <= most:
        raise _invalid(f"details.{name}", f"A whole number from 1 to {most}.")
    return told


def _invalid(field: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "invalid", detail, field=field)


def _refusal(outcome: str, kind: str, unfit: list[str]) -> Refusal:
    match outcome:
        case "unknown":
            return Refusal(Kind.NOT_FOUND, "no-such-product", "This product is not in the catalogue.", field="asin")
        case "there":
            detail = "This stands already for this product. Take it back first to do it otherwise."
            return Refusal(Kind.CONFLICT, "already-done", detail)
        case "already":
            detail = "It is hidden already." if kind == "hide" else "It is featured already."
            return Refusal(Kind.CONFLICT, "already-so", detail)
        case "parent":
            return Refusal(Kind.INVALID, "invalid", "Members redeem its kinds: limit those.", field="asin")
        case "full":
            return Refusal(Kind.CONFLICT, "featured-full", "No more products can be featured.")
    field = "details.asins" if kind == "substitute" else "details.asin"
    return Refusal(Kind.INVALID, "invalid", f"This cannot be offered to members: {', '.join(unfit)}.", field=field)

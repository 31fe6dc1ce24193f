"""Products as they are now: the catalogue, and what was changed by hand."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

from local.simulators.amazon_business.catalogue import Category, Item
from local.simulators.amazon_business.store import Store

CHANGEABLE = ("price_minor", "list_price_minor", "stock", "promise_days")


def item_of(store: Store, asin: str) -> Item | None:
    """One product, or None."""
    row = store.one("select * from products where asin = ?", asin)
    return _item(row) if row else None


def items_of(store: Store, condition: str = "true", *values: Any) -> list[Item]:
    """Products in order of popularity; `condition` is one of ours, never a caller's text."""
    sql = f"select * from products where {condition} order by popularity"  # noqa: S608
    return [_item(row) for row in store.all(sql, *values)]


def popularity(store: Store, asin: str) -> int:
    row = store.one("select popularity from products where asin = ?", asin)
    return int(row["popularity"]) if row else 0


def _item(row: sqlite3.Row) -> Item:
    told: dict[str, Any] = json.loads(row["more"])
    told["category"] = Category(**told["category"])
    told |= {name: tuple(told[name]) for name in ("features", "restrictions", "badges")}
    return replace(Item(**told), **{name: row[name] for name in CHANGEABLE})

"""What Amazon Personalize is told of each row, in Avro; the columns are those of analytics/warehouse/personalize.py."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def _text(name: str, *, nullable: bool = False) -> dict[str, Any]:
    return {"name": name, "type": ["null", "string"] if nullable else "string", "categorical": True}


def _id(name: str) -> dict[str, Any]:
    return {"name": name, "type": "string"}


FIELDS: dict[str, list[dict[str, Any]]] = {
    "INTERACTIONS": [
        _id("USER_ID"),
        _id("ITEM_ID"),
        {"name": "TIMESTAMP", "type": "long"},
        _id("EVENT_TYPE"),
        {"name": "EVENT_VALUE", "type": ["float", "null"]},
    ],
    "ITEMS": [
        _id("ITEM_ID"),
        _text("CATEGORY", nullable=True),
        _text("BRAND", nullable=True),
        {"name": "PRICE", "type": ["null", "float"]},
        {"name": "CREATION_TIMESTAMP", "type": "long"},
        _text("IN_STOCK"),
    ],
    "USERS": [_id("USER_ID"), _text("TIER", nullable=True), _text("COUNTRY", nullable=True)],
}


def schema(kind: str) -> str:
    """Avro, as one line."""
    record = {
        "type": "record",
        "name": kind.capitalize(),
        "namespace": "com.amazonaws.personalize.schema",
        "fields": FIELDS[kind],
        "version": "1.0",
    }
    return json.dumps(record, separators=(",", ":"))


def version(kind: str) -> str:
    """Of the schema's name: a schema is never changed, so another one has another name."""
    return hashlib.sha256(schema(kind).encode()).hexdigest()[:6]

"""A dataset's schema, and files held against it."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any

from local.simulators.personalize.refusals import invalid

NEEDED = {
    "INTERACTIONS": ("USER_ID", "ITEM_ID", "TIMESTAMP"),
    "ITEMS": ("ITEM_ID",),
    "USERS": ("USER_ID",),
}
MOST_METADATA = {"INTERACTIONS": 5, "ITEMS": 100, "USERS": 25}
RESERVED = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "CREATION_TIMESTAMP")
LONGEST_ID, LONGEST_CATEGORY = 256, 1000
TYPES = ("string", "long", "int", "float", "double", "boolean", "null")


class BadFile(Exception):
    """A file that the service would not take, with why."""


def fields(schema: str) -> list[dict[str, Any]]:
    """The fields of an Avro schema. Raises Refused."""
    try:
        document = json.loads(schema)
        found = document["fields"]
        named = document["type"] == "record" and document["version"] and document["name"] and document["namespace"]
    except (ValueError, TypeError, KeyError):
        raise invalid("The schema is no Avro record with name, namespace, version and fields") from None
    if not named or not isinstance(found, list) or not found:
        raise invalid("The schema is no Avro record with name, namespace, version and fields")
    for field in found:
        types = _types(field)
        if not types or any(one not in TYPES for one in types):
            raise invalid(f"The type of {field.get('name')} is not supported")
        if field["name"] in ("USER_ID", "ITEM_ID", "EVENT_TYPE") and "string" not in types:
            raise invalid(f"{field['name']} is of type string")
        if field["name"] in ("TIMESTAMP", "CREATION_TIMESTAMP") and "long" not in types:
            raise invalid(f"{field['name']} is of type long")
        if field["name"] not in RESERVED and "string" in types and not field.get("categorical"):
            raise invalid(f"{field['name']}: metadata of type string is categorical")
    return found


def fitting(kind: str, schema: str) -> None:
    """Whether a schema can be a dataset's of this kind. Raises Refused."""
    names = [field["name"] for field in fields(schema)]
    if len(set(names)) < len(names):
        raise invalid("A field is there twice")
    if missing := [name for name in NEEDED[kind] if name not in names]:
        raise invalid(f"The schema of {kind} lacks {', '.join(missing)}")
    metadata = [name for name in names if name not in RESERVED]
    if len(metadata) > MOST_METADATA[kind]:
        raise invalid(f"{kind} has at most {MOST_METADATA[kind]} columns of metadata")
    if kind in ("ITEMS", "USERS") and len(names) < 2:
        raise invalid(f"The schema of {kind} has at least one column of metadata")


def rows(schema: str, key: str, text: str) -> Iterator[dict[str, Any]]:
    """A CSV file's rows by the schema's names. Raises BadFile."""
    known = {field["name"]: field for field in fields(schema)}
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    if missing := [name for name in known if name not in header]:
        raise BadFile(f"{key}: the columns {', '.join(missing)} of the schema are not in the file")
    if strange := [name for name in header if name not in known]:
        raise BadFile(f"{key}: the columns {', '.join(strange)} are not in the schema")
    for number, cells in enumerate(reader, start=2):
        if len(cells) != len(header):
            raise BadFile(f"{key}: line {number} has {len(cells)} cells, not {len(header)}")
        try:
            yield {name: value(known[name], cell) for name, cell in zip(header, cells, strict=True)}
        except ValueError as wrong:
            raise BadFile(f"{key}: line {number}: {wrong}") from None


def value(field: dict[str, Any], cell: str) -> Any:
    """A cell as its field's type. Raises ValueError."""
    name, types = field["name"], _types(field)
    if cell == "":
        if "null" in types:
            return None
        raise ValueError(f"{name} is empty")
    if "string" in types:
        if len(cell) > (LONGEST_ID if name.endswith("_ID") else LONGEST_CATEGORY):
            raise ValueError(f"{name} is too long")
        return cell
    if "boolean" in types:
        if cell.lower() not in ("true", "false"):
            raise ValueError(f"{name} is no boolean")
        return cell.lower() == "true"
    number = float(cell) if {"float", "double"} & set(types) else int(cell)
    if not math.isfinite(number):
        raise ValueError(f"{name} is no number")
    if name.endswith("TIMESTAMP") and not 0 < number < 32_503_680_000:
        raise ValueError(f"{name} is no second since 1970")
    return number


def _types(field: dict[str, Any]) -> list[str]:
    types = field.get("type")
    return [types] if isinstance(types, str) else list(types or ())

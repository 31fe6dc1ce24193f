"""What is wrong with an input: which fields, in words that never quote what was given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

# Nobody reads more.
MOST = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """`field` is a path like campaigns.3.budget_minor."""

    field: str
    detail: str


def problems_of(failure: ValidationError) -> list[Problem]:
    """What pydantic found, by path."""
    return [
        Problem(path([*error["loc"], *_below(error)]), words(error))
        for error in failure.errors(include_url=False, include_input=False)[:MOST]
    ]


def path(parts: Iterable[str | int]) -> str:
    """The field's place. Keys are somebody's input: what is no letter or digit of a code becomes a question mark."""
    told = ".".join(str(part) for part in parts if part != "[key]")
    return re.sub(r"[^A-Za-z0-9_.&/ -]", "?", told)[:200] or "document"


def words(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors in words."""
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in _LIMITS and _LIMITS[kind][1] in context:
        return _LIMITS[kind][0].format(**context)
    if kind == "wrong":
        return str(context["words"])
    if kind == "value_error":
        # Our own validators' words; they never quote the value.
        return str(context.get("error", "is not valid"))
    if kind.startswith(("datetime", "date")):
        return "must be a date and time with its zone, like 2026-01-31T12:00:00Z"
    return _WORDS.get(kind, "is not valid")


def _below(error: Mapping[str, Any]) -> Iterable[str]:
    return [error["ctx"]["field"]] if error["type"] == "wrong" else []


_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large",
    "int_from_float": "must be a whole number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID",
    "string_pattern_mismatch": "does not have the right form",
    "timezone_aware": "must carry a time zone",
}
_LIMITS = {
    "greater_than": ("must be greater than {gt}", "gt"),
    "greater_than_equal": ("must be at least {ge}", "ge"),
    "less_than": ("must be less than {lt}", "lt"),
    "less_than_equal": ("must be at most {le}", "le"),
    "string_too_short": ("must have at least {min_length} characters", "min_length"),
    "string_too_long": ("must have at most {max_length} characters", "max_length"),
    "too_short": ("must have at least {min_length} entries", "min_length"),
    "too_long": ("must have at most {max_length} entries", "max_length"),
    "literal_error": ("must be {expected}", "expected"),
    "multiple_of": ("must be a multiple of {multiple_of}", "multiple_of"),
}

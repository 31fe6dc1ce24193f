"""Stripe's form encoding: a[b][0][c]=d as nested documents, and parameters checked by name."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from local.simulators.stripe.refusals import ApiError, invalid

type Form = dict[str, Any]


def parse(text: str) -> Form:
    """Nested dictionaries; keys that are 0, 1, 2 … become lists."""
    root: Form = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found = re.fullmatch(r"([A-Za-z0-9_]+)((?:\[[A-Za-z0-9_]*\])*)", name)
        if found is None:
            raise invalid("parameter_unknown", name)
        path = [found[1], *re.findall(r"\[([A-Za-z0-9_]*)\]", found[2])]
        place: Any = root
        for key in path[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise invalid("parameter_invalid_string", name)
        place[path[-1]] = value
    return {key: _lists(value) for key, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(part) for key, part in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def only(form: Form, *allowed: str, within: str = "") -> Form:
    """Refuse what is not known by name."""
    if not isinstance(form, dict):
        raise invalid("parameter_invalid_empty", within)
    for name in form:
        if name not in allowed:
            raise invalid("parameter_unknown", f"{within}[{name}]" if within else name)
    return form


def required(form: Form, name: str) -> Any:
    """Refuse what is missing."""
    if form.get(name) in (None, ""):
        raise invalid("parameter_missing", name)
    return form[name]


def integer(form: Form, name: str) -> int | None:
    """A whole number, or None when it is not given."""
    text = form.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"-?\d{1,12}", str(text)):
        raise invalid("parameter_invalid_integer", name)
    return int(text)


def boolean(form: Form, name: str, default: bool) -> bool:
    """true or false."""
    text = form.get(name)
    if text not in (None, "true", "false"):
        raise ApiError(400, "invalid_request_error", "parameter_invalid_boolean", name)
    return default if text is None else text == "true"

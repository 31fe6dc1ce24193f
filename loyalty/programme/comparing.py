"""Two documents side by side, and three: what changed, and what follows when two people changed the same version.

Documents are plain JSON here, for a draft may be half right. The entries of a list are known by their `code` where each
has one; any other list is one value. A path has the code: campaigns.spring.budget_minor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

type Json = Any


class _Nothing:
    """There is no such field."""


NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class Change:
    """A field that is different; None: it is not there. Of a new or lost entry the whole."""

    field: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that both changed, in different ways."""

    field: str
    mine: Json
    theirs: Json


def changes(before: Json, after: Json, place: str = "") -> Iterator[Change]:
    """Every field that differs, in the order of the documents."""
    if before == after and type(before) is type(after):
        return
    old, new = _entries(before), _entries(after)
    if old is None or new is None or isinstance(before, list) is not isinstance(after, list):
        yield Change(place, _shown(before), _shown(after))
        return
    for key in [*old, *(key for key in new if key not in old)]:
        yield from changes(old.get(key, NOTHING), new.get(key, NOTHING), _below(place, key))
    if isinstance(after, list) and (order := [key for key in new if key in old]) != [key for key in old if key in new]:
        yield Change(_below(place, "order"), [key for key in old if key in new], order)


def merged(base: Json, mine: Json, theirs: Json, place: str, conflicts: list[Conflict]) -> Json:
    """What becomes of `mine` when `base` has become `theirs`: only what I changed is mine. Where both changed a field,
    mine is in the answer and the field among `conflicts`."""
    if mine == theirs or theirs == base:
        return mine
    if mine == base:
        return theirs
    parts = [_entries(part) for part in (base, mine, theirs)]
    b, m, t = parts
    alike = isinstance(mine, list) is isinstance(theirs, list)
    if m is None or t is None or not alike:
        conflicts.append(Conflict(place, _shown(mine), _shown(theirs)))
        return mine
    b = b if b is not None and isinstance(base, list) is isinstance(mine, list) else {}
    first, second = (t, m) if list(m) == list(b) else (m, t)
    together = {
        key: merged(b.get(key, NOTHING), m.get(key, NOTHING), t.get(key, NOTHING), _below(place, key), conflicts)
        for key in [*first, *(key for key in second if key not in first)]
    }
    kept = {key: value for key, value in together.items() if value is not NOTHING}
    return list(kept.values()) if isinstance(mine, list) else kept


def _entries(value: Json) -> Mapping[str, Json] | None:
    """The parts that a value has by name: an object's fields, or a list's entries by their codes."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(one, dict) and isinstance(one.get("code"), str) for one in value):
        named = {one["code"]: one for one in value}
        return named if len(named) == len(value) else None
    return None


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _shown(value: Json) -> Json:
    return None if value is NOTHING else value

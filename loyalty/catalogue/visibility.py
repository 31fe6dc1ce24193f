"""Which products are on whose shelf, by the document's rules; database/catalogue/1_verdict.sql decides by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loyalty.programme.document import Programme
from loyalty.programme.schema.catalogue import Matching, Rule


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member as far as a shelf depends on one."""

    tier: str
    country: str


@dataclass(frozen=True, slots=True)
class Everybody:
    """All members together: nothing is kept from them. For staff, and for what is counted for all."""


# None: who asks is not known, as on the pages that all members share; nothing limited is on them.
type Audience = Viewer | Everybody | None


def visibility(document: Programme, audience: Audience = None) -> dict[str, Any]:
    """The part of the shelf's rules that shows and hides."""
    rules = document.catalogue.rules
    return {
        "hidden_asins": list(document.catalogue.hidden_asins),
        "hidden_categories": list(document.catalogue.hidden_categories),
        "includes": [_told(rule) for rule in rules if rule.effect == "include"],
        "excludes": [_told(rule) for rule in rules if rule.effect == "exclude"],
        "limits": [_told(rule) for rule in rules if rule.effect == "limit" and not _admits(rule, audience)],
        "limited": [_told(rule) for rule in rules if rule.effect == "limit"],
        "mapping": document.catalogue.mapping,
        "names": {category.code: category.names for category in document.catalogue.categories},
        "places": {category.code: place for place, category in enumerate(document.catalogue.categories, start=1)},
        "featured": {asin: place for place, asin in enumerate(document.catalogue.featured_asins, start=1)},
    }


def only_for(document: Programme, viewer: Viewer) -> list[dict[str, Any]]:
    """The rules that keep something for members like this one."""
    return [_told(rule) for rule in document.catalogue.rules if rule.effect == "limit" and _admits(rule, viewer)]


def _admits(rule: Rule, audience: Audience) -> bool:
    match audience:
        case None:
            return False
        case Everybody():
            return True
    tiers, countries = rule.audience.tiers, rule.audience.countries
    return (not tiers or audience.tier in tiers) and (not countries or audience.country in countries)


def _told(rule: Rule) -> dict[str, Any]:
    """The rule with the conditions it makes, brands and words as the database compares them."""
    told: dict[str, Any] = {"code": rule.code}
    for name in Matching.model_fields:
        value = getattr(rule.matching, name)
        if value in ((), None):
            continue
        lowered = name in ("brands", "keywords")
        told[name] = [one.lower() if lowered else one for one in value] if isinstance(value, tuple) else value
    return told

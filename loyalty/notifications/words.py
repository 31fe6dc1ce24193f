"""The words of a message: amounts, dates and titles as the member's language writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.currencies import minor_digits
from loyalty.notifications import sms
from loyalty.programme.document import Programme

_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
        *("November", "December"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober"),
        *("November", "Dezember"),
    ),
}
_SAID = {
    "en": {"and": "and", "more": "{title} and {count} more", "points": "{amount} points", "order": "your order",
           "for": "rewards worth {money}", "by": "by {day}", "open": "the day is not known yet",
           "earn": "{times} times the points for every purchase", "plain": "points for every purchase",
           "rate": "rewards from {points} points for {money}", "delivery": "free delivery of every reward"},
    "de": {"and": "und", "more": "{title} und {count} weitere", "points": "{amount} Punkte", "order": "Ihre Bestellung",
           "for": "Prämien im Wert von {money}", "by": "bis {day}", "open": "der Tag steht noch nicht fest",
           "earn": "{times}-mal so viele Punkte für jeden Einkauf", "plain": "Punkte für jeden Einkauf",
           "rate": "Prämien schon ab {points} Punkten für {money}", "delivery": "kostenlose Lieferung jeder Prämie"},
}  # fmt: skip
# The words that name products.
TITLES = ("what", "missing")
# Where in the portal each kind of message leads.
_PLACES = {
    "orders": "/redemptions",
    "points": "/points",
    "security": "/security",
    "cases": "/cases",
    "wishes": "/wishlist",
}


def words_of(
    document: Programme,
    language: str,
    kind: str,
    facts: Mapping[str, Any],
    payload: Mapping[str, Any],
    portal_origin: str,
    affordable: str | None = None,
    token: str | None = None,
) -> dict[str, str]:
    """Every word that the facts allow; `affordable` is a product that lapsing points are enough for, `token` what a
    security message's link ends with: behind a #, so that no server and no scanner of mails is sent it."""
    said = _SAID.get(language, _SAID["en"])
    currency = str(facts.get("currency") or document.store.currency)
    points = payload.get("amount", facts.get("points"))
    if "amount" in facts:
        points = facts["amount"]
    worth = money(_worth(document, facts, int(points or 0)), document.store.currency, language)
    known: dict[str, str | None] = {
        "brand": document.brand.name,
        "link": portal_origin + _place(kind, payload) + (f"#{token}" if kind == "security" and token else ""),
        "what": _what(facts.get("what"), said),
        "missing": _what(facts.get("missing"), said),
        "paid": _together(facts.get("points"), facts.get("money_minor"), currency, language, said),
        "back": _together(*_back(facts, payload), currency, language, said),
        "money": money(int(payload.get("amount_minor") or 0), currency, language),
        "quantity": number(int(payload.get("quantity") or 1), language),
        "points": number(int(points), language) if points is not None else None,
        "available": number(int(facts["available"]), language) if "available" in facts else None,
        "as_of": _instant(facts.get("as_of"), facts, language),
        "until": _instant(payload.get("until"), facts, language),
        "date": day(date.fromisoformat(payload["expires_on"]), language) if "expires_on" in payload else None,
        "expected": _expected(payload.get("expected_by"), facts, language, said),
        "worth": worth,
        "buys": affordable or said["for"].format(money=worth),
        "tier": _tier(document, payload, language),
        "kept": day(date.fromisoformat(payload["kept_until"]), language) if payload.get("kept_until") else None,
        "benefits": _benefits(document, payload, language, said),
    }
    return {name: word for name, word in known.items() if word is not None}


def number(amount: int, language: str) -> str:
    """1234567 is 1,234,567 in English and 1.234.567 in German."""
    return _localised(f"{amount:,}", language)


def money(minor: int, currency: str, language: str) -> str:
    """1205 USD is `USD 12.05` in English and `12,05 USD` in German."""
    exponent = minor_digits(currency)
    amount = _localised(f"{Decimal(minor).scaleb(-exponent):,.{exponent}f}", language)
    return f"{amount} {currency}" if language == "de" else f"{currency} {amount}"


def day(value: date, language: str) -> str:
    """30 November 2026, 30. November 2026."""
    months = _MONTHS.get(language, _MONTHS["en"])
    return f"{value.day}{'.' if language == 'de' else ''} {months[value.month - 1]} {value.year}"


def for_sms(words: Mapping[str, str]) -> dict[str, str]:
    """The same, short and in the alphabet that costs least."""
    return {name: sms.plain(sms.shortened(word) if name in TITLES else word) for name, word in words.items()}


def _localised(text: str, language: str) -> str:
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


def _what(titles: Any, said: Mapping[str, str]) -> str:
    if not isinstance(titles, list) or not titles:
        return said["order"]
    title = sms.shortened(str(titles[0]), 80)
    return said["more"].format(title=title, count=len(titles) - 1) if len(titles) > 1 else title


def _back(facts: Mapping[str, Any], payload: Mapping[str, Any]) -> tuple[Any, Any]:
    """Points and money given back: for the units an event is about, else for what an order came to nothing of."""
    found = facts if "back_points" in facts else payload
    name = "back_" if found is facts else ""
    return found.get(f"{name}points"), found.get(f"{name}money_minor")


def _together(points: Any, minor: Any, currency: str, language: str, said: Mapping[str, str]) -> str:
    parts = []
    if points:
        parts.append(said["points"].format(amount=number(int(points), language)))
    if minor:
        parts.append(money(int(minor), currency, language))
    return f" {said['and']} ".join(parts) or said["points"].format(amount=0)


def _worth(document: Programme, facts: Mapping[str, Any], points: int) -> int:
    """What points are worth in minor units, rounded down: by the member's tier, else the base."""
    conversion = document.conversion
    factor = conversion.by_tier.get(str(facts.get("tier")), conversion.points_per_major)
    minor_per_major: int = 10 ** minor_digits(document.store.currency)
    return points * minor_per_major // factor


def _instant(at: str | None, facts: Mapping[str, Any], language: str) -> str | None:
    if at is None:
        return None
    local = _local(at, facts)
    return f"{day(local.date(), language)}, {local:%H:%M}"


def _expected(at: str | None, facts: Mapping[str, Any], language: str, said: Mapping[str, str]) -> str:
    return said["open"] if at is None else said["by"].format(day=day(_local(at, facts).date(), language))


def _local(at: str, facts: Mapping[str, Any]) -> datetime:
    """Where the programme is."""
    return datetime.fromisoformat(at).astimezone(ZoneInfo(str(facts.get("time_zone") or "UTC")))


def _tier(document: Programme, payload: Mapping[str, Any], language: str) -> str | None:
    code = payload.get("to") or payload.get("tier")
    if code is None:
        return None
    names = document.tier(str(code)).names
    return names.get(language) or names.get("en") or str(code)


def _benefits(document: Programme, payload: Mapping[str, Any], language: str, said: Mapping[str, str]) -> str | None:
    """What the new level gives, a line each."""
    code = payload.get("to")
    if code is None:
        return None
    tier = document.tier(str(code))
    conversion, currency = document.conversion, document.store.currency
    percent = tier.benefits.earn_multiplier_percent
    times = _localised(f"{Decimal(percent) / 100:f}", language)
    lines = [said["earn"].format(times=times) if percent != 100 else said["plain"]]
    factor = conversion.by_tier.get(tier.code)
    if factor is not None and factor < conversion.points_per_major:
        major = money(10 ** minor_digits(currency), currency, language)
        lines.append(said["rate"].format(points=number(factor, language), money=major))
    if tier.benefits.free_delivery:
        lines.append(said["delivery"])
    return "\n".join(f"- {line}" for line in lines)


def _place(kind: str, payload: Mapping[str, Any]) -> str:
    place = _PLACES.get(kind, "")
    name = payload.get("redemption_id" if kind == "orders" else "case_id")
    return f"{place}/{name}" if kind in ("orders", "cases") and name else place

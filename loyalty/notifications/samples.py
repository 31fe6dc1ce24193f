"""Words to try a message with: of an order, a code and a balance that nobody has."""

from __future__ import annotations

from datetime import datetime, timedelta

from loyalty.notifications.words import words_of
from loyalty.programme import messages
from loyalty.programme.document import Programme

_TITLES = ["Stoneware teapot, 1.2 litres", "Linen tea towels, pack of two", "Oak tray"]
_ORDER = "018f5a2e-0000-7000-8000-000000000000"


def words(document: Programme, key: str, language: str, portal_origin: str, now: datetime) -> dict[str, str]:
    """A value for every word that the message may mark. `key` is one of messages.TEMPLATES."""
    template = messages.TEMPLATES[key]
    facts = {
        "what": _TITLES, "missing": _TITLES[2:], "points": 12_400, "money_minor": 1_800, "available": 38_250,
        "as_of": now.isoformat(), "back_points": 4_100, "back_money_minor": 600, "time_zone": document.points.time_zone,
    }  # fmt: skip
    if template.kind == "points":
        facts["amount"] = 2_500
    payload = {
        "redemption_id": _ORDER, "case_id": _ORDER, "quantity": 2, "amount_minor": 1_800,
        "until": (now + timedelta(days=1)).isoformat(), "expected_by": (now + timedelta(days=4)).isoformat(),
        "expires_on": (now + timedelta(days=30)).date().isoformat(), "to": document.tiers.levels[-1].code,
        "kept_until": (now + timedelta(days=400)).date().isoformat(),
    }  # fmt: skip
    known = words_of(document, language, template.kind, facts, payload, portal_origin, _TITLES[0])
    known |= {"code": "418302", "minutes": "15"}
    return {word: known[word] for word in sorted(template.words)}

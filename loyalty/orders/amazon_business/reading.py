"""Lenient reading of replies: a missing or odd value is None or empty, never an exception."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from loyalty.orders.amazon_business.money import minor

# "2020-07-10 15:00:00.000", "2020-07-10 15:00:00:000", "2023-07-04T03:00:00Z", "2023-07-04", with or without zone.
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:[.:,]\d+)?\s*(?P<zone>Z|[+-]\d\d:?\d\d)?)?\s*"
)


def listed(holder: Any, key: str) -> list[dict[str, Any]]:
    """The objects of a list; what is not an object is left out."""
    values = holder.get(key) if isinstance(holder, dict) else None
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def texts(holder: Any, key: str) -> tuple[str, ...]:
    """The strings of a list."""
    values = holder.get(key) if isinstance(holder, dict) else None
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def labelled(value: Any) -> dict[str, str]:
    """label → text, out of an object that may be nested one level (a table of details)."""
    found: dict[str, str] = {}
    for label, content in value.items() if isinstance(value, dict) else ():
        if isinstance(content, dict):
            found |= {inner: text(told) for inner, told in content.items() if text(told)}
        elif text(content):
            found[label] = text(content)
    return found


def nested(holder: Any, *keys: str) -> Any:
    """What lies at the end of these keys, or None."""
    for key in keys:
        holder = holder.get(key) if isinstance(holder, dict) else None
    return holder


def text(value: Any) -> str:
    """A string, or a number as a string."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else ""


def integer(value: Any) -> int | None:
    """A whole number, also as a string."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value) else None


def money_minor(money: Any) -> int | None:
    """{"amount": 12.34, "currencyCode": "USD"} → 1234."""
    if not isinstance(money, dict):
        return None
    try:
        return minor(money.get("amount"), text(money.get("currencyCode")))
    except ValueError:
        return None


def moment(value: Any) -> datetime | None:
    """A date-time in UTC, from a string or {"date": …}; without a zone it is taken as UTC."""
    told = text(nested(value, "date")) if isinstance(value, dict) else text(value)
    match = _MOMENT.match(told)
    if match is None:
        return None
    clock = match["time"] or "00:00:00"
    zone = (match["zone"] or "Z").replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(f"{match['day']}T{clock}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None

"""Days as people read them, wherever their device is."""

from __future__ import annotations

import pytest

from loyalty.currencies import MINOR_DIGITS
from tests.web import node

DAYS = "Date.now = () => Date.parse(told.now); return told.days.map(module.day);"


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Pacific/Auckland"])
def test_a_plain_date_has_its_year_where_it_is_another_one(zone: str) -> None:
    days = ["2026-12-31", "2027-01-01"]
    told = {"now": "2026-11-22T12:00:00Z", "days": days}
    assert node.run("shared/shown.ts", DAYS, told, zone) == ["Thu, Dec 31", "Jan 1, 2027"]
    told = {"now": "2027-01-02T12:00:00Z", "days": days}
    assert node.run("shared/shown.ts", DAYS, told, zone) == ["Dec 31, 2026", "Fri, Jan 1"]


def test_a_browser_writes_a_currency_with_as_many_digits_as_the_books_count_it_in() -> None:
    expected = MINOR_DIGITS | {"USD": 2, "EUR": 2, "CHF": 2}
    digits = node.run("shared/shown.ts", "return told.map(module.minorDigits);", list(expected))
    assert dict(zip(expected, digits, strict=True)) == expected

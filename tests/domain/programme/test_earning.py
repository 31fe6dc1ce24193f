"""How many points a purchase earns, until when, and what a point is worth."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from loyalty.programme.conversion import Factor, points_per_major
from loyalty.programme.document import Programme
from loyalty.programme.earning import expires_on, points_for
from loyalty.programme.publishing import INITIAL, _merged
from loyalty.refusal import Refusal

MARCH = datetime(2026, 3, 10, tzinfo=UTC)


def programme(**changes: Any) -> Programme:
    """The main programme with parts merged over it."""
    return Programme.model_validate_json(json.dumps(_merged(json.loads((INITIAL / "main.json").read_text()), changes)))


def test_ten_points_a_dollar_rounded_down() -> None:
    document = programme()
    assert points_for(document, "grocer", "Dairy", 1_00, "USD", "member") == 10
    assert points_for(document, "grocer", "Dairy", 1_09, "USD", "member") == 10
    assert points_for(document, "grocer", "Dairy", 9, "USD", "member") == 0


def test_the_more_particular_rate_wins() -> None:
    document = programme(
        points={
            "earn_rates": [
                {"category": "Fuel", "points_per_major": 2},
                {"partner": "grocer", "points_per_major": 20},
                {"partner": "grocer", "category": "Fuel", "points_per_major": 3},
            ]
        }
    )
    assert points_for(document, "grocer", "Fuel", 100, "USD", "member") == 3
    assert points_for(document, "grocer", "Dairy", 100, "USD", "member") == 20
    assert points_for(document, "garage", "Fuel", 100, "USD", "member") == 2
    assert points_for(document, "garage", "Tyres", 100, "USD", "member") == 10


def test_a_tier_multiplies_what_is_earned_and_the_sum_is_rounded_once() -> None:
    levels = json.loads((INITIAL / "main.json").read_text())["tiers"]["levels"]
    levels[2]["benefits"] = {"earn_multiplier_percent": 150}
    document = programme(tiers={"levels": levels})
    assert points_for(document, "grocer", "Dairy", 1_05, "USD", "gold") == 15
    assert points_for(document, "grocer", "Dairy", 1_05, "USD", "a tier of long ago") == 10


def test_another_currency_than_the_stores_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        points_for(programme(), "grocer", "Dairy", 100, "EUR", "member")
    assert refused.value.field == "currency"


@pytest.mark.parametrize(
    ("bought", "last_day"),
    [
        (datetime(2026, 1, 31, 12, tzinfo=UTC), date(2028, 1, 31)),
        (datetime(2026, 2, 1, 12, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2026, 12, 15, 12, tzinfo=UTC), date(2028, 12, 31)),
        # Still January in New York.
        (datetime(2026, 2, 1, 3, tzinfo=UTC), date(2028, 1, 31)),
    ],
)
def test_points_are_good_to_the_end_of_the_month_where_the_programme_is(bought: datetime, last_day: date) -> None:
    assert expires_on(programme(), bought) == last_day


def test_one_conversion_factor_applies_never_a_product_of_several() -> None:
    campaign = {
        "code": "lighter",
        "state": "running",
        "starts_at": "2026-03-01T00:00:00Z",
        "ends_at": "2026-04-01T00:00:00Z",
        "conversion_points_per_major": 120,
        "scope": {"categories": ["Kitchen"]},
        "budget_minor": 100_000,
        "funder": "programme",
    }
    document = programme(
        conversion={"by_tier": {"gold": 180}, "by_category": {"Kitchen": 150, "Garden": 250}}, campaigns=[campaign]
    )

    def factor(tier: str, category: str | None, at: datetime = MARCH) -> Factor:
        return points_per_major(document, tier=tier, category=category, campaigns=document.campaigns, at=at)

    assert factor("gold", "Kitchen") == Factor(120, "campaign")
    assert factor("gold", "Kitchen", datetime(2026, 4, 1, tzinfo=UTC)) == Factor(150, "category")
    assert factor("gold", "Garden") == Factor(250, "category")
    assert factor("gold", "Books") == Factor(180, "tier")
    assert factor("silver", None) == Factor(200, "base")

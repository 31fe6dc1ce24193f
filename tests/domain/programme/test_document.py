"""What a company may write into its programme document, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from loyalty.programme.document import Programme
from loyalty.programme.publishing import INITIAL

MAIN: dict[str, Any] = json.loads((INITIAL / "main.json").read_text())


def with_change(place: str, value: Any) -> str:
    """The main document as text with one place changed; `place` is a dotted path."""
    document = json.loads(json.dumps(MAIN))
    *parents, last = place.split(".")
    part = document
    for parent in parents:
        part = part[parent]
    part[last] = value
    return json.dumps(document)


@pytest.mark.parametrize("code", ["main", "canary"])
def test_the_documents_that_come_with_the_software_are_valid(code: str) -> None:
    document = Programme.model_validate_json((INITIAL / f"{code}.json").read_text())
    assert Programme.model_validate_json(document.model_dump_json()) == document


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("conversion.points_per_major", 0),
        ("conversion.points_per_major", -1),
        ("conversion.points_per_major", 1.5),
        ("conversion.points_per_major", True),
        ("conversion.by_tier", {"gold": 0}),
        ("conversion.by_tier", {"platinum": 150}),
        ("conversion.factor", 200),
        ("conversion.min_points_share_percent", 101),
        ("brand.accent", "green"),
        ("brand.logo_url", "javascript:alert(1)"),
        ("points.time_zone", "Mars/Olympus"),
        ("points.expiry", {"kind": "fixed", "months": 0}),
        ("points.earn_rates", [{"points_per_major": 5}]),
        ("points.earn_rates", [{"partner": "a", "points_per_major": 5}, {"partner": "a", "points_per_major": 6}]),
        ("store.currency", "dollars"),
        ("store.delivery_countries", []),
        ("enrolment.default_tier", "platinum"),
        ("pricing.included", "maybe"),
        ("terms.text", "words"),
    ],
)
def test_nonsense_is_refused(place: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        Programme.model_validate_json(with_change(place, value))


def test_the_least_share_of_points_cannot_be_above_the_greatest() -> None:
    shares = MAIN["conversion"] | {"min_points_share_percent": 60, "max_points_share_percent": 40}
    with pytest.raises(ValidationError, match="above"):
        Programme.model_validate_json(with_change("conversion", shares))


@pytest.mark.parametrize("units", [[0, 100, 100], [0, 500, 100], [10, 20, 30]])
def test_tiers_climb_from_nothing_and_never_overlap(units: list[int]) -> None:
    levels = [
        level | {"qualifying_units": needed} for level, needed in zip(MAIN["tiers"]["levels"], units, strict=True)
    ]
    with pytest.raises(ValidationError):
        Programme.model_validate_json(with_change("tiers.levels", levels))


@pytest.mark.parametrize(
    "change",
    [
        {"ends_at": "2026-01-01T00:00:00Z"},
        {"starts_at": "2026-03-01"},
        {"starts_at": "0001-01-01T00:00:00", "time_zone": "Asia/Tokyo"},
        {"earn_multiplier_percent": None},
        {"conversion_points_per_major": 100},
        {"segment": {"tiers": ["platinum"]}},
        {"budget_minor": -1},
    ],
)
def test_a_campaign_that_cannot_be_meant_is_refused(change: dict[str, Any]) -> None:
    campaign = {
        "code": "spring",
        "state": "running",
        "starts_at": "2026-03-01T00:00:00Z",
        "ends_at": "2026-04-01T00:00:00Z",
        "earn_multiplier_percent": 200,
        "budget_minor": 100_000,
        "funder": "programme",
    }
    assert Programme.model_validate_json(with_change("campaigns", [campaign])).campaigns[0].code == "spring"
    with pytest.raises(ValidationError):
        Programme.model_validate_json(with_change("campaigns", [campaign | change]))


def test_nobody_changes_a_document_after_reading_it() -> None:
    document = Programme.model_validate_json(json.dumps(MAIN))
    with pytest.raises(ValidationError):
        document.conversion.points_per_major = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("payment", "currency"),
    [
        ({"provider": "stripe", "capture_at": "shipment"}, "USD"),
        ({"provider": "amazon_pay", "multicapture": True}, "USD"),
        ({"provider": "stripe", "capture_at": "acceptance"}, "KWD"),
        ({"provider": "paypal"}, "USD"),
        ({"write_off_minor": -1}, "USD"),
    ],
)
def test_what_a_payment_provider_cannot_do_is_refused(payment: dict[str, Any], currency: str) -> None:
    document = json.loads(with_change("integrations.payment", payment))
    document["store"]["currency"] = currency
    with pytest.raises(ValidationError):
        Programme.model_validate_json(json.dumps(document))


@pytest.mark.parametrize(
    "payment",
    [
        {"provider": "stripe", "capture_at": "acceptance"},
        {"provider": "stripe", "capture_at": "shipment", "multicapture": True},
        {"provider": "amazon_pay", "capture_at": "acceptance", "write_off_minor": 0},
    ],
)
def test_what_a_payment_provider_can_do_is_taken(payment: dict[str, Any]) -> None:
    Programme.model_validate_json(with_change("integrations.payment", payment))

"""What of a campaign may change, and what is fixed once it has started."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.programme import restoring
from loyalty.programme.changes import campaigns
from loyalty.programme.changes.campaigns import Standing
from loyalty.programme.document import Programme
from loyalty.programme.publishing import INITIAL
from loyalty.programme.reading import Published
from tests.domain.campaigns.desk import campaign

MAIN = json.loads((INITIAL / "main.json").read_text())
NOW = Standing(datetime(2026, 6, 1, tzinfo=UTC), frozenset({"gone"}))
LAPSED = {"code": "lapsed", "name": "Have not bought for a while", "not_purchased_for_days": 60}


def document(*told: dict[str, Any], audiences: tuple[dict[str, Any], ...] = (LAPSED,)) -> Programme:
    return Programme.model_validate_json(json.dumps(MAIN | {"campaigns": told, "audiences": audiences}))


def fields(before: Programme, after: Programme) -> list[str]:
    return [problem.field for problem in campaigns.problems(before, after, NOW)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"holdout_percent": 20}, "holdout_percent"),
        ({"starts_at": "2026-02-01T00:00:00Z"}, "starts_at"),
        ({"funder": "somebody"}, "funder"),
        ({"earn_multiplier_percent": None, "conversion_points_per_major": 150}, "earn_multiplier_percent"),
        ({"segment": {"tiers": ["gold"]}}, "segment.tiers"),
        ({"scope": {"categories": ["Fuel"]}}, "scope.categories"),
        ({"state": "draft"}, "state"),
        ({"ends_at": "2026-05-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2026-06-02T00:00:00Z"}, None),
        ({"budget_minor": 5, "state": "paused", "name": "Spring", "member_cap_points": 7}, None),
    ],
)
def test_once_it_has_started_some_things_stay_as_they_are(change: dict[str, Any], field: str | None) -> None:
    before = campaign("spring")
    assert fields(document(before), document(before | change)) == ([f"campaigns.0.{field}"] if field else [])
    # Before its start everything may change.
    later = before | {"starts_at": "2026-07-01T00:00:00Z"}
    if "ends_at" not in change:
        assert fields(document(later), document(later | change)) == []


def test_what_nothing_would_follow_from_is_refused() -> None:
    told = [
        campaign("a", segment={"audience": "nobody"}),
        campaign("b", scope={"asins": ["B000000001"]}),
        campaign("c", state="exhausted"),
        campaign("gone"),
        campaign("d", segment={"audience": "lapsed"}),
    ]
    assert fields(document(), document(*told)) == [
        "campaigns.0.segment.audience", "campaigns.1.scope.asins", "campaigns.2.state", "campaigns.3.code",
    ]  # fmt: skip


def test_an_audience_means_the_same_while_a_campaign_asks_for_it() -> None:
    asks = campaign("a", segment={"audience": "lapsed"})
    other = (LAPSED | {"not_purchased_for_days": 90},)
    assert fields(document(asks), document(asks, audiences=other)) == ["audiences.0"]
    assert fields(document(asks), document(asks, audiences=(LAPSED | {"name": "Lapsed"},))) == []
    assert fields(document(asks | {"state": "ended"}), document(asks | {"state": "ended"}, audiences=other)) == []


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"earned_in_days": 30},
        {"redeemed": "never", "redeemed_within_days": 30},
        {"purchased_within_days": 30, "not_purchased_for_days": 30},
    ],
)
def test_an_audience_that_cannot_be_meant_is_refused(conditions: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="audiences"):
        document(audiences=({"code": "x", "name": "X"} | conditions,))


SOON = {"starts_at": "2026-07-01T00:00:00Z", "state": "scheduled"}


def rolled_back(today: Programme, then: Programme) -> tuple[Programme, dict[str, str]]:
    """What rolling back would publish, which may follow, and which campaigns it would keep."""
    would = restoring.restored(Published(9, today), Published(3, then), NOW.at)
    assert fields(today, would.document) == []
    return would.document, {one.code: one.how for one in would.kept}


@pytest.mark.parametrize(
    "done",
    [
        {"state": "ended"},
        {"state": "paused"},
        {"ends_at": "2026-05-01T00:00:00Z"},
        {"ends_at": "2030-01-01T00:00:00Z"},
        {"state": "paused", "holdout_percent": 20, "funder": "acme", "segment": {"tiers": ["gold"]}},
        # Before its time it was called off, or put off: the earlier version would have it running by now.
        {"state": "draft", "starts_at": "2026-08-01T00:00:00Z"},
        {"state": "scheduled", "starts_at": "2026-08-01T00:00:00Z"},
    ],
)
def test_rolling_back_brings_back_a_campaigns_rate_and_money_and_not_what_was_done_with_it(
    done: dict[str, Any],
) -> None:
    earlier = campaign("spring", name="Then", earn_multiplier_percent=150, budget_minor=500)
    today = campaign("spring", name="Now", earn_multiplier_percent=400, budget_minor=900) | done
    after, kept = rolled_back(document(today), document(earlier))
    assert kept == {"spring": "now"}
    money = {"name": "Then", "earn_multiplier_percent": 150, "budget_minor": 500}
    assert after.campaigns == document(today | money).campaigns
    assert rolled_back(document(campaign("spring", name="Now")), document(earlier))[1] == {}


def test_rolling_back_starts_and_removes_no_campaign_that_has_begun() -> None:
    today = document(
        campaign("since", segment={"audience": "lapsed"}),
        campaign("idea", state="draft"),
        campaign("soon-too", **SOON),
        audiences=(LAPSED | {"not_purchased_for_days": 90},),
    )
    after, kept = rolled_back(today, document(campaign("removed"), campaign("soon", **SOON)))
    assert [(one.code, one.state) for one in after.campaigns] == [("soon", "scheduled"), ("since", "running")]
    assert [one.not_purchased_for_days for one in after.audiences] == [90]
    assert kept == {"removed": "gone", "since": "stays"}
    # What has begun in neither comes back whole, unless it was called off.
    later = {"starts_at": "2026-09-01T00:00:00Z"}
    after, kept = rolled_back(document(campaign("soon", **SOON | later)), document(campaign("soon", **SOON)))
    assert (after.campaigns[0].starts_at.month, kept) == (7, {})
    after, kept = rolled_back(
        document(campaign("soon", **SOON | {"state": "ended"})), document(campaign("soon", **SOON))
    )
    assert (after.campaigns[0].state, kept) == ("ended", {"soon": "now"})

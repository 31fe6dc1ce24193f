"""What a campaign did: both groups, the days, whom it reached and would reach; and that its budget stops it exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty.campaigns import acting, comparing, preview, standing
from loyalty.campaigns.comparing import Group
from loyalty.programme import reading
from loyalty.programme.partaking import held_out
from loyalty.programme.schema.campaigns import Audience, Campaign
from tests.domain.campaigns.desk import Desk, campaign

HALF = campaign("half", holdout_percent=50, segment={"countries": ["CA"]})


def test_a_campaigns_members_are_listed_when_it_starts_and_compared_with_those_held_out(desk: Desk) -> None:
    people = [desk.member(country="CA") for _ in range(60)]
    desk.publish(campaigns=[HALF])
    said = Campaign.model_validate_json(json.dumps(HALF))
    desk.minute()
    bonuses = {member_id: desk.buy(number, 10_00) for member_id, number in people if not held_out(said, member_id)}
    out = [(member_id, number) for member_id, number in people if held_out(said, member_id)]
    assert set(bonuses.values()) == {100}
    assert desk.buy(out[0][1]) == 0
    desk.member(country="CA")
    desk.database.shift_clock("25 hours")
    desk.minute()
    done = standing.results(desk.manager, 1, desk.standing("half"))
    assert done.comparison is not None
    treated, without = done.comparison.treated, done.comparison.held_out
    assert (treated.members, treated.active, treated.deeds, treated.points) == (
        len(bonuses), len(bonuses), len(bonuses), len(bonuses) * 100,
    )  # fmt: skip
    assert (without.members, without.active, without.deeds) == (len(out), 1, 1)
    assert not done.comparison.enough, "thirty members a group say nothing"
    assert done.reached == len(bonuses)
    assert sum(day.spent_minor for day in done.days) == desk.standing("half").spent_minor == len(bonuses) * 40
    # Over, and a last look taken: the list goes, the sums stay.
    acting.act(desk.manager, 1, "half", "end", "enough", "staff:sue")
    for _ in range(3):
        desk.minute()
        desk.database.shift_clock("8 days")
    desk.minute()
    left = desk.owner.execute(
        "select count(*) as members from campaigns.participant where campaign = 'half'"
    ).fetchone()
    assert left == {"members": 0}
    later = standing.results(desk.manager, 1, desk.standing("half")).comparison
    assert later is not None
    assert (later.treated, later.held_out) == (treated, without)


def test_differences_come_with_how_sure_they_are() -> None:
    def group(members: int, active: int) -> Group:
        return Group(members, active, active, active, active * 100, active * 10_000)

    assert not comparing.enough(group(40, 20), group(400, 20))
    assert not comparing.enough(group(400, 5), group(400, 4))
    large = comparing.of_shares(group(9000, 1800), group(1000, 150))
    assert large.surely
    assert large.low < large.difference < large.high
    assert abs(large.difference - 0.05) < 1e-9
    small = comparing.of_shares(group(90, 18), group(60, 9))
    assert not small.surely
    points = comparing.of_points(group(9000, 1800), group(1000, 150))
    assert abs(points.difference - 5) < 1e-9
    assert points.surely
    # As the textbook has it: the standard error of a mean of n is the deviation over the root of n.
    assert abs((points.high - points.low) / 2 - 1.959964 * (1600.18 / 9000 + 1276.28 / 1000) ** 0.5) < 0.01


@pytest.mark.parametrize(
    ("changes", "members", "held_out", "cost_minor"),
    [
        ({}, 4, 0, 240),
        ({"holdout_percent": 50}, 4, 2, 120),
        ({"budget_minor": 100}, 4, 0, 100),
        ({"member_cap_points": 200}, 4, 0, 80 + 80),
        ({"segment": {"tiers": ["gold"], "countries": ["MX"]}}, 1, 0, 160),
        ({"segment": {"audience": "spenders", "countries": ["MX"]}}, 1, 0, 160),
        ({"ends_at": "2026-02-15T00:00:00Z"}, 4, 0, 120),
    ],
)
def test_a_preview_says_whom_it_would_reach_and_what_the_last_ninety_days_would_have_cost(
    desk: Desk, changes: dict[str, Any], members: int, held_out: int, cost_minor: int
) -> None:
    if not desk.owner.execute("select 1 as one from members.member where country = 'MX'").fetchone():
        numbers = [desk.member(country="MX", tier=tier)[1] for tier in ("gold", "member", "member", "member")]
        desk.publish(campaigns=[])
        for number, spend_minor in zip(numbers, (40_00, 20_00), strict=False):
            desk.buy(number, spend_minor, days_ago=30)
        desk.buy(numbers[2], 99_00, days_ago=100)
    # Ninety days of double points: as many as were earned.
    told = campaign(
        "seen", segment={"countries": ["MX"]}, starts_at="2026-01-01T00:00:00Z", ends_at="2026-04-01T00:00:00Z"
    )
    one = Campaign.model_validate_json(json.dumps(told | changes))
    spenders = Audience(code="spenders", name="Spenders", earned_at_least_points=300, earned_in_days=60)
    document = reading.current(desk.manager, 1).document
    found = preview.preview(desk.manager, 1, document, one, spenders if one.segment.audience else None)
    assert (found.members, found.held_out, found.cost_minor) == (members, held_out, cost_minor)
    assert found.give_or_take is None


def test_a_previewed_discount_costs_what_it_would_have_saved_of_what_was_redeemed(desk: Desk) -> None:
    member_id, _ = desk.member(country="BR")
    desk.redeem(member_id, "completed", "B000000001", "B000000002")
    desk.redeem(member_id, "cancelled", "B000000001")
    told = campaign(
        "seen", segment={"countries": ["BR"]}, starts_at="2026-01-01T00:00:00Z", ends_at="2026-04-01T00:00:00Z",
        earn_multiplier_percent=None, conversion_points_per_major=150,
    )  # fmt: skip
    document = reading.current(desk.manager, 1).document
    found = [
        preview.preview(
            desk.manager, 1, document, Campaign.model_validate_json(json.dumps(told | {"scope": scope})), None
        )
        for scope in ({}, {"asins": ["B000000002"]}, {"categories": ["Music"]})
    ]
    # 2,000 points are 10 dollars at 200 a dollar; a quarter of that is saved at 150.
    assert [(one.active, one.cost_minor) for one in found] == [(1, 250), (1, 125), (0, 0)]


def test_start_a_campaign_and_watch_its_budget_stop_it_exactly(desk: Desk) -> None:
    people = [desk.member()[1] for _ in range(7)]
    # 2.50 dollars at 0.4 cents a point: 625 points, of which each purchase wants 100.
    desk.publish(campaigns=[campaign("exactly", state="draft", budget_minor=2_50)])
    assert desk.buy(people[0]) == 0
    acting.act(desk.manager, 1, "exactly", "start", "the week begins", "staff:sue")
    assert [desk.buy(number) for number in people] == [100] * 6 + [25]
    one = desk.standing("exactly")
    assert (one.state, one.spent_minor, one.left_minor) == ("exhausted", 250, 0)
    assert desk.buy(people[0]) == 0
    done = standing.results(desk.manager, 1, one)
    assert (done.reached, sum(day.spent_minor for day in done.days)) == (7, 250)
    found = desk.owner.execute("select name from points.budget_invariants where violations > 0").fetchall()
    assert found == []

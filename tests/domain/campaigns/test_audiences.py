"""Who is in an audience: counted by what members did, looked up when they buy."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.campaigns import shoppers, standing, watching
from tests.domain.campaigns.desk import Desk, campaign

AUDIENCES: dict[str, dict[str, Any]] = {
    "newcomers": {"joined_within_days": 30},
    "recent": {"purchased_within_days": 30},
    "lapsed": {"not_purchased_for_days": 30},
    "keen": {"earned_at_least_points": 300, "earned_in_days": 60},
    "shy": {"redeemed": "never"},
    "redeemers": {"redeemed": "ever"},
    "lately": {"redeemed_within_days": 30},
    "both": {"not_purchased_for_days": 30, "joined_within_days": 30},
}


@pytest.fixture
def desk(fresh_desk: Desk) -> Desk:
    """All members are counted: a test has its own."""
    return fresh_desk


@pytest.fixture
def people(desk: Desk) -> dict[str, tuple[int, str]]:
    """Members of every sort, and the audiences counted."""
    people = {name: desk.member() for name in ("nobody", "fresh", "old", "spender", "redeemer", "undone")}
    for name, spend_minor, days_ago in (
        ("fresh", 10_00, 5), ("old", 10_00, 40), ("old", 10_00, 200), ("spender", 20_00, 50), ("spender", 10_00, 5),
    ):  # fmt: skip
        desk.buy(people[name][1], spend_minor, days_ago=days_ago)
    for name in ("redeemer", "undone"):
        desk.redeem(people[name][0], "completed" if name == "redeemer" else "cancelled")
    desk.owner.execute(
        "update members.member set created_at = created_at - interval '40 days' where member_id <> %s",
        (people["nobody"][0],),
    )
    desk.publish(audiences=[{"code": code, "name": code} | asked for code, asked in AUDIENCES.items()])
    desk.minute()
    return people


def test_members_are_in_the_audiences_whose_conditions_they_meet(
    desk: Desk, people: dict[str, tuple[int, str]]
) -> None:
    names = {member_id: name for name, (member_id, _) in people.items()}
    rows = desk.owner.execute(
        "select audience, member_id from campaigns.audience_member where program_id = 1"
    ).fetchall()
    found = {
        code: {names[row["member_id"]] for row in rows if row["audience"] == code and row["member_id"] in names}
        for code in AUDIENCES
    }
    assert found == {
        "newcomers": {"nobody"},
        "recent": {"fresh", "spender"},
        "lapsed": {"old"},
        "keen": {"spender"},
        "shy": {"nobody", "fresh", "old", "spender", "undone"},
        "redeemers": {"redeemer"},
        "lately": set(),
        "both": set(),
    }
    counted = {one.audience: one.members for one in standing.audiences(desk.manager, 1)}
    assert {code: counted[code] for code in ("lapsed", "keen", "both")} == {"lapsed": 1, "keen": 1, "both": 0}


def test_a_purchase_looks_the_audience_up_and_counting_again_takes_out_who_has_changed(
    desk: Desk, people: dict[str, tuple[int, str]]
) -> None:
    back = campaign("come-back", segment={"audience": "lapsed"})
    desk.publish(campaigns=[back])
    member_id, number = people["old"]
    assert (desk.buy(people["fresh"][1]), desk.buy(number)) == (0, 100)
    # Nothing is counted within the hour: the offer stays until it is.
    desk.minute()
    assert desk.buy(number) == 100
    desk.database.shift_clock("61 minutes")
    desk.minute()
    assert desk.buy(number) == 0
    with desk.database.connect("member_api") as connection:
        assert "lapsed" not in shoppers.of(connection, 1, member_id).audiences


def test_counting_in_pieces_finds_the_same_and_an_audience_that_is_gone_is_forgotten(
    desk: Desk, people: dict[str, tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MEMBERS", 2)
    kept = {"code": "keen", "name": "Keen", "earned_at_least_points": 100, "earned_in_days": 90}
    desk.publish(campaigns=[], audiences=[kept])
    desk.minute()
    (one,) = standing.audiences(desk.manager, 1)
    row = desk.owner.execute(
        "select count(*) as rows, count(*) filter (where audience = 'keen') as keen from campaigns.audience_member"
    ).fetchone()
    assert row == {"rows": one.members, "keen": one.members}
    assert one.members == 3


def test_a_number_that_became_part_of_another_is_in_that_ones_campaigns_alone_and_by_file(
    desk: Desk, people: dict[str, tuple[int, str]]
) -> None:
    survivor, number = people["spender"]
    duplicate, merged = desk.member()
    desk.owner.execute(
        "update members.member set state = 'closed', merged_into = %s where member_id = %s", (survivor, duplicate)
    )
    desk.owner.execute(
        "insert into campaigns.audience_member values (1, %s, 'anything') on conflict do nothing", (survivor,)
    )
    with desk.database.connect("importer") as connection:
        by_file = shoppers.by_numbers(connection, 1, [number, merged, "nobody"])
    alone = shoppers.by_number(desk.partner, 1, merged)
    assert by_file == {number: alone, merged: alone}
    assert (alone.member_id, "anything" in alone.audiences) == (survivor, True)

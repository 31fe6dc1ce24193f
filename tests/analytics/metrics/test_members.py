"""Customers: each rule with a warehouse small enough to be counted by hand."""

from __future__ import annotations

from datetime import date

import pytest

from tests.analytics.metrics.conftest import Warehouse, at


def test_a_member_has_one_level_at_the_end_of_a_month_whatever_happened_in_it(warehouse: Warehouse) -> None:
    warehouse.today("2026-02-10")
    warehouse.member("ann", "2026-01-05", valid_to=at("2026-01-20T09:00"), is_current=False)
    # Two changes in one day: silver lasted an hour.
    hour = {"valid_from": at("2026-01-20T09:00"), "valid_to": at("2026-01-20T10:00")}
    warehouse.member("ann", "2026-01-05", tier="silver", is_current=False, **hour)
    warehouse.member("ann", "2026-01-05", tier="gold", valid_from=at("2026-01-20T10:00"))
    warehouse.member("bob", "2026-02-03")
    warehouse.member("cy", "2026-01-02", state="closed")
    told = [(str(row["day"]), row["tier"], row["members"], row["share"]) for row in warehouse.ask("members_by_tier")]
    assert told == [
        ("2026-01-31", "gold", 1, 1.0), ("2026-02-10", "basic", 1, 0.5), ("2026-02-10", "gold", 1, 0.5)]  # fmt: skip
    # A filter takes rows away; the shares stay those of all members.
    assert [row["share"] for row in warehouse.ask("members_by_tier", tier="gold", from_day="2026-02-01")] == [0.5]


def test_a_member_who_changed_level_twice_in_a_month_is_counted_once(warehouse: Warehouse) -> None:
    for rank, tier in enumerate(("basic", "silver", "gold")):
        warehouse.put("dim_tier", tier=tier, rank=rank, name=tier)

    def changed(member: str | None, on: str, before: str, after: str) -> None:
        number = warehouse.number()
        warehouse.put(
            "fact_tier_change", change_id=f"c{number}", member_key=member, sequence=number, from_tier=before,
            to_tier=after, direction="up", cause="reached", changed_at=at(on), day=date.fromisoformat(on),
        )  # fmt: skip

    changed("ann", "2026-01-03", "basic", "silver")
    changed("ann", "2026-01-20", "silver", "gold")
    changed("ann", "2026-02-01", "gold", "silver")
    changed("bob", "2026-01-10", "basic", "gold")
    # There and back is no move; a member who was erased is not counted.
    changed("cy", "2026-01-10", "basic", "silver")
    changed("cy", "2026-01-11", "silver", "basic")
    changed(None, "2026-01-11", "silver", "basic")
    told = [(str(row["month"])[:7], row["from_tier"], row["to_tier"], row["direction"], row["members"])
            for row in warehouse.ask("tier_migration")]  # fmt: skip
    assert told == [("2026-01", "basic", "gold", "up", 2), ("2026-02", "gold", "silver", "down", 1)]


def test_nobody_is_judged_before_they_had_their_30_or_90_days(warehouse: Warehouse) -> None:
    warehouse.today("2026-04-30")
    for member in ("early", "idle"):
        warehouse.member(member, "2026-01-10", claimed_on=date(2026, 1, 11) if member == "early" else None)
    warehouse.earn("early", "2026-02-09")  # the 30th day
    warehouse.redeem("early", "2026-04-11")  # the 91st day: too late
    warehouse.member("new", "2026-04-10")
    warehouse.earn("new", "2026-04-11")
    january, april = warehouse.ask("activation")
    assert (january["joined"], january["claimed"], january["activated"], january["redeemed"]) == (2, 0.5, 0.5, 0.0)
    assert (april["joined"], april["activated"], april["redeemed"]) == (1, None, None)


def test_a_refused_redemption_activates_nobody(warehouse: Warehouse) -> None:
    warehouse.today("2026-06-30")
    warehouse.member("ann", "2026-01-10")
    warehouse.redeem("ann", "2026-01-12", units_accepted=0, units_refused=1)
    assert warehouse.ask("activation")[0]["redeemed"] == 0.0


def test_members_who_are_equal_have_the_same_score(warehouse: Warehouse) -> None:
    warehouse.today("2026-12-31")
    for number in range(10):
        warehouse.member(f"m{number}", "2026-01-01")
        warehouse.earn(f"m{number}", "2026-12-01", 10)
    # Ten equals: nobody did worse, all score 1 in everything; ntile would have made champions of two of them.
    (row,) = warehouse.ask("rfm")
    assert (row["segment"], row["members"], row["share"]) == ("fading", 10, 1.0)
    assert (row["recency"], row["frequency"], row["points"]) == (30.0, 1.0, 100)


def test_rfm_puts_every_member_in_one_segment(warehouse: Warehouse) -> None:
    warehouse.today("2026-12-31")
    # Of five by each measure the scores are 1 to 5: m5 bought last, most often, and most.
    for number in range(1, 6):
        warehouse.member(f"m{number}", "2025-01-01")
        for _ in range(number):
            warehouse.earn(f"m{number}", f"2026-12-{number * 5:02}", number)
        # A bonus is no purchase and makes nobody more valuable.
        warehouse.earn(f"m{number}", f"2026-12-{number * 5:02}", 100 - number, campaign="spring")
    warehouse.member("sleeper", "2025-01-01")
    warehouse.earn("sleeper", "2025-12-31")  # 365 days before: outside
    warehouse.member("gone", "2025-01-01", state="closed")
    warehouse.earn("gone", "2026-12-30", 1000)
    told = {row["segment"]: (row["members"], row["recency"], row["points"]) for row in warehouse.ask("rfm")}
    # Scores (r, f, v): m5 5,5,5 and m4 4,4,4; m3 3,3,3; m2 2,2,2 and m1 1,1,1.
    assert told == {"champions": (2, 8.5, 41), "loyal": (1, 16.0, 9), "fading": (2, 23.5, 5), "asleep": (1, None, 0)}
    assert sum(row["share"] for row in warehouse.ask("rfm")) == pytest.approx(1)


def test_a_cohort_is_the_month_of_the_first_purchase_ever(warehouse: Warehouse) -> None:
    for member in ("ann", "bob", "cy"):
        warehouse.member(member, "2025-12-01", tier="gold" if member == "ann" else "basic")
    warehouse.earn("ann", "2026-01-05")
    warehouse.earn("ann", "2026-01-25")
    warehouse.earn("ann", "2026-03-01")
    warehouse.earn("bob", "2026-01-31")
    warehouse.earn("cy", "2026-03-31")
    told = [(str(row["cohort"])[:7], row["months_since"], row["members"], row["active"], row["retention"])
            for row in warehouse.ask("cohort_retention")]  # fmt: skip
    # Nobody in February is a zero, not a gap.
    assert told == [
        ("2026-01", 0, 2, 2, 1.0),
        ("2026-01", 1, 2, 0, 0.0),
        ("2026-01", 2, 2, 1, 0.5),
        ("2026-03", 0, 1, 1, 1.0),
    ]
    # Ann earned in March, but does not become a newcomer when the filter begins there.
    assert [row["members"] for row in warehouse.ask("cohort_retention", from_day="2026-03-01")] == [1]
    assert [row["retention"] for row in warehouse.ask("cohort_retention", tier="gold")] == [1.0, 0.0, 1.0]

"""Products, seasons, campaigns and operations: each rule with a warehouse that can be counted by hand."""

from __future__ import annotations

from datetime import date, timedelta
from math import erfc, sqrt
from random import Random

import pytest

from tests.analytics.metrics.conftest import Warehouse, at, day


def test_loved_is_what_many_keep_not_what_one_hoards(warehouse: Warehouse) -> None:
    warehouse.product("A", 100, title="Its title now")
    warehouse.redeem("ann", "2026-01-05", "A")
    warehouse.redeem("bob", "2026-01-06", "A")
    warehouse.redeem("bob", "2026-01-07", "A")
    warehouse.redeem("cy", "2026-01-05", "B", 50)
    # Di sent both back, Ed one of two.
    warehouse.redeem("di", "2026-01-05", "C", 2, units_returned=2)
    warehouse.redeem("ed", "2026-01-05", "C", 2, units_returned=1)
    for member in ("ann", "bob"):
        warehouse.put("fact_wish", member_key=member, asin="C", added_at=at("2026-01-01"))
    told = [(row["asin"], row["title"], row["place"], row["members"], row["units"], row["returned"], row["wishes"])
            for row in warehouse.ask("most_loved")]  # fmt: skip
    assert told == [
        ("A", "Its title now", 1, 2, 3, 0.0, 0),
        ("B", "The B", 2, 1, 50, 0.0, 0),
        ("C", "The C", 2, 1, 1, 0.75, 2),
    ]


def test_who_looked_is_counted_once_and_redeemed_it_afterwards(warehouse: Warehouse) -> None:
    for member, tier in (("ann", "gold"), ("bob", "basic"), ("cy", "basic")):
        warehouse.member(member, tier=tier)
        warehouse.put("dim_viewer", viewer_key=f"{member} in spring", member_key=member)
        warehouse.put("dim_viewer", viewer_key=f"{member} in summer", member_key=member)
    warehouse.product("A", 100, title="The lamp")
    for number, (viewer, asin, on) in enumerate((
        ("ann in spring", "A", "2026-03-01"), ("ann in summer", "A", "2026-06-01"),
        ("bob in spring", "A", "2026-03-02"),
        ("cy in spring", "A", "2026-03-05"), ("no longer", "A", "2026-03-03"), ("no longer", "B", "2026-03-03"),
    )):  # fmt: skip
        warehouse.put(
            "fact_catalogue_view", event_key=f"v{number}", viewer_key=viewer, asin=asin, came_from="home",
            seen_at=at(on), day=day(on),
        )  # fmt: skip
    warehouse.redeem("ann", "2026-04-01", "A")
    # Bob had it before he looked, and what Cy ordered was refused.
    warehouse.redeem("bob", "2026-03-01", "A")
    warehouse.redeem("cy", "2026-03-06", "A", units_accepted=0, units_refused=1)
    told = [tuple(row.values()) for row in warehouse.ask("looked_at")]
    assert told == [
        ("A", "The lamp", "home", 3, 1, pytest.approx(1 / 3), 5),
        ("B", "B", "none", 0, 0, None, 1),
    ]
    assert [(row["members"], row["looks"]) for row in warehouse.ask("looked_at", tier="gold")] == [(1, 2)]
    assert [row["redeemed"] for row in warehouse.ask("looked_at", to_day="2026-03-31", category="home")] == [0]
    assert [row["members"] for row in warehouse.ask("looked_at", from_day="2026-05-01")] == [1]


def test_what_a_good_month_gave_to_all_is_not_rising(warehouse: Warehouse) -> None:
    for asin in ("A", "B"):
        for number in range(30):
            warehouse.redeem("ann", "2026-03-20", asin)
            if number % 3 == 0:
                warehouse.redeem("ann", "2026-02-10", asin)
    rows = warehouse.ask("rising_falling")
    assert [(row["recent"], row["before"], row["change"], row["direction"]) for row in rows] == [
        (30, 10, pytest.approx(0), "steady")] * 2  # fmt: skip


def test_what_rises_and_falls_is_told_with_the_chance_of_being_wrong(warehouse: Warehouse) -> None:
    newest, before = "2026-03-28", "2026-02-28"  # 28 days before the newest day is in the span before
    for asin, recent, earlier in (("up", 40, 10), ("down", 10, 40), ("same", 25, 25), ("few", 9, 0)):
        for day_, times in ((newest, recent), (before, earlier)):
            for _ in range(times):
                warehouse.redeem("ann", day_, asin, 7)
    told = {row["asin"]: row for row in warehouse.ask("rising_falling")}
    assert {asin: row["direction"] for asin, row in told.items()} == {
        "up": "rising",
        "down": "falling",
        "same": "steady",
    }
    # By hand: 84 redemptions' products in the newer span, 75 in the older; z = (40·75 − 10·84) / √(50·84·75).
    z = (40 * 75 - 10 * 84) / sqrt(50 * 84 * 75)
    assert told["up"]["p_value"] == pytest.approx(erfc(z / sqrt(2)), abs=2e-7)
    assert told["up"]["change"] == pytest.approx((40 / 84) / (10 / 75) - 1)
    # Three are looked at: the least p is multiplied by three, the next by three halves.
    p = sorted(row["p_value"] for row in told.values())
    assert [row["q_value"] for row in warehouse.ask("rising_falling")] == [
        pytest.approx(min(p[0] * 3, p[1] * 3 / 2)), pytest.approx(p[1] * 3 / 2), pytest.approx(p[2])]  # fmt: skip


def test_chance_alone_makes_hardly_anything_rise(warehouse: Warehouse) -> None:
    random = Random(8)
    rows = [
        (1, f"r{number}", 1, f"P{number % 50}", 1, 1, 0, 0, 0, 0, 0, at("2026-03-01"),
         date(2026, 2, 1) + timedelta(days=random.randrange(56)))
        for number in range(1500)
    ]  # fmt: skip
    names = (
        "program_id, redemption_id, line_number, asin, units_ordered, units_accepted, units_returned, units_refused, "
        "points, money_minor, discount_minor, redeemed_at, day"
    )
    given = ", ".join("(" + ", ".join("?" * 13) + ")" for _ in rows)
    values = [value for row in rows for value in row]
    warehouse.connection.execute(f"insert into loyalty.fact_redemption_line ({names}) values {given}", values)
    found = warehouse.ask("rising_falling")
    assert len(found) == 50
    assert sum(row["p_value"] < 0.05 for row in found) > 0  # some seem to move
    assert [row["asin"] for row in found if row["direction"] != "steady"] == []


def test_a_day_without_redemptions_is_a_zero_and_a_week_is_whole_or_not_there(warehouse: Warehouse) -> None:
    # Wednesday 7 January to Sunday 25 January 2026: weeks 3 and 4 are whole, week 2 is not.
    warehouse.redeem("ann", "2026-01-07", units=9)
    warehouse.redeem("ann", "2026-01-12", units=2)
    warehouse.redeem("ann", "2026-01-25", units=6)
    told = [
        (row["iso_year"], row["iso_week"], row["units"], row["season_index"])
        for row in warehouse.ask("seasonality_week")
    ]
    assert told == [(2026, 3, 2, 0.5), (2026, 4, 6, 1.5)]
    # Of another category there are none, which is 0 and no gap.
    assert [row["units"] for row in warehouse.ask("seasonality_week", category="garden")] == [0, 0]


def test_a_weekday_that_was_there_once_more_gains_nothing_by_it(warehouse: Warehouse) -> None:
    # Monday 5 to Monday 12 January 2026: two Mondays, one of each other day; one unit a day.
    for number in range(5, 13):
        warehouse.redeem("ann", f"2026-01-{number:02}")
    rows = warehouse.ask("seasonality_weekday")
    assert [(row["weekday"], row["days"], row["day_index"]) for row in rows] == [
        (1, 2, 1.0),
        *((day_, 1, 1.0) for day_ in range(2, 8)),
    ]


def test_uplift_is_against_the_held_out_and_members_who_did_nothing_count(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01")
    warehouse.put("dim_campaign", campaign="spring", state="ended", since=at("2026-04-01"), started_at=at("2026-03-01"))
    for number in range(8):
        warehouse.put("fact_participation", campaign="spring", member_key=f"m{number}", held_out=number >= 4)
    # Purchases of those who took part: 3, 1, 2, 2; of those held out: 1, 0, 1, 0.
    for member, times in (("m0", 3), ("m1", 1), ("m2", 2), ("m3", 2), ("m4", 1), ("m6", 1)):
        for _ in range(times):
            warehouse.earn(member, "2026-03-10")
    warehouse.earn("m0", "2026-02-28", 1)  # before it began
    warehouse.earn("m5", "2026-04-02", 1)  # after it ended
    # Its bonus is no purchase of its own: 200 points at half a cent.
    warehouse.earn("m0", "2026-03-10", 200, campaign="spring")
    # What was undone is no redemption.
    warehouse.redeem("m2", "2026-03-05", state="closed", outcome="cancelled")
    warehouse.redeem("m1", "2026-03-05", campaign="spring", discount_minor=25)
    purchases, redemptions = warehouse.ask("campaign_uplift")
    assert (purchases["members"], purchases["held_out"], purchases["mean_part"], purchases["mean_held_out"]) == (
        4,
        4,
        2,
        0.5,
    )
    # Variances 2/3 and 1/3, so the error is √(2/3/4 + 1/3/4) = 0.5.
    assert (purchases["uplift"], purchases["uplift_share"], purchases["extra"]) == (1.5, 3.0, 6.0)
    assert (purchases["low"], purchases["high"]) == (pytest.approx(1.5 - 0.979982), pytest.approx(1.5 + 0.979982))
    assert (purchases["spent"], purchases["currency"]) == (100, "USD")
    assert (redemptions["uplift"], redemptions["spent"], redemptions["uplift_share"]) == (0.25, 25, None)


def test_groups_that_all_did_the_same_have_a_range_of_one_point(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01")
    warehouse.put("dim_campaign", campaign="all", state="running", started_at=at("2026-03-01"))
    for number in range(6):
        warehouse.put("fact_participation", campaign="all", member_key=f"m{number}", held_out=number > 2)
        for _ in range(1 if number > 2 else 7):
            warehouse.earn(f"m{number}", "2026-03-10")
    purchases, redemptions = warehouse.ask("campaign_uplift")
    assert (purchases["uplift"], purchases["low"], purchases["high"]) == (6.0, 6.0, 6.0)
    assert (redemptions["uplift"], redemptions["uplift_share"], redemptions["low"]) == (0.0, None, 0.0)


def test_a_campaign_without_held_out_members_compares_nothing(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01")
    warehouse.put("dim_campaign", campaign="all", state="running", started_at=at("2026-03-01"))
    warehouse.put("fact_participation", campaign="all", member_key="ann", held_out=False)
    assert [(row["uplift"], row["low"]) for row in warehouse.ask("campaign_uplift")] == [(None, None)] * 2


def test_a_shipment_past_its_promise_is_late_before_it_arrives(warehouse: Warehouse) -> None:
    warehouse.today("2026-01-20")

    def shipped(delivered: str | None, promised: str | None, **more: object) -> None:
        values = {"undeliverable": False, "days_to_ship": 2, **more}
        warehouse.put(
            "fact_shipment", redemption_id=f"r{warehouse.number()}", shipment_key="s", shipped_at=at("2026-01-05"),
            delivered_at=delivered and at(delivered), promised_to=promised and at(promised), **values,
        )  # fmt: skip

    shipped("2026-01-09", "2026-01-10", days_to_deliver=4, on_time=True)
    shipped("2026-01-11", "2026-01-10", days_to_deliver=6, on_time=False)
    shipped(None, "2026-01-19")
    shipped(None, "2026-01-21", undeliverable=True, on_time=False)
    shipped(None, "2026-01-21")  # may still come in time
    shipped("2026-01-15", None, days_to_deliver=11)  # nothing was promised
    (row,) = warehouse.ask("delivery_performance")
    assert (row["shipments"], row["delivered"], row["undeliverable"], row["days_to_ship"]) == (6, 3, 1, 2.0)
    assert (row["days_to_deliver"], row["on_time"]) == (7.0, 0.25)


def test_a_refusal_for_the_price_is_no_stock_out(warehouse: Warehouse) -> None:
    warehouse.redeem("ann", "2026-01-05", "A", 5, units_accepted=2, units_refused=3, reasons="UnavailableQuantity")
    warehouse.redeem("bob", "2026-01-05", "A", 5)
    warehouse.redeem(
        "cy", "2026-01-05", "A", 1, units_accepted=0, units_refused=1, reasons="BrokenUnitPriceExpectation"
    )
    warehouse.redeem("di", "2026-01-05", "B", 4)
    warehouse.redeem("ed", "2026-01-05", "A", 9, units_accepted=0, units_refused=0)  # not answered yet
    (row,) = warehouse.ask("stock_outs")
    assert (row["asin"], row["ordered"], row["lost"], row["members"], row["refused_otherwise"]) == ("A", 11, 3, 1, 1)
    assert row["lost_share"] == pytest.approx(3 / 11)


def test_another_programme_is_never_in_an_answer(warehouse: Warehouse) -> None:
    warehouse.redeem("ann", "2026-01-05", program_id=2)
    warehouse.moved("2026-01-10", "2026-01-01", "opened", 5)
    warehouse.connection.execute("update loyalty.fact_points_movement set program_id = 2")
    assert warehouse.ask("most_loved") == warehouse.ask("month_close") == warehouse.ask("points_flow") == []
    assert day("2026-01-05") == date(2026, 1, 5)

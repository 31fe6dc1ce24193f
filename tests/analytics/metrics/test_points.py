"""Points and their money: each rule with movements that can be added up by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.analytics.metrics.conftest import Warehouse, at, day


def test_points_that_expired_are_no_burn(warehouse: Warehouse) -> None:
    warehouse.moved("2026-01-10", "2026-01-01", "opened", 1000)
    warehouse.moved("2026-01-20", "2026-01-01", "redeemed", 300)
    warehouse.moved("2026-01-25", "2026-01-01", "restored", 100)
    warehouse.moved("2026-01-31", "2026-01-01", "lapsed", 50)
    (row,) = warehouse.ask("points_flow")
    assert (row["issued"], row["burned"], row["expired"]) == (1000, 200, 50)
    assert (row["burn_ratio"], row["breakage"]) == (0.2, 0.2)  # 200 of 1000; 50 of the 250 that ended


def test_points_that_only_paid_a_debt_were_never_out(warehouse: Warehouse) -> None:
    warehouse.moved("2026-01-10", "2026-01-01", "repaid", 70)
    warehouse.moved("2026-01-10", "2026-01-01", "owed", 70)
    warehouse.moved("2026-01-11", "2026-01-01", "granted", 30)
    warehouse.moved("2026-01-12", "2026-01-01", "repaid_transferred", 10)
    (row,) = warehouse.ask("points_flow")
    assert (row["issued"], row["granted"], row["taken_back"], row["burn_ratio"]) == (0, 30, 10, None)
    assert warehouse.ask("month_close")[0]["closing"] == 20


def test_a_month_opens_as_the_one_before_closed_also_if_nothing_moved_in_it(warehouse: Warehouse) -> None:
    warehouse.moved("2026-01-10", "2026-01-01", "opened", 1000)
    warehouse.moved("2026-01-20", "2026-01-01", "redeemed", 300)
    warehouse.moved("2026-03-02", "2026-01-01", "restored", 40)
    warehouse.moved("2026-03-03", "2026-01-01", "lapsed", 500)
    warehouse.moved("2026-03-04", "2026-03-01", "granted", 5)
    warehouse.moved("2026-03-05", "2026-01-01", "reversed", 15)
    rows = warehouse.ask("month_close")
    assert [tuple(row.values())[1:] for row in rows] == [
        # opening, issued, redeemed, expired, adjusted, closing
        (0, 1000, 300, 0, 0, 700), (700, 0, 0, 0, 0, 700), (700, 0, -40, 500, -10, 230)]  # fmt: skip
    for row in rows:
        moved = row["issued"] - row["redeemed"] - row["expired"] + row["adjusted"]
        assert row["opening"] + moved == row["closing"]
    assert all(before["closing"] == after["opening"] for before, after in pairwise(rows))
    # A filter shows fewer months, and the first of them opens with what was there.
    assert warehouse.ask("month_close", from_day="2026-03-15") == rows[2:]


def test_liability_is_what_was_deferred_less_redemptions_and_their_part_of_breakage(warehouse: Warehouse) -> None:
    # The example of docs/books.md: 1,000 points at 0.004, 20 % never redeemed; 400 of the expected 800: 2.00 is left.
    warehouse.rate(1, "2026-03-01")
    warehouse.moved("2026-03-10", "2026-03-01", "opened", 1000)
    warehouse.moved("2026-05-20", "2026-03-01", "redeemed", 400)
    (row,) = warehouse.ask("liability_by_age")
    assert row == {
        "lot_month": day("2026-03-01"), "months_since": 2, "currency": "USD", "points": 600, "deferred": 200,
        "expected_cost": 180, "face_value": 300,
    }  # fmt: skip
    # Before the redemption all 4.00 was owed; what lapses is owed no more.
    assert warehouse.ask("liability_by_age", to_day="2026-04-30")[0]["deferred"] == 400
    warehouse.moved("2026-06-01", "2026-03-01", "lapsed", 600)
    assert warehouse.ask("liability_by_age") == []


def test_points_keep_the_rate_of_the_month_they_were_earned_in_and_take_the_newest_estimate(
    warehouse: Warehouse,
) -> None:
    warehouse.rate(1, "2026-03-01", deferred_micros=4000, breakage_basis_points=2000)
    warehouse.rate(2, "2026-05-01", deferred_micros=9000, breakage_basis_points=5000, point_value_micros=10000)
    # Earned before the first version: its rate.
    warehouse.moved("2026-02-10", "2026-02-01", "opened", 100)
    warehouse.moved("2026-04-10", "2026-04-01", "opened", 1000)
    warehouse.moved("2026-04-11", "2026-04-01", "redeemed", 100)
    warehouse.moved("2026-05-10", "2026-05-01", "opened", 10)
    told = [(row["deferred"], row["face_value"]) for row in warehouse.ask("liability_by_age")]
    # February 100 × 0.004; April 4.00 less 100 of now 500 expected, a fifth, 0.80; May 10 × 0.009.
    assert told == [(40, 100), (320, 900), (9, 10)]
    # In April's estimate a hundred were an eighth of 800.
    assert warehouse.ask("liability_by_age", to_day="2026-04-30")[1]["deferred"] == 350


def test_parts_of_cents_are_carried_so_that_the_months_add_up_to_the_whole(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01", deferred_micros=3333)
    for month in ("2026-01", "2026-02", "2026-03"):
        warehouse.moved(f"{month}-10", f"{month}-01", "opened", 5)
    # 16,665 millionths each, 1.6665 cents: 49,995 together are 4 cents, not 3.
    assert [row["deferred"] for row in warehouse.ask("liability_by_age")] == [1, 2, 1]


def test_older_points_cost_less_as_fewer_of_them_are_still_redeemed(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01", cost_micros=3333, curve="9000,5000,1", curve_months=3)
    for month in ("2026-01", "2026-02", "2026-03", "2026-04"):
        warehouse.moved(f"{month}-10", f"{month}-01", "opened", 1001)
    # 1,001 × 0.003333 = 3.336333: nine tenths, a half, and a ten thousandth of all older ones.
    assert [row["expected_cost"] for row in warehouse.ask("liability_by_age")] == [0, 0, 166, 301]


def test_a_currency_without_cents_is_counted_in_its_own_unit(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01", currency="JPY", deferred_micros=500_000, point_value_micros=1_000_000)
    warehouse.moved("2026-01-10", "2026-01-01", "opened", 1001)
    (row,) = warehouse.ask("liability_by_age")
    assert (row["deferred"], row["face_value"], row["currency"]) == (500, 1001, "JPY")


def test_a_redemption_of_several_lines_is_paid_once_with_points_and_money(warehouse: Warehouse) -> None:
    warehouse.redeem("ann", "2026-01-05", "A", redemption_id="r1", points=100, money_minor=0)
    warehouse.redeem("ann", "2026-01-05", "B", redemption_id="r1", line_number=2, points=0, money_minor=250)
    warehouse.redeem("bob", "2026-01-06", points=500)
    warehouse.redeem("cy", "2026-01-07", points=0, money_minor=900, currency="EUR")
    warehouse.redeem("di", "2026-01-08", points=0, units_returned=1)
    warehouse.redeem("ed", "2026-01-08", units_accepted=0, units_refused=1)
    told = [(row["currency"], row["tender"], row["redemptions"], round(row["share"], 3), row["points"], row["money"])
            for row in warehouse.ask("tender_mix")]  # fmt: skip
    assert told == [
        ("EUR", "money", 1, 1.0, 0, 900), ("USD", "nothing_kept", 1, 0.333, 0, 0), ("USD", "points", 1, 0.333, 500, 0),
        ("USD", "points_and_money", 1, 0.333, 100, 250)]  # fmt: skip


def test_a_point_costs_what_was_invoiced_less_what_members_paid(warehouse: Warehouse) -> None:
    def invoiced(redemption: str, amount: int, kind: str = "invoice", **more: object) -> None:
        values = {"state": "posted", "kind": "item", "currency": "USD", **more}
        warehouse.put(
            "fact_invoice_line", invoice_id=f"i{warehouse.number()}", line_number=0, invoice_kind=kind,
            issued_on=day("2026-03-01"), amount_minor=amount, redemption_id=redemption, **values,
        )  # fmt: skip

    warehouse.redeem("ann", "2026-01-05", redemption_id="r1", points=1000, money_minor=200)
    invoiced("r1", 900)
    invoiced("r1", 100, kind="credit_memo")
    invoiced("r1", 5000, state="review")
    # Nobody has invoiced this one: its points would make a point look cheap.
    warehouse.redeem("bob", "2026-01-06", redemption_id="r2", points=9000)
    (row,) = warehouse.ask("redemption_cost")
    assert (row["redemptions"], row["points"], row["invoiced"], row["paid"], row["cost"]) == (1, 1000, 800, 200, 600)
    assert row["cost_per_point"] == pytest.approx(0.6)


def test_points_that_are_held_buy_nothing(warehouse: Warehouse) -> None:
    warehouse.rate(1, "2026-01-01", point_value_micros=5000)
    # 500 points a point value of half a cent: 2.50 costs 500, 2.51 costs 502; one cheap, one dear, one without a price.
    warehouse.product("A", 250)
    warehouse.product("B", 1000)
    warehouse.product("C", None)
    warehouse.product("D", 1, available=False)
    warehouse.product("E", 1, currency="EUR")
    for member, points in (("rich", 2000), ("some", 500), ("poor", 499)):
        warehouse.member(member)
        warehouse.entry(member, "2026-01-10", "issued", "available", points)
    warehouse.member("none")
    warehouse.member("closed", state="closed")
    warehouse.entry("rich", "2026-01-11", "available", "held", 700)
    (row,) = warehouse.ask("affordability")
    # Rich has 1,300 left: one of four could pay for 1,250, two of four for 500.
    assert (row["products"], row["cheapest"], row["middle"], row["members"]) == (2, 500, 1250.0, 4)
    assert (row["able"], row["able_middle"]) == (0.5, 0.25)
    warehouse.entry("rich", "2026-01-12", "available", "held", 900)
    assert warehouse.ask("affordability")[0]["able"] == 0.25
    assert warehouse.ask("affordability", to_day="2026-01-10")[0]["able_middle"] == 0.25


def test_money_goes_back_when_the_provider_has_sent_it(warehouse: Warehouse) -> None:
    def money(kind: str, number: int, amount: int, state: str, on: str) -> None:
        warehouse.put("fact_money", redemption_id="r1", kind=kind, number=number, amount_minor=amount, currency="USD",
                      state=state, happened_at=at(on), day=day(on))  # fmt: skip

    money("capture", 1, 1000, "captured", "2026-01-05")
    money("capture", 2, 500, "captured", "2026-02-01")
    money("refund", 1, 300, "refunded", "2026-02-03")
    money("refund", 2, 50, "pending", "2026-02-04")
    money("refund", 3, 70, "failed", "2026-02-05")
    january, february = warehouse.ask("refunds")
    assert (january["captured"], january["refunded"], january["share"]) == (1000, 0, 0.0)
    assert (february["captured"], february["refunds"], february["refunded"], february["share"]) == (500, 1, 300, 0.6)
    assert (february["under_way"], february["failed"]) == (50, 1)

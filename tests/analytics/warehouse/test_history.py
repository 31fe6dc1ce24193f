"""A member's history, and the facts that are made of several tables."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from typing import Any

from analytics.warehouse import files
from tests.analytics.warehouse.conftest import Turned
from tests.analytics.warehouse.lake import MEMBER, ORDER, OTHER, SECOND, Lake


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def member(**more: Any) -> dict[str, Any]:
    return {"tier": "bronze", "country": "DE", "language": "de", "state": "active", "joined_at": "2026-01-01", **more}


def change(sequence: int, from_tier: str, to_tier: str, changed_at: str) -> dict[str, Any]:
    return {
        "change_id": f"c{sequence}",
        "member_key": MEMBER,
        "sequence": sequence,
        "from_tier": from_tier,
        "to_tier": to_tier,
        "changed_at": changed_at,
    }


def history(lake: Lake) -> list[tuple[Any, ...]]:
    """The member's rows, oldest first, as (tier, country, from, to, current)."""
    return lake.rows(
        "SELECT tier, country, valid_from, valid_to, is_current FROM loyalty.dim_member ORDER BY member_key, valid_from"
    )


def test_a_new_member_has_one_row_that_begins_when_they_joined(lake: Lake) -> None:
    lake.load("member", member())
    lake.derive()
    assert history(lake) == [("bronze", "DE", at("2026-01-01"), None, True)]


def test_an_attribute_that_changes_ends_the_row_when_the_load_saw_it(lake: Lake, turned: Turned) -> None:
    lake.load("member", member())
    turned.now = at("2026-06-02T02:00")
    lake.load("member", member(country="AT"))
    lake.derive()
    assert history(lake) == [
        ("bronze", "DE", at("2026-01-01"), at("2026-06-02T02:00"), False),
        ("bronze", "AT", at("2026-06-02T02:00"), None, True),
    ]


def test_nothing_new_makes_no_new_row(lake: Lake, turned: Turned) -> None:
    lake.load("member", member())
    turned.now = at("2026-06-02T02:00")
    lake.load("member", member(claimed_at="2026-06-01 10:00:00"))
    lake.derive()
    assert lake.rows("SELECT valid_from, valid_to, claimed_on FROM loyalty.dim_member") == [
        (at("2026-01-01"), None, date(2026, 6, 1))
    ]


def test_tiers_change_when_they_changed_and_not_when_they_were_loaded(lake: Lake) -> None:
    lake.load("member", member(tier="gold"))
    lake.load(
        "tier_change",
        change(1, "bronze", "silver", "2026-02-01"),
        change(2, "silver", "silver", "2026-03-01"),
        change(3, "silver", "gold", "2026-04-01"),
    )
    lake.derive()
    assert history(lake) == [
        ("bronze", "DE", at("2026-01-01"), at("2026-02-01"), False),
        ("silver", "DE", at("2026-02-01"), at("2026-04-01"), False),
        ("gold", "DE", at("2026-04-01"), None, True),
    ]


def test_tiers_and_attributes_cut_each_other(lake: Lake, turned: Turned) -> None:
    lake.load("member", member(tier="silver"))
    lake.load("tier_change", change(1, "bronze", "silver", "2026-02-01"))
    turned.now = at("2026-06-02T02:00")
    lake.load("member", member(tier="gold", country="AT"))
    lake.load("tier_change", change(2, "silver", "gold", "2026-06-01 09:00:00"))
    lake.derive()
    assert [row[:4] for row in history(lake)] == [
        ("bronze", "DE", at("2026-01-01"), at("2026-02-01")),
        ("silver", "DE", at("2026-02-01"), at("2026-06-01T09:00")),
        ("gold", "DE", at("2026-06-01T09:00"), at("2026-06-02T02:00")),
        ("gold", "AT", at("2026-06-02T02:00"), None),
    ]


def test_a_clock_set_back_makes_no_rows_that_overlap(lake: Lake, turned: Turned) -> None:
    lake.load("member", member())
    turned.now = at("2025-06-01")
    lake.load("member", member(country="AT"))
    lake.load("tier_change", change(1, "bronze", "silver", "2026-03-01"), change(2, "silver", "gold", "2026-02-01"))
    lake.derive()
    rows = history(lake)
    assert [row[0] for row in rows] == ["bronze", "bronze", "gold"]
    assert all(row[2] < row[3] for row in rows[:-1])
    assert all(before[3] == after[2] for before, after in pairwise(rows))
    assert [row[4] for row in rows] == [False, False, True]


def test_only_members_that_were_touched_are_made_again(lake: Lake) -> None:
    lake.load("member", member(), member(member_key=OTHER))
    lake.derive()
    lake.warehouse.run(["UPDATE loyalty.dim_member SET language = 'xx'"])
    lake.load("member", member(country="AT"))
    lake.derive()
    marked = lake.rows("SELECT DISTINCT member_key FROM loyalty.dim_member WHERE language = 'xx'")
    assert marked == [(OTHER,)]
    assert lake.rows("SELECT COUNT(*) FROM base.touched_member") == [(0,)]


def test_after_a_full_export_members_that_are_gone_are_gone(lake: Lake) -> None:
    lake.load("member", member(), member(member_key=OTHER))
    lake.derive()
    lake.load("member", member(), batch=10**15, replaces=True)
    lake.derive()
    assert lake.rows("SELECT member_key, valid_from FROM loyalty.dim_member") == [(MEMBER, at("2026-01-01"))]


def order(lake: Lake, **more: Any) -> None:
    """One redemption of two lines: 3 units of 100 points and 2.50, 1 unit that was refused."""
    lake.load("redemption", {"member_key": MEMBER, "state": "closed", "created_at": "2026-03-01 23:30:00", **more})
    lake.load(
        "redemption_line",
        {
            "line_number": 1,
            "asin": "B000000001",
            "quantity": 3,
            "accepted_quantity": 3,
            "unit_points": 100,
            "unit_money_minor": 250,
            "discount_minor": 60,
        },
        {
            "line_number": 2,
            "asin": "B000000002",
            "quantity": 1,
            "accepted_quantity": 0,
            "unit_points": 40,
            "reasons": "out_of_stock",
        },
    )


def lines(lake: Lake) -> list[tuple[Any, ...]]:
    return lake.rows(
        "SELECT line_number, units_ordered, units_accepted, units_returned, units_refused, points, money_minor,"
        " discount_minor FROM loyalty.fact_redemption_line ORDER BY redemption_id, line_number"
    )


def test_a_line_costs_what_was_accepted(lake: Lake) -> None:
    order(lake)
    lake.derive()
    assert lines(lake) == [(1, 3, 3, 0, 0, 300, 750, 60), (2, 1, 0, 0, 1, 0, 0, 0)]
    assert lake.rows("SELECT DISTINCT day, redeemed_at FROM loyalty.fact_redemption_line") == [
        (date(2026, 3, 1), at("2026-03-01T23:30"))
    ]


def test_what_comes_back_is_taken_off(lake: Lake) -> None:
    order(lake)
    lake.derive()
    back = {"line_number": 1, "quantity": 1, "points": 100, "money_minor": 250}
    lake.load("units_back", {**back, "event_key": "a"}, {**back, "event_key": "b"})
    lake.derive()
    assert lines(lake)[0] == (1, 3, 3, 2, 0, 100, 250, 20)


def test_a_line_that_waits_for_an_answer_is_not_refused(lake: Lake) -> None:
    lake.load("redemption", {})
    lake.load("redemption_line", {"quantity": 2, "unit_points": 10})
    lake.derive()
    assert lines(lake) == [(1, 2, 0, 0, 0, 0, 0, 0)]


def test_the_tier_is_the_one_of_the_moment_also_when_it_is_told_later(lake: Lake) -> None:
    lake.load("member", member(tier="gold"))
    order(lake)
    lake.derive()
    asked = "SELECT DISTINCT tier_then FROM loyalty.fact_redemption_line"
    assert lake.rows(asked) == [("gold",)]
    lake.load("tier_change", change(1, "bronze", "gold", "2026-03-02"))
    lake.derive()
    assert lake.rows(asked) == [("bronze",)]


def test_a_product_that_moves_to_another_category_moves_its_lines(lake: Lake) -> None:
    lake.load("product", {"asin": "B000000001", "category": "Garden"})
    order(lake)
    lake.derive()
    lake.load("product", {"asin": "B000000001", "category": "Kitchen"})
    lake.derive()
    assert lake.rows("SELECT category FROM loyalty.fact_redemption_line ORDER BY line_number") == [
        ("Kitchen",),
        (None,),
    ]


def test_only_redemptions_that_were_touched_are_made_again(lake: Lake) -> None:
    order(lake)
    lake.load("redemption", {"redemption_id": SECOND})
    lake.load("redemption_line", {"redemption_id": SECOND, "quantity": 1})
    lake.derive()
    lake.warehouse.run(["UPDATE loyalty.fact_redemption_line SET title = 'marked'"])
    lake.load("redemption", {"redemption_id": SECOND, "state": "cancelled"})
    lake.derive()
    marked = lake.rows("SELECT DISTINCT redemption_id FROM loyalty.fact_redemption_line WHERE title = 'marked'")
    assert marked == [(ORDER,)]


def test_a_shipment_is_late_early_or_not_known_yet(lake: Lake) -> None:
    lake.load("redemption", {"created_at": "2026-03-01 23:30:00", "member_key": MEMBER})
    shipped = {"shipped_at": "2026-03-03 08:00:00", "promised_to": "2026-03-06"}
    lake.load(
        "shipment",
        {"shipment_key": "1", **shipped, "delivered_at": "2026-03-05 12:00:00"},
        {"shipment_key": "2", **shipped, "delivered_at": "2026-03-07 12:00:00"},
        {"shipment_key": "3", **shipped},
        {"shipment_key": "4", **shipped, "undeliverable": True},
    )
    lake.derive()
    assert lake.rows(
        "SELECT shipment_key, days_to_ship, days_to_deliver, on_time, member_key FROM loyalty.fact_shipment ORDER BY 1"
    ) == [
        ("1", 2, 2, True, MEMBER),
        ("2", 2, 4, False, MEMBER),
        ("3", 2, None, None, MEMBER),
        ("4", 2, None, False, MEMBER),
    ]


def test_an_invoices_line_knows_its_invoice_whichever_came_first(lake: Lake) -> None:
    lake.load("invoice_line", {"invoice_id": "i", "line_number": 1, "amount_minor": 500})
    lake.derive()
    assert lake.rows("SELECT COUNT(*) FROM loyalty.fact_invoice_line") == [(0,)]
    lake.load("invoice", {"invoice_id": "i", "number": "INV-1", "issued_on": "2026-03-04", "state": "posted"})
    lake.derive()
    asked = "SELECT number, state, amount_minor, day FROM loyalty.fact_invoice_line"
    assert lake.rows(asked) == [("INV-1", "posted", 500, date(2026, 3, 4))]
    lake.load("invoice_line", {"invoice_id": "i", "line_number": 2, "amount_minor": 700})
    lake.derive()
    assert [row[2] for row in lake.rows(asked)] == [700]


def test_views_follow_the_facts(lake: Lake) -> None:
    lake.load("points_entry", {"op_id": "a", "points": 10}, {"op_id": "b", "points": 5})
    order(lake)
    lake.derive()
    assert lake.rows("SELECT asin, units_accepted, points FROM loyalty.product_day ORDER BY asin") == [
        ("B000000001", 3, 300),
        ("B000000002", 0, 0),
    ]
    assert lake.rows("SELECT batch FROM loyalty.loaded WHERE table_name = 'points_entry'") == [(1,)]


def test_a_warehouse_from_before_a_column_gets_it_and_keeps_its_rows(lake: Lake) -> None:
    lake.load("rate", {"version": 1, "curve": "9000,5000"}, batch=1)
    lake.warehouse.run(["ALTER TABLE loyalty.ref_rate DROP COLUMN curve"])
    for _ in range(2):
        lake.warehouse.run(files.statements("schema/added"))
    assert lake.rows("SELECT version, curve FROM loyalty.ref_rate") == [(1, None)]
    lake.load("rate", {"version": 1, "curve": "9000,5000"})
    assert lake.rows("SELECT version, curve FROM loyalty.ref_rate") == [(1, "9000,5000")]


def test_a_warehouse_from_before_loses_the_view_that_nothing_refreshes_any_more(lake: Lake) -> None:
    lake.warehouse.run(["CREATE MATERIALIZED VIEW loyalty.points_day AS SELECT 1 AS entries"])
    for _ in range(2):
        lake.warehouse.run(files.statements("schema/views"))
    names = {name for (name,) in lake.rows("SELECT table_name FROM information_schema.tables")}
    assert "product_day" in names
    assert "points_day" not in names

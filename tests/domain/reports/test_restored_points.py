"""Redeemed points that come back are worth to the books what they were; what was recognised of them is taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest

from loyalty.points.ledger import Outcome
from loyalty.reports import funders
from loyalty.reports.rates import AccountingModel, RecogniseAt
from tests.domain.reports.conftest import Books
from tests.domain.reports.test_books import FIRST, TODAY
from tests.domain.reports.test_given_points import FEBRUARY, JANUARY, sources


def given_back(books: Books, member: int, redemption: UUID, points: int, kind: str) -> Outcome:
    """Restored, and the redemption's side of it; nothing but what the books read."""
    outcome = books.restore(member, redemption, points, "ours")
    assert outcome.done
    books.connection.execute("set session_replication_role = replica")
    books.connection.execute(
        "insert into redemptions.units_back values (1, %s, 1, %s, %s, 'x', 'ours', 1, %s, 0, %s, 'test', clock.now())",
        (redemption, str(outcome.op_id), kind, points, outcome.op_id),
    )
    books.connection.execute("set session_replication_role = origin")
    return outcome


def discounted(books: Books, redemption: UUID, *, accepted: int, given_back: int) -> None:
    """Units of a discount of 30 cents each, of which so many stay accepted; nothing but what the books read."""
    books.connection.execute("set session_replication_role = replica")
    books.connection.execute(
        "insert into redemptions.redemption (program_id, redemption_id, member_id, quote_id, programme_version,"
        " address_id, request_hash, points, money_minor, currency, partial_policy, capture_at, return_days,"
        " settle_op_id, release_op_id, release_at, approve_until, place_before, lease_until, actor, created_at,"
        " updated_at) values (1, %(id)s, 1, %(id)s, 1, %(id)s, '', 400, 0, 'USD', 'send_what_you_can', 'acceptance',"
        " 30, %(id)s, %(id)s, now(), now(), now(), now(), 'x', now(), now()) on conflict do nothing",
        {"id": redemption},
    )
    books.connection.execute(
        "insert into redemptions.line (program_id, redemption_id, line_number, asin, title, quantity, unit_points,"
        " unit_money_minor, accepted_quantity, given_back, campaign, unit_discount_minor)"
        " values (1, %(id)s, 1, 'A', 'A', %(accepted)s, 100, 0, %(accepted)s, %(back)s, 'spring', 30)"
        " on conflict (program_id, redemption_id, line_number) do update set given_back = excluded.given_back",
        {"id": redemption, "accepted": accepted, "back": given_back},
    )
    books.connection.execute(
        "insert into points.budget_use (program_id, op_id, campaign, kind, member_id, funder, slice, asked_points,"
        " paid_points, points, created_at) values (1, %s, 'spring', 'discount', 1, 'maker', 0, 0, 0, 0, now())"
        " on conflict do nothing",
        (redemption,),
    )
    books.connection.execute("set session_replication_role = origin")


def told(books: Books) -> list[tuple[int, int]]:
    rows = books.connection.execute("select redemptions, amount_minor from reports.discount").fetchall()
    return [(row["redemptions"], row["amount_minor"]) for row in rows]


def test_restored_points_are_deferred_again_at_the_rates_of_the_months_they_were_earned_in(books: Books) -> None:
    books.rate(breakage_basis_points=0)  # 0.5 cents a point
    books.rate(applies_from=date(2027, 2, 1), point_value_micros=10_000, breakage_basis_points=0)
    member = books.member()
    books.buy(member, 100, JANUARY, funder="brand")
    books.buy(member, 100, FEBRUARY, funder="shop")
    redemption = books.redeem(member, 150)
    books.post()
    assert sources(books, member) == [(2, "shop", 50)]
    assert books.restore(member, redemption, 80).done
    books.post()
    # Of the lot the points earned last come back first: 50 of February, 30 of January.
    assert sources(books, member) == [(1, "brand", 30), (2, "shop", 100)]
    assert books.amounts(FIRST, TODAY) == {
        ("opened", "sales", "deferred_revenue"): 50 + 100,
        ("redeemed", "deferred_revenue", "redeemed_undelivered"): 50 + 50,
        ("restored", "redeemed_undelivered", "deferred_revenue"): 15 + 50,
        ("delivered", "redeemed_undelivered", "redemption_revenue"): 50 + 50,
        ("returned", "redemption_revenue", "redeemed_undelivered"): 15 + 50,
    }
    march = {one.funder: (one.redeemed, one.outstanding) for one in funders.statement(books.connection, 1, TODAY)}
    assert march == {"brand": (70, 30), "shop": (0, 100)}


def test_all_back_leaves_the_books_as_if_nothing_had_been_redeemed(books: Books) -> None:
    books.rate(point_value_micros=4871)
    member = books.member()
    books.buy(member, 101)
    redemption = books.redeem(member, 37)
    for part in (1, 35, 1):
        assert books.restore(member, redemption, part).done
    books.post()
    rows = books.connection.execute("select event, micros from reports.cumulative(1, %s)", (TODAY,)).fetchall()
    micros = {row["event"]: int(row["micros"]) for row in rows}
    assert micros["restored"] == micros["used"] or micros["redeemed"] == micros["restored"]
    assert micros["delivered"] == micros["returned"]
    assert micros["breakage"] == 0


def test_the_cost_book_takes_the_cost_back(books: Books) -> None:
    books.rate(accounting_model=AccountingModel.REDEMPTION_COST)
    member = books.member()
    books.buy(member, 10_000)
    redemption = books.redeem(member, 1_000)
    assert books.restore(member, redemption, 400).done
    books.post()
    # 9,400 × 0.003 × 80 %, and 600 × 0.003 that stay used.
    assert books.amounts(FIRST, TODAY) == {
        ("estimated", "redemption_cost", "redemption_liability"): 2256 + 180,
        ("used", "redemption_liability", "rewards_payable"): 300,
        ("restored", "rewards_payable", "redemption_liability"): 120,
    }


def test_of_cancelled_units_nothing_was_recognised_of_returned_ones_it_is_taken_back(books: Books) -> None:
    books.rate(recognise_at=RecogniseAt.DELIVERY)
    member = books.member()
    books.buy(member, 1000)
    redemption = books.redeem(member, 500)
    books.post()
    assert books.deliver(redemption, 300) == "ok"
    given_back(books, member, redemption, 100, "cancelled")
    books.post()
    delivered = ("delivered", "redeemed_undelivered", "redemption_revenue")
    returned = ("returned", "redemption_revenue", "redeemed_undelivered")
    amounts = books.amounts(FIRST, TODAY)
    assert (amounts[delivered], amounts.get(returned)) == (120, None)
    given_back(books, member, redemption, 200, "returned")
    books.post()
    amounts = books.amounts(FIRST, TODAY)
    assert (amounts[delivered], amounts[returned]) == (120, 80)
    assert books.value("select sum(points) from reports.undelivered") == 100
    assert books.deliver(redemption, 100) == "ok"
    amounts = books.amounts(FIRST, TODAY)
    assert (amounts[delivered], amounts[returned]) == (160, 80)
    # 200 stayed redeemed and arrived.
    assert amounts["redeemed", "deferred_revenue", "redeemed_undelivered"] == 200
    assert amounts["restored", "redeemed_undelivered", "deferred_revenue"] == 120


def test_a_return_of_which_the_arrival_was_not_heard_yet_leaves_what_is_waiting_right(books: Books) -> None:
    books.rate(recognise_at=RecogniseAt.DELIVERY)
    member = books.member()
    books.buy(member, 1000)
    redemption = books.redeem(member, 500)
    given_back(books, member, redemption, 500, "returned")
    books.post()
    assert books.value("select count(*) from reports.undelivered") == 0
    assert books.deliver(redemption, 1) == "not_settled"


def test_points_that_cannot_come_back_are_redeemed_no_longer_and_lapse(books: Books) -> None:
    books.rate(breakage_basis_points=0)
    member = books.member()
    books.buy(member, 100, expires_on=books.day(5))
    redemption = books.redeem(member, 100)
    books.turn_clock("6 days")
    assert books.restore(member, redemption, 100, return_days=1).done
    again = books.redeem(member, 100)
    books.turn_clock("6 days")
    assert books.restore(member, again, 100, return_days=1).done
    books.post()
    amounts = books.amounts(FIRST, books.today())
    assert amounts["redeemed", "deferred_revenue", "redeemed_undelivered"] == 100
    assert amounts["restored", "redeemed_undelivered", "deferred_revenue"] == 100
    # What lapsed is breakage, all of it.
    assert sum(n for (event, _, to), n in amounts.items() if event == "breakage" and to == "breakage_revenue") == 50
    assert sources(books, member) == []


def test_points_of_a_redemption_posted_before_the_books_kept_its_lots_are_the_earliest_redeemed(books: Books) -> None:
    books.rate()
    member = books.member()
    books.buy(member, 100, JANUARY)
    books.buy(member, 100, datetime(2027, 2, 5, tzinfo=UTC))
    redemption = books.redeem(member, 150)
    books.post()
    books.connection.execute("delete from reports.redeemed")
    kept = books.redeem(member, 20)
    assert books.restore(member, redemption, 120).done
    assert books.restore(member, kept, 20).done
    books.post()
    assert sources(books, member) == [(1, "brand", 100), (2, "brand", 70)]


def test_a_redemption_settled_in_parts_tells_its_discount_once(books: Books) -> None:
    books.rate()
    member = books.member()
    books.buy(member, 1000)
    hold = books.hold(member, 400).op_id
    discounted(books, hold, accepted=4, given_back=0)
    books.settle(member, hold, 300)
    books.post()
    books.settle(member, hold, 100)
    books.post()
    assert told(books) == [(1, 120)]


def test_a_discount_of_units_that_were_given_back_is_taken_off_the_funders_account(books: Books) -> None:
    books.rate()
    member = books.member()
    books.buy(member, 1000)
    hold = books.redeem(member, 400)
    discounted(books, hold, accepted=4, given_back=0)
    books.post()
    discounted(books, hold, accepted=4, given_back=1)
    assert books.restore(member, hold, 100).done
    books.post()
    assert told(books) == [(1, 90)]
    books.turn_clock("1 day")
    discounted(books, hold, accepted=4, given_back=4)
    assert books.restore(member, hold, 300).done
    books.post()
    assert sorted(told(books)) == [(0, -90), (1, 90)]


def test_points_restored_that_no_redemption_spent_stop_the_books(books: Books) -> None:
    member = books.member()
    books.buy(member, 100)
    redemption = books.redeem(member, 60)
    assert books.restore(member, redemption, 60).done
    books.post()
    with pytest.raises(psycopg.errors.RaiseException, match="fewer than the ledger restored"):
        books.connection.execute("select reports.post_row(j, null) from points.journal j where j.dr = 11")

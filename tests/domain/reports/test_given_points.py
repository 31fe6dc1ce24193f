"""Points that one member gives another are worth to the books what they were, whoever has them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import psycopg
import pytest

from loyalty.points.ledger import Status
from loyalty.reports import funders
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.reports.conftest import NOON, Books
from tests.domain.reports.test_books import FIRST, TODAY

JANUARY, FEBRUARY = datetime(2027, 1, 5, tzinfo=UTC), datetime(2027, 2, 5, tzinfo=UTC)


def sources(books: Books, member: int) -> list[tuple[int, str, int]]:
    """(month, funder, points) of a member's points."""
    rows = books.connection.execute(
        "select lot_month, funder, points from reports.source where member_id = %s order by lot_key, lot_month, funder",
        (member,),
    ).fetchall()
    return [(row["lot_month"].month, row["funder"], row["points"]) for row in rows]


def test_given_points_keep_their_month_and_funder_and_nothing_is_recognised(books: Books) -> None:
    books.transfers_on()
    books.rate()
    books.rate(applies_from=date(2027, 2, 1), point_value_micros=10_000)
    giver, receiver = books.member(), books.member()
    books.buy(giver, 100, JANUARY, funder="brand")
    books.buy(giver, 100, FEBRUARY, funder="shop")
    books.post()
    before = books.amounts(FIRST, TODAY)
    assert books.give(giver, receiver, 150).done
    books.post()
    assert books.amounts(FIRST, TODAY) == before
    assert sources(books, giver) == [(2, "shop", 50)]
    assert sources(books, receiver) == [(1, "brand", 100), (2, "shop", 50)]
    # Redeemed by the receiver: at the rates of the months in which the giver earned them, 0.4 and 0.8 cents.
    books.redeem(receiver, 120)
    books.post()
    assert books.amounts(FIRST, TODAY)["redeemed", "deferred_revenue", "redeemed_undelivered"] == 40 + 16
    march = {one.funder: one for one in funders.statement(books.connection, 1, TODAY)}
    assert {name: (one.issued, one.redeemed, one.outstanding, one.amount_minor) for name, one in march.items()} == {
        "brand": (0, 100, 0, 0),
        "shop": (0, 20, 80, 0),
    }


def test_given_points_that_pay_what_is_owed_are_deferred_no_longer(books: Books) -> None:
    books.transfers_on()
    books.rate()
    giver, receiver = books.member(), books.member()
    books.buy(giver, 1000, JANUARY)
    bought = books.buy(receiver, 600)
    books.redeem(receiver, 600)
    books.reverse(str(bought.op_id), 600)
    assert books.give(giver, receiver, 1000).done
    books.post()
    amounts = books.amounts(FIRST, TODAY)
    assert amounts["owed", "points_owed", "sales"] == 240
    assert amounts["repaid_transferred", "deferred_revenue", "points_owed"] == 240
    assert sources(books, receiver) == [(1, "brand", 400)]
    # 600 of March were redeemed; 400 of January are all that is deferred, less nothing.
    assert amounts["opened", "sales", "deferred_revenue"] == 640


def test_given_points_lapse_and_are_released_where_they_went(books: Books) -> None:
    books.transfers_on()
    books.rate()
    giver, receiver = books.member(), books.member()
    books.buy(giver, 100, JANUARY, expires_on=books.day(5))
    assert books.give(giver, receiver, 100).done
    held = books.hold(receiver, 60)
    back = books.hold(receiver, 10)
    assert books.release(receiver, back.op_id, 10).done  # to the same lot
    books.post()
    assert sources(books, receiver) == [(1, "brand", 100)]
    books.turn_clock("6 days")
    books.call_count("expire_due")
    assert books.release(receiver, held.op_id, 25, "ours").done  # the lot has lapsed: to another one
    assert books.settle(receiver, held.op_id, 35).done
    books.post()
    assert sources(books, receiver) == [(1, "brand", 25)]
    rows = books.connection.execute(
        "select event, sum(points)::int as points from reports.movement group by 1"
    ).fetchall()
    assert {row["event"]: row["points"] for row in rows} == {"opened": 100, "lapsed": 40, "redeemed": 35}


def test_a_return_of_a_purchase_whose_points_were_given_away_is_owed_by_the_giver(books: Books) -> None:
    books.transfers_on()
    books.rate()
    giver, receiver = books.member(), books.member()
    bought = books.buy(giver, 100, JANUARY)
    assert books.give(giver, receiver, 100).done
    assert books.reverse(str(bought.op_id), 100).done
    assert books.give(receiver, giver, 100).done  # and back: it pays
    books.post()
    amounts = books.amounts(FIRST, TODAY)
    assert amounts == {
        ("opened", "sales", "deferred_revenue"): 40,
        ("owed", "points_owed", "sales"): 40,
        ("repaid_transferred", "deferred_revenue", "points_owed"): 40,
    }
    assert sources(books, giver) == sources(books, receiver) == []


def test_what_is_received_waits_for_what_is_given_in_whatever_order_members_are_posted(books: Books) -> None:
    books.transfers_on()
    books.rate()
    # Posted by ascending member: the first one's points come through all the others, and some go back and forth.
    members = [books.member() for _ in range(40)]
    books.buy(members[-1], 1000, JANUARY)
    for receiver, giver in reversed(list(pairwise(members))):
        assert books.give(giver, receiver, 900).done
        assert books.give(receiver, giver, 5).done
        assert books.give(giver, receiver, 5).done
    books.post()
    assert sources(books, members[0]) == [(1, "brand", 900)]
    assert books.value("select count(*) from reports.transit") == 0


def test_a_giver_is_posted_in_time_also_when_transaction_ids_are_not(
    books: Books, fresh_database: TestDatabase
) -> None:
    books.transfers_on()
    books.rate()
    receiver, giver = books.member(), books.member()
    with fresh_database.owner() as early:
        early.execute("begin")
        early.execute("select pg_current_xact_id()")
        books.buy(giver, 70, NOON)
        assert books.give(giver, receiver, 50).done  # later ids, earlier rows
        assert Book(early).hold(receiver, 7).done
        early.execute("commit")
    books.buy(giver, 1, NOON)
    books.others_end()
    while books.value("select reports.post(1)"):
        assert books.broken() == {}
    assert sources(books, giver) == [(3, "brand", 21)]
    assert sources(books, receiver) == [(3, "brand", 50)]


def test_points_received_that_nobody_gave_stop_the_books(books: Books) -> None:
    books.transfers_on()
    giver, receiver = books.member(), books.member()
    books.buy(giver, 70, NOON)
    assert books.give(giver, receiver, 50).done
    books.post()
    assert books.give(giver, receiver, 51).status is Status.INSUFFICIENT
    with pytest.raises(psycopg.errors.RaiseException, match="points were received that nobody gave"):
        books.connection.execute("select reports.post_row(j, null) from points.journal j where j.dr = 16")

"""What is posted is points times rates, to the cent, in whichever book; every day balances."""

from __future__ import annotations

import random
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import psycopg
import pytest

from loyalty.refusal import Refusal
from loyalty.reports import journal
from loyalty.reports.rates import AccountingModel, RecogniseAt
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book
from tests.domain.reports import reference
from tests.domain.reports.conftest import NOON, Books

TODAY = NOON.date()
FIRST, LAST = date(2026, 12, 1), date(2027, 12, 31)
MODELS = [AccountingModel.DEFERRED_REVENUE, AccountingModel.REDEMPTION_COST]


def random_history(books: Books, seed: int, steps: int, *, locking: bool = False) -> None:
    """Purchases of the last months by three funders, and everything that can happen to their points."""
    books.transfers_on()
    chance = random.Random(seed)
    members = [books.member() for _ in range(4)]
    holds: list[tuple[int, Any, int]] = []
    spent: list[tuple[int, Any, int]] = []
    for _ in range(steps):
        member, amount = chance.choice(members), chance.randint(1, 97)
        match chance.randrange(11):
            case 0 | 1 | 2:
                outcome = books.buy(
                    member,
                    amount,
                    books.now() - timedelta(days=chance.randint(0, 75)),
                    funder=chance.choice(["brand", "shop", "programme"]),
                    unit_cost_micros=chance.choice([4000, 5333]),
                    expires_on=chance.choice([None, books.day(chance.randint(0, 20))]),
                    pending_until=books.now() + timedelta(days=4) if chance.random() < 0.3 else None,
                )
                if chance.random() < 0.4:
                    if chance.random() < 0.5:
                        all_of_it = books.value("select available from points.balance(1, %s)", member)
                        if all_of_it:
                            books.redeem(member, all_of_it)
                    policy = chance.choice(["debt", "write_off"])
                    books.reverse(str(outcome.op_id), chance.randint(1, amount), policy=policy)
                    books.give(chance.choice(members), member, chance.randint(1, 9))
            case 3:
                held = books.hold(member, amount)
                if held.done:
                    holds.append((member, held.op_id, amount))
            case 4 if holds:
                member, hold, amount = holds.pop(chance.randrange(len(holds)))
                part = chance.randint(1, amount)
                books.settle(member, hold, part)
                spent.append((member, hold, part))
                if part < amount:
                    books.release(member, hold, amount - part, chance.choice(["member", "ours"]))
            case 5:
                books.adjust(member, chance.choice([-15, -3, 8, 30]), books.day(30))
            case 6:
                books.turn_clock(f"{chance.randint(1, 8)} days")
                books.call_count("mature_due")
                books.call_count("expire_due")
            case 7 if spent:
                member, hold, left = spent.pop(chance.randrange(len(spent)))
                part = chance.randint(1, left)
                assert books.restore(member, hold, part, chance.choice(["member", "ours"]), return_days=9).done
                if part < left:
                    spent.append((member, hold, left - part))
            case 7 | 8 | 9:
                books.give(member, chance.choice(members), amount)
            case _:
                books.post()
                if locking and chance.random() < 0.5:
                    with suppress(Refusal):
                        books.lock(books.today() - timedelta(days=chance.randint(1, 9)))


def expected(books: Books, model: AccountingModel, rates: list[reference.Rate], through: date) -> reference.Totals:
    entries = books.connection.execute("select * from points.journal where program_id = 1").fetchall()
    accruals = books.connection.execute("select * from points.accrual where program_id = 1").fetchall()
    moved = reference.movements(entries, accruals)
    book = reference.deferred if model is AccountingModel.DEFERRED_REVENUE else reference.cost
    return {key: micros for key, micros in book(moved, rates, through).items() if micros // 10_000}


def posted(books: Books, first: date, last: date, book: str | None = None) -> dict[tuple[str, str], int]:
    """Minor units by (event, funder), corrections taken off."""
    normal = {
        (row["book"], row["event"]): row["debit_account"]
        for row in books.connection.execute("select * from reports.postings()").fetchall()
    }
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for day in books.read(first, last, book)["days"]:
        for line in day["lines"]:
            sign = 1 if line["debit_account"] == normal[line["book"], line["event"]] else -1
            sums[line["event"], line["funder"]] += sign * line["amount_minor"]
    return {key: amount for key, amount in sums.items() if amount}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.large) for seed in range(1, 4))])
def test_over_any_history_both_books_are_points_times_rates_to_the_cent(
    books: Books, seed: int, model: AccountingModel
) -> None:
    books.rate(accounting_model=model, point_value_micros=4871, curve=(8137, 7501, 6003))
    books.rate(
        applies_from=date(2027, 2, 1), accounting_model=model, point_value_micros=5153, breakage_basis_points=1733,
        cost_micros=3331, curve=(8001, 7001),
    )  # fmt: skip
    random_history(books, seed, 70)
    books.post()
    assert books.broken() == {}
    rates = [
        reference.Rate(date(2027, 1, 1), 3897, 2000, 3000, (8137, 7501, 6003)),
        reference.Rate(date(2027, 2, 1), 4260, 1733, 3331, (8001, 7001)),
    ]
    last = books.today()
    # Open, of the book that is posted and of the other one.
    for book in MODELS:
        sums = expected(books, book, rates, last)
        assert posted(books, FIRST, last, book.value) == {key: micros // 10_000 for key, micros in sums.items()}
    # Locked in two spans, and the open rest behind them: nothing changes.
    before = posted(books, FIRST, last)
    books.lock(date(2027, 2, 3))
    books.lock(last - timedelta(days=1))
    assert posted(books, FIRST, last) == before
    assert {line["book"] for day in books.read(FIRST, last)["days"] for line in day["lines"]} <= {model.value}


@pytest.mark.parametrize("seed", [32, *(pytest.param(seed, marks=pytest.mark.large) for seed in range(33, 36))])
def test_late_events_behind_locks_lose_and_double_nothing(books: Books, seed: int) -> None:
    books.rate()
    random_history(books, seed, 140, locking=True)
    books.post()
    assert books.value("select count(*) from reports.day") > 20
    late = books.value(
        "select count(*) from points.journal j join reports.day d on d.day = j.occurred_at::date"
        " where j.created_at > d.locked_at"
    )
    assert late > 0
    rates = [reference.Rate(date(2027, 1, 1), 4000, 2000, 3000, (8000, 7500, 6000))]
    sums = expected(books, AccountingModel.DEFERRED_REVENUE, rates, books.today())
    assert {event for event, _ in sums} >= {
        "opened",
        "redeemed",
        "delivered",
        "breakage",
        "reversed",
        "granted",
        "restored",
        "returned",
        "owed",
        "repaid_transferred",
    }
    assert posted(books, FIRST, books.today()) == {key: micros // 10_000 for key, micros in sums.items()}


def test_every_day_debits_what_it_credits_and_every_account_ends_where_it_should(books: Books) -> None:
    books.rate()
    random_history(books, 11, 80)
    books.post()
    last = books.today()
    balance: dict[str, int] = defaultdict(int)
    for day in books.read(FIRST, last)["days"]:
        of_day: dict[str, int] = defaultdict(int)
        for line in day["lines"]:
            assert line["amount_minor"] > 0
            assert line["debit_account"] != line["credit_account"]
            of_day[line["debit_account"]] += line["amount_minor"]
            of_day[line["credit_account"]] -= line["amount_minor"]
        assert sum(of_day.values()) == 0
        for account, amount in of_day.items():
            balance[account] += amount
    sums = expected(
        books, AccountingModel.DEFERRED_REVENUE, [reference.Rate(date(2027, 1, 1), 4000, 2000, 0, (0,))], last
    )
    exact: dict[str, Fraction] = defaultdict(Fraction)
    for row in books.connection.execute("select * from reports.postings() where book = 'deferred_revenue'").fetchall():
        for (event, _), micros in sums.items():
            if event == row["event"]:
                exact[row["debit_account"]] += micros / 10_000
                exact[row["credit_account"]] -= micros / 10_000
    postings_of_an_account, funders = 8, 3
    for account, amount in exact.items():
        assert abs(balance[account] - amount) < postings_of_an_account * funders


def test_the_example_that_finance_reads(books: Books) -> None:
    """docs/books.md."""
    books.rate()
    member = books.member()
    books.buy(member, 1000, expires_on=books.day(10))
    books.redeem(member, 400)
    books.post()
    assert books.amounts(FIRST, TODAY) == {
        ("opened", "sales", "deferred_revenue"): 400,
        ("redeemed", "deferred_revenue", "redeemed_undelivered"): 160,
        ("delivered", "redeemed_undelivered", "redemption_revenue"): 160,
        ("breakage", "deferred_revenue", "breakage_revenue"): 40,
    }
    books.turn_clock("11 days")
    books.call_count("expire_due")
    books.post()
    assert books.amounts(TODAY + timedelta(days=1), books.today()) == {
        ("breakage", "deferred_revenue", "breakage_revenue"): 200
    }


def test_small_purchases_are_not_rounded_away(books: Books) -> None:
    books.rate()  # 0.4 cents a point
    member = books.member()
    for days in range(20, 0, -1):
        books.buy(member, 1, NOON - timedelta(days=days))
    books.post()
    lines = [day["lines"][0]["amount_minor"] for day in books.read(FIRST, TODAY)["days"]]
    assert lines == [1] * 8  # 20 × 0.4 cents, each when it is full


def test_the_textbook_case(books: Books) -> None:
    """1,000 points worth 1 each, of goods for 100,000; 950 expected; 450, then 850 redeemed of now 970 expected."""
    books.rate(point_value_micros=1_000_000, sales_micros=100_000_000, breakage_basis_points=500)
    books.rate(
        applies_from=date(2027, 4, 1), point_value_micros=1_000_000, sales_micros=100_000_000, breakage_basis_points=300
    )
    # 100 × 0.95 / 100.95 of a sale of 100 a point … here: 1 × 0.95 × 100 / 100.95 a point.
    share = 941_060
    member = books.member()
    books.buy(member, 1000, NOON)
    books.redeem(member, 450)
    books.post()
    through = books.amounts(FIRST, TODAY)
    whole = 1000 * share
    assert through["opened", "sales", "deferred_revenue"] == whole // 10_000
    recognised = (
        through["delivered", "redeemed_undelivered", "redemption_revenue"]
        + through["breakage", "deferred_revenue", "breakage_revenue"]
    )
    assert abs(recognised - whole * 450 // 950 // 10_000) <= 1
    books.turn_clock("30 days")
    books.redeem(member, 400)
    books.post()
    later = books.amounts(FIRST, books.today())
    recognised = (
        later["delivered", "redeemed_undelivered", "redemption_revenue"]
        + later["breakage", "deferred_revenue", "breakage_revenue"]
        - later.get(("breakage", "breakage_revenue", "deferred_revenue"), 0)
    )
    assert abs(recognised - whole * 850 // 970 // 10_000) <= 1


def test_when_no_point_is_left_nothing_is_deferred(books: Books) -> None:
    books.rate(breakage_basis_points=1700, point_value_micros=4871)
    member = books.member()
    books.buy(member, 101, expires_on=books.day(5))
    books.redeem(member, 37)
    books.turn_clock("9 days")
    books.call_count("expire_due")
    books.post()
    rows = books.connection.execute(
        "select event, micros from reports.cumulative(1, %s) where book = 'deferred_revenue'", (books.today(),)
    ).fetchall()
    micros = {row["event"]: int(row["micros"]) for row in rows}
    assert micros["opened"] == micros["redeemed"] + micros["breakage"] == 101 * 4043
    assert micros["redeemed"] == 37 * 4043


def test_redeemed_points_wait_for_the_goods_where_delivery_recognises(books: Books) -> None:
    books.rate(recognise_at=RecogniseAt.DELIVERY)
    member = books.member()
    books.buy(member, 1000)
    redemption = books.redeem(member, 500)
    assert books.deliver(redemption, 200) == "not_settled"  # not posted yet
    books.post()
    delivery = books.new_id()
    assert books.deliver(redemption, 200, delivery) == "ok"
    assert books.deliver(redemption, 200, delivery) == "replay"
    assert books.deliver(redemption, 100, delivery) == "key_reuse"
    assert books.deliver(redemption, 0) == "invalid"
    assert books.deliver(redemption, 301) == "not_settled"
    amounts = books.amounts(FIRST, TODAY)
    assert amounts["redeemed", "deferred_revenue", "redeemed_undelivered"] == 200
    assert amounts["delivered", "redeemed_undelivered", "redemption_revenue"] == 80
    assert books.deliver(redemption, 300) == "ok"
    assert books.amounts(FIRST, TODAY)["delivered", "redeemed_undelivered", "redemption_revenue"] == 200


def arrive(books: Books, redemption: UUID, shipment: str, units: int) -> None:
    """A shipment of units of 100 points, delivered now; nothing but what the books read."""
    books.connection.execute("set session_replication_role = replica")
    books.connection.execute(
        "insert into redemptions.line (program_id, redemption_id, line_number, asin, title, quantity, unit_points,"
        " unit_money_minor) values (1, %s, 1, 'A', 'A', 9, 100, 0) on conflict do nothing",
        (redemption,),
    )
    books.connection.execute(
        "insert into orders.shipment (program_id, redemption_id, shipment_key, amazon_order_id, delivered_at)"
        " values (1, %s, %s, 'o', clock.now())",
        (redemption, shipment),
    )
    books.connection.execute(
        "insert into orders.shipped_unit (program_id, redemption_id, shipment_key, line_number, quantity)"
        " values (1, %s, %s, 1, %s)",
        (redemption, shipment, units),
    )
    books.connection.execute("set session_replication_role = origin")


def test_shipments_that_arrive_are_delivered_points_each_once(books: Books, fresh_database: TestDatabase) -> None:
    books.rate(recognise_at=RecogniseAt.DELIVERY)
    member = books.member()
    books.buy(member, 1000)
    redemption, other = books.redeem(member, 500), books.redeem(member, 100)
    arrive(books, redemption, "one", 2)
    with fresh_database.connect("sweeper") as sweeper:
        assert journal.post_deliveries(sweeper) == 0  # nothing is posted yet
        books.post()
        assert journal.post_deliveries(sweeper) == 1
        assert journal.post_deliveries(sweeper) == 0
        delivered = ("delivered", "redeemed_undelivered", "redemption_revenue")
        assert books.amounts(FIRST, TODAY)[delivered] == 80
        arrive(books, redemption, "two", 3)
        arrive(books, other, "three", 2)  # more than was settled: no more than that
        assert journal.post_deliveries(sweeper) == 2
        assert journal.post_deliveries(sweeper) == 0
    assert books.amounts(FIRST, TODAY)[delivered] == 240
    assert books.value("select count(*) from reports.undelivered") == 0


def test_the_cost_book_keeps_what_outstanding_points_will_cost_at_their_age(books: Books) -> None:
    books.rate(accounting_model=AccountingModel.REDEMPTION_COST)
    member = books.member()
    books.buy(member, 10_000)
    books.redeem(member, 1_000)
    books.post()
    # 9,000 × 0.003 × 80 %, and 1,000 × 0.003 that were used.
    assert books.amounts(FIRST, TODAY) == {
        ("estimated", "redemption_cost", "redemption_liability"): 2160 + 300,
        ("used", "redemption_liability", "rewards_payable"): 300,
    }
    books.turn_clock("30 days")  # 9 April: a month older, 75 %
    books.post()
    assert books.amounts(date(2027, 4, 1), books.today()) == {
        ("estimated", "redemption_liability", "redemption_cost"): 2160 - 2025
    }


def test_oldest_months_go_first_and_a_return_takes_its_own(books: Books) -> None:
    books.rate()
    member = books.member()
    books.buy(member, 10, datetime(2027, 1, 5, tzinfo=UTC))
    books.buy(member, 10, datetime(2027, 2, 5, tzinfo=UTC))
    march = books.buy(member, 10, datetime(2027, 3, 5, tzinfo=UTC))
    books.redeem(member, 12)
    books.reverse(str(march.op_id), 3)
    books.post()
    rows = books.connection.execute("select lot_month, points from reports.source order by lot_month").fetchall()
    assert [(row["lot_month"].month, row["points"]) for row in rows] == [(2, 8), (3, 7)]


def test_points_given_by_hand_are_the_programmes_own_cost(books: Books) -> None:
    books.rate()
    books.adjust(books.member(), 1000)
    books.post()
    assert books.amounts(FIRST, TODAY) == {("granted", "goodwill", "deferred_revenue"): 400}


def test_a_return_of_spent_points_is_owed_and_the_next_points_pay_it(books: Books) -> None:
    books.rate()
    member = books.member()
    bought = books.buy(member, 1000)
    books.redeem(member, 1000)
    books.reverse(str(bought.op_id), 1000)
    books.buy(member, 1500)
    books.post()
    amounts = books.amounts(FIRST, TODAY)
    assert amounts["owed", "points_owed", "sales"] == 400
    assert amounts["repaid", "sales", "points_owed"] == 400
    assert amounts["opened", "sales", "deferred_revenue"] == 400 + 200


def test_a_transaction_that_began_before_and_ends_after_a_posting_is_not_lost(
    books: Books, fresh_database: TestDatabase
) -> None:
    first, second = books.member(), books.member()
    with fresh_database.owner() as slow:
        slow.execute("begin")
        Book(slow).accrue(first, 5)
        books.buy(second, 7)
        journal.post(books.connection)
        assert books.value("select count(*) from reports.posted") == 0
        slow.execute("commit")
    books.post()
    assert books.value("select sum(points) from reports.source") == 12


def test_a_member_is_posted_in_order_also_when_transaction_ids_are_not(
    books: Books, fresh_database: TestDatabase
) -> None:
    member = books.member()
    with fresh_database.owner() as early:
        early.execute("begin")
        early.execute("select pg_current_xact_id()")
        books.buy(member, 7)  # a later id, an earlier row
        Book(early).hold(member, 7)
        early.execute("commit")
    books.others_end()
    while books.value("select reports.post(1)"):
        assert books.broken() == {}
    assert books.value("select sequence from reports.posted where member_id = %s", member) == 2


def test_what_the_books_have_no_rule_for_stops_them(books: Books) -> None:
    member = books.member()
    books.buy(member, 10)
    books.post()
    books.connection.execute("begin")
    with pytest.raises(psycopg.errors.RaiseException, match="no rule for points from account 1 to 15"):
        books.connection.execute(
            'select reports.post_row(jsonb_populate_record(j, \'{"dr": 1, "cr": 15}\'), null) from points.journal j'
        )
    books.connection.execute("rollback")

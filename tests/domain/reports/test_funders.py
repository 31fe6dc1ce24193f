"""Each funder sees its month: what was issued for it, taken back, at what price; months add up to the whole."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

from psycopg.types.json import Jsonb

from loyalty.points import bonuses
from loyalty.points.ledger import Accrual, DebtPolicy, Reversal
from loyalty.reports import funders
from tests.domain.points.conftest import HASH
from tests.domain.reports.conftest import Books
from tests.domain.reports.test_books import random_history

MONTHS = [date(2026, 12, 1), *(date(2027, month, 1) for month in range(1, 11))]


def test_a_month_of_a_funder(books: Books) -> None:
    books.rate()
    member = books.member()
    bought = books.buy(member, 1000, datetime(2027, 2, 10, tzinfo=UTC), unit_cost_micros=5333)
    books.buy(member, 7, datetime(2027, 2, 20, tzinfo=UTC), unit_cost_micros=4000)
    books.redeem(member, 300)
    books.reverse(str(bought.op_id), 100)
    books.post()
    february, march = (funders.statement(books.connection, 1, date(2027, month, 1)) for month in (2, 3))
    assert [(one.funder, one.issued, one.reversed, one.amount_minor, one.final) for one in february] == [
        ("brand", 1007, 0, 536, False)  # 5.333 + 0.028 = 5.361
    ]
    assert february[0].prices == [
        {"unit_cost_micros": 4000, "campaign": None, "issued": 7, "reversed": 0},
        {"unit_cost_micros": 5333, "campaign": None, "issued": 1000, "reversed": 0},
    ]
    assert [(one.reversed, one.redeemed, one.outstanding, one.amount_minor) for one in march] == [
        (100, 300, 607, 482 - 536)  # 5.361 - 0.5333 = 4.8277 in all
    ]
    books.lock(date(2027, 2, 28))
    assert funders.statement(books.connection, 1, date(2027, 2, 1))[0].final
    rows = list(csv.DictReader(io.StringIO(funders.to_csv(date(2027, 2, 1), february))))
    assert [(row["unit_cost_micros"], row["issued"], row["amount"]) for row in rows] == [
        ("4000", "7", ""), ("5333", "1000", ""), ("total", "1007", "5.36"),
    ]  # fmt: skip


def test_a_bonus_is_its_campaigns_funders_and_what_comes_back_is_taken_off(books: Books) -> None:
    books.rate()
    campaign = {"code": "double", "funder": "brewery", "budget_minor": 100_00}
    books.connection.execute(
        "select points.set_budgets(1, %s)", (Jsonb({"store": {"currency": "USD"}, "campaigns": [campaign]}),)
    )
    accrual = Accrual(
        member_id=books.member(), op_id=books.new_id(), amount=100, expires_on=None, occurred_at=books.now(),
        partner="shop", partner_reference="basket", funder="brand", unit_cost_micros=5000, request_hash=HASH,
    )  # fmt: skip
    bonuses.accrue(books.connection, 1, accrual, {"double": 60}, bonuses.Units(0, 0), "test")
    reversal = Reversal(books.new_id(), "shop", "basket", "r1", 50, DebtPolicy.DEBT)
    bonuses.reverse(books.connection, 1, reversal, "test")
    books.post()
    brand, brewery = funders.statement(books.connection, 1, date(2027, 3, 1))
    assert (brand.funder, brand.issued, brand.reversed, brand.amount_minor) == ("brand", 100, 50, 25)
    assert (brewery.funder, brewery.issued, brewery.reversed, brewery.amount_minor) == ("brewery", 60, 30, 15)
    assert [one["campaign"] for one in (*brand.prices, *brewery.prices)] == [None, "double"]
    spent = books.value("select spent_minor from points.budgets(1) where campaign = 'double'")
    assert spent == brewery.amount_minor, "what the campaign has spent is what its funder pays"


def test_over_any_history_the_months_add_up_to_points_times_price(books: Books) -> None:
    books.rate()
    random_history(books, 21, 90)
    books.post()
    due = books.connection.execute(
        "select a.funder, sum((a.amount - coalesce(r.amount, 0)) * a.unit_cost_micros) as micros,"
        " sum(a.amount) as issued, sum(coalesce(r.amount, 0)) as reversed from points.accrual a"
        " left join (select accrual_op_id, sum(amount) as amount from points.reversal group by 1) r"
        "   on r.accrual_op_id = a.op_id group by 1"
    ).fetchall()
    months = [one for month in MONTHS for one in funders.statement(books.connection, 1, month)]
    for row in due:
        mine = [one for one in months if one.funder == row["funder"]]
        assert sum(one.amount_minor for one in mine) == row["micros"] // 10_000
        assert sum(one.issued for one in mine) == row["issued"]
        assert sum(one.reversed for one in mine) == row["reversed"]
    outstanding = sum(one.outstanding for one in funders.statement(books.connection, 1, MONTHS[-1]))
    assert outstanding == books.value("select sum(available + held + pending) from points.member")


def test_before_anything_is_posted_there_is_nothing(books: Books) -> None:
    assert funders.statement(books.connection, 1, date(2027, 2, 1)) == []

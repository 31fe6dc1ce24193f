"""Points of a member who has gone are breakage, and what was owed is written off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.points.ledger import Outcome
from loyalty.reports.rates import AccountingModel
from tests.domain.reports import reference
from tests.domain.reports.conftest import Books
from tests.domain.reports.test_books import FIRST, TODAY, expected, posted, random_history


def forfeit(books: Books, member: int) -> Outcome:
    return books.call("forfeit", books.program, member, books.new_id(), "closure", "test")


def kinds(books: Books, member: int, since: int) -> list[tuple[str, int, int, int]]:
    return [(row["kind"], row["dr"], row["cr"], row["amount"]) for row in books.journal(member)[since:]]


def test_what_is_left_lapses_before_its_day_and_everything_is_recognised(books: Books) -> None:
    books.rate()
    member = books.member()
    books.buy(member, 1000)
    books.buy(member, 50, pending_until=books.now() + timedelta(days=4))
    books.redeem(member, 400)
    gone = forfeit(books, member)
    assert (gone.done, gone.amount, gone.available, gone.pending) == (True, 650, 0, 0)
    assert kinds(books, member, -2) == [("mature", 3, 1, 50), ("expire", 1, 12, 650)]
    books.post()
    amounts = books.amounts(FIRST, TODAY)
    assert amounts["opened", "sales", "deferred_revenue"] == 420
    assert amounts["redeemed", "deferred_revenue", "redeemed_undelivered"] == 160
    assert amounts["breakage", "deferred_revenue", "breakage_revenue"] == 260


def test_pending_points_pay_what_is_owed_and_the_rest_of_it_is_written_off(books: Books) -> None:
    books.rate()
    member = books.member()
    bought = books.buy(member, 600)
    redemption = books.redeem(member, 600)
    books.buy(member, 100, pending_until=books.now() + timedelta(days=4))
    books.reverse(str(bought.op_id), 600)
    books.restore(member, redemption, 30, "ours", return_days=9)
    gone = forfeit(books, member)
    assert (gone.done, gone.available, gone.pending, gone.debt) == (True, 0, 0, 0)
    assert kinds(books, member, -3) == [("repay", 3, 4, 100), ("expire", 1, 12, 30), ("write_off", 15, 4, 500)]
    assert books.journal(member)[-1]["reference"] == "closure"
    books.post()
    amounts = books.amounts(FIRST, TODAY)
    assert amounts["owed", "points_owed", "sales"] == 240
    assert amounts["repaid_pending", "deferred_revenue", "points_owed"] == 40
    assert amounts["forgiven", "write_offs", "points_owed"] == 200


def test_the_same_again_is_the_first_answer_and_nothing_to_take_leaves_no_row(books: Books) -> None:
    member = books.member()
    op_id = books.new_id()
    books.buy(member, 10)
    first = books.call("forfeit", 1, member, op_id, "closure", "test")
    again = books.call("forfeit", 1, member, op_id, "closure", "test")
    assert (again.status, again.amount, again.version) == ("replay", first.amount, first.version)
    assert books.call("forfeit", 1, member, op_id, "other", "test").status == "key_reuse"
    rows = len(books.journal(member))
    assert (forfeit(books, member).amount, len(books.journal(member))) == (0, rows)


def test_held_points_are_somebody_elses_to_end(books: Books) -> None:
    member = books.member()
    books.buy(member, 10)
    books.hold(member, 4)
    rows = len(books.journal(member))
    refused = books.value("select (points.forfeit(1, %s, clock.new_id(), 'closure', 'test')).status", member)
    assert (refused, len(books.journal(member))) == ("held", rows)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.large) for seed in (1, 2))])
def test_the_books_agree_with_themselves_written_once_more_after_everybody_has_gone(books: Books, seed: int) -> None:
    books.rate()
    random_history(books, seed, 90)
    for row in books.connection.execute("select member_id from points.member where held = 0").fetchall():
        assert forfeit(books, row["member_id"]).done
    books.post()
    rates = [reference.Rate(books.day(0).replace(month=1, day=1), 4000, 2000, 3000, (8000, 7500, 6000))]
    for model in AccountingModel:
        sums = expected(books, model, rates, books.today())
        assert posted(books, FIRST, books.today(), model.value) == {
            key: micros // 10_000 for key, micros in sums.items()
        }

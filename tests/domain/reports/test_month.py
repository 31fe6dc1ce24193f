"""A month closes with what the next one opens with, and each figure is made of lots whose entries add up."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pytest

from loyalty.reports import journal, month
from loyalty.reports.month import Close, Figure, LotPoints
from tests.domain.people import somebody
from tests.domain.reports.conftest import Books
from tests.domain.reports.test_books import random_history

# What a history of March 2027 begins with, and goes on to.
MONTHS = [date(2026, 12, 1), date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1), date(2027, 4, 1), date(2027, 5, 1),
          date(2027, 6, 1), date(2027, 7, 1), date(2027, 8, 1)]  # fmt: skip


def closes(books: Books) -> dict[date, Close]:
    return {first: month.close(books.connection, 1, first) for first in MONTHS}


def lots(books: Books, first: date, figure: Figure, most: int = 3) -> list[LotPoints]:
    """All pages, small ones."""
    found: list[LotPoints] = []
    after: tuple[str, int] | None = None
    while True:
        page, after = month.lots(books.connection, 1, first, figure, after=after, most=most)
        found += page
        if after is None:
            return found


@pytest.fixture
def named(books: Books, monkeypatch: pytest.MonkeyPatch) -> Books:
    """Books whose members have numbers, and two rates."""
    monkeypatch.setattr(books, "member", lambda: somebody(books.connection).member_id)
    books.rate(point_value_micros=4871)
    books.rate(applies_from=date(2027, 2, 1), point_value_micros=5153, breakage_basis_points=1733)
    return books


def test_over_any_history_months_follow_from_each_other_and_open_to_the_last_lot(named: Books) -> None:
    random_history(named, 32, 120, locking=True)
    named.post()
    found = closes(named)
    assert sum(one.redeemed > 0 for one in found.values()) > 1
    assert any(one.adjusted < 0 for one in found.values())
    before: Close | None = None
    for first, one in found.items():
        assert one.opening + one.issued - one.redeemed - one.expired + one.adjusted == one.closing
        assert one.opening_minor is not None
        assert (
            one.opening_minor + (one.issued_minor or 0) - (one.redeemed_minor or 0) - (one.breakage_minor or 0)
            + (one.adjusted_minor or 0)
        ) == one.closing_minor  # fmt: skip
        if before:
            assert (one.opening, one.opening_minor) == (before.closing, before.closing_minor)
        before = one
        for figure in month.FIGURES:
            points = getattr(one, figure)
            assert sum(part.points for part in month.movements(named.connection, 1, first, figure)) == points
            assert sum(part.points for part in lots(named, first, figure)) == points
    assert before is not None
    held = "select sum(available + held + pending) from points.member"
    pending = "select coalesce(sum(amount), 0) from points.pending"
    assert before.closing == named.value(held.replace(" + pending", "")) + named.value(pending)
    last = max(one for one in MONTHS if one <= named.today())
    assert len({(part.member_number, part.lot) for part in lots(named, last, "closing")}) > 3
    for first in (date(2027, 3, 1), last):
        had: dict[tuple[str, str], int] = defaultdict(int)
        for part in lots(named, first, "closing"):
            had[part.member_number, part.lot] += part.points
        end = (first + timedelta(days=31)).replace(day=1)
        for (number, name), points in had.items():
            lot = month.lot(named.connection, 1, number, name)
            assert lot is not None
            assert lot.before + sum(entry.points for entry in lot.entries) == lot.outstanding
            assert sum(entry.points for entry in lot.entries if entry.day < end) == points
    assert month.lot(named.connection, 1, "nobody", "never") is None


def test_the_money_of_a_close_is_what_the_journal_posts_to_deferred_revenue(named: Books) -> None:
    random_history(named, 3, 60)
    named.post()
    for first, one in closes(named).items():
        end = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        posted: dict[str, int] = defaultdict(int)
        exact: dict[tuple[str, str], tuple[str, int]] = {}
        for day in journal.read(named.connection, 1, first, end)["days"]:
            for line in day["lines"]:
                sign = (line["credit_account"] == "deferred_revenue") - (line["debit_account"] == "deferred_revenue")
                posted[line["event"]] += sign * line["amount_minor"]
                exact[line["event"], line["funder"]] = (day["day"], int(line["through_micros"]))
        assert (posted["opened"], -posted["breakage"]) == (one.issued_minor, one.breakage_minor)
        assert -posted["redeemed"] - posted["restored"] == one.redeemed_minor
        assert one.closing_minor is not None
        assert one.opening_minor is not None
        assert sum(posted.values()) == one.closing_minor - one.opening_minor
        # The entries times their rates are the journal's exact sums.
        for (event, funder), (through, micros) in exact.items():
            if event in ("opened", "granted", "redeemed", "restored"):
                entries = named.value(
                    "select sum(e.points * (reports.rate_on(1, e.lot_month)).deferred_micros) from reports.entry e"
                    " where e.event = %s and e.funder = %s and e.day <= %s",
                    event, funder, through,
                )  # fmt: skip
                assert entries == micros


def test_a_purchase_of_a_locked_month_is_issued_in_the_next_and_keeps_the_month_it_was_earned_in(named: Books) -> None:
    books = named
    member = books.member()
    books.buy(member, 100, books.now() - timedelta(days=20))
    books.lock(date(2027, 2, 28))
    late = books.buy(member, 40, books.now() - timedelta(days=20))
    books.post()
    february, march = (month.close(books.connection, 1, date(2027, number, 1)) for number in (2, 3))
    assert (february.closing, february.final, february.opened) == (100, True, True)
    assert (march.opening, march.issued, march.closing, march.final) == (100, 40, 140, False)
    (one,) = lots(books, date(2027, 3, 1), "issued")
    assert (one.day, one.lot_month, one.points) == (date(2027, 3, 1), date(2027, 2, 1), 40)
    lot = month.lot(books.connection, 1, one.member_number, one.lot)
    assert lot is not None
    assert [(entry.points, entry.through) for entry in lot.entries] == [(100, 100), (40, 140)]
    assert lot.entries[-1].op_id == late.op_id


def test_of_points_booked_before_entries_were_kept_a_lot_says_what_was_in_it(named: Books) -> None:
    books = named
    member = books.member()
    books.buy(member, 100)
    books.post()
    books.connection.execute("alter table reports.entry disable trigger user")
    books.connection.execute("delete from reports.entry")
    books.connection.execute("update reports.posted set entries_after = null")
    books.redeem(member, 30)
    books.post()
    close = month.close(books.connection, 1, date(2027, 3, 1))
    assert (close.issued, close.redeemed, close.opened) == (100, 30, False)
    assert lots(books, date(2027, 3, 1), "issued") == []
    # What came before would be missing in the sum: no lot is told to be below zero.
    assert lots(books, date(2027, 3, 1), "closing") == []
    (one,) = lots(books, date(2027, 3, 1), "redeemed")
    lot = month.lot(books.connection, 1, one.member_number, one.lot)
    assert lot is not None
    assert (lot.before, lot.outstanding) == (100, 70)


@pytest.mark.parametrize("name", ["2028-11-30", "2028-11-30-extended", "never"])
def test_a_lot_is_called_by_its_last_good_day(name: str) -> None:
    assert month.lot_name(month.lot_key(name)) == name

"""What the story of the month's close compares, and what it says of a difference."""

from __future__ import annotations

from datetime import date

import pytest

from local.demo.closed_books import FIGURES, Told, differences, journal, month_end, months

DECEMBER = date(2026, 12, 1)
POINTS = dict(zip(FIGURES, (100, 50, 30, 10, -5, 105), strict=True))
HEAD = "day,line,book,event,funder,debit,credit,amount,currency,state,content_hash\r\n"


def file(*lines: tuple[str, str, str, str]) -> str:
    """A day's file of (event, debit, credit, amount)."""
    return HEAD + "".join(
        f"2026-12-01,{number},deferred_revenue,{event},brand,{debit},{credit},{amount},USD,locked,x\r\n"
        for number, (event, debit, credit, amount) in enumerate(lines, 1)
    )


def test_sources_that_agree_have_nothing_to_say() -> None:
    told = [Told("books", POINTS, POINTS), Told("ledger", POINTS), Told("ERP", money={"opening": 100})]
    assert differences(told) == []


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("kind", ["points", "money"])
def test_one_point_or_cent_is_told_with_its_figure_and_whose_it_is(figure: str, kind: str) -> None:
    off = Told("warehouse", dict(POINTS), dict(POINTS))
    getattr(off, kind)[figure] += 1
    first, *others = differences([Told("books", POINTS, POINTS), off])
    assert first.startswith(f"{figure}: warehouse says")
    assert first.endswith("+1")
    # And it does not add up any more.
    assert [line.split(" to ")[0] for line in others] == [
        f"warehouse: its {'points' if kind == 'points' else 'cents'} do not add up"
    ]


def test_the_journals_files_bring_deferred_revenue_what_each_event_posts_to_it() -> None:
    before = file(("opened", "sales", "2400", "5.00"))
    inside = file(
        ("breakage", "2400", "breakage_revenue", "0.40"), ("granted", "goodwill", "2400", "0.25"),
        ("opened", "sales", "2400", "2.00"), ("redeemed", "2400", "redeemed_undelivered", "1.10"),
        ("restored", "redeemed_undelivered", "2400", "0.10"), ("reversed", "2400", "sales", "0.50"),
        ("owed", "points_owed", "sales", "9.00"),
    )  # fmt: skip
    told = journal({"2026-11-30": before, "2026-12-01": inside}, DECEMBER)
    assert told.money == {
        "opening": 500, "issued": 200, "redeemed": 100, "expired": 40, "adjusted": -25, "closing": 535,
    }  # fmt: skip
    assert differences([told]) == []


def test_a_breakage_that_is_corrected_takes_off_the_figure() -> None:
    told = journal({"2026-12-01": file(("breakage", "breakage_revenue", "2400", "0.30"))}, DECEMBER)
    assert (told.money["expired"], told.money["closing"]) == (-30, 30)


def test_months_are_the_calendars() -> None:
    assert list(months(date(2026, 11, 1), date(2027, 1, 1))) == [date(2026, 11, 1), DECEMBER, date(2027, 1, 1)]
    assert [month_end(one).day for one in (date(2027, 2, 1), date(2028, 2, 1), DECEMBER)] == [28, 29, 31]

"""Days as invoices print them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.invoices.dates import order, ordered, possible

APRIL_3 = date(2025, 4, 3)


@pytest.mark.parametrize(
    "printed",
    [
        "April 3, 2025", "Apr 3, 2025", "03-Apr-2025", "3 April 2025", "3rd April 2025", "03.04.2025", "3. April 2025",
        "2025-04-03", "2025/04/03", "3 avril 2025", "3 de abril de 2025", "3 aprile 2025", "2025年4月3日",
        "03.04.2025.",
    ],
)  # fmt: skip
def test_a_day_is_read_in_every_language_of_the_stores(printed: str) -> None:
    assert possible(printed) == {APRIL_3}


def test_what_may_be_two_days_is_two_until_another_date_decides() -> None:
    assert possible("03/04/2025") == {APRIL_3, date(2025, 3, 4)}
    assert ordered("03/04/2025", order(["25/04/2025"])) == APRIL_3
    assert ordered("03/04/2025", order(["04/25/2025"])) == date(2025, 3, 4)
    assert ordered("03/04/2025", order(["25/04/2025", "04/25/2025"])) is None
    assert ordered("03/04/2025", None) is None


@pytest.mark.parametrize(
    "printed", ["", "31.02.2026", "13/13/2026", "2026", "3/4/25", "April 2025", "1-2025", "3 Apfel 2025", "30.1 0.2025"]
)
def test_what_is_no_day_is_none(printed: str) -> None:
    assert possible(printed) == frozenset()


def test_two_days_in_one_text_are_none() -> None:
    assert possible("April 3, 2025 to May 3, 2025") == frozenset()


@settings(max_examples=150, deadline=None)
@given(
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.sampled_from(
        ["{0:%B} {0.day}, {0.year}", "{0:%d-%b-%Y}", "{0:%d.%m.%Y}", "{0:%Y-%m-%d}", "{0.day} {0:%B} {0.year}"]
    ),
)
def test_every_day_comes_back_from_every_way_of_writing(day: date, way: str) -> None:
    assert possible(way.format(day)) == {day}

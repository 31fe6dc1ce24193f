"""Money as invoices print it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.invoices.amounts import Amount, amount, currencies


@pytest.mark.parametrize(
    ("printed", "currency", "minor"),
    [
        ("$1,234.50", "USD", 123450),
        ("$ 0.00", "USD", 0),
        ("($2.00)", "USD", -200),
        ("$(2.00)", "USD", -200),
        ("-$2.00", "USD", -200),
        ("$-2.00", "USD", -200),
        ("−$2.00", "USD", -200),
        ("2,00-", "EUR", -200),
        ("54.40 USD", "USD", 5440),
        ("$54.40 USD", "USD", 5440),
        ("1.234,50 €", "EUR", 123450),
        ("1 234,50 EUR", "EUR", 123450),
        ("1\u202f234,50\u00a0€", "EUR", 123450),
        ("1'234.50 CHF", "CHF", 123450),
        ("¥1,980", "JPY", 1980),
        ("1.980 円", "JPY", 1980),
        ("1,234.567 KWD", "KWD", 1234567),
        ("FREE", "USD", 0),
        ("Gratis", "EUR", 0),
    ],
)
def test_an_amount_is_read_as_its_country_writes_it(printed: str, currency: str, minor: int) -> None:
    assert amount(printed, currency) == Amount(minor, True)


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "$",
        "24.9g",
        "$24. 99",
        "1,23,4.50",
        "1.234.50",
        "1,234,50",
        "($2.00",
        "$2.00)",
        "--2.00",
        "12.345",
        "007.50",
        "1 2.50",
        "B0EXAMPLE1",
    ],
)
def test_what_fits_no_way_of_writing_is_no_amount(printed: str) -> None:
    found = amount(printed, "USD")
    assert found is None or not found.exact


def test_an_amount_without_its_decimals_is_not_exact() -> None:
    assert amount("$5440", "USD") == Amount(544000, False)
    assert amount("¥5440", "JPY") == Amount(5440, True)


def test_a_sign_that_several_currencies_share_leaves_the_choice_to_a_code() -> None:
    assert currencies("$5.00")[0] == "USD"
    assert currencies("$5.00 CAD") == ("CAD",)
    assert currencies("5,00 €") == ("EUR",)
    assert currencies("5.00") == ()


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10**9),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ",")]),
    st.sampled_from(["{}", "-{}", "({})", "{}-"]),
)
def test_every_amount_comes_back_from_every_way_of_writing(minor: int, marks: tuple[str, str], sign: str) -> None:
    whole = f"{minor // 100:,}".replace(",", marks[0])
    printed = sign.format(f"{whole}{marks[1]}{minor % 100:02}")
    assert amount(printed, "EUR") == Amount(minor if sign == "{}" else -minor, True)

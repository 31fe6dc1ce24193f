"""What an SMS costs is counted as networks do, and a product's title does not double it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.notifications import sms


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1), ("x" * 160, 1), ("x" * 161, 2), ("x" * 306, 2), ("x" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
        ("ä" * 160, 1), ("漢" * 70, 1), ("漢" * 71, 2), ("😀" * 35, 1), ("😀" * 36, 2), ("x" * 159 + "漢", 3),
    ],
)  # fmt: skip
def test_parts_are_counted_as_networks_do(text: str, parts: int) -> None:
    assert sms.parts(text) == parts


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Kaffee – „gemahlen“…", 'Kaffee - "gemahlen"...'),
        ("15″ × 10\u00a0cm", '15" x 10 cm'),
        ("Škoda Café Ägypten ß", "Skoda Café Ägypten ß"),
        ("Brand® Name™", "Brand Name"),
        ("漢字", "漢字"),
    ],
)
def test_what_only_looks_different_is_replaced(text: str, plain: str) -> None:
    assert sms.plain(text) == plain


@given(st.text())
def test_a_plain_text_never_costs_more(text: str) -> None:
    assert sms.parts(sms.plain(text)) <= max(sms.parts(text), 1) or "..." in sms.plain(text)


@given(st.text(max_size=200), st.integers(10, 80))
def test_a_shortened_title_is_as_short_as_was_asked(title: str, most: int) -> None:
    assert len(sms.shortened(title, most)) <= most


def test_a_title_is_cut_at_a_word() -> None:
    title = "Stainless Steel Insulated Water Bottle with Straw Lid, 32 oz"
    assert sms.shortened(title) == "Stainless Steel Insulated Water Bottle.."

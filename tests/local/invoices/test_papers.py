"""The invoices we draw: the paper says what its truth says, the same seed the same, and truths add up."""

from __future__ import annotations

import random
import re
from datetime import date
from functools import cache

import pypdfium2
import pytest

from local.invoices.hostile import HOSTILE, PROMPT
from local.invoices.making import LAYOUTS, paper
from local.invoices.others import OTHERS, other
from local.invoices.regions import US
from local.invoices.scanning import scan
from local.invoices.truth import Order, OrderedLine, Shows, made_up
from loyalty.invoices.invoice import Invoice

SEEDS = range(2, 8)
# Drawn once for all who look at it; that it is drawn the same again has a test of its own.
drawn = cache(paper)
ORDER = Order(
    "LOY-019ad3f4-7c11-7abc-8def-0123456789ab",
    date(2026, 3, 20),
    date(2026, 3, 31),
    (OrderedLine("114-1000001-1000001", "B0EXAMPLE1", "Example Water Bottle", 3, 2_499, 7_497, 451, 60_000),),
    "1ABC-2DEF-3GHJ",
    shipping_minor=599,
)


def text(pdf: bytes) -> str:
    """All pages without spaces and dashes: a value may be broken where a line ends."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join(plain(page.get_textpage().get_text_range()) for page in document)
    finally:
        document.close()


def plain(words: str) -> str:
    return re.sub(r"[\s\-\u00ad\ufffe\x02\xa0]", "", words)


def adds_up(truth: Invoice) -> bool:
    parts = truth.subtotal_minor + truth.shipping_minor + truth.discount_minor + truth.tax_minor
    items = sum(line.amount_minor for line in truth.lines if line.kind == "item")
    bases = sum(line.base_minor for line in truth.tax_lines) if truth.tax_lines else None
    return (
        parts == truth.total_minor
        and items == truth.subtotal_minor
        and bases in (None, truth.total_minor - truth.tax_minor)
        and (truth.kind == "credit_memo") == (truth.total_minor < 0)
        and all(
            abs(line.amount_minor) == (line.quantity or 0) * (line.unit_price_minor or 0)
            for line in truth.lines
            if line.kind == "item"
        )
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_paper_says_every_value_of_its_truth_as_it_is_printed(layout: str) -> None:
    for seed in SEEDS:
        made = drawn(seed, layout)
        said = text(made.pdf)
        assert made.truth
        for printed in made.printed:
            missing = [(name, value) for name, value in printed if plain(value) not in said]
            assert missing == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_truth_adds_up_and_a_seed_says_the_same_twice(layout: str) -> None:
    for seed in SEEDS:
        made = drawn(seed, layout)
        assert all(adds_up(truth) for truth in made.truth)
    assert paper(seed, layout) == made
    assert paper(seed + 1, layout).truth != made.truth


def test_seeds_to_tune_with_and_seeds_to_measure_with_see_all_layouts() -> None:
    assert len(LAYOUTS) >= 12
    for first in (0, 1):
        seen = [paper(seed).layout for seed in range(first, 2 * len(LAYOUTS) + first, 2)]
        assert sorted(seen) == sorted(LAYOUTS)


def test_some_papers_are_long_some_have_several_orders_some_no_tax_and_some_a_discount() -> None:
    truths = [
        made_up(random.Random(seed), US, Shows(), orders=(1, 3)).invoice for seed in range(400)
    ]  # fmt: skip
    assert max(len(truth.lines) for truth in truths) > 40
    assert any(len({line.amazon_order_id for line in truth.lines if line.asin}) > 1 for truth in truths)
    assert any(truth.tax_minor == 0 for truth in truths)
    assert any(truth.discount_minor < 0 for truth in truths)
    assert any(truth.discount_minor == -truth.shipping_minor < 0 for truth in truths)
    assert any(len(number) == 40 for truth in truths for number in truth.purchase_order_numbers)


@pytest.mark.parametrize("layout", ["us_business", "compact", "uk_vat", "de_rechnung", "us_periodic"])
def test_the_paper_of_an_order_says_what_it_was_charged_to_the_cent(layout: str) -> None:
    (truth,) = paper(2, layout, ORDER).truth
    assert (truth.subtotal_minor, truth.shipping_minor, truth.tax_minor, truth.total_minor) == (7_497, 599, 451, 8_547)
    assert truth.purchase_order_numbers == (ORDER.purchase_order_number,)
    assert truth.number == "1ABC-2DEF-3GHJ"


def test_a_scan_has_no_text_and_as_many_pages_and_is_the_same_for_the_same_seed() -> None:
    pdf = paper(4, "us_business").pdf
    pictures = scan(pdf, 72, skew_degrees=1.5, noise=10, seed=7)
    assert text(pictures) == ""
    assert len(pypdfium2.PdfDocument(pictures)) == len(pypdfium2.PdfDocument(pdf))
    assert scan(pdf, 72, skew_degrees=1.5, noise=10, seed=7) == pictures
    assert scan(pdf, 72, skew_degrees=1.5, noise=10, seed=8) != pictures
    assert scan(pdf, 72, seed=7, smudges=3) != scan(pdf, 72, seed=7)
    with pytest.raises(ValueError, match="dots per inch"):
        scan(pdf, 5)


def test_papers_that_are_no_invoices_can_be_read_and_repeat() -> None:
    assert all(text(other(4, name)) for name in OTHERS)
    assert other(4) == other(4)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "bomb"])
def test_hostile_files_are_small(name: str) -> None:
    assert len(HOSTILE[name]()) < 200_000


def test_what_speaks_to_its_reader_is_a_readable_invoice_otherwise() -> None:
    assert plain(PROMPT) in text(HOSTILE["told_to_approve"]())

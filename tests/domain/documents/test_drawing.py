"""What is on the page: read back from the PDF, and counted where it is an amount."""

from __future__ import annotations

import re
from typing import Any

import pypdfium2
import pytest
from pydantic import ValidationError

from loyalty.documents import tax
from loyalty.documents.drawing import Sheet, draw
from loyalty.documents.lettering import legible
from loyalty.documents.words import WORDS
from loyalty.programme.schema.documents import Tax
from tests.domain.documents.sheets import RECIPIENT, TAXED, credit_note, line, programme, sheet


def pages(of: Sheet) -> list[str]:
    """The text of each page, on one line."""
    with pypdfium2.PdfDocument(draw(of)) as document:
        return [re.sub(r"\s+", " ", page.get_textpage().get_text_bounded()) for page in document]


def test_a_receipt_says_who_what_and_how_much_and_shows_no_tax() -> None:
    (text,) = pages(sheet())
    for said in (
        *("Journey Rewards", "Receipt", "R-2026-000042", "22 November 2026", "Zoë Øvergård-Wiśniewska"),
        *("221B Example Avenue", "Seattle, WA 98109", "M-100042", "Desk lamp", "4,500 points + USD 12.50 each"),
        *("Points in all 11,000", "Money in all USD 25.00", "Amazon Pay, taken as each parcel leaves", "Page 1 of 1"),
        "This receipt shows no tax and is not a tax invoice.",
    ):
        assert said in text, said
    assert "Net amount" not in text
    # Three in the morning in Greenwich is the day before where the programme is.
    assert "Ordered on 21 November 2026" in text


def test_a_tax_invoice_names_the_seller_of_record_and_shows_net_and_tax() -> None:
    (text,) = pages(sheet(kind="tax_invoice", of=programme(TAXED), language="de", currency="EUR"))
    for said in (
        *("Rechnung", "I-2026-000042", "Journey Prämien GmbH", "Königstraße 12", "HRB 123456", "USt-IdNr. DE123456789"),
        *("Nettobetrag 21,01 EUR", "USt. 19 % 3,99 EUR", "Bruttobetrag 25,00 EUR", "22. November 2026", "9.000"),
    ):
        assert said in text, said
    assert "keine Rechnung" not in text


def test_a_credit_note_names_what_it_corrects_and_what_came_back() -> None:
    (text,) = pages(credit_note())
    for said in ("Refund note", "R-2026-000042 of 20 November 2026", "Points returned in all 4,500", "USD 12.50"):
        assert said in text, said
    (taxed,) = pages(credit_note("tax_invoice", of=programme(TAXED), language="de"))
    for said in ("Rechnungskorrektur", "Nettobetrag 10,50", "USt. 19 % 2,00"):
        assert said in taxed, said


def test_fifty_lines_fill_pages_that_each_repeat_the_head_and_say_their_number() -> None:
    wide = "with a rather long title that wraps " * 4
    found = pages(sheet(*(line(number, f"Product {number} {wide}") for number in range(1, 51))))
    assert len(found) > 2
    for number, text in enumerate(found, 1):
        assert f"Page {number} of {len(found)}" in text
        assert "Item Qty Points Money" in text
        assert "R-2026-000042" in text
    whole = " ".join(found)
    for number in range(1, 51):
        assert f"Product {number} with" in whole
    assert "Points in all 225,000" in found[-1]


@pytest.mark.parametrize(
    "title",
    [
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenbefestigung" * 20, "word " * 400, "<b>&amp;</para>",
        "%(x)s {y}", "<font color='red'>", "&#0;&bad;", "\0\x07", "", "  ",
        "咖啡 ☕ 😀", "שלום", "a\u0301" * 50, "🏳️‍🌈" * 200,
    ],
)  # fmt: skip
def test_whatever_a_title_holds_the_page_is_drawn(title: str) -> None:
    recipient = RECIPIENT | {"full_name": title[:60] or "x", "line1": title[:60] or "x"}
    (text,) = pages(sheet(line(1, title), recipient=recipient, language="fr"))
    assert "B0LAMP0001" in text


def test_a_character_that_cannot_be_drawn_is_a_box_and_letters_of_europe_are_letters() -> None:
    assert legible("Łódź Ωμέγα Кофе ﬁne Ţ ½ € 咖啡") == "Łódź Ωμέγα Кофе ﬁne Ţ ½ € □□"
    assert legible("one\ttwo\nthree\0\u200d") == "one two three"


def test_the_same_sheet_is_the_same_file_to_the_byte() -> None:
    assert draw(sheet()) == draw(sheet())


def test_the_file_says_its_title_and_language() -> None:
    content = draw(sheet(language="de"))
    with pypdfium2.PdfDocument(content) as document:
        assert document.get_metadata_dict()["Title"] == "Quittung R-2026-000042 · Journey Rewards"
    assert b"/Lang" in content
    assert b"/DisplayDocTitle" in content
    assert b"/FontFile2" in content, "the letters come with it"


def test_nobody_pays_what_could_not_be_charged() -> None:
    (text,) = pages(sheet(charged_minor=0))
    for said in ("Not charged −USD 25.00", "To pay USD 0.00", "The money part was not charged."):
        assert said in text, said


def test_points_alone_are_said_to_be_all() -> None:
    (text,) = pages(sheet(line(unit_money_minor=0), provider=None))
    assert "Paid with points only." in text


@pytest.mark.parametrize("accent", ["#ffffff", "#000000", "#ffd400", "#808080"])
def test_any_colour_can_be_read_on(accent: str) -> None:
    from loyalty.documents.drawing import _on

    def light(colour: str) -> float:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(accent), light(_on(accent))), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4


def test_both_languages_say_everything_with_the_same_words_to_fill_in() -> None:
    marks = {
        language: {key: sorted(re.findall(r"{\w+}", text)) for key, text in words.items()}
        for language, words in WORDS.items()
    }
    assert marks["en"] == marks["de"]


@pytest.mark.parametrize(
    ("charged", "rate", "expected"),
    [(11_900, 1_900, (10_000, 1_900)), (1, 1_900, (1, 0)), (4, 1_900, (3, 1)), (0, 1_900, (0, 0)), (999, 0, (999, 0))],
)
def test_tax_is_inside_the_price_and_both_parts_are_the_whole(
    charged: int, rate: int, expected: tuple[int, int]
) -> None:
    facts: Any = {"charged_minor": charged, "lines": []}
    found = tax.lines_of(facts, Tax(base="money_paid", rate_basis_points=rate))
    assert (found.net_minor, found.tax_minor) == expected
    assert found.net_minor + found.tax_minor == found.gross_minor == charged


def test_tax_on_the_whole_price_counts_the_points_too() -> None:
    facts = {"charged_minor": 1, "lines": [{"quantity": 2, "unit_price_minor": 5_950}]}
    found = tax.lines_of(facts, Tax(base="whole_price", rate_basis_points=1_900))
    assert (found.net_minor, found.tax_minor) == (10_000, 1_900)


@pytest.mark.parametrize(
    "field",
    ["seller.name", "seller.address", "seller.registrations", "tax.registration", "tax.base", "tax.rate_basis_points"],
)
def test_a_tax_invoice_is_not_published_without_what_it_must_say(field: str) -> None:
    part, name = field.split(".")
    without = {**TAXED, part: {key: value for key, value in TAXED[part].items() if key != name}}
    with pytest.raises(ValidationError, match=f"documents.{field}$|documents.{field} |documents.{field}\n"):
        programme(without)


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        programme({"member_document": "tax_invoice"})
    assert len(re.findall(r"documents\.(?:seller|tax)\.", str(refused.value))) == 6


def test_a_receipt_needs_nothing() -> None:
    assert programme({}).documents.member_document == "receipt"

"""Codes that were hardly read are recalled as those of our orders, or left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loyalty.invoices import recalling
from loyalty.invoices.alike import apart
from loyalty.invoices.invoice import Reading
from loyalty.invoices.normalising import read
from loyalty.invoices.papers import pages
from loyalty.invoices.recalling import Ordered
from tests.domain.invoices.expenses import ORDER, RULES, document, head, item, row
from tests.domain.invoices.expenses import field as printed

NUMBER = "LOY-019ada23-e1de-7000-916a-b6f939d5b359"
BOTTLE = Ordered(ORDER, NUMBER, "B08SVR5MWP", 2, 2499, "USD", 0)


def reading(ordered: list[Ordered], **changes: Any) -> Reading:
    """A paper about two bottles, changed as read; what the programme has ordered."""
    told = {"asin": "B08SVR5MWP", "order": ORDER, "number": NUMBER} | changes
    lines = [item("1 Example Water Bottle", "2", "$24.99", "$49.98", asin=told["asin"], order=told["order"])]
    (found,) = read([document(head(purchase_order=told["number"]), [lines[0]])], RULES, lambda clues: ordered)
    return found


def codes(found: Reading) -> tuple[object, object, object]:
    line: dict[str, Any] = found.draft["lines"][0]  # type: ignore[index]
    return line.get("asin"), line.get("amazon_order_id"), found.draft["purchase_order_numbers"]


OURS = ("B08SVR5MWP", ORDER, [NUMBER])


@pytest.mark.parametrize(
    "change",
    [
        {"asin": "B08SVRSMWP"},
        {"asin": "BO8SVR5MVV"},
        {"asin": "B08SVR5MWPP"},
        {"order": "114-I000OO1-100O001"},
        {"order": "114-1000001-100000 1"},
        {"order": "14-1000001-1000001"},
        {"number": "LOY-019ada23-eIde-7000-916a-b6f939dSb359"},
        {"number": "LOY-019ada23-e1de-7000-916a-\nb6f 939d5b359"},
        {"number": "LOY-019ada23-e1de-7000-9I6a-b6£939d5b355"},
        {"number": "LOY-019ada23-e1de-7000-916a-\nBe"},
        {"number": NUMBER.replace("-", " -", 2)},
    ],
)  # fmt: skip
def test_a_code_that_was_hardly_read_is_the_one_that_was_ordered(change: dict[str, str]) -> None:
    found = reading([BOTTLE], **change)
    assert codes(found) == OURS
    assert found.findings == ()


def test_two_ordered_products_one_letter_apart_are_never_guessed() -> None:
    other = replace(BOTTLE, asin="B08SVRXMWP", unit_price_minor=999)
    assert codes(reading([BOTTLE, other], asin="B08SVRYMWP"))[0] == "B08SVRYMWP"
    # Not even where one of them looks more like it.
    assert codes(reading([BOTTLE, other], asin="B08SVRSMWP"))[0] == "B08SVRSMWP"
    assert codes(reading([BOTTLE, other], asin="B08SVRXMWP"))[0] == "B08SVRXMWP"


@pytest.mark.parametrize(
    ("change", "ours"),
    [
        ({"asin": "B0QQQQQQQQ"}, BOTTLE),
        ({"order": "114-1000444-1000001"}, BOTTLE),
        ({"number": "LOY-019ada23-ffff-7000-ffff-ffff39d5b359"}, BOTTLE),
        # Numbers given in turn: the next one is another, however near.
        ({"number": "LOY-000124"}, replace(BOTTLE, purchase_order_number="LOY-000123")),
        ({"number": "LOY-000123 4"}, replace(BOTTLE, purchase_order_number="LOY-000123")),
    ],
)
def test_a_number_that_is_nobodys_stays_as_it_was_read(change: dict[str, str], ours: Ordered) -> None:
    asked = reading([ours], **change)
    assert codes(asked) == codes(reading([], **change))


def test_of_two_orders_that_are_as_near_none_is_taken() -> None:
    other = replace(BOTTLE, amazon_order_id="114-1000001-1000007")
    assert codes(reading([BOTTLE, other], order="114-1000001-1000004"))[1] == "114-1000001-1000004"


def test_letters_are_only_forgiven_where_they_look_like_the_digit() -> None:
    short = replace(BOTTLE, purchase_order_number="LOY-000123")
    assert codes(reading([short], number="LOY-0OOI23"))[2] == ["LOY-000123"]
    assert codes(reading([short], number="LOY-0001 23"))[2] == ["LOY-000123"]
    assert apart("B08", "BOB") == 0
    assert apart("B08", "B03") == 1


def test_what_was_printed_is_kept_beside_what_it_is() -> None:
    words = [
        {"BlockType": "WORD", "Text": text, "Confidence": 71.0, "Page": 1,
         "Geometry": {"BoundingBox": {"Left": 0.1, "Top": 0.5, "Width": 0.1, "Height": 0.01}}}
        for text in ("B08SVRSMWP",)
    ]  # fmt: skip
    cell = printed("PRODUCT_CODE", "B08SVRSMWP", "ASIN", place=0.5)
    lines = row(cell, printed("ITEM", "Bottle", "Item"), printed("PRICE", "$49.98", "Amount"))
    told = document(head(), [lines])
    (found,) = read([told | {"Blocks": words}], RULES, lambda clues: [BOTTLE])
    (seen,) = [place for place in found.seen if place.name == "lines.0.asin"]
    assert (codes(found)[0], seen.printed, seen.confidence) == ("B08SVR5MWP", "B08SVRSMWP", 71.0)


def test_the_number_of_a_paper_is_never_taken_for_a_product() -> None:
    near = replace(BOTTLE, asin="1ABC2DEF3G")
    assert reading([near]).draft["number"] == "1ABC-2DEF-3GHJ"


def test_what_is_on_a_paper_by_the_hundred_is_asked_for_in_part_only() -> None:
    many = [printed("OTHER", f"114-{number:07d}-1000001", "Order #") for number in range(500)]
    assert len(recalling.clues(pages([document(many)])).order_ids) == recalling.MOST_CLUES

"""Letters and digits that recognition confuses, told apart by how they are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from local.simulators.textract.engine import letterforms, second_look
from local.simulators.textract.engine.words import Word

FONT = next((Path(__file__).parents[3] / "loyalty" / "documents" / "fonts").glob("*.ttf"))


def drawn(text: str) -> Image.Image:
    """The word in black on white, as a scan of 300 dots an inch has it."""
    font = ImageFont.truetype(FONT, 40)
    left, top, right, bottom = font.getbbox(text)
    piece = Image.new("L", (int(right - left) + 12, int(bottom - top) + 12), 255)
    ImageDraw.Draw(piece).text((6 - left, 6 - top), text, fill=0, font=font)
    return piece


@pytest.mark.parametrize("text", ["B0TWENTY00", "BOTTLE", "LOY-2026", "O0O0-XYZ"])
def test_a_nought_is_narrower_than_an_o_however_it_was_read(text: str) -> None:
    for read in (text, text.replace("0", "O"), text.replace("O", "0")):
        assert letterforms.decided(drawn(text), read)[0] == text


def test_what_cannot_be_seen_letter_by_letter_is_not_clear() -> None:
    assert letterforms.decided(drawn("B0XY"), "B0XYZ") == ("B0XYZ", False)


def word(text: str, confidence: float) -> Word:
    return Word(text, 0, 0, 10, 10, confidence)


def test_looks_that_agree_leave_the_product_of_their_doubts() -> None:
    judged = second_look._judged(
        word("113-5826385-5905056", 90), [("113-5826385-5905056", 90), ("113-5826385-5905056", 80)], drawn("1")
    )
    assert judged.confidence == pytest.approx(99.8)


def test_looks_that_all_differ_leave_hardly_anything() -> None:
    judged = second_look._judged(word("113-5826385", 95), [("113-5826335", 95), ("113-5828385", 95)], drawn("1"))
    assert (judged.text, judged.confidence) == ("113-5826385", 50)


def test_an_amount_is_left_as_it_was_read_where_the_looks_differ() -> None:
    judged = second_look._judged(word("$24.99", 93), [("$2499", 95), ("$24:99", 40)], drawn("1"))
    assert (judged.text, judged.confidence) == ("$24.99", 93)

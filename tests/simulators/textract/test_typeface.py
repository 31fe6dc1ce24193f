"""Words are held against the letters that the page itself shows."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw, ImageFont

from local.simulators.textract.engine.deciphering import Verdict, compared, deciphered
from local.simulators.textract.engine.strips import Strip, strips
from local.simulators.textract.engine.typeface import Set, brought, typeface

FONT = next((Path(__file__).parents[3] / "loyalty" / "documents" / "fonts").glob("*.ttf"))
# What a page says, each read as it stands there.
PRINT = (
    "Order Online Total Tax Business Box Invoice Item Sold Sum Zone Zero Bill",
    "$1,024.58 $36.79 $10.00 $285.20 2026-11-05 114-0083559-4359052 $67.13",
)


def row(text: str, read: str | None = None) -> Set:
    """A strip, as a scan of 300 dots an inch has it, and how its words were read."""
    font = ImageFont.truetype(FONT, 40)
    picture = Image.new("L", (int(font.getlength(text)) + 20, 60), 255)
    ImageDraw.Draw(picture).text((10, 6), text, fill=0, font=font)
    words, begin = [], 0
    for word, seen in zip(text.split(), (read or text).split(), strict=True):
        left = text.index(word, begin)
        begin = left + len(word)
        words.append((seen, 10 + int(font.getlength(text[:left])), 10 + int(font.getlength(text[:begin])), 95.0))
    return Set(0, 1 - numpy.asarray(picture, dtype=numpy.float32) / 255, words)


def held(text: str, read: str) -> Verdict:
    """What the page's letters say of a word that was read otherwise than it stands there."""
    sets = [*(row(line) for line in PRINT), row(text, read)]
    lines = brought(sets)
    face, last = typeface(sets, lines), lines[-1]
    ink = None if last is None else last.word(0)
    assert ink is not None
    return compared(face, read, deciphered(face, ink), 0.02)


@pytest.mark.parametrize(("text", "read"), [("B0TS00", "BOTSOO"), ("1B8S25", "IB8S25"), ("ZO2S", "Z02S")])
def test_a_letter_is_the_one_that_lies_over_it(text: str, read: str) -> None:
    verdict = held(text, read)
    assert (verdict.text, verdict.settled) == (text, True)


def test_what_the_page_shows_nowhere_else_is_left_as_it_was_read_and_not_settled() -> None:
    verdict = held("1BQ%", "1BQ%")
    assert (verdict.text, verdict.confirmed[:2]) == ("1BQ%", (True, True))
    assert not verdict.settled


def test_a_figure_that_was_read_wrongly_among_figures_is_doubted_and_not_replaced() -> None:
    verdict = held("$36.79", "$86.79")
    assert verdict.text == "$86.79"
    assert not verdict.settled


def test_columns_that_do_not_stand_level_are_strips_of_their_own() -> None:
    page = numpy.full((400, 900), 250, dtype=numpy.uint8)
    left = [(100, 125), (150, 175), (200, 225)]
    right = [(112, 137), (167, 192)]
    for top, bottom in left:
        page[top:bottom, 60:300:3] = 20
    for top, bottom in right:
        page[top:bottom, 500:700:3] = 20
    page[92:96, 120:126] = 20
    page[300:303, 60:860] = 170
    found = strips(page)
    assert len(found) == len(left) + len(right)
    first = min(found)
    assert first.top <= 92, "a dot belongs to the line below it"
    assert all(isinstance(strip, Strip) and strip.bottom < 290 for strip in found), "a rule is no print"

"""Words of a page that is a picture: straightened, cleaned, and recognised by tesseract.

A pixel of the prepared picture is 1/300 inch. Words' places are those on the straightened page; `Page.angle` says how
far it was turned.
"""

from __future__ import annotations

import re
from statistics import median
from typing import NamedTuple

import numpy
import pypdfium2  # type: ignore[import-untyped]
import pytesseract  # type: ignore[import-untyped]
from PIL import Image

from local.simulators.textract.engine import second_look
from local.simulators.textract.engine.pictures import prepared
from local.simulators.textract.engine.words import Page, Word

DPI = 300
POINTS = 72 / DPI
# What a page of 40 inches would be is too much to look at; it is looked at more coarsely.
MOST_PIXELS = 14_000_000
LANGUAGES = "eng+deu"
# A page that has nothing darker is blank.
LIGHTEST_INK = 200
# One block of text: lines go all across, which is what the geometry wants.
PAGE_MODE = 6
_DESCENDING = re.compile(r"[gjpqyQ,;()\[\]|$/_@{}]")
# Not letters: what pictures and borders look like.
DIRT = re.compile(r"[|_~=®©\\<>{}\[\]«»¦°•*\^`´‘’“”]+")
_LOW = re.compile(r"[-–—.,_~=·•'\"]+")


def recognised(page: pypdfium2.PdfPage, number: int) -> Page:
    """The page's words, recognised."""
    width, height = page.get_size()
    scale = min(1 / POINTS, (MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        picture = bitmap.to_pil().convert("L")
    finally:
        bitmap.close()
    return looked_at(picture, number, width, height)


def looked_at(picture: Image.Image, number: int, width: float, height: float) -> Page:
    """A picture's words; `width` and `height` of the page in points."""
    if int(numpy.asarray(picture).min()) > LIGHTEST_INK:
        return Page(number, width, height, [], read=True)
    picture, angle = prepared(picture)
    points = width / picture.width
    words = second_look.looked_again(picture, _words(picture, points), points)
    return Page(number, width, height, words, read=True, angle=angle)


def _words(picture: Image.Image, points: float) -> list[Word]:
    data = pytesseract.image_to_data(
        picture,
        lang=LANGUAGES,
        config=f"--psm {PAGE_MODE} --dpi {DPI}",
        output_type=pytesseract.Output.DICT,
        timeout=60,
    )
    lines: dict[tuple[int, int, int], list[_Found]] = {}
    for index, text in enumerate(data["text"]):
        text, confidence = text.strip(), float(data["conf"][index])
        if not text or confidence < 0 or DIRT.fullmatch(text):
            continue
        left, top = data["left"][index] * points, data["top"][index] * points
        right, bottom = left + data["width"][index] * points, top + data["height"][index] * points
        key = (data["block_num"][index], data["par_num"][index], data["line_num"][index])
        lines.setdefault(key, []).append(_Found(text, left, top, right, bottom, confidence))
    return [word for line in lines.values() for word in _set(line)]


class _Found(NamedTuple):
    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float


def _set(line: list[_Found]) -> list[Word]:
    """The words with boxes as high as a text layer's, whatever letters they have, so that geometry means the same."""
    heights = sorted(one.bottom - one.top for one in line if not _LOW.fullmatch(one.text))
    tall = heights[int(0.7 * (len(heights) - 1))] if heights else 8.0
    words: list[Word] = []
    for one in line:
        if _LOW.fullmatch(one.text):
            base = median(other.bottom for other in line)
        else:
            base = one.bottom - 0.22 * tall if _DESCENDING.search(one.text) else one.bottom
        if words and one.left - words[-1].right < 0.2 * tall and _goes_on(words[-1].text, one.text):
            words[-1].text += one.text
            words[-1].right, words[-1].confidence = one.right, min(words[-1].confidence, one.confidence)
            continue
        top, bottom = base - 1.2 * tall, base + 0.33 * tall
        words.append(Word(one.text, one.left, top, one.right, bottom, one.confidence, read=True))
    return words


def _goes_on(before: str, behind: str) -> bool:
    """Whether a code was cut in two where its letters stand a little apart."""
    return before[-1].isalnum() and behind[0].isalnum() and any(sign.isdigit() for sign in before + behind)

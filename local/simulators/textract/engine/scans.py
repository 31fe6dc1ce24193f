"""Words of a page that is a picture: straightened, cleaned, and recognised by tesseract.

A pixel of the prepared picture is 1/300 inch. Words' places are those on the straightened page; `Page.angle` says how
far it was turned.
"""

from __future__ import annotations

import math
import re
from statistics import median
from typing import NamedTuple

import numpy
import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
from PIL import Image

from local.simulators.textract.engine import second_look
from local.simulators.textract.engine.pictures import prepared
from local.simulators.textract.engine.strips import ROOM, shown, strips
from local.simulators.textract.engine.tesseract import LINE, reader
from local.simulators.textract.engine.words import Page, Word

DPI = 300
POINTS = 72 / DPI
# What a page of 40 inches would be is too much to look at; it is looked at more coarsely.
MOST_PIXELS = 14_000_000
LANGUAGES = "eng+deu"
# A page that has nothing darker is blank.
LIGHTEST_INK = 200
# What differs less from 300 dots an inch is not made larger or smaller.
MUCH_LARGER = 1.25
_DESCENDING = re.compile(r"[gjpqyQ,;()\[\]|$/_@{}]")
# Not letters: what pictures and borders look like.
DIRT = re.compile(r"[|_~=®©\\<>{}\[\]«»¦°•*\^`´‘’“”]+")
# Words stand beside each other, if so much of their height is common.
BESIDE = 0.7
_LOW = re.compile(r"[-–—.,_~=·•'\"]+")


def recognised(page: pypdfium2.PdfPage, number: int) -> Page:
    """The page's words, recognised."""
    width, height = page.get_size()
    picture = _embedded(page)
    if picture is None or picture.width * picture.height > MOST_PIXELS:
        picture = _rendered(page, _scale(width, height))
    return looked_at(picture, number, width, height)


def _scale(width: float, height: float) -> float:
    """Pixels a point."""
    return min(1 / POINTS, math.sqrt(MOST_PIXELS / max(width * height, 1.0)))


def _embedded(page: pypdfium2.PdfPage) -> Image.Image | None:
    """The picture that the page is, as it was scanned; None where there is anything else or it lies otherwise."""
    drawn = list(page.get_objects(max_depth=1))
    if len(drawn) != 1 or drawn[0].type != pdfium.FPDF_PAGEOBJ_IMAGE or page.get_rotation():
        return None
    (width, height), matrix = page.get_size(), drawn[0].get_matrix().get()
    if any(abs(one - other) > 1 for one, other in zip(matrix, (width, 0, 0, height, 0, 0), strict=True)):
        return None
    return drawn[0].get_bitmap(render=False).to_pil().convert("L")  # type: ignore[no-any-return]


def _rendered(page: pypdfium2.PdfPage, scale: float) -> Image.Image:
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        return bitmap.to_pil().convert("L")  # type: ignore[no-any-return]
    finally:
        bitmap.close()


def looked_at(picture: Image.Image, number: int, width: float, height: float) -> Page:
    """A picture's words; `width` and `height` of the page in points."""
    if int(numpy.asarray(picture).min()) > LIGHTEST_INK:
        return Page(number, width, height, [], read=True)
    factor = width * _scale(width, height) / picture.width
    picture, angle = prepared(picture, 1.0 if 1 / MUCH_LARGER < factor < MUCH_LARGER else factor)
    points = width / picture.width
    words = second_look.looked_again(picture, _lines(picture, points), points)
    words = [word for word in words if word.text != second_look.UNREAD and not DIRT.fullmatch(word.text)]
    return Page(number, width, height, words, read=True, angle=angle)


def _lines(picture: Image.Image, points: float) -> list[list[Word]]:
    grey = numpy.asarray(picture)
    read: list[list[_Found]] = []
    for strip in strips(grey):
        line = []
        for found in reader(LANGUAGES).read(shown(grey, strip), LINE):
            left, right = (strip.left - ROOM + side for side in (found.left, found.right))
            top, bottom = (strip.top - ROOM + side for side in (found.top, found.bottom))
            place = (left * points, top * points, right * points, bottom * points)
            line.append(_Found(found.text, *place, found.confidence))
        if line:
            read.append(line)
        elif strip.right - strip.left < strip.bottom - strip.top:
            # A single figure often seems nothing at all.
            place = (strip.left * points, strip.top * points, strip.right * points, strip.bottom * points)
            read.append([_Found(second_look.UNREAD, *place, 0.0)])
    return [_set(line, _height(line, read)) for line in read]


def _height(line: list[_Found], others: list[list[_Found]]) -> float:
    """How high the words of a row are: of all that stands beside these, because `1` and `Qty` are of one row."""
    top, bottom = min(one.top for one in line), max(one.bottom for one in line)
    heights = sorted(
        one.bottom - one.top
        for other in others
        for one in other
        if min(bottom, one.bottom) - max(top, one.top) > BESIDE * (one.bottom - one.top)
        and not _LOW.fullmatch(one.text)
        and not DIRT.fullmatch(one.text)
    )
    return heights[int(0.7 * (len(heights) - 1))] if heights else 8.0


class _Found(NamedTuple):
    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float


def _set(line: list[_Found], tall: float) -> list[Word]:
    """The words with boxes as high as a text layer's, whatever letters they have, so that geometry means the same."""
    words: list[Word] = []
    for one in line:
        if _LOW.fullmatch(one.text):
            base = median(other.bottom for other in line)
        else:
            base = one.bottom - 0.22 * tall if _DESCENDING.search(one.text) else one.bottom
        near = bool(words) and one.left - words[-1].right < _nearest(words[-1].text, one.text) * tall
        if near and _goes_on(words[-1].text, one.text):
            words[-1].text += one.text
            words[-1].right, words[-1].confidence = one.right, min(words[-1].confidence, one.confidence)
            continue
        top, bottom = base - 1.2 * tall, base + 0.33 * tall
        words.append(Word(one.text, one.left, top, one.right, bottom, one.confidence, read=True))
    return words


def _nearest(before: str, behind: str) -> float:
    """How far apart two words stand at least, in heights: a one has more white beside it."""
    return 0.33 if "1" in (before[-1], behind[0]) else 0.2


def _goes_on(before: str, behind: str) -> bool:
    """Whether a code was cut in two where its letters stand a little apart."""
    return before[-1].isalnum() and behind[0].isalnum() and any(sign.isdigit() for sign in before + behind)

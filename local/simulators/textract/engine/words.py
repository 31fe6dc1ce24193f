"""Words with their places: from a PDF's text layer, one page at a time.

Lengths are in points, measured from the page's upper left corner as it is shown.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

# What a text layer's words are worth; the last digits differ from word to word, as they do with the real service.
TEXT_LAYER_CONFIDENCE = 99.0
# A page of so few words is looked at as a picture.
FEWEST_WORDS = 4
# An image over so much of a page is the page: a scan, whatever text lies behind it.
SCAN_SHARE = 0.7
INVISIBLE = 3
MOST_CHARACTERS = 60_000
# How a hyphen at the end of a line is told.
HYPHENS = (0x02, 0xAD, 0xFFFE)


@dataclass(slots=True)
class Word:
    """One word. `confidence`: 0 to 100; `read`: recognised in a picture."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    read: bool = False

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(slots=True)
class Page:
    """One page's words. `number` begins at 1; `read`: the words were recognised in a picture, turned by `angle`."""

    number: int
    width: float
    height: float
    words: list[Word]
    read: bool = False
    angle: float = 0.0


def text_layer(page: pypdfium2.PdfPage, number: int) -> Page | None:
    """The page's words; None when it has to be looked at: hardly any text but drawings, or a picture over all."""
    width, height = page.get_size()
    if _is_picture(page, width * height):
        return None
    text = page.get_textpage()
    try:
        characters = list(_characters(text, page))
    finally:
        text.close()
    words = _joined(characters)
    if len(words) < FEWEST_WORDS and _is_drawn(page):
        return None
    return Page(number, width, height, words)


def _is_picture(page: pypdfium2.PdfPage, area: float) -> bool:
    for image in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        left, bottom, right, top = image.get_bounds()
        if (right - left) * (top - bottom) > SCAN_SHARE * area:
            return True
    return False


def _is_drawn(page: pypdfium2.PdfPage) -> bool:
    """Whether there is anything beside text: letters may be drawn as well."""
    kinds = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING)
    return next(iter(page.get_objects(filter=kinds, max_depth=3)), None) is not None


type _Character = tuple[str, float, float, float, float]


def _characters(text: pypdfium2.PdfTextPage, page: pypdfium2.PdfPage) -> Iterator[_Character]:
    """Each character with left, top, right and bottom; a blank one's place means nothing."""
    raw: Any = text.raw
    box = pdfium.FS_RECTF()
    reference = ctypes.byref(box)
    unicode_of, box_of = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    placed = _placing(page)
    for index in range(min(pdfium.FPDFText_CountChars(raw), MOST_CHARACTERS)):
        code = unicode_of(raw, index)
        if code in HYPHENS:
            code = 0x2D
        if code <= 32 or code == 0xA0:
            yield " ", 0.0, 0.0, 0.0, 0.0
        elif box_of(raw, index, reference):
            yield (chr(code) if code < 0x110000 else "?"), *placed(box.left, box.top, box.right, box.bottom)


def _placing(page: pypdfium2.PdfPage) -> Any:
    """From the PDF's own coordinates to those of the page as it is shown."""
    x0, y0, x1, y1 = page.get_bbox()
    match page.get_rotation():
        case 90:
            return lambda left, top, right, bottom: (bottom - y0, left - x0, top - y0, right - x0)
        case 180:
            return lambda left, top, right, bottom: (x1 - right, bottom - y0, x1 - left, top - y0)
        case 270:
            return lambda left, top, right, bottom: (y1 - top, x1 - right, y1 - bottom, x1 - left)
    return lambda left, top, right, bottom: (left - x0, y1 - top, right - x0, y1 - bottom)


def _joined(characters: list[_Character]) -> list[Word]:
    words: list[Word] = []
    word: Word | None = None
    for text, left, top, right, bottom in characters:
        if text == " ":
            word = None
            continue
        if word is not None:
            gap, height = left - word.right, word.bottom - word.top
            same_line = abs((top + bottom) / 2 - word.middle) < 0.5 * height
            if same_line and -0.5 * height < gap < 0.2 * height:
                word.text += text
                word.right = max(word.right, right)
                word.top, word.bottom = min(word.top, top), max(word.bottom, bottom)
                continue
        word = Word(text, left, top, right, bottom, TEXT_LAYER_CONFIDENCE)
        words.append(word)
    return words

"""Words of a page that is a picture: straightened, cleaned, and recognised by tesseract.

A pixel of the prepared picture is 1/300 inch. Words' places are those on the straightened page; `Page.angle` says how
far it was turned.
"""

from __future__ import annotations

import re
from statistics import median
from typing import Any

import numpy
import pypdfium2  # type: ignore[import-untyped]
import pytesseract  # type: ignore[import-untyped]
from PIL import Image, ImageFilter

from local.simulators.textract.engine import second_look
from local.simulators.textract.engine.words import Page, Word

DPI = 300
POINTS = 72 / DPI
# What a page of 40 inches would be is too much to look at; it is looked at more coarsely.
MOST_PIXELS = 14_000_000
MOST_DEGREES = 6.0
# Below this a turn costs more sharpness than it gains.
LEAST_DEGREES = 0.05
LANGUAGES = "eng+deu"
# One block of text: lines go all across, which is what the geometry wants.
PAGE_MODE = 6
# Dark pixels with light all around, a share of all pixels: none in print, many in a noisy copy.
SPECKLED = 0.0004
_DESCENDING = re.compile(r"[gjpqyQ,;()\[\]|$/_@{}]")
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
    picture, angle = straightened(cleaned(picture))
    points = width / picture.width
    words = second_look.looked_again(picture, _words(picture, points), points)
    return Page(number, width, height, words, read=True, angle=angle)


def cleaned(picture: Image.Image) -> Image.Image:
    """Without specks, where there are any."""
    return picture.filter(ImageFilter.MedianFilter(3)) if _specks(picture) > SPECKLED else picture


def _specks(picture: Image.Image) -> float:
    dark = numpy.asarray(picture, dtype=numpy.uint8) < 128
    around = numpy.zeros(dark.shape, dtype=numpy.uint8)
    for axis in (0, 1):
        for step in (1, -1):
            around += numpy.roll(dark, step, axis)
    return float(numpy.mean(dark & (around == 0)))


def straightened(picture: Image.Image) -> tuple[Image.Image, float]:
    """The picture turned so that its lines are level, and by how many degrees."""
    angle = _skew(picture)
    if abs(angle) < LEAST_DEGREES:
        return picture, 0.0
    return picture.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=255), angle


def _skew(picture: Image.Image) -> float:
    """The turn, in degrees, at which ink gathers most sharply in rows."""
    small = picture.resize((max(picture.width // 3, 1), max(picture.height // 3, 1)), Image.Resampling.BOX)
    pixels = numpy.asarray(small)
    rows, columns = numpy.nonzero(pixels < min(150, int(numpy.mean(pixels)) - 30))
    if len(rows) < 200:
        return 0.0
    if len(rows) > 60_000:
        keep = numpy.random.default_rng(0).choice(len(rows), 60_000, replace=False)
        rows, columns = rows[keep], columns[keep]
    best = 0.0
    for step, reach in ((0.5, MOST_DEGREES), (0.1, 0.5), (0.02, 0.1)):
        angles = numpy.arange(best - reach, best + reach + step / 2, step)
        best = float(max(angles, key=lambda angle: _sharpness(rows, columns, small.height, angle)))
    return best


def _sharpness(rows: Any, columns: Any, height: int, angle: float) -> float:
    radians = numpy.deg2rad(angle)
    turned = (rows * numpy.cos(radians) - columns * numpy.sin(radians)).astype(numpy.int64)
    counts = numpy.bincount(turned - turned.min(), minlength=height)
    return float(numpy.sum(numpy.diff(counts.astype(numpy.float64)) ** 2))


def _words(picture: Image.Image, points: float) -> list[Word]:
    data = pytesseract.image_to_data(
        picture,
        lang=LANGUAGES,
        config=f"--psm {PAGE_MODE} --dpi {DPI} -c tessedit_do_invert=0",
        output_type=pytesseract.Output.DICT,
        timeout=60,
    )
    lines: dict[tuple[int, int, int], list[tuple[str, float, float, float, float, float]]] = {}
    for index, text in enumerate(data["text"]):
        text = text.strip()
        confidence = float(data["conf"][index])
        if not text or confidence < 0:
            continue
        left, top = data["left"][index] * points, data["top"][index] * points
        right, bottom = left + data["width"][index] * points, top + data["height"][index] * points
        key = (data["block_num"][index], data["par_num"][index], data["line_num"][index])
        lines.setdefault(key, []).append((text, left, top, right, bottom, confidence))
    return [word for line in lines.values() for word in _set(line)]


def _set(line: list[tuple[str, float, float, float, float, float]]) -> list[Word]:
    """The words with boxes as high as a text layer's, whatever letters they have, so that geometry means the same."""
    heights = [bottom - top for text, _, top, _, bottom, _ in line if not _LOW.fullmatch(text)]
    tall = sorted(heights)[int(0.7 * (len(heights) - 1))] if heights else 8.0
    words = []
    for text, left, _, right, bottom, confidence in line:
        if _LOW.fullmatch(text):
            base = median(one[4] for one in line)
        else:
            base = bottom - 0.22 * tall if _DESCENDING.search(text) else bottom
        words.append(Word(text, left, base - 1.2 * tall, right, base + 0.33 * tall, confidence))
    return words

"""Words with digits are recognised once more, each for itself, before they are believed.

They are cut out, enlarged, softened and set on a sheet of their own, so that neither their neighbours nor the raster
are those of the first time. Two looks that agree leave the product of their doubts: a clean print comes to the 99 %
that the real service says of it. Two that differ leave at most DISAGREED.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytesseract  # type: ignore[import-untyped]
from PIL import Image, ImageFilter

from local.simulators.textract.engine import letterforms
from local.simulators.textract.engine.words import Word

DISAGREED = 50.0
# Both agree, and it might still be an O or a nought.
UNCLEAR = 92.0
# No look is surer than this of itself: tesseract's own scale ends before.
SUREST = 97.0
ENLARGED = 1.5
SOFTENED = 0.6
SHEET_WIDTH = 2_400
MOST_HEIGHT = 30_000
GAP = 70
MARGIN = 4
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
# Where a letter may be a digit: beside other digits, and in capitals.
_MIXED = re.compile(r"(?=.*[0-9OIl])(?=.*[A-HJ-NP-Z])(?=.{4})[A-Z0-9l|()/-]+[.,:;]?$")
_EDGES = " |.,;:'\"`´‘’“”_"

# A word's number in the page's words, and where it is on the sheet: left, top, right, bottom.
type _Place = tuple[int, int, int, int, int]


def looked_again(picture: Image.Image, words: Sequence[Word], points: float) -> list[Word]:
    """The same words with other confidences. `points`: how long a pixel of the picture is."""
    chosen = [index for index, word in enumerate(words) if any(letter.isdigit() for letter in word.text)]
    if not chosen:
        return list(words)
    pieces = {index: piece for index in chosen if (piece := _cut(picture, words[index], points)) is not None}
    sheet, places = _sheet(pieces)
    seen = _recognised(sheet, places)
    judged = list(words)
    for index in chosen:
        judged[index] = _judged(words[index], seen.get(index), pieces.get(index))
    return judged


def _cut(picture: Image.Image, word: Word, points: float) -> Image.Image | None:
    box = (
        max(0, int(word.left / points) - MARGIN),
        max(0, int(word.top / points) - MARGIN),
        min(picture.width, int(word.right / points) + MARGIN),
        min(picture.height, int(word.bottom / points) + MARGIN),
    )
    return picture.crop(box) if box[2] - box[0] >= 4 and box[3] - box[1] >= 4 else None


def _sheet(cut: Mapping[int, Image.Image]) -> tuple[Image.Image, list[_Place]]:
    pieces: list[tuple[int, Image.Image]] = []
    for index, piece in cut.items():
        size = (max(1, int(piece.width * ENLARGED)), max(1, int(piece.height * ENLARGED)))
        pieces.append((index, piece.resize(size, Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(SOFTENED))))
    places, left, top, deep = list[_Place](), GAP, GAP, 0
    for index, piece in pieces:
        if left + piece.width + GAP > SHEET_WIDTH and left > GAP:
            left, top, deep = GAP, top + deep + GAP // 2, 0
        if top + piece.height + GAP > MOST_HEIGHT:
            break
        places.append((index, left, top, left + piece.width, top + piece.height))
        left, deep = left + piece.width + GAP, max(deep, piece.height)
    by_index = dict(pieces)
    width = max([SHEET_WIDTH, *(place[3] + GAP for place in places)])
    sheet = Image.new("L", (width, top + deep + GAP), 255)
    for index, x, y, _, _ in places:
        sheet.paste(by_index[index], (x, y))
    return sheet, places


def _recognised(sheet: Image.Image, places: Sequence[_Place]) -> dict[int, tuple[str, float]]:
    """What is read at each place, and how surely; words that one place falls into are one again."""
    data: dict[str, list[Any]] = pytesseract.image_to_data(
        sheet,
        lang="eng",
        config="--psm 6 --dpi 400 -c tessedit_do_invert=0",
        output_type=pytesseract.Output.DICT,
        timeout=60,
    )
    found: dict[int, list[tuple[int, str, float]]] = {}
    for position, text in enumerate(data["text"]):
        confidence = float(data["conf"][position])
        if not text.strip() or confidence < 0:
            continue
        across = data["left"][position] + data["width"][position] / 2
        down = data["top"][position] + data["height"][position] / 2
        for index, left, top, right, bottom in places:
            if left - GAP / 3 <= across <= right + GAP / 3 and top - 4 <= down <= bottom + 4:
                found.setdefault(index, []).append((data["left"][position], text.strip(), confidence))
                break
    return {
        index: ("".join(text for _, text, _ in sorted(parts)), min(part[2] for part in parts))
        for index, parts in found.items()
    }


def _judged(word: Word, again: tuple[str, float] | None, piece: Image.Image | None) -> Word:
    if again is None or piece is None or _alike(again[0]) != _alike(word.text):
        return replace(word, confidence=min(word.confidence, DISAGREED))
    first, second = (min(look, SUREST) for look in (word.confidence, again[1]))
    confidence = 100 - (100 - first) * (100 - second) / 100
    if not _MIXED.search(word.text):
        return replace(word, confidence=confidence)
    text, clear = letterforms.decided(piece, word.text)
    return replace(word, text=text, confidence=confidence if clear else min(confidence, UNCLEAR))


def _alike(text: str) -> str:
    """Letters that are told apart by their form are one here."""
    return _plain(text).replace("O", "0").replace("I", "1").replace("l", "1").replace("|", "1")


def _plain(text: str) -> str:
    return _DASHES.sub("-", text).replace("$ ", "$").strip(_EDGES)

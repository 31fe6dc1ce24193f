"""O or 0, I or 1, S or 5, B or 8, Z or 2: what recognition confuses in numbers of letters and digits, by its form.

In every common typeface a nought is two thirds as wide as it is high and an O as wide as high; a one has a flag or a
foot and, without serifs, a capital I has none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy
from PIL import Image, ImageFilter

NOUGHT_BELOW, O_ABOVE = 0.80, 0.84
BAR_BELOW, ONE_ABOVE = 0.205, 0.22
# Of the way from ink to paper: letters that touch come apart where only what is darker counts as ink.
DARK = (0.55, 0.5, 0.45, 0.6, 0.4, 0.35, 0.3, 0.7)
SOFTENED = 0.8
# Of a capital's height; and a row that is nearly all ink is a rule of the table.
DUST = 0.45
RULE = 0.9
# So narrow, for its height, is half of a round letter.
HALF = 0.42
ROUND, UPRIGHT = "O0", "I1l|"
# A letter is doubted whose ink, where its double has none or much, is below or above that share.
DOUBTED = {"S": (0.2, 1), "5": (0, 0.06), "B": (0.93, 1), "8": (0, 0.82), "Z": (0.45, 1), "2": (0, 0.6)}
# Letters by their height, with the white around them, as they are in common typefaces: only to see which of them touch.
WIDTHS = {
    "I": 0.39, "J": 0.7, "L": 0.8, "M": 1.16, "W": 1.31, "G": 1.05, "O": 0.92, "Q": 1.08, "0": 0.92, "-": 0.46,
} | dict.fromkeys("123456789", 0.77)  # fmt: skip
COMMON_WIDTH, BEARING = 0.94, 0.12
MOST_TOUCHING = 4
MOST_MISFIT = 0.04

# A prefix of letters only (INV-, LOY-) is a word: its O and I are letters.
_WORD = re.compile(r"[A-Z]{2,3}(?=-)")
# Left and right edge, top and bottom, in pixels.
type _Part = tuple[int, int, int, int]


def decided(piece: Image.Image, text: str) -> tuple[str, bool]:
    """The text with such letters as they are drawn, and whether each of them was clear.

    `piece`: the word cut out, dark on light, with a little room around it.
    """
    stops = text[len(text.rstrip(".,:;")) :]
    text = text.rstrip(".,:;")
    word = _WORD.match(text)
    if word and not any(letter in ROUND + UPRIGHT or letter in DOUBTED for letter in text[word.end() :]):
        return text + stops, True
    if not any(letter in ROUND + UPRIGHT or letter in DOUBTED for letter in text):
        return text + stops, True
    for darkness in DARK:
        dark, parts = _parts(piece, darkness)
        places = _aligned(parts, text)
        if places is not None:
            drawn = [_drawn(letter, dark, place) for letter, place in zip(text, places, strict=True)]
            drawn[: word.end() if word else 0] = text[: word.end() if word else 0]
            letters = [found or letter for letter, found in zip(text, drawn, strict=True)]
            return "".join(letters) + stops, None not in drawn
    for darkness in DARK:
        grouped = _grouped(_parts(piece, darkness)[1], text)
        if grouped is not None:
            return "".join(_alone(letter, place) for letter, place in zip(text, grouped, strict=True)) + stops, False
    return text + stops, False


def _drawn(letter: str, dark: Any, place: _Part) -> str | None:
    """None when it might be either."""
    left, right, top, bottom = place
    shape = (right - left) / (bottom - top)
    if letter in ROUND:
        return "0" if shape < NOUGHT_BELOW else "O" if shape > O_ABOVE else None
    if letter in UPRIGHT:
        # A capital I with serifs is as wide as a one: only the narrow one is clear.
        return letter if (shape > ONE_ABOVE if letter == "1" else shape < BAR_BELOW) else None
    if letter in DOUBTED:
        least, most = DOUBTED[letter]
        return letter if least <= _share(letter, dark[top:bottom, left:right]) <= most else None
    return letter


def _share(letter: str, ink: Any) -> float:
    """Of ink: right above the belly, where an S ends; along the left side of a B; in the upper left corner of a Z."""
    high, wide = ink.shape
    if letter in "S5":
        return float(ink[int(high * 0.20) : int(high * 0.36) + 1, int(wide * 0.70) :].mean())
    if letter in "B8":
        side = ink[int(high * 0.06) : int(high * 0.94) + 1, : max(2, int(wide * 0.16))]
        return float(side.any(axis=1).mean())
    return float(ink[: max(2, int(high * 0.13)), : max(2, int(wide * 0.25))].mean())


def _aligned(parts: Sequence[_Part], text: str) -> list[_Part] | None:
    """The place of each letter. A thin round one may have come apart, in a left half and a right one."""
    places, position = list[_Part](), 0
    for letter in text:
        if position == len(parts):
            return None
        left, right, top, bottom = parts[position]
        halves = letter in ROUND and position + 1 < len(parts)
        if halves and _is_half(parts[position]) and _is_half(parts[position + 1]):
            position += 1
            right, top, bottom = parts[position][1], min(top, parts[position][2]), max(bottom, parts[position][3])
        places.append((left, right, top, bottom))
        position += 1
    return places if position == len(parts) else None


def _grouped(parts: Sequence[_Part], text: str) -> list[_Part | None] | None:
    """The places of the letters that stand alone where others touch, None for those: each part is so many letters as
    together are about as wide as it. No places at all where it does not come out.
    """
    if not 2 <= len(parts) < len(text):
        return None
    high = median(bottom - top for _, _, top, bottom in parts)
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for left, right, _, _ in parts:
        following: dict[int, tuple[float, list[int]]] = {}
        for done, (cost, sizes) in best.items():
            for size in range(1, min(MOST_TOUCHING, len(text) - done) + 1):
                wide = sum(WIDTHS.get(letter, COMMON_WIDTH) for letter in text[done : done + size]) - BEARING
                more = cost + ((right - left) / high - wide) ** 2
                if done + size not in following or more < following[done + size][0]:
                    following[done + size] = more, [*sizes, size]
        best = following
    if len(text) not in best or best[len(text)][0] / len(parts) > MOST_MISFIT:
        return None
    places: list[_Part | None] = []
    for part, size in zip(parts, best[len(text)][1], strict=True):
        places += [part] if size == 1 else [None] * size
    return places


def _alone(letter: str, place: _Part | None) -> str:
    """A round letter as it is drawn, where it stands alone; any other as it was read."""
    return (_drawn(letter, None, place) or letter) if place is not None and letter in ROUND else letter


def _is_half(part: _Part) -> bool:
    left, right, top, bottom = part
    return (right - left) / (bottom - top) < HALF


def _parts(piece: Image.Image, darkness: float) -> tuple[Any, list[_Part]]:
    """What is ink, and what white columns part of it, from left to right."""
    grey: Any = numpy.asarray(piece.filter(ImageFilter.GaussianBlur(SOFTENED)), dtype=numpy.float32)
    ink, paper = numpy.percentile(grey, (2, 90))
    dark: Any = grey < ink + (paper - ink) * darkness
    dark[dark.mean(axis=1) > RULE] = False
    inked = dark.any(axis=0)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate(([0], inked.astype(numpy.int8), [0]))))
    parts = []
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        rows = numpy.flatnonzero(dark[:, left:right].any(axis=1))
        parts.append((int(left), int(right), int(rows[0]), int(rows[-1]) + 1))
    highest = max((bottom - top for _, _, top, bottom in parts), default=0)
    # A dash is wide; what is neither high nor wide is dust or a full stop.
    return dark, [
        part for part in parts if part[3] - part[2] >= DUST * highest or part[1] - part[0] >= DUST * highest / 2
    ]

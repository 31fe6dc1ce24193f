"""O or 0, I or 1: what recognition confuses in numbers that hold letters and digits, decided by how wide the letter is.

In every common typeface a nought is two thirds as wide as it is high and an O as wide as high; a one has a flag or a
foot and, without serifs, a capital I has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
from PIL import Image, ImageFilter

NOUGHT_BELOW, O_ABOVE = 0.80, 0.84
BAR_BELOW, ONE_ABOVE, ONE_BELOW = 0.205, 0.22, 0.40
# Of the way from ink to paper: letters that touch come apart where only what is darker counts as ink.
DARK = (0.55, 0.5, 0.45, 0.6, 0.4, 0.35, 0.3, 0.7)
SOFTENED = 0.8
# Of a capital's height; and a row that is nearly all ink is a rule of the table.
DUST = 0.45
RULE = 0.9
# So narrow, for its height, is half of a round letter.
HALF = 0.42
ROUND, UPRIGHT = "O0", "I1l|"


# Left and right edge, and height, in pixels.
type _Part = tuple[int, int, int]


def decided(piece: Image.Image, text: str) -> tuple[str, bool]:
    """The text with its rounds and uprights as they are drawn, and whether each of them was clear.

    `piece`: the word cut out, dark on light, with a little room around it.
    """
    stops = text[len(text.rstrip(".,:;")) :]
    text = text.rstrip(".,:;")
    if not any(letter in ROUND + UPRIGHT for letter in text):
        return text + stops, True
    shapes = next((found for dark in DARK if (found := _aligned(_parts(piece, dark), text)) is not None), None)
    if shapes is None:
        return text + stops, False
    letters, clear = [], True
    for letter, shape in zip(text, shapes, strict=True):
        drawn = _drawn(letter, shape)
        clear = clear and drawn is not None
        letters.append(drawn or letter)
    return "".join(letters) + stops, clear


def _drawn(letter: str, shape: float) -> str | None:
    """None when it might be either."""
    if letter in ROUND:
        return "0" if shape < NOUGHT_BELOW else "O" if shape > O_ABOVE else None
    if letter in UPRIGHT:
        if shape > ONE_ABOVE:
            # A capital I with serifs is hardly wider than a one.
            return "1" if letter == "1" or shape < ONE_BELOW else None
        return None if shape > BAR_BELOW or letter == "1" else letter
    return letter


def _aligned(parts: Sequence[_Part], text: str) -> list[float] | None:
    """Width by height of each letter. A thin round one may have come apart, in a left half and a right one."""
    shapes, position = [], 0
    for letter in text:
        if position == len(parts):
            return None
        left, right, high = parts[position]
        if (
            letter in ROUND
            and _is_half(parts[position])
            and position + 1 < len(parts)
            and _is_half(parts[position + 1])
        ):
            position += 1
            right = parts[position][1]
        shapes.append((right - left) / high)
        position += 1
    return shapes if position == len(parts) else None


def _is_half(part: _Part) -> bool:
    left, right, high = part
    return (right - left) / high < HALF


def _parts(piece: Image.Image, darkness: float) -> list[_Part]:
    """What white columns part, from left to right."""
    grey: Any = numpy.asarray(piece.filter(ImageFilter.GaussianBlur(SOFTENED)), dtype=numpy.float32)
    ink, paper = numpy.percentile(grey, (2, 90))
    dark: Any = grey < ink + (paper - ink) * darkness
    dark[dark.mean(axis=1) > RULE] = False
    inked = dark.any(axis=0)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate(([0], inked.astype(numpy.int8), [0]))))
    parts = []
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        rows = numpy.flatnonzero(dark[:, left:right].any(axis=1))
        parts.append((int(left), int(right), int(rows[-1] - rows[0] + 1)))
    highest = max((high for _, _, high in parts), default=0)
    # A dash is wide; what is neither high nor wide is dust or a full stop.
    return [part for part in parts if part[2] >= DUST * highest or part[1] - part[0] >= DUST * highest / 2]

"""O or 0, I or 1: what recognition confuses in numbers that hold letters and digits, decided by how wide the letter is.

In every common typeface a nought is two thirds as wide as it is high and an O as wide as high; a one has a flag or a
foot and, without serifs, a capital I has none.
"""

from __future__ import annotations

from typing import Any

import numpy
from PIL import Image, ImageFilter

NOUGHT_BELOW, O_ABOVE = 0.80, 0.84
BAR_BELOW, ONE_ABOVE, ONE_BELOW = 0.19, 0.22, 0.40
# Of the way from ink to paper: letters that touch come apart where only what is darker counts as ink.
DARK = (0.55, 0.5, 0.45, 0.6, 0.4, 0.35, 0.3, 0.7)
SOFTENED = 0.8
# Smaller spots than so many points are dust; a row that is nearly all ink is a rule of the table.
DUST = 8
RULE = 0.9
ROUND, UPRIGHT = "O0", "I1l|"


def decided(piece: Image.Image, text: str) -> tuple[str, bool]:
    """The text with its rounds and uprights as they are drawn, and whether each of them was clear.

    `piece`: the word cut out, dark on light, with a little room around it.
    """
    if not any(letter in ROUND + UPRIGHT for letter in text):
        return text, True
    shapes = next((found for dark in DARK if len(found := _shapes(piece, dark)) == len(text)), None)
    if shapes is None:
        return text, False
    letters, clear = [], True
    for letter, shape in zip(text, shapes, strict=True):
        drawn = _drawn(letter, shape)
        clear = clear and drawn is not None
        letters.append(drawn or letter)
    return "".join(letters), clear


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


def _shapes(piece: Image.Image, darkness: float) -> list[float]:
    """Width by height of each letter from left to right, where white columns part them."""
    grey: Any = numpy.asarray(piece.filter(ImageFilter.GaussianBlur(SOFTENED)), dtype=numpy.float32)
    ink, paper = numpy.percentile(grey, (2, 90))
    dark: Any = grey < ink + (paper - ink) * darkness
    dark[dark.mean(axis=1) > RULE] = False
    inked = dark.any(axis=0)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate(([0], inked.astype(numpy.int8), [0]))))
    found = []
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        rows = numpy.flatnonzero(dark[:, left:right].any(axis=1))
        if dark[:, left:right].sum() >= DUST:
            found.append(float(right - left) / float(rows[-1] - rows[0] + 1))
    return found

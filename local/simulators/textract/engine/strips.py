"""Where print stands on a page: strips of one line each, from white to white.

Columns whose lines do not stand level with each other are strips of their own, so that none is read across another.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
from PIL import Image

# One pixel of the map of ink is so many across and down.
ACROSS, DOWN = 4, 2
# What is darker than the paper by less is no ink; nowhere by more, it is a shade with noise on it.
LEAST_CONTRAST, LEAST_PRINTED = 24, 50
# Paper is as bright within so many pixels of the map, and nowhere so much darker than elsewhere.
TILE, MOST_SHADE = 60, 40
# So much white, in pixels of the map, parts one strip from the next beside it, and below it.
GAP_BESIDE, GAP_BELOW = 7, 1
# What is flatter, of the usual height, belongs to what stands below or above it: dots and accents.
FLAT = 0.4
# What is flat, stands alone and is so many times as long is left of a rule.
LONG = 6
NEAR = 0.35
# A page that falls into more pieces is no page of print.
MOST_DEPTH = 12
# White around what is shown to recognition, in pixels.
ROOM = 8
# A strip's ink is as black as paper is white, if there is so much between them.
LEAST_STRETCHED = 20

type Grey = Any


class Strip(NamedTuple):
    """Left, top, right and bottom, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def strips(grey: Grey) -> list[Strip]:
    """Those of a level page without rules, dark on light, from top to bottom."""
    lighter = _lighter(grey)
    found: list[Strip] = []
    _cut(lighter < -LEAST_CONTRAST, Strip(0, 0, lighter.shape[1], lighter.shape[0]), found, 0)
    found = [
        strip for strip in found if lighter[strip.top : strip.bottom, strip.left : strip.right].min() < -LEAST_PRINTED
    ]
    return [
        Strip(left * ACROSS, top * DOWN, right * ACROSS, bottom * DOWN)
        for left, top, right, bottom in sorted(_with_dots(found), key=lambda strip: (strip.top, strip.left))
    ]


def shown(grey: Grey, strip: Strip) -> Grey:
    """The strip cut out, black on white whatever it was printed in, with white around it."""
    cut = grey[strip.top : strip.bottom, strip.left : strip.right]
    ink, paper = numpy.percentile(cut, (1, 80))
    if paper - ink >= LEAST_STRETCHED:
        cut = numpy.clip((cut - ink) * (255.0 / (paper - ink)), 0, 255).astype(numpy.uint8)
    return numpy.pad(cut, ROOM, constant_values=255)


def _lighter(grey: Grey) -> Grey:
    """The map: by how much each place is lighter than the paper there."""
    high, wide = grey.shape[0] // DOWN, grey.shape[1] // ACROSS
    inside = grey[: high * DOWN, : wide * ACROSS]
    total = numpy.zeros((high, wide), dtype=numpy.uint16)
    for down in range(DOWN):
        for across in range(ACROSS):
            total += inside[down::DOWN, across::ACROSS]
    total //= DOWN * ACROSS
    lighter: Grey = total - _paper(total)
    return lighter


def _paper(bright: Grey) -> Grey:
    """How bright the paper is at each place: a lamp is not as bright everywhere."""
    whole = float(numpy.percentile(bright[::4, ::4], 70))
    high, wide = bright.shape[0] // TILE, bright.shape[1] // TILE
    if not high or not wide:
        return whole
    tiles = bright[: high * TILE, : wide * TILE].reshape(high, TILE, wide, TILE).transpose(0, 2, 1, 3)
    papers = numpy.percentile(tiles.reshape(high, wide, -1)[:, :, ::5], 75, axis=2)
    spread = Image.fromarray(numpy.maximum(papers, whole - MOST_SHADE).astype(numpy.float32))
    return numpy.asarray(spread.resize(bright.shape[::-1], Image.Resampling.BILINEAR))


def _cut(ink: Grey, strip: Strip, found: list[Strip], depth: int) -> None:
    """Where rows of white go all across, and then where columns of it go all down, for as long as there are any."""
    left, top, right, bottom = strip
    rows = _runs(ink[top:bottom, left:right].any(axis=1), GAP_BELOW)
    for above, below in rows:
        band = ink[top + above : top + below, left:right]
        columns = _runs(band.any(axis=0), GAP_BESIDE)
        for begin, end in columns:
            piece = Strip(left + begin, top + above, left + end, top + below)
            if len(columns) == 1 or depth == MOST_DEPTH:
                found.append(piece)
            else:
                _cut(ink, piece, found, depth + 1)


def _runs(inked: Grey, gap: int) -> list[tuple[int, int]]:
    """Begin and end of what has ink, gaps smaller than that filled."""
    where = numpy.flatnonzero(inked)
    if not len(where):
        return []
    cuts = numpy.flatnonzero(numpy.diff(where) > gap)
    begins, ends = [where[0], *where[cuts + 1]], [*where[cuts], where[-1]]
    return [(int(begin), int(end) + 1) for begin, end in zip(begins, ends, strict=True)]


def _with_dots(found: list[Strip]) -> list[Strip]:
    if not found:
        return []
    heights = sorted(strip.bottom - strip.top for strip in found)
    usual = heights[len(heights) // 2]
    flat = [strip for strip in found if strip.bottom - strip.top < FLAT * usual]
    whole = [strip for strip in found if strip.bottom - strip.top >= FLAT * usual]
    for dot in flat:
        for index, strip in enumerate(whole):
            apart = max(strip.top - dot.bottom, dot.top - strip.bottom)
            if (
                apart <= NEAR * (strip.bottom - strip.top)
                and dot.left >= strip.left - 2
                and dot.right <= strip.right + 2
            ):
                whole[index] = Strip(
                    min(strip.left, dot.left), min(strip.top, dot.top),
                    max(strip.right, dot.right), max(strip.bottom, dot.bottom),
                )  # fmt: skip
                break
        else:
            if dot.right - dot.left < LONG * (dot.bottom - dot.top):
                whole.append(dot)
    return whole

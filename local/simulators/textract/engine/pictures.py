"""Pictures of pages, prepared for recognition: level, without ruled lines and specks, dark on light everywhere."""

from __future__ import annotations

import math
from typing import Any

import numpy
from PIL import Image, ImageFilter

MOST_DEGREES = 6.0
# Below this a turn costs more sharpness than it gains.
LEAST_DEGREES = 0.05
# Dark pixels with light all around, a share of all pixels: none in print, many in a noisy copy.
SPECKLED = 0.0004
DARK = 140
# Longer than any letter's stem, in pixels of 1/300 inch.
RULE_PIXELS = 110
# Lines are looked for in blocks of so many pixels; what is so many pixels thick is an area.
STEP, THICK = 10, 14
# What is darker is drawn or printed.
INKED = 190
BLOCK = 8
# A band of so many blocks in a row is a background, not letters.
BAND_BLOCKS = 24
GAP_BLOCKS = 7
# Of the points of a band's edge, where no letters stand, so many are dark.
SOLID = 0.9

type Grey = Any


def prepared(picture: Image.Image, factor: float = 1.0) -> tuple[Image.Image, float]:
    """The picture as it is recognised best, `factor` as large, and by how many degrees it was turned."""
    if _specks(picture) > SPECKLED:
        picture = picture.filter(ImageFilter.MedianFilter(3))
    picture, angle = straightened(picture, factor)
    grey = numpy.array(picture, dtype=numpy.uint8)
    _lighten_bands(grey)
    _remove_rules(grey)
    return Image.fromarray(grey), angle


def _specks(picture: Image.Image) -> float:
    dark = numpy.asarray(picture) < DARK
    around = numpy.zeros(dark.shape, dtype=numpy.uint8)
    for axis in (0, 1):
        for step in (1, -1):
            around += numpy.roll(dark, step, axis)
    return float(numpy.mean(dark & (around == 0)))


def straightened(picture: Image.Image, factor: float = 1.0) -> tuple[Image.Image, float]:
    """The picture turned so that its lines are level, and by how many degrees; turned and enlarged at once, because
    each time costs sharpness.
    """
    angle = _skew(picture, 3 / factor)
    size = round(picture.width * factor), round(picture.height * factor)
    if abs(angle) < LEAST_DEGREES:
        return (picture if factor == 1.0 else picture.resize(size, Image.Resampling.LANCZOS)), 0.0
    cosine, sine = (turn(math.radians(angle)) / factor for turn in (math.cos, math.sin))
    across, down = size[0] / 2, size[1] / 2
    placed = (
        *(cosine, -sine, picture.width / 2 - cosine * across + sine * down),
        *(sine, cosine, picture.height / 2 - sine * across - cosine * down),
    )
    return picture.transform(size, Image.Transform.AFFINE, placed, Image.Resampling.BICUBIC, fillcolor=255), angle


def _skew(picture: Image.Image, smaller: float) -> float:
    """The turn, in degrees, at which ink gathers most sharply in rows."""
    size = max(round(picture.width / smaller), 1), max(round(picture.height / smaller), 1)
    small = picture.resize(size, Image.Resampling.BOX)
    pixels = numpy.asarray(small)
    # Dark areas have no lines of text, and would outweigh those that have.
    around = small.resize((max(small.width // 12, 1), max(small.height // 12, 1)), Image.Resampling.BOX)
    areas = numpy.asarray(around.resize(small.size, Image.Resampling.BILINEAR)) < DARK
    rows, columns = numpy.nonzero((pixels < min(150, int(numpy.mean(pixels)) - 30)) & ~areas)
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


def _sharpness(rows: Grey, columns: Grey, height: int, angle: float) -> float:
    radians = numpy.deg2rad(angle)
    turned = (rows * numpy.cos(radians) - columns * numpy.sin(radians)).astype(numpy.int64)
    counts = numpy.bincount(turned - turned.min(), minlength=height)
    return float(numpy.sum(numpy.diff(counts.astype(numpy.float64)) ** 2))


def _lighten_bands(grey: Grey) -> None:
    """Light letters on a dark band become dark ones on a light band, in place."""
    high, wide = grey.shape[0] // BLOCK, grey.shape[1] // BLOCK
    blocks = grey[: high * BLOCK, : wide * BLOCK].reshape(high, BLOCK, wide, BLOCK).mean(axis=(1, 3))
    dark = blocks < DARK
    # Heavy letters are dark in half of their points; a band is dark all over, but for its own letters.
    core, weak = numpy.zeros(dark.shape, dtype=bool), numpy.zeros(dark.shape, dtype=bool)
    for row in range(high):
        for left, right in _bands(dark[row]):
            strip = grey[row * BLOCK : (row + 1) * BLOCK, left * BLOCK : right * BLOCK]
            weak[row, left:right] = True
            core[row, left:right] = bool((strip < DARK).mean() > SOLID)
    band = core.copy()
    for _ in range(GAP_BLOCKS):
        for step in (1, -1):
            band |= numpy.roll(band, step, axis=0) & weak
    band = _closed(band)
    if not band.any():
        return
    for row in range(high):
        edges = numpy.flatnonzero(numpy.diff(numpy.concatenate(([0], band[row].astype(numpy.int8), [0]))))
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            part = grey[row * BLOCK : (row + 1) * BLOCK, left * BLOCK : right * BLOCK]
            background = float(numpy.percentile(part, 30))
            lighter = (255.0 - part) * (255.0 / max(255.0 - background, 1.0))
            part[:] = numpy.clip(lighter, 0, 255).astype(numpy.uint8)
    _whiten_edges(grey, band)


def _whiten_edges(grey: Grey, band: Grey) -> None:
    """What is left of a band around the blocks that were turned."""
    wider = band.copy()
    for axis in (0, 1):
        wider |= numpy.roll(wider, 1, axis) | numpy.roll(wider, -1, axis)
    ring = (wider & ~band).repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
    inside = grey[: ring.shape[0], : ring.shape[1]]
    inside[ring & (inside < 190)] = 255


def _closed(band: Grey) -> Grey:
    """With the rows between two rows of a band, which large letters have lightened."""
    closed = band.copy()
    for above in range(1, GAP_BLOCKS + 1):
        for below in range(1, GAP_BLOCKS + 1 - above):
            closed[above:-below] |= band[: -above - below] & band[above + below :]
    return closed


def _bands(dark: Grey) -> list[tuple[int, int]]:
    """Runs of dark blocks, with gaps of letters; begin and end."""
    where = numpy.nonzero(dark)[0]
    if len(where) < BAND_BLOCKS:
        return []
    cuts = numpy.nonzero(numpy.diff(where) > 6)[0]
    begins, ends = [where[0], *where[cuts + 1]], [*where[cuts], where[-1]]
    found = []
    for begin, end in zip(begins, ends, strict=True):
        share = dark[begin : end + 1].mean()
        if end - begin >= BAND_BLOCKS and share > 0.6:
            found.append((int(begin), int(end) + 1))
    return found


def _remove_rules(grey: Grey) -> None:
    """Long thin lines, across and down, become white, in place."""
    dark = (grey < INKED).view(numpy.uint8)
    rows, columns = _rules(dark)
    below, right = _rules(numpy.ascontiguousarray(dark.T))[::-1]
    for step in (-1, 0, 1):
        grey[numpy.clip(rows + step, 0, grey.shape[0] - 1), columns] = 255
        grey[below, numpy.clip(right + step, 0, grey.shape[1] - 1)] = 255


def _rules(dark: Grey) -> tuple[Grey, Grey]:
    """Rows and columns of the pixels in a thin dark run along the rows that is longer than any stem of a letter."""
    high, wide = dark.shape[0], dark.shape[1] // STEP
    if high < THICK or wide * STEP < RULE_PIXELS:
        return numpy.zeros(0, dtype=numpy.int64), numpy.zeros(0, dtype=numpy.int64)
    inside = dark[:, : wide * STEP]
    blocks = numpy.zeros((high, wide), dtype=numpy.uint8)
    for offset in range(STEP):
        blocks += inside[:, offset::STEP]
    window = RULE_PIXELS // STEP
    counts = _counted(blocks >= STEP - 1, 1)
    run = _spread(counts[:, window:] - counts[:, :-window] >= window - 1, window, 1)
    # A solid area is no line: lines are thin.
    counts = _counted(run, 0)
    run &= ~_spread(counts[THICK:] - counts[:-THICK] == THICK, THICK, 0)
    # Its ends reach into the blocks beside it.
    ends = run.copy()
    ends[:, 1:] |= run[:, :-1]
    ends[:, :-1] |= run[:, 1:]
    row, block = numpy.nonzero(ends)
    rows = row.repeat(STEP)
    columns = (block[:, None] * STEP + numpy.arange(STEP)).ravel()
    inked = inside[rows, columns] > 0
    return rows[inked], columns[inked]


def _counted(flags: Grey, axis: int) -> Grey:
    """How many are true before each place along the axis, and behind the last."""
    shape = [length + (index == axis) for index, length in enumerate(flags.shape)]
    counts = numpy.zeros(shape, dtype=numpy.int16)
    numpy.cumsum(flags, axis=axis, out=counts[1:] if axis == 0 else counts[:, 1:], dtype=numpy.int16)
    return counts


def _spread(begins: Grey, length: int, axis: int) -> Grey:
    """What the windows cover that begin where it is true."""
    shape = [size + (length - 1) * (index == axis) for index, size in enumerate(begins.shape)]
    covered = numpy.zeros(shape, dtype=bool)
    rows, columns = numpy.nonzero(begins)
    for step in range(length):
        covered[rows + step * (axis == 0), columns + step * (axis == 1)] = True
    return covered

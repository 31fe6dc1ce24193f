"""Pictures of pages, prepared for recognition: level, without ruled lines and specks, dark on light everywhere."""

from __future__ import annotations

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
BLOCK = 8
# A band of so many blocks in a row is a background, not letters.
BAND_BLOCKS = 24
GAP_BLOCKS = 7
# Of the points of a band's edge, where no letters stand, so many are dark.
SOLID = 0.9

type Grey = Any


def prepared(picture: Image.Image) -> tuple[Image.Image, float]:
    """The picture as it is recognised best, and by how many degrees it was turned."""
    if _specks(picture) > SPECKLED:
        picture = picture.filter(ImageFilter.MedianFilter(3))
    picture, angle = straightened(picture)
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
    dark = grey < 190
    for axis in (0, 1):
        long = _runs(dark, axis)
        # A solid area is no line: lines are thin.
        thick = _runs(long, 1 - axis, 14)
        lines = long & ~thick
        for step in (-1, 0, 1):
            grey[numpy.roll(lines, step, 1 - axis)] = 255


def _runs(dark: Grey, axis: int, length: int = RULE_PIXELS) -> Grey:
    """Which pixels belong to a dark run of at least this length along an axis."""
    if dark.shape[axis] <= length:
        return numpy.zeros(dark.shape, dtype=bool)
    counts = numpy.cumsum(dark, axis=axis, dtype=numpy.int32)
    behind = numpy.take(counts, range(length, dark.shape[axis]), axis=axis)
    before = numpy.take(counts, range(dark.shape[axis] - length), axis=axis)
    full = (behind - before) >= length * 0.96
    marks = numpy.zeros(dark.shape, dtype=numpy.int32)
    index: list[slice] = [slice(None), slice(None)]
    index[axis] = slice(1, dark.shape[axis] - length + 1)
    marks[tuple(index)] += full
    index[axis] = slice(length + 1, dark.shape[axis])
    shorter: list[slice] = [slice(None), slice(None)]
    shorter[axis] = slice(0, dark.shape[axis] - length - 1)
    marks[tuple(index)] -= full[tuple(shorter)]
    runs: Grey = (numpy.cumsum(marks, axis=axis) > 0) & dark
    return runs

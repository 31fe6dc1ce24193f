"""The letters of a page as the page itself prints them: an average picture of each, from words that are read for sure.

A scan's letters are all of the same few faces. What recognition takes for an O in a number is laid over the noughts of
the amounts and over the capitals of the words beside it, and is what it looks like. `deciphered` reads a word that way
alone, letter by letter from left to right, also where letters touch; it knows no words and no language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy
from PIL import Image

from local.simulators.textract.engine.spelling import is_known

# A capital's height, what is above it and what is below the line that letters stand on, in pixels of the common size.
CAPITAL, ABOVE, BELOW = 18, 4, 7
HEIGHT = ABOVE + CAPITAL + BELOW
# Of the way from paper to ink: what parts letters, weakest first.
PARTED = (0.2, 0.27, 0.34, 0.41, 0.48, 0.55, 0.62)
# Fainter is paper.
FAINT = 0.1
EDGE = 0.22
# Strips beside each other stand alike, if they differ by less of their height.
ABOUT = 0.12
# Rows of ink that letters stand in, of the fullest one.
STANDING = 0.45
# Ink so far outside a word, in pixels of the common size, is of something that was not read.
LOOSE = 2
# No two letters of a word stand so far apart, in pixels of the common size.
BLANK = 11
# No two words stand so near.
TORN = 6
# Words that are read less surely are no measure; letters so low, in pixels, are not recognised by their form.
LEAST_MEASURED, LEAST_CAPITAL = 50.0, 8.0
WIDEST = 26
# Two pictures of one letter differ by less of their ink.
SAME = 0.16
# A letter that differs by so many times the usual from another is that one, misread; by more, if there are many of it.
MISREAD, MANY, MORE, LEAST_APART = 2.0, 8, 1.3, 0.03
# Drawn alike in most faces without serifs.
UPRIGHT = "lI|"
MISTAKEN = frozenset("O0Q1lI|i!S5B8Z2")
# Small letters that do not rise; ink above a letter that is more, in points, is an accent.
LOW, MOST_ACCENT = frozenset("acegmnopqrsuvwxyz"), 1.5
MOST_VARIANTS = 4
MOST_SAMPLES = 24
SURE_LETTERS, SURE_DIGITS = 85.0, 70.0
_FIGURES = re.compile(r"[^A-Za-z]*[0-9][^A-Za-z]*")
_DESCENDING = re.compile(r"[gjpqyQ,;()\[\]|$/_@{}ßçµ&%§]")
_LEVEL = re.compile(r"[0-9A-HK-PR-Z]")

type Grey = Any


class Set(NamedTuple):
    """A strip as it was recognised: the row of the page that it begins at, its ink, rows by columns from 0 to 1, and
    the words with their columns in it.
    """

    top: int
    ink: Grey
    words: Sequence[tuple[str, int, int, float]]


class Line(NamedTuple):
    """A strip's ink in the common size, the columns of each of its words, and which of them stand beside ink that was
    not read.
    """

    ink: Grey
    places: list[tuple[int, int] | None]
    loose: frozenset[int]

    def word(self, index: int) -> Grey | None:
        """One word's ink."""
        place = self.places[index]
        return None if place is None else self.ink[:, max(place[0] - 1, 0) : place[1] + 1]

    def is_torn(self, index: int) -> bool:
        """Whether a word stands so near to it that both are one."""
        around = [place for place in self.places[max(index - 1, 0) : index + 2] if place is not None]
        return any(after[0] - before[1] < TORN for before, after in pairwise(around))

    def is_broken(self, index: int) -> bool:
        """Whether so wide a gap stands before the end of a word that the end is a word of its own."""
        ink = self.word(index)
        found = [] if ink is None else parts(ink, EDGE)
        return max((after[0] - before[1] for before, after in pairwise(found[-3:])), default=0) > BLANK


@dataclass(slots=True)
class Letter:
    """One way a letter is drawn: the mean of `count` samples, of which `sure` were in words without doubt."""

    sign: str
    picture: Grey
    count: int
    sure: int
    spread: list[float]


@dataclass(slots=True)
class Sample:
    sign: str
    picture: Grey
    sure: bool


def parts(ink: Grey, level: float) -> list[tuple[int, int]]:
    """Begin and end of what white columns part."""
    inked = (ink > level).any(axis=0)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate(([0], inked.astype(numpy.int8), [0]))))
    return [(int(left), int(right)) for left, right in zip(edges[::2], edges[1::2], strict=True)]


def apart(ink: Grey, text: str) -> list[tuple[int, int]] | None:
    """The columns of each letter of a word, if as many things stand there as it has letters."""
    agreeing: list[tuple[int, int]] | None = None
    for level in PARTED:
        found = parts(ink, level)
        if len(found) == len(text):
            if agreeing is not None:
                return agreeing
            agreeing = found
        elif agreeing is not None:
            return None
    return None


def standing(ink: Grey, text: str) -> tuple[float, float] | None:
    """Where capitals and figures of a word begin and where they stand, in rows."""
    places = apart(ink, text)
    if places is None:
        return None
    tops, feet = [], []
    for sign, (left, right) in zip(text, places, strict=True):
        if _LEVEL.match(sign):
            rows = ink[:, left:right].max(axis=1)
            where = numpy.flatnonzero(rows > 0.5)
            if len(where):
                tops.append(_edge(rows, int(where[0]), -1))
                feet.append(_edge(rows, int(where[-1]), 1))
    return (float(numpy.median(tops)), float(numpy.median(feet))) if tops else None


def _edge(rows: Grey, at: int, step: int) -> float:
    """Where ink is half as dark, between two rows."""
    beyond = at + step
    fainter = float(rows[beyond]) if 0 <= beyond < len(rows) else 0.0
    inside = float(rows[at])
    share = (inside - 0.5) / max(inside - fainter, 1e-3)
    return at + 0.5 + step * share


def brought(strips: Sequence[Set]) -> list[Line | None]:
    """Strips in the common size, None for what is no print. One that has no capital or figure to measure it by, as far
    as was read, is as one beside it, if it is as high.
    """
    measured = [_measured(strip) for strip in strips]
    lines: list[Line | None] = []
    for strip, own in zip(strips, measured, strict=True):
        place = own or _beside(strip, strips, measured)
        high = place is not None and place[1] - place[0] >= LEAST_CAPITAL
        lines.append(_line(strip, *place) if place is not None and high else None)
    return lines


def _measured(strip: Set) -> tuple[float, float] | None:
    found = [
        stands
        for text, left, right, confidence in strip.words
        if confidence >= LEAST_MEASURED and (stands := standing(strip.ink[:, max(left - 3, 0) : right + 3], text))
    ]
    if not found:
        return None
    tops, feet = zip(*found, strict=True)
    return float(numpy.median(tops)), float(numpy.median(feet))


def _beside(
    strip: Set, strips: Sequence[Set], measured: Sequence[tuple[float, float] | None]
) -> tuple[float, float] | None:
    rows = strip.ink.max(axis=1)
    where = numpy.flatnonzero(rows > 0.5)
    if not len(where):
        return None
    top, foot = _edge(rows, int(where[0]), -1), _edge(rows, int(where[-1]), 1)
    for other, place in zip(strips, measured, strict=True):
        if place is not None:
            moved = other.top - strip.top
            off = max(abs(place[0] + moved - top), abs(place[1] + moved - foot))
            if off < ABOUT * (foot - top):
                return place[0] + moved, place[1] + moved
    # Below the line that letters stand on there are tails and commas only.
    sums = strip.ink.sum(axis=1)
    about = float(numpy.flatnonzero(sums > STANDING * sums.max())[-1]) + 1 - top
    high = min(
        (place[1] - place[0] for place in measured if place is not None),
        key=lambda height: abs(height - about),
        default=0.0,
    )
    return (top, top + high) if abs(high - about) < ABOUT * about else None


def _line(strip: Set, top: float, foot: float) -> Line:
    scale = CAPITAL / (foot - top)
    margin, wide = int(HEIGHT / scale) + 2, strip.ink.shape[1]
    padded = numpy.pad(strip.ink, ((margin, margin), (0, 0)))
    begin = foot + margin - (ABOVE + CAPITAL) / scale
    size = max(round(wide * scale), 1), HEIGHT
    picture = Image.fromarray(padded.astype(numpy.float32))
    common = numpy.asarray(
        picture.resize(size, Image.Resampling.BICUBIC, box=(0.0, begin, float(wide), begin + HEIGHT / scale))
    )
    ink = numpy.where(common < FAINT, 0, numpy.clip(common, 0, 1)).astype(numpy.float32)
    exact = size[0] / wide
    return Line(ink, *_places(ink, [(round(left * exact), round(right * exact)) for _, left, right, _ in strip.words]))


def typeface(strips: Sequence[Set], lines: Sequence[Line | None]) -> Typeface:
    """What the words of a page show of its letters."""
    return Typeface(
        sample
        for strip, line in zip(strips, lines, strict=True)
        if line is not None
        for index, (text, _, _, confidence) in enumerate(strip.words)
        if (ink := line.word(index)) is not None
        for sample in samples(ink, text, confidence)
    )


def samples(line_ink: Grey, text: str, confidence: float) -> list[Sample]:
    """The letters of a word that stand apart."""
    places = apart(line_ink, text)
    if places is None:
        return []
    letters = text.strip(".,:;()-")
    worded = letters.isalpha() and len(letters) > 2 and (letters.islower() or letters.istitle() or letters.isupper())
    figured = bool(_FIGURES.fullmatch(text)) and len(letters) > 1
    found = []
    for sign, (left, right) in zip(text, places, strict=True):
        certain = worded and (sign not in MISTAKEN or not letters.isupper() or is_known(letters))
        sure = certain and confidence >= SURE_LETTERS if sign.isalpha() else figured and confidence >= SURE_DIGITS
        picture = _trimmed(line_ink[:, max(left - 1, 0) : right + 1])
        if picture is not None and picture.shape[1] <= WIDEST and (picture[: above(sign)] ** 2).sum() < MOST_ACCENT:
            found.append(Sample(sign, picture, sure))
    return found


def above(sign: str) -> int:
    """Above this row there is no ink of a letter, but an accent's."""
    return ABOVE + 3 if sign in LOW else ABOVE - 1 if sign.isupper() else 0


def _trimmed(picture: Grey) -> Grey | None:
    where = numpy.flatnonzero(picture.max(axis=0) > EDGE)
    return picture[:, where[0] : where[-1] + 1] if len(where) else None


def _difference(one: Grey, two: Grey) -> float:
    """Share of the ink that is not the other's."""
    if abs(one.shape[1] - two.shape[1]) > 2:
        return 1.0
    wide = max(one.shape[1], two.shape[1])
    ink = 0.5 * float((one * one).sum() + (two * two).sum()) + 1e-6
    best = 1.0
    for shift in range(wide - min(one.shape[1], two.shape[1]) + 1):
        a, b = numpy.zeros((HEIGHT, wide), numpy.float32), numpy.zeros((HEIGHT, wide), numpy.float32)
        wider, slimmer = (one, two) if one.shape[1] == wide else (two, one)
        a[:, :] = wider
        b[:, shift : shift + slimmer.shape[1]] = slimmer
        for down in (-1, 0, 1):
            best = min(best, float(((a - numpy.roll(b, down, axis=0)) ** 2).sum()) / ink)
    return best


def _places(ink: Grey, boxes: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int] | None], frozenset[int]]:
    """Where each of the words of a strip begins and ends: the things that stand there, each given to the nearest; and
    which words stand beside something that none of them is.
    """
    found: list[tuple[int, int] | None] = [None] * len(boxes)
    loose: set[int] = set()
    for left, right in parts(ink, EDGE) if boxes else ():
        middle = (left + right) / 2
        far, index = min((max(box[0] - middle, middle - box[1]), number) for number, box in enumerate(boxes))
        if far > LOOSE:
            loose.update((index, index + 1 if middle > boxes[index][1] else index - 1))
        if far < CAPITAL / 2:
            before = found[index]
            found[index] = (left, right) if before is None else (min(before[0], left), max(before[1], right))
    return found, frozenset(loose)


class Typeface:
    """All letters of a page. `signs`: those that it has for sure."""

    def __init__(self, found: Iterable[Sample]) -> None:
        by_sign: dict[str, list[Sample]] = {}
        for sample in found:
            by_sign.setdefault(sample.sign, []).append(sample)
        letters = [letter for sign, group in by_sign.items() for letter in _variants(sign, group)]
        self.letters = _without_mistaken(letters)
        self.signs = {letter.sign for letter in self.letters if letter.sure}
        by_width: dict[int, list[Letter]] = {}
        for letter in self.letters:
            by_width.setdefault(letter.picture.shape[1], []).append(letter)
        self.by_width = {
            width: (group, numpy.stack([letter.picture.ravel() for letter in group]))
            for width, group in by_width.items()
        }


def _variants(sign: str, group: list[Sample]) -> list[Letter]:
    group.sort(key=lambda sample: not sample.sure)
    letters: list[Letter] = []
    for sample in group[: 3 * MOST_SAMPLES]:
        apart_by = [_difference(letter.picture, sample.picture) for letter in letters]
        if not apart_by or min(apart_by) > SAME:
            letters.append(Letter(sign, sample.picture.copy(), 1, int(sample.sure), []))
            continue
        nearest = letters[apart_by.index(min(apart_by))]
        nearest.spread.append(min(apart_by))
        if nearest.count < MOST_SAMPLES and nearest.picture.shape == sample.picture.shape:
            nearest.picture = (nearest.picture * nearest.count + sample.picture) / (nearest.count + 1)
        nearest.count += 1
        nearest.sure += sample.sure
    letters.sort(key=lambda letter: (-letter.sure, -letter.count))
    # What stands there once would only say of itself that it is what it was read as; a letter that others are taken for
    # is learned only where it is sure.
    return [letter for letter in letters if letter.count > 1 and (letter.sure or sign not in MISTAKEN)][:MOST_VARIANTS]


def _without_mistaken(letters: Sequence[Letter]) -> list[Letter]:
    """Without those that differ from another letter, which is there for sure or far more often, no more than one
    letter differs from itself.
    """
    spread = [one for letter in letters for one in letter.spread]
    usual = float(numpy.median(spread)) if spread else 0.0
    return [letter for letter in letters if not any(_is(letter, other, usual) for other in letters)]


def _is(letter: Letter, other: Letter, usual: float) -> bool:
    if other.sign == letter.sign or (letter.sign in UPRIGHT and other.sign in UPRIGHT):
        return False
    if other.sure <= 2 * letter.sure + 1 and (letter.sure or not other.sure):
        return False
    limit = MISREAD * usual * (1 if other.sure < MANY * (letter.sure + 1) else MORE)
    return _difference(letter.picture, other.picture) < min(max(limit, LEAST_APART), SAME)

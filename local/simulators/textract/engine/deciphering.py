"""A word read letter by letter from left to right, as the page's own letters lie over it best, also where they touch.

It knows no words and no language, so it errs otherwise than a network does: what both read is so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import numpy

from local.simulators.textract.engine.spelling import is_known
from local.simulators.textract.engine.typeface import MOST_ACCENT, Letter, Typeface, above

# A letter of which more of the ink differs does not lie there.
WORST = 0.45
# What a letter costs, in points of ink; ink that none explains costs more than a letter that differs.
LETTER, TOUCHING, UNEXPLAINED = 0.5, 1.0, 1.5
# So much that none explains is a letter, or a stop.
MOST_BARE = 3.0
UNKNOWN = "\ufffd"
# Laid over well enough, higher and lower: no other shift is tried.
WELL = 0.1

# A letter lies there; it does although something else was read; although the page has none that is known to be that.
FITS, REPLACES, REPLACES_UNKNOWN, REPLACES_UNSEEN = 0.25, 0.15, 0.1, 0.06
# On a clean page what differs four times as much as letters usually do does not lie there, but this does.
LEAST_FITS = 0.07
# By so much more of the ink its double differs, where both read the same, and where they do not.
APART, FAR_APART = 0.03, 0.06
# Nothing else lies there as well: a letter that was learned from a mistake does where the right one does.
NEAREST, LONE = 0.02, 0.1
# Drawn so alike that recognition takes the one for the other.
_ALIKE = ("OQ0Do", "1lI|i!", "S5$s9", "B8", "Z2z", "6G", "CcG", "Kk", "Pp", "Uu", "Vv", "Ww", "Xx", "Yy", "g9q", "7T")
# Told apart by their form although the page shows only one of the two.
_TOLD = ("O0", "1lI|", "S5", "B8", "Z2", "Ss", "Oo", "Cc", "Kk", "Pp", "Uu", "Vv", "Ww", "Xx", "Zz")
# These are drawn alike in most faces without serifs: what stands beside them decides.
_STROKES = "1lI|"
_OFTEN = frozenset("OQ0D1IlS5B8Z2G6")
# A number of figures alone is read well; what lies over it better is a letter that was learned from a mistake.
_FIGURES = re.compile(r"[-+(]?[$£€]?[0-9.,:/-]+[)%€]*[.,;]?")
_DIGITS = frozenset("0123456789")
SHORT = 3
_ROUND = frozenset("OQ0DCG")
_FOLDED = str.maketrans("OoQIl|SBZ", "000111582")
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-" * 7)

type Grey = Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word after it was held against the page's letters: which of them lie there, and whether any is another than
    was read. `loose`: something stands beside it that was not read.
    """

    text: str
    confirmed: tuple[bool, ...]
    replaced: bool
    loose: bool = False

    @property
    def settled(self) -> bool:
        """Every letter lies there, and nothing beside them."""
        return bool(self.confirmed) and all(self.confirmed) and not self.loose

    @property
    def is_clear(self) -> bool:
        """Every letter that looks like another lies there."""
        known = len(self.confirmed) == len(self.text) and not self.loose
        return known and all(sure for sign, sure in zip(self.text, self.confirmed, strict=True) if sign in _OFTEN)


class Glyph(NamedTuple):
    """A letter as it was deciphered. `misfit`: the share of its ink that differs; `rivals`: by how much more of it
    each other letter would, that fits there at all; `accent`: the points of ink above it that it does not have.
    """

    sign: str
    misfit: float
    rivals: Mapping[str, float]
    accent: float = 0.0

    def clear_of(self, sign: str) -> float:
        """By how much more of the ink the other letter differs; 1 where it does not fit at all."""
        return self.rivals.get(sign, 1.0)


class _Step(NamedTuple):
    cost: float
    letter: Letter
    width: int


def deciphered(face: Typeface, ink: Grey) -> list[Glyph]:
    """The letters of a word in the common size; none where they do not lie over it."""
    best: tuple[float, list[Glyph]] | None = None
    for down in (0, -1, 1):
        found = _path(face, numpy.roll(ink, down, axis=0) if down else ink)
        if found is not None and (best is None or found[0] < best[0]):
            best = found
        if best is not None and max(glyph.misfit for glyph in best[1]) < WELL:
            break
    return best[1] if best else []


def _path(face: Typeface, ink: Grey) -> tuple[float, list[Glyph]] | None:
    wide = ink.shape[1]
    energy = numpy.concatenate(([0.0], numpy.cumsum((ink * ink).sum(axis=0)))).tolist()
    steps = _steps(face, ink, numpy.asarray(energy))
    total = [float("inf")] * (wide + 1)
    total[0] = 0.0
    before: list[tuple[int, _Step | None]] = [(-1, None)] * (wide + 1)
    for at in range(wide):
        here = total[at]
        blank = here + UNEXPLAINED * (energy[at + 1] - energy[at])
        if blank < total[at + 1]:
            total[at + 1], before[at + 1] = blank, (at, None)
        touching = before[at][1] is not None
        for begin, price in ((at, LETTER), (at - 1, TOUCHING))[: 1 + touching]:
            for step in steps.get(begin, ()):
                end, value = begin + step.width, here + step.cost + price
                if end > at and value < total[end]:
                    total[end], before[end] = value, (at, step)
    glyphs: list[Glyph] = []
    at, bare = wide, 0.0
    while at > 0:
        previous, taken = before[at]
        if previous < 0:
            return None
        if taken is not None:
            glyphs.append(_glyph(taken, at, steps, energy, ink))
            bare = 0.0
        else:
            bare += energy[at] - energy[previous]
            if bare > MOST_BARE:
                glyphs.append(Glyph(UNKNOWN, 1.0, {}))
                bare = -float("inf")
        at = previous
    return (total[wide], glyphs[::-1]) if glyphs else None


def _steps(face: Typeface, ink: Grey, energy: Grey) -> dict[int, list[_Step]]:
    """Which letters may begin at each column, and what of the ink would differ."""
    steps: dict[int, list[_Step]] = {}
    for width, (letters, pictures) in face.by_width.items():
        if width > ink.shape[1]:
            continue
        windows = numpy.lib.stride_tricks.sliding_window_view(ink, width, axis=1)
        flat = windows.transpose(1, 0, 2).reshape(len(windows[0]), -1)
        there, own = energy[width:] - energy[:-width], (pictures * pictures).sum(axis=1)
        costs = there[:, None] + own[None, :] - 2 * (flat @ pictures.T)
        fits = costs < WORST * 0.5 * (there[:, None] + own[None, :])
        begins, which = numpy.nonzero(fits)
        for begin, index, cost in zip(begins.tolist(), which.tolist(), costs[fits].tolist(), strict=True):
            steps.setdefault(begin, []).append(_Step(cost, letters[index], width))
    return steps


def _glyph(
    taken: _Step, right: int, steps: Mapping[int, Sequence[_Step]], energy: Sequence[float], drawn: Grey
) -> Glyph:
    left = right - taken.width
    ink = energy[right] - energy[left] + 1e-6
    high = above(taken.letter.sign)
    accent = float((numpy.clip(drawn[:high, left:right] - taken.letter.picture[:high], 0, 1) ** 2).sum())
    rivals: dict[str, float] = {}
    for begin in range(left - 1, left + 2):
        for step in steps.get(begin, ()):
            if step.letter.sign == taken.letter.sign or abs(step.width - taken.width) > 2:
                continue
            # What it would leave uncovered counts as well.
            bare = energy[max(begin, left)] - energy[left] + energy[right] - energy[min(begin + step.width, right)]
            worse = (step.cost + bare - taken.cost) / ink
            rivals[step.letter.sign] = min(worse, rivals.get(step.letter.sign, 1.0))
    return Glyph(taken.letter.sign, taken.cost / ink, rivals, accent)


def compared(face: Typeface, text: str, glyphs: Sequence[Glyph], usual: float, *, loose: bool = False) -> Verdict:
    """What was read beside what was deciphered. `usual`: how much the page's letters differ where they are right."""
    figure = _alone(text, glyphs)
    if figure is not None:
        return Verdict(figure, (True,), replaced=figure != text)
    plain, signs = text.translate(_DASHES), "".join(glyph.sign for glyph in glyphs)
    letters, confirmed = list(text), [False] * len(text)
    otherwise = False
    for begin, end, first in _level(plain, signs):
        for index, glyph in zip(range(begin, end), glyphs[first:], strict=False):
            otherwise = otherwise or _is_unit(plain, index, glyph)
            found = _agreed(face, plain, index, glyph, usual)
            if found is not None:
                confirmed[index] = True
                letters[index] = found if found != plain[index] else text[index]
    exact = tuple(confirmed) if len(glyphs) == len(text) and not otherwise else (False,)
    return Verdict("".join(letters), exact, letters != list(text), loose or otherwise)


def _level(plain: str, signs: str) -> Iterator[tuple[int, int, int]]:
    """Stretches of as many letters in both, where the first begins and ends and the second begins."""
    if len(plain) == len(signs):
        yield 0, len(plain), 0
        return
    matched = SequenceMatcher(None, plain.translate(_FOLDED), signs.translate(_FOLDED), autojunk=False)
    for kind, begin, end, first, last in matched.get_opcodes():
        if kind == "equal" or (kind == "replace" and end - begin == last - first):
            yield begin, end, first


def _is_unit(text: str, index: int, glyph: Glyph) -> bool:
    """Whether a one at the end of a number is rather the l of litres, before which a blank was not seen."""
    ends = text[index] == "1" and not any(sign.isalnum() for sign in text[index + 1 :])
    return ends and index > 0 and glyph.sign in "lI|" and glyph.clear_of("1") > APART


def _agreed(face: Typeface, text: str, index: int, glyph: Glyph, usual: float) -> str | None:
    """The letter that stands there, None where that is not clear."""
    read, sign = text[index], glyph.sign
    fits, replaces = min(FITS, max(4 * usual, LEAST_FITS)), min(REPLACES, max(3 * usual, LEAST_FITS))
    if glyph.accent > MOST_ACCENT:
        return None
    if read in _STROKES and sign in _STROKES:
        return _stroke(face, text, index, glyph)
    doubles = "".join(group for group in _ALIKE if sign in group)
    if sign == read:
        clear = all(apart > (APART if other in doubles else NEAREST) for other, apart in glyph.rivals.items())
        # Nothing else of the page comes near it, and it is no O that may be a Q.
        lone = min(glyph.rivals.values(), default=1.0) > LONE and sign not in _ROUND
        return sign if glyph.misfit < (FITS if lone else fits) and clear else None
    told = any(read in group and sign in group for group in _TOLD)
    known = read in face.signs
    clear = glyph.clear_of(read) > FAR_APART and all(glyph.clear_of(one) > APART for one in doubles if one != sign)
    word = text.strip(".,:;()")
    if word.isalpha() and len(word) > SHORT and (not word.isupper() or is_known(word)):
        return None
    if not clear or not (told or (known and read in doubles)) or _FIGURES.fullmatch(text):
        return None
    # A double that the page does not show might be it as well.
    shown = all(other in face.signs for other in doubles if other in _OFTEN)
    return sign if glyph.misfit < (REPLACES_UNSEEN if not shown else replaces if known else REPLACES_UNKNOWN) else None


def _alone(text: str, glyphs: Sequence[Glyph]) -> str | None:
    """The figure that a short word is, which was read as something else; None where it is none for sure."""
    if len(glyphs) != 1 or len(text) > SHORT:
        return None
    glyph = glyphs[0]
    clear = all(
        apart > FAR_APART for sign, apart in glyph.rivals.items() if not (glyph.sign == "1" and sign in _STROKES)
    )
    return glyph.sign if glyph.sign in _DIGITS and glyph.misfit < REPLACES_UNKNOWN and clear else None


def _stroke(face: Typeface, text: str, index: int, glyph: Glyph) -> str | None:
    """A one, an l or a capital I: by its form, where faces draw them apart, and by what stands beside it."""
    if glyph.misfit > FITS:
        return None
    worse = {sign: 0.0 if sign == glyph.sign else glyph.clear_of(sign) for sign in _STROKES}
    read, others = text[index], [sign for sign in text[:index] + text[index + 1 :] if sign.isalnum()]
    if not others:
        return "1" if worse["1"] < worse["l"] - FAR_APART or text == "1" else None
    if _FIGURES.fullmatch(text):
        return "1" if worse["1"] < FAR_APART else None
    if read != "1" and not any(sign.isdigit() for sign in others) and all(sign.isupper() for sign in others):
        return "I" if min(worse["I"], worse["l"]) < FAR_APART else None
    if any(sign.islower() and sign not in _STROKES for sign in others):
        small = "I" if index == 0 and read == "I" and len(others) > 1 else "l"
        return (small if worse[small] < worse["1"] - APART else None) if read != "1" else None
    bar = worse["I" if "I" in face.signs else "l"]
    if abs(bar - worse["1"]) < (APART if (read == "1") == (worse["1"] < bar) else FAR_APART):
        return None
    return "1" if worse["1"] < bar else "I"

"""What was recognised is held against the page's own letters before it is believed; what stays open is seen again.

Where both agree to the letter the word is sure. The others with digits are recognised twice more, and codes four times
where looks differ: cut out, brought to one height and one contrast, and set on a sheet of their own, so that neither
their neighbours nor the raster are those of the first time. Looks that agree leave the product of their doubts. Where
one differs the others decide, and are not quite sure; where most differ, hardly anything is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy
from PIL import Image, ImageFilter

from local.simulators.textract.engine import letterforms
from local.simulators.textract.engine.deciphering import Glyph, Verdict, compared, deciphered
from local.simulators.textract.engine.strips import ROOM, Strip, shown
from local.simulators.textract.engine.tesseract import reader
from local.simulators.textract.engine.typeface import Set, brought, typeface
from local.simulators.textract.engine.words import Word

# Most differ; most agree, without the page's look, or with it; all of five but one agree, with it; all agree, and it
# might still be an O or a nought.
DISAGREED, OUTVOTED, MAJORITY, NEARLY, UNCLEAR = 50.0, 85.0, 95.0, 99.2, 92.0
# Every letter was deciphered, but not all as they were read; the doubt that is left where all were.
REPLACED, DECIPHERED = 99.2, 0.02
# Words of so few letters are nothing but a unit, or an upright stroke.
SHORT, UPRIGHT = 4, "lI|"
UNSURE, SIGNS = 92.0, "$£€%"
# What stands for a word that was not read.
UNREAD = "?"
SMALL_CAPITALS = frozenset("cosvwxz")
# Something stands beside it that was not read, or lies over its end better.
BESIDE_INK = 85.0
# No look is surer than this of itself: tesseract's own scale ends before.
SUREST = 97.0
SHEET_WIDTH = 2_400
MOST_HEIGHT = 30_000
GAP = 70
MARGIN = 4
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_EDGES = " |.,;:'\"`´‘’“”_"
_SAME_FORM = str.maketrans("OIl|", "0111")
_AMOUNT = re.compile(r"[-(]?[$£€]?[-(]?[0-9]{1,3}([.,]?[0-9]{3})*([.,][0-9]{1,3})?[)%€-]{0,2}")
_CODE = re.compile(r"[A-Z0-9-]{6,}")
# A number whose last one may be the l of litres.
_UNIT = re.compile(r"[(]?[0-9]+([.,][0-9]+)?1[),.;]*")
# Where a letter may be a digit: beside other digits, and in capitals.
_MIXED = re.compile(r"(?=.*[0-9OIl])(?=.*[A-HJ-NP-Z])(?=.{4})[A-Z0-9l|()/-]+[.,:;]?$")


@dataclass(frozen=True, slots=True)
class Look:
    """A network, and how high in pixels a word is shown to it, how much softened."""

    network: str
    height: int
    softened: float


LOOKS = (Look("eng", 64, 0.6), Look("eng", 46, 0.0))
# For codes that these and the page's own look read differently.
MORE_LOOKS = (Look("eng", 88, 1.0), Look("deu", 64, 0.4))

# A word's number in the page's words, and where it is on the sheet: left, top, right, bottom.
type _Place = tuple[int, int, int, int, int]
# What was read, and how surely.
type _Seen = tuple[str, float]


def looked_again(picture: Image.Image, lines: Sequence[Sequence[Word]], points: float) -> list[Word]:
    """The words of all lines with other confidences, and letters. `points`: how long a pixel of the picture is."""
    words = [word for line in lines for word in line]
    chosen = [index for index in range(len(words)) if _doubtful(words, index)]
    verdicts = _deciphered(picture, lines, points, frozenset(chosen))
    judged, open_ = list(words), list[int]()
    for index in chosen:
        verdict = verdicts.get(index)
        if verdict is not None and verdict.settled:
            judged[index] = _settled(words[index], verdict)
        elif _counts(words[index].text) or _beside(words, index):
            open_.append(index)
    pieces = {index: piece for index in open_ if (piece := _cut(picture, words[index], points)) is not None}
    looks = [_recognised(*_sheet(pieces, look), look) for look in LOOKS if pieces]
    seen = {index: [look.get(index, ("", 0.0)) for look in looks] for index in pieces}
    unsettled = {index: piece for index, piece in pieces.items() if _unsettled(words[index], seen[index])}
    for look in MORE_LOOKS if unsettled else ():
        more = _recognised(*_sheet(unsettled, look), look)
        for index in unsettled:
            seen[index].append(more.get(index, ("", 0.0)))
    for index in open_:
        verdict, word = verdicts.get(index), words[index]
        clear = verdict is not None and verdict.is_clear
        judged[index] = _overlaid(_judged(word, seen.get(index, []), pieces.get(index), clear=clear), word, verdict)
    return judged


def _deciphered(
    picture: Image.Image, lines: Sequence[Sequence[Word]], points: float, chosen: frozenset[int]
) -> dict[int, Verdict]:
    """What the page's own letters say of the words."""
    grey, sets = numpy.asarray(picture), []
    for line in lines:
        sides = (
            min(word.left for word in line), min(word.top for word in line),
            max(word.right for word in line), max(word.bottom for word in line),
        )  # fmt: skip
        left, top, right, bottom = (round(side / points) for side in sides)
        strip = Strip(max(left - MARGIN, 0), max(top, 0), right + MARGIN, bottom)
        ink = 1 - shown(grey, strip).astype(numpy.float32) / 255
        begin = strip.left - ROOM
        sets.append(
            Set(strip.top - ROOM, ink, [
                (word.text, round(word.left / points) - begin, round(word.right / points) - begin, word.confidence)
                for word in line
            ])
        )  # fmt: skip
    common = brought(sets)
    face, first = typeface(sets, common), 0
    read: dict[int, tuple[list[Glyph], bool]] = {}
    for line, one in zip(lines, common, strict=True):
        for index in range(len(line)):
            if one is not None and first + index in chosen and (ink := one.word(index)) is not None:
                text = line[index].text
                apart = index in one.loose or (bool(_UNIT.fullmatch(text)) and one.is_broken(index))
                torn = _counts(text) and len(text) > SHORT and one.is_torn(index)
                read[first + index] = deciphered(face, ink), apart or torn
        first += len(line)
    usual = (
        median(glyph.misfit for glyphs, _ in read.values() for glyph in glyphs)
        if any(glyphs for glyphs, _ in read.values())
        else 0.0
    )
    words = [word for line in lines for word in line]
    for index, (glyphs, _) in list(read.items()):
        # The sign of a currency is sometimes cut out with its amount.
        behind = words[index + 1].text if index + 1 < len(words) else ""
        if behind in SIGNS and len(glyphs) == len(words[index].text) + 1 and glyphs[-1].sign == behind:
            read[index + 1] = [glyphs.pop()], False
    return {
        index: compared(face, words[index].text, glyphs, usual, loose=loose) for index, (glyphs, loose) in read.items()
    }


def _settled(word: Word, verdict: Verdict) -> Word:
    text = _in_capitals(verdict.text)
    if verdict.replaced or text != word.text:
        return replace(word, text=text, confidence=REPLACED)
    doubt = (100 - min(word.confidence, SUREST)) / 100 * DECIPHERED
    return replace(word, confidence=100 * (1 - doubt))


def _in_capitals(text: str) -> str:
    """A number of capitals and figures has no small letter, where that differs from the capital in height alone."""
    capitals = sum(sign.isupper() for sign in text)
    small = {sign for sign in text if sign.islower()}
    return text.upper() if capitals > 2 and _counts(text) and small and small <= SMALL_CAPITALS else text


def _overlaid(judged: Word, word: Word, verdict: Verdict | None) -> Word:
    """With the letters that lie there, whatever the looks said."""
    if verdict is not None and verdict.loose:
        judged = replace(judged, confidence=min(judged.confidence, BESIDE_INK))
    judged = replace(judged, text=_in_capitals(judged.text))
    if verdict is not None and not verdict.is_clear and any(sign.islower() for sign in judged.text):
        judged = replace(judged, confidence=min(judged.confidence, UNCLEAR))
    if verdict is None or len(verdict.confirmed) != len(word.text) or len(judged.text) != len(word.text):
        return judged
    letters = [
        own if sure else other for own, other, sure in zip(verdict.text, judged.text, verdict.confirmed, strict=True)
    ]
    return replace(judged, text="".join(letters))


def _unsettled(word: Word, seen: Sequence[_Seen]) -> bool:
    plain = _plain(word.text)
    return bool(_CODE.fullmatch(plain)) and any(_alike(text) != _alike(plain) for text, _ in seen)


def _doubtful(words: Sequence[Word], index: int) -> bool:
    text = words[index].text
    if not any(sign.isalnum() or sign in SIGNS or sign == UNREAD for sign in text):
        return False
    if _counts(text) or _beside(words, index) or (len(text) <= SHORT and any(sign in SIGNS for sign in text)):
        return True
    return len(text) <= SHORT and (words[index].confidence < UNSURE or any(sign in UPRIGHT for sign in text))


def _counts(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _beside(words: Sequence[Word], index: int) -> bool:
    """A word next to a digit: the month of a day, the word of a term."""
    word = words[index]
    if not 3 <= len(word.text) <= 10 or not word.text.isalpha():
        return False
    around = (words[other] for other in (index - 1, index + 1) if 0 <= other < len(words))
    return any(_counts(other.text) and abs(other.middle - word.middle) < word.height / 3 for other in around)


def _cut(picture: Image.Image, word: Word, points: float) -> Image.Image | None:
    """The word, black on white whatever it was printed in."""
    box = (
        max(0, int(word.left / points) - MARGIN),
        max(0, int(word.top / points) - MARGIN),
        min(picture.width, int(word.right / points) + MARGIN),
        min(picture.height, int(word.bottom / points) + MARGIN),
    )
    if box[2] - box[0] < 4 or box[3] - box[1] < 4:
        return None
    grey: Any = numpy.asarray(picture.crop(box), dtype=numpy.float32)
    ink, paper = numpy.percentile(grey, (1, 85))
    if paper - ink < 20:
        return None
    stretched = numpy.clip((grey - ink) * 255 / (paper - ink), 0, 255)
    return Image.fromarray(stretched.astype(numpy.uint8))


def _sheet(cut: Mapping[int, Image.Image], look: Look) -> tuple[Image.Image, list[_Place]]:
    places, pieces = list[_Place](), dict[int, Image.Image]()
    left, top = GAP, GAP
    for index, piece in cut.items():
        width = max(1, piece.width * look.height // piece.height)
        shown = piece.resize((width, look.height), Image.Resampling.LANCZOS)
        pieces[index] = shown.filter(ImageFilter.GaussianBlur(look.softened)) if look.softened else shown
        if left + width + GAP > SHEET_WIDTH and left > GAP:
            left, top = GAP, top + look.height + GAP // 2
        if top + look.height + GAP > MOST_HEIGHT:
            break
        places.append((index, left, top, left + width, top + look.height))
        left += width + GAP
    width = max([SHEET_WIDTH, *(place[3] + GAP for place in places)])
    sheet = Image.new("L", (width, top + look.height + GAP), 255)
    for index, x, y, _, _ in places:
        sheet.paste(pieces[index], (x, y))
    return sheet, places


def _recognised(sheet: Image.Image, places: Sequence[_Place], look: Look) -> dict[int, _Seen]:
    """What is read at each place; words that one place falls into are one again."""
    found: dict[int, list[tuple[int, str, float]]] = {}
    for word in reader(look.network).read(sheet):
        across, down = (word.left + word.right) / 2, (word.top + word.bottom) / 2
        for index, left, top, right, bottom in places:
            if left - GAP / 3 <= across <= right + GAP / 3 and top - 4 <= down <= bottom + 4:
                found.setdefault(index, []).append((word.left, word.text, word.confidence))
                break
    return {
        index: ("".join(text for _, text, _ in sorted(parts)), min(part[2] for part in parts))
        for index, parts in found.items()
    }


def _judged(word: Word, again: Sequence[_Seen], piece: Image.Image | None, *, clear: bool = False) -> Word:
    """`clear`: of its letters that look like others each is known."""
    looks = [(word.text, word.confidence), *again]
    if piece is None:
        return replace(word, confidence=min(word.confidence, DISAGREED))
    by_text: dict[str, list[_Seen]] = {}
    for look in looks:
        by_text.setdefault(_alike(look[0]), []).append(look)
    agreed = max(by_text.values(), key=len)
    if len(agreed) <= len(looks) // 2 and _AMOUNT.fullmatch(_plain(word.text)):
        # Single figures say little alone; what is beside them has to prove them.
        return word
    if len(agreed) <= len(looks) // 2:
        text = letterforms.decided(piece, word.text)[0] if _MIXED.search(word.text) else word.text
        return replace(word, text=text, confidence=min(word.confidence, DISAGREED))
    doubt = 1.0
    for _, confidence in agreed:
        doubt *= (100 - min(confidence, SUREST)) / 100
    confidence = 100 * (1 - doubt)
    text = word.text
    if len(agreed) < len(looks):
        # Alone a word is read without what is beside it: the page's own look is only outvoted about codes.
        outvoted = _alike(word.text) != _alike(agreed[0][0])
        if outvoted and not _CODE.fullmatch(_plain(agreed[0][0])):
            return (
                word
                if _AMOUNT.fullmatch(_plain(word.text))
                else replace(word, confidence=min(word.confidence, DISAGREED))
            )
        text = _with_edges(agreed[0][0], word.text) if outvoted else word.text
        nearly_all = len(looks) > 3 and len(agreed) == len(looks) - 1
        confidence = min(confidence, OUTVOTED if outvoted else NEARLY if nearly_all else MAJORITY)
    if _MIXED.search(text) and not clear:
        text, clear = letterforms.decided(piece, text)
        confidence = confidence if clear else min(confidence, UNCLEAR)
    return replace(word, text=text, confidence=confidence)


def _with_edges(text: str, first: str) -> str:
    """Another look's letters in the first one's punctuation."""
    core = _plain(text)
    before = first[: len(first) - len(first.lstrip(_EDGES))]
    return before + core + first[len(first.rstrip(_EDGES)) :]


def _alike(text: str) -> str:
    """Letters that are told apart by their form are one here."""
    return _plain(text).translate(_SAME_FORM)


def _plain(text: str) -> str:
    return _DASHES.sub("-", text).replace("$ ", "$").strip(_EDGES)

"""From words to phrases and lines: what stands together on a page, by its places alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from local.simulators.textract.engine.spelling import spelled
from local.simulators.textract.engine.words import Page, Word

# A gap so wide, in heights of the line, ends a phrase; a blank is about a quarter.
PHRASE_GAP = 0.75
SEPARATORS = frozenset("|·•;–—")
_PARTS = re.compile(r"#|[^#]+")
_GLUED = re.compile(r"([^\W\d_]{3,}:)([^/].*)")
_STRIPPED = str.maketrans("", "", ".:°º*\"'’,()[]")


@dataclass(slots=True)
class Token:
    """A word, or a part of one (`PO#123` is three). `plain`: folded, for comparing; `glued`: no blank before it."""

    text: str
    plain: str
    word: Word
    glued: bool

    @property
    def colon(self) -> bool:
        return self.text.endswith(":")


@dataclass(eq=False)
class Phrase:
    """Words of one line that stand together."""

    words: list[Word]
    page: int
    line: int = 0
    tokens: list[Token] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left, self.right = self.words[0].left, max(word.right for word in self.words)
        self.top, self.bottom = min(word.top for word in self.words), max(word.bottom for word in self.words)
        self.tokens = tokens(self.words)

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def overlap(self, left: float, right: float) -> float:
        """How much of it lies between two x."""
        return min(self.right, right) - max(self.left, left)


@dataclass(eq=False)
class Line:
    """Phrases beside each other, from left to right."""

    phrases: list[Phrase]
    number: int

    def __post_init__(self) -> None:
        self.top = min(phrase.top for phrase in self.phrases)
        self.bottom = max(phrase.bottom for phrase in self.phrases)
        for phrase in self.phrases:
            phrase.line = self.number

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def words(self) -> list[Word]:
        return [word for phrase in self.phrases for word in phrase.words]

    @property
    def text(self) -> str:
        return " ".join(phrase.text for phrase in self.phrases)


def lines(page: Page) -> list[Line]:
    """The page's lines, from top to bottom."""
    made: list[Line] = []
    for row in _rows(page.words):
        height = median(word.height for word in row)
        phrases, words = [], [row[0]]
        for word in row[1:]:
            if word.left - words[-1].right > PHRASE_GAP * height:
                phrases.append(Phrase(words, page.number))
                words = [word]
            else:
                words.append(word)
        made.append(Line([*phrases, Phrase(words, page.number)], len(made)))
    return made


def _rows(words: Iterable[Word]) -> list[list[Word]]:
    rows: list[list[Word]] = []
    middles: list[float] = []
    for word in sorted(words, key=lambda one: one.middle):
        if rows and word.middle - middles[-1] < 0.42 * min(word.height, median(one.height for one in rows[-1][-8:])):
            rows[-1].append(word)
            middles[-1] += (word.middle - middles[-1]) / len(rows[-1])
        else:
            rows.append([word])
            middles.append(word.middle)
    for row in rows:
        row.sort(key=lambda one: one.left)
    return rows


def tokens(words: Sequence[Word]) -> list[Token]:
    """The words' parts, `#` and a label glued to its value apart."""
    found = []
    for word in words:
        glued = _GLUED.fullmatch(word.text)
        pieces = glued.groups() if glued else (word.text,)
        parts = [part for piece in pieces for part in _PARTS.findall(piece)]
        if len(parts) > 1 and parts[0] != "#" and not parts[0][0].isalpha():
            parts = [word.text]
        for index, part in enumerate(parts):
            folded = spelled(plain(part)) if word.read else plain(part)
            found.append(Token(part, folded, word, glued=index > 0))
    return found


def plain(text: str) -> str:
    """Small letters without accents and stops."""
    if text.isascii():
        return text.lower().translate(_STRIPPED)
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in folded if not unicodedata.combining(sign)).translate(_STRIPPED)


def printed(part: Sequence[Token]) -> str:
    """Tokens as they stood, with the blanks between words."""
    return "".join(token.text if token.glued or not index else f" {token.text}" for index, token in enumerate(part))


def without(found: Sequence[Line], taken: set[int]) -> list[Line]:
    """The lines without the phrases of these identities."""
    kept = ((line, [phrase for phrase in line.phrases if id(phrase) not in taken]) for line in found)
    return [line if len(rest) == len(line.phrases) else Line(rest, line.number) for line, rest in kept if rest]

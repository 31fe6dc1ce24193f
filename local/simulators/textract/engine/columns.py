"""The heads of a table: a line (or up to three) whose phrases name columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from local.simulators.textract.engine.lines import Line, Phrase, Token, printed
from local.simulators.textract.engine.vocabulary import COLUMNS
from local.simulators.textract.engine.words import Word

# Heads are not sentences.
MOST_HEAD_WORDS = 6
MOST_HEAD_LINES = 3
FIGURES = frozenset({"QUANTITY", "UNIT_PRICE", "PRICE"})
LINE_TYPES = FIGURES | {"ITEM", "PRODUCT_CODE"}


@dataclass(slots=True)
class Column:
    """`type`: as the service names it, or in small letters what it has no name for; `left` and `right`: its head's."""

    type: str
    phrase: Phrase
    left: float
    right: float

    @property
    def label(self) -> str:
        return self.phrase.text

    @property
    def figures(self) -> bool:
        return self.type in FIGURES or self.type in ("tax", "discount", "shipping")

    @property
    def words(self) -> bool:
        return self.type in ("ITEM", "unknown", "seller", "order", "PRODUCT_CODE", "unit", "date")


@dataclass(slots=True)
class Head:
    """The columns from left to right; the body begins below line `last`."""

    columns: list[Column]
    first: int
    last: int

    @property
    def items(self) -> bool:
        """Whether lines of an invoice follow, and not some other table."""
        types = {column.type for column in self.columns}
        named = types & {"ITEM", "PRODUCT_CODE"}
        return bool(named and types & FIGURES and len(types) >= 3) or types >= FIGURES


def heads(found: Sequence[Line]) -> list[Head]:
    """The tables' heads on a page, from top to bottom."""
    made: list[Head] = []
    index = 0
    while index < len(found):
        head = _head(found, index)
        if head is None:
            index += 1
        else:
            made.append(head)
            index = head.last + 1
    return made


def _head(found: Sequence[Line], first: int) -> Head | None:
    line = found[first]
    if not _can_be_head(line):
        return None
    best: tuple[int, Head] | None = None
    cells = [Phrase(part.words, part.page, part.line) for whole in line.phrases for part in _split(whole)]
    last = first
    while True:
        columns = [_column(cell) for cell in cells]
        known = sum(column.type != "unknown" for column in columns)
        head = Head(columns, first, last)
        if best is None or known >= best[0]:
            best = known, head
        following = found[last + 1] if last + 1 < len(found) else None
        if following is None or last - first + 1 >= MOST_HEAD_LINES or not _can_be_head(following):
            break
        if following.top - found[last].bottom > 0.6 * line.height or not _below(cells, following):
            break
        cells, last = _merged(cells, following), last + 1
    known, head = best
    types = {column.type for column in head.columns} - {"unknown"}
    return head if known >= 3 and len(types) >= 2 and (head.items or known == len(head.columns)) else None


def _can_be_head(line: Line) -> bool:
    return all(len(phrase.tokens) <= MOST_HEAD_WORDS * 2 for phrase in line.phrases) and not any(
        any(sign.isdigit() for sign in word.text) for word in line.words
    )


def _split(phrase: Phrase) -> list[Phrase]:
    """A phrase that is several heads with little white between them, as those."""
    if COLUMNS.whole(phrase.tokens) or len(phrase.tokens) < 2:
        return [phrase]
    parts, start = [], 0
    while start < len(phrase.tokens):
        label = COLUMNS.at(phrase.tokens, start)
        if label is None:
            return [phrase]
        parts.append(phrase.tokens[start : start + label.length])
        start += label.length
    return [Phrase(_words(part), phrase.page, phrase.line) for part in parts]


def _words(part: Sequence[Token]) -> list[Word]:
    words: list[Word] = []
    for token in part:
        if not words or words[-1] is not token.word:
            words.append(token.word)
    return words


def _below(cells: Sequence[Phrase], line: Line) -> bool:
    """Whether every phrase of the next line goes on with a head above it."""
    return all(any(phrase.overlap(cell.left, cell.right) > 0 for cell in cells) for phrase in line.phrases)


def _merged(cells: Sequence[Phrase], line: Line) -> list[Phrase]:
    made = []
    for cell in cells:
        more = [phrase for phrase in line.phrases if phrase.overlap(cell.left, cell.right) > 0]
        nearest = [phrase for phrase in more if max(cells, key=lambda one: phrase.overlap(one.left, one.right)) is cell]
        words = [*cell.words, *(word for phrase in nearest for word in phrase.words)]
        made.append(_of(words, cell))
    return made


def _of(words: list[Word], cell: Phrase) -> Phrase:
    phrase = Phrase(words, cell.page, cell.line)
    phrase.left = min(word.left for word in words)
    return phrase


def _column(cell: Phrase) -> Column:
    label = COLUMNS.whole(cell.tokens)
    type_ = label.type if label else _guessed(cell)
    return Column(type_, cell, cell.left, cell.right)


def _guessed(cell: Phrase) -> str:
    """By the longest name at its beginning, when what follows only explains it (`in EUR`, `(incl. VAT)`)."""
    label = COLUMNS.at(cell.tokens)
    if label and len(cell.tokens) - label.length <= 3:
        rest = printed(cell.tokens[label.length :])
        if rest.startswith(
            ("(", "in ", "/", "[", "€", "$", "£", "excl", "incl", "inkl", "exkl", "ex ", "before", "zzgl")
        ):
            return label.type
    return "unknown"

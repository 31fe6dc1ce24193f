"""The heads of a table: a line (or up to three) whose phrases name columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from local.simulators.textract.engine.lines import Line, Phrase, Token
from local.simulators.textract.engine.vocabulary import COLUMNS
from local.simulators.textract.engine.words import Word

# Heads are not sentences.
MOST_HEAD_WORDS = 6
MOST_HEAD_LINES = 3
MOST_EXPLAINING = 3
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
    """The columns from left to right; the body begins below line `last`.

    `partial`: it takes only the left of its lines. `headed`: lines that name an order stand over the rows, not in them.
    """

    columns: list[Column]
    first: int
    last: int
    phrases: list[Phrase]
    partial: bool = False
    headed: bool = False

    @property
    def left(self) -> float:
        """Where the first column begins."""
        return min(column.left for column in self.columns)

    @property
    def right(self) -> float:
        """Where the last column ends."""
        return max(column.right for column in self.columns)

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
    part = line.phrases
    if not _can_be_head(part):
        # Beside a table of taxes the sums may stand, on the same lines: a label and its amount.
        part = list(takewhile(lambda phrase: not _has_digit(phrase), part))[:-1]
        return _taxes(part, first)
    cells = [Phrase(piece.words, piece.page, piece.line) for whole in part for piece in _split(whole)]
    used, last = list(part), first
    best: tuple[int, Head] | None = None
    while True:
        columns = [_column(cell) for cell in cells]
        known = sum(column.type != "unknown" for column in columns)
        if best is None or known >= best[0]:
            best = known, Head(columns, first, last, used)
        following = found[last + 1] if last + 1 < len(found) else None
        if following is None or last - first + 1 >= MOST_HEAD_LINES or not _can_be_head(following.phrases):
            break
        if following.top - found[last].bottom > 0.6 * line.height or not _below(cells, following):
            break
        cells, last, used = _merged(cells, following), last + 1, [*used, *following.phrases]
    known, head = best
    types = {column.type for column in head.columns} - {"unknown"}
    return head if known >= 3 and len(types) >= 2 and (head.items or known == len(head.columns)) else None


def _taxes(part: Sequence[Phrase], first: int) -> Head | None:
    """A table of rates that takes only the left of its lines."""
    columns = [_column(Phrase(phrase.words, phrase.page, phrase.line)) for phrase in part[:4]]
    known = [column for column in columns if column.type in ("tax", "PRICE")]
    if len(known) < 3 or len(known) < len(columns) or not any(column.type == "tax" for column in known):
        return None
    return Head(columns, first, first, list(part[:4]), partial=True)


def _can_be_head(phrases: Sequence[Phrase]) -> bool:
    return all(len(phrase.tokens) <= MOST_HEAD_WORDS * 2 and not _has_digit(phrase) for phrase in phrases)


def _has_digit(phrase: Phrase) -> bool:
    return any(sign.isdigit() for word in phrase.words for sign in word.text)


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
    """By the longest name at its beginning, when a few words more only explain it (`in EUR`, `(incl. VAT)`)."""
    label = COLUMNS.at(cell.tokens)
    return label.type if label and len(cell.tokens) - label.length <= MOST_EXPLAINING else "unknown"

"""A table's rows: the lines below its head, gathered around the figures, each word under its column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from local.simulators.textract.engine.columns import Column, Head, heads
from local.simulators.textract.engine.lines import Line, Phrase
from local.simulators.textract.engine.values import is_count, is_figure, is_money
from local.simulators.textract.engine.vocabulary import PARTIES, SUMMARY, SUMS
from local.simulators.textract.engine.words import Word

# White of so many heights of a line ends a table whose figures have ended.
END_GAP = 2.2


@dataclass(eq=False)
class Row:
    """One line of the invoice: what stands under each column, line by line, and all its words as they stand."""

    lines: list[Line]
    cells: dict[int, list[list[Word]]] = field(default_factory=dict)


@dataclass(eq=False)
class Table:
    """`head.items`: it lists what was bought. `lines`: the numbers of the page's lines that it takes up."""

    head: Head
    rows: list[Row]
    lines: set[int]


def tables(found: Sequence[Line], before: Table | None = None) -> list[Table]:
    """A page's tables. `before`: the last one of the page before, which may go on without a head."""
    tops = heads(found)
    made = []
    if before is not None and before.head.items and (not tops or not tops[0].items):
        end = tops[0].first if tops else len(found)
        more = _table(Head(before.head.columns, -1, -1), found[:end], continued=True)
        if more.rows:
            made.append(more)
    for index, head in enumerate(tops):
        end = tops[index + 1].first if index + 1 < len(tops) else len(found)
        made.append(_table(head, found[head.last + 1 : end]))
    return made


def _table(head: Head, below: Sequence[Line], *, continued: bool = False) -> Table:
    body = _body(head, below, continued)
    rows = [_row(head, part) for part in _blocks(head, body)]
    numbers = {line.number for row in rows for line in row.lines}
    return Table(head, rows, numbers | set(range(head.first, head.last + 1)) if head.first >= 0 else numbers)


def _body(head: Head, below: Sequence[Line], continued: bool) -> list[Line]:
    """The lines down to the sums, or to a gap behind the last figures."""
    kept: list[Line] = []
    waiting: list[Line] = []
    for line in below:
        if _ends(head, line):
            break
        above = waiting[-1] if waiting else kept[-1] if kept else None
        anchors = _anchors(head, line)
        apart = above is not None and line.top - above.bottom > END_GAP * line.height
        if apart and not anchors and not _anchor_follows(head, line, below):
            break
        if anchors:
            kept += [*([] if continued and not kept else waiting), line]
            waiting = []
        elif kept or not continued or waiting:
            waiting.append(line)
        if continued and not kept and len(waiting) > 3:
            return []
    close: list[Line] = []
    for line in waiting:
        above = close[-1] if close else kept[-1] if kept else None
        if above is None or line.top - above.bottom > 0.9 * line.height or not _is_text(head, line):
            break
        close.append(line)
    return kept + close


def _anchor_follows(head: Head, line: Line, below: Sequence[Line]) -> bool:
    near = [one for one in below if one.number > line.number][:4]
    return any(_anchors(head, one) for one in near)


def _ends(head: Head, line: Line) -> bool:
    """Sums begin: a label of one, with an amount behind it and no quantity."""
    for phrase in line.phrases:
        label = SUMMARY.at(phrase.tokens)
        if label and label.type in SUMS and label.kind == "money":
            rest = phrase.tokens[label.length :]
            if len(rest) > 4 and not any(is_money(token.text) for token in rest):
                continue
            others = [one for one in line.phrases if one is not phrase]
            amounts = [one for one in others if one.left > phrase.left and is_money(one.text)]
            inside = any(is_money(token.text) for token in rest)
            if not amounts and not inside:
                continue
            quantity = next((column for column in head.columns if column.type == "QUANTITY"), None)
            if quantity is None or not any(
                is_count(one.text) and one.overlap(quantity.left, quantity.right) > 0 for one in line.phrases
            ):
                return True
        party = PARTIES.whole(phrase.tokens)
        if party and party.type != "VENDOR_SUPPLIER" and len(line.phrases) <= 4:
            return True
    return False


def _anchors(head: Head, line: Line) -> bool:
    """Whether figures stand under columns of figures."""
    for phrase in line.phrases:
        for part in _parts(head, phrase):
            column = _under(head, part)
            if column is None or not head.columns[column].figures:
                continue
            text = " ".join(word.text for word in part)
            if head.columns[column].type == "QUANTITY" and not is_count(text):
                continue
            if is_figure(text):
                return True
    return False


def _is_text(head: Head, line: Line) -> bool:
    left = min(column.left for column in head.columns)
    right = max(column.right for column in head.columns)
    return all(phrase.left > left - 12 and phrase.left < right for phrase in line.phrases)


def _blocks(head: Head, body: Sequence[Line]) -> list[list[Line]]:
    """One list a row: cut where the white is wider than within rows, else before each line with figures."""
    if not body:
        return []
    marked = [_anchors(head, line) for line in body]
    gaps = [below.top - above.bottom for above, below in pairwise(body)]
    blocks: list[list[int]] = [[0]]
    narrow = min(gaps) if gaps else 0.0
    limit = max(narrow + 0.22 * body[0].height, narrow * 1.25)
    for index, gap in enumerate(gaps, 1):
        if gap > limit:
            blocks.append([index])
        else:
            blocks[-1].append(index)
    rows: list[list[int]] = []
    for block in blocks:
        anchors = [index for index in block if marked[index]]
        if not anchors:
            # Words of their own: they go on with the row before, or stand before the first.
            if rows:
                rows[-1].extend(block)
            else:
                rows.append(block)
        elif len(anchors) == 1:
            if rows and not any(marked[index] for index in rows[-1]):
                rows[-1].extend(block)
            else:
                rows.append(list(block))
        else:
            starts = [block[0], *anchors[1:]]
            for start, end in zip(starts, [*anchors[1:], block[-1] + 1], strict=True):
                rows.append([index for index in block if start <= index < end])
    return [[body[index] for index in row] for row in rows if any(marked[index] for index in row)]


def _row(head: Head, part: Sequence[Line]) -> Row:
    row = Row(list(part))
    for line in part:
        placed: dict[int, list[Word]] = {}
        for phrase in line.phrases:
            for words in _parts(head, phrase):
                column = _under(head, words)
                if column is not None:
                    placed.setdefault(column, []).extend(words)
        for column, words in placed.items():
            row.cells.setdefault(column, []).append(words)
    return row


def _parts(head: Head, phrase: Phrase) -> list[list[Word]]:
    """A phrase that runs into columns of figures, cut before them."""
    if len(phrase.words) == 1 or is_money(phrase.text):
        return [phrase.words]
    parts: list[list[Word]] = [[]]
    current: int | None = None
    for word in phrase.words:
        column = _figures_over(head.columns, word) if is_figure(word.text) or word.text in "$€£" else None
        if parts[-1] and column is not None and column != current:
            parts.append([])
        parts[-1].append(word)
        current = column if column is not None else current
    return parts


def _figures_over(columns: Sequence[Column], word: Word) -> int | None:
    for index, column in enumerate(columns):
        if column.figures and min(word.right, column.right) - max(word.left, column.left) > 0.5 * (
            word.right - word.left
        ):
            return index
    return None


def _under(head: Head, words: Sequence[Word]) -> int | None:
    """The column that words stand in: the one whose head they overlap, else the nearest of their kind."""
    left, right = words[0].left, words[-1].right
    text = " ".join(word.text for word in words)
    figure = is_figure(text)
    best, most = None, 0.0
    for index, column in enumerate(head.columns):
        over = min(right, column.right) - max(left, column.left)
        if over <= 0 or (column.figures and not figure and column.type != "tax"):
            continue
        if over > most:
            best, most = index, over
    if best is not None:
        return best
    distances = [
        (max(column.left - right, left - column.right), index)
        for index, column in enumerate(head.columns)
        if (column.figures or column.type == "position" if figure else column.words)
    ]
    return min(distances)[1] if distances else None

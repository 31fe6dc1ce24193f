"""A table's rows: the lines below its head, gathered around the figures, each word under its column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from local.simulators.textract.engine.columns import Column, Head, heads
from local.simulators.textract.engine.lines import Line, Phrase
from local.simulators.textract.engine.values import is_count, is_figure, is_money
from local.simulators.textract.engine.vocabulary import COLUMNS, PARTIES, SUMMARY, SUMS
from local.simulators.textract.engine.words import Word

# White of so many heights of a line ends a table whose figures have ended.
END_GAP = 2.2
# They belong to the figure before them.
MARKS = frozenset({"$", "€", "£", "%", "USD", "EUR", "GBP", ")"})
CODE = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9./-]{3,19}")


@dataclass(eq=False)
class Row:
    """One line of the invoice: what stands under each column, line by line, and all its words as they stand.

    `heading`: the first of its lines, when that is none of its own but names an order.
    """

    lines: list[Line]
    heading: Line | None = None
    cells: dict[int, list[list[Word]]] = field(default_factory=dict)


@dataclass(eq=False)
class Table:
    """`head.items`: it lists what was bought. `phrases`: the identities of those that it takes up."""

    head: Head
    rows: list[Row]

    @property
    def phrases(self) -> set[int]:
        """Identities."""
        return {id(one) for one in self.head.phrases} | {
            id(one) for row in self.rows for line in row.lines if line is not row.heading for one in line.phrases
        }


def tables(found: Sequence[Line], before: Table | None = None, *, goes_on: bool = False) -> list[Table]:
    """A page's tables. `before`: the last one of the page before; `goes_on`: it may do so without a head."""
    tops = heads(found)
    made = []
    if goes_on and before is not None and (not tops or not tops[0].items):
        end = tops[0].first if tops else len(found)
        more = _table(
            Head(before.head.columns, -1, -1, [], headed=any(row.heading for row in before.rows)),
            found[:end],
            continued=True,
        )
        if more.rows:
            made.append(more)
    headed = before is not None and any(row.heading for row in before.rows)
    for index, head in enumerate(tops):
        head.headed = headed and head.items
        end = tops[index + 1].first if index + 1 < len(tops) else len(found)
        made.append(_table(head, found[head.last + 1 : end]))
    return made


def _table(head: Head, below: Sequence[Line], *, continued: bool = False) -> Table:
    if head.partial:
        below = _left_part(head, below)
    body = _body(head, below, continued)
    rows = [_row(head, part) for part in _blocks(head, body)]
    _settle(head, rows)
    return Table(head, rows)


def _left_part(head: Head, below: Sequence[Line]) -> list[Line]:
    """The lines' phrases under the head, as lines of their own."""
    made = []
    for line in below:
        inside = [phrase for phrase in line.phrases if phrase.right < head.right + line.height]
        if not inside:
            break
        made.append(Line(inside, line.number))
    return made


def _settle(head: Head, rows: Sequence[Row]) -> None:
    """Names of columns that may mean several things, decided by what stands under them."""
    items = [index for index, column in enumerate(head.columns) if column.type == "ITEM"]
    for index, column in enumerate(head.columns):
        texts = [
            " ".join(word.text for piece in row.cells[index] for word in piece) for row in rows if index in row.cells
        ]
        if not texts:
            continue
        priced = sum(is_money(text) for text in texts) * 2 > len(texts)
        if column.type == "unit" and priced:
            column.type = "UNIT_PRICE"
        elif column.type == "UNIT_PRICE" and all(text.endswith("%") for text in texts):
            column.type = "tax"
        elif len(items) > 1 and index == items[0] and all(CODE.fullmatch(text) for text in texts):
            column.type = "PRODUCT_CODE"


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
    """Whether figures stand under columns of figures: an amount, or three of any kind."""
    count = 0
    for phrase in line.phrases:
        for part in _parts(head, phrase):
            column = _under(head, part)
            text = " ".join(word.text for word in part)
            if column is None or not head.columns[column].figures or not is_figure(text):
                continue
            type_ = head.columns[column].type
            if type_ == "QUANTITY" and not is_count(text):
                continue
            count += 3 if is_money(text) else 1
    return count >= 3


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
            # Words of their own go on with the row before; a heading begins the next.
            if rows and not _is_heading(head, body, block):
                rows[-1].extend(block)
            else:
                rows.append(list(block))
        elif len(anchors) == 1:
            if rows and not any(marked[index] for index in rows[-1]):
                rows[-1].extend(block)
            else:
                rows.append(list(block))
        else:
            starts = [block[0], *anchors[1:]]
            starts = [_with_heading(head, body, block, start) for start in starts]
            for start, end in zip(starts, [*starts[1:], block[-1] + 1], strict=True):
                rows.append([index for index in block if start <= index < end])
    return [[body[index] for index in row] for row in rows if any(marked[index] for index in row)]


def _with_heading(head: Head, body: Sequence[Line], block: Sequence[int], start: int) -> int:
    """The row's first line, or the heading above it."""
    return start - 1 if start - 1 in block and _is_heading(head, body, [start - 1]) else start


def _is_heading(head: Head, body: Sequence[Line], block: Sequence[int]) -> bool:
    """Whether lines without figures name an order for the rows below: they begin left of what items are written under,
    or are nearer to what follows.
    """
    line = body[block[0]]
    if len(block) > 2 or not _names_order(line):
        return False
    if head.headed or (_names_order(body[0]) and not _anchors(head, body[0])):
        # The table begins with one: then they all are.
        return True
    items = [column.left for column in head.columns if column.type == "ITEM"]
    if items and line.phrases[0].left < min(items) - 3:
        return True
    above = body[block[0]].top - body[block[0] - 1].bottom if block[0] else 99.0
    below = body[block[-1] + 1].top - body[block[-1]].bottom if block[-1] + 1 < len(body) else 99.0
    return below < above - 1.5


def _names_order(line: Line) -> bool:
    label = COLUMNS.at(line.phrases[0].tokens) or SUMMARY.at(line.phrases[0].tokens)
    return len(line.phrases) <= 3 and label is not None and label.type in ("order", "OTHER", "PO_NUMBER")


def _row(head: Head, part: Sequence[Line]) -> Row:
    row = Row(list(part))
    if len(part) > 1 and not _anchors(head, part[0]) and _is_heading(head, part, [0]):
        row.heading = part[0]
    for line in part[1:] if row.heading else part:
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
    """A phrase that runs from one column into the next, cut where figures begin or end."""
    if len(phrase.words) == 1 or is_money(phrase.text):
        return [phrase.words]
    parts: list[list[Word]] = [[]]
    current: int | None = None
    for word in phrase.words:
        column = _figures_over(head.columns, word) if is_figure(word.text) or word.text in "$€£" else None
        before = parts[-1][-1].right if parts[-1] else None
        begins = before is not None and any(
            one.words and before <= one.left + 0.5 and word.left >= one.left - 1.5 for one in head.columns
        )
        ended = column is None and current is not None and word.text not in MARKS
        if parts[-1] and (begins or ended or (column is not None and column != current)):
            parts.append([])
        parts[-1].append(word)
        current = column if column is not None or ended else current
    return parts


def _figures_over(columns: Sequence[Column], word: Word) -> int | None:
    for index, column in enumerate(columns):
        if (column.figures or column.type in ("position", "unit")) and min(word.right, column.right) - max(
            word.left, column.left
        ) > 0.5 * (word.right - word.left):
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
        if over <= 0 or (column.figures and not figure) or (column.type == "position" and not figure):
            continue
        if over > most:
            best, most = index, over
    if best is not None:
        return best
    if figure and right <= head.columns[0].left + 1:
        # A running number before the first column belongs to none.
        return None
    distances = [
        (max(column.left - right, left - column.right), index)
        for index, column in enumerate(head.columns)
        if (column.figures or column.type == "position" if figure else column.words)
    ]
    return min(distances)[1] if distances else None

"""Tables and pairs: columns with wrapped cells, the header again on every page, a row never torn apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from local.invoices.sheet import BLACK, GREY, Align, Colour, Sheet, wrapped


@dataclass(frozen=True, slots=True)
class Column:
    """`share` of the width; titles may have several lines."""

    title: str
    share: float
    align: Align = "l"


@dataclass(frozen=True, slots=True)
class Style:
    """How a table looks; `gap` between rows and around cells in points."""

    size: float = 8.5
    gap: float = 3
    head_fill: Colour | None = None
    head_colour: Colour = BLACK
    head_rules: bool = True
    row_rules: bool = False
    stripes: Colour | None = None
    grid: bool = False
    head_size: float = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """Text and smaller, grey text below it."""

    text: str
    below: tuple[str, ...] = ()
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Across:
    """A row of one text over all columns: the head of a group."""

    text: str
    bold: bool = True


type Row = Sequence[Cell | str] | Across


def table(sheet: Sheet, columns: Sequence[Column], rows: Sequence[Row], style: Style) -> None:
    """Draw from `sheet.y` on, and leave it below the table."""
    whole = sheet.right - sheet.left
    total = sum(column.share for column in columns)
    widths = [whole * column.share / total for column in columns]
    lefts = [sheet.left + sum(widths[:position]) for position in range(len(columns))]
    _head(sheet, columns, lefts, widths, style)
    for number, row in enumerate(rows):
        laid = _laid(sheet, row, widths, style)
        height = max(len(lines) for lines in laid) * style.size * 1.22 + 2 * style.gap
        # The head of a group does not stay alone at the foot of a page.
        if sheet.need(height * (2.5 if isinstance(row, Across) else 1)):
            _head(sheet, columns, lefts, widths, style)
        if style.stripes and number % 2:
            sheet.box(sheet.left, sheet.y, whole, height, fill=style.stripes)
        if style.grid:
            for left, width in zip(lefts, widths, strict=True):
                sheet.box(left, sheet.y, width, height, stroke=GREY)
        for position, lines in enumerate(laid):
            column = columns[position]
            for index, (text, bold, colour) in enumerate(lines):
                _in_column(
                    sheet, column.align, lefts[position], widths[position], style,
                    sheet.y + style.gap + style.size * (0.95 + 1.22 * index), text, bold, colour,
                )  # fmt: skip
        sheet.y += height
        if style.row_rules:
            sheet.line(sheet.left, sheet.y, sheet.right, sheet.y, thick=0.3, colour=GREY)
    if style.head_rules:
        sheet.line(sheet.left, sheet.y, sheet.right, sheet.y)


def _laid(sheet: Sheet, row: Row, widths: list[float], style: Style) -> list[list[tuple[str, bool, Colour]]]:
    if isinstance(row, Across):
        font = sheet.face.bold if row.bold else sheet.face.regular
        return [[(line, row.bold, BLACK) for line in wrapped(row.text, font, style.size, sum(widths) - 2 * style.gap)]]
    laid = []
    for cell, width in zip(row, widths, strict=True):
        cell = Cell(cell) if isinstance(cell, str) else cell
        font = sheet.face.bold if cell.bold else sheet.face.regular
        room = width - 2 * style.gap
        lines = [(line, cell.bold, BLACK) for line in wrapped(cell.text, font, style.size, room)] if cell.text else []
        for text in filter(None, cell.below):
            lines += [(line, False, GREY) for line in wrapped(text, sheet.face.regular, style.size, room)]
        laid.append(lines)
    return laid


def _head(sheet: Sheet, columns: Sequence[Column], lefts: list[float], widths: list[float], style: Style) -> None:
    size = style.head_size or style.size
    titles = [
        [
            part
            for line in column.title.split("\n")
            for part in wrapped(line, sheet.face.bold, size, width - 2 * style.gap)
        ]
        for column, width in zip(columns, widths, strict=True)
    ]
    height = max(len(lines) for lines in titles) * size * 1.22 + 2 * style.gap + 1
    sheet.need(height + 4 * style.size)
    if style.head_fill:
        sheet.box(sheet.left, sheet.y, sheet.right - sheet.left, height, fill=style.head_fill)
    if style.grid:
        for left, width in zip(lefts, widths, strict=True):
            sheet.box(left, sheet.y, width, height, stroke=GREY)
    for column, lines, left, width in zip(columns, titles, lefts, widths, strict=True):
        for index, text in enumerate(lines):
            y = sheet.y + style.gap + size * (0.95 + 1.22 * index)
            _in_column(sheet, column.align, left, width, style, y, text, True, style.head_colour, size)
    sheet.y += height
    if style.head_rules:
        sheet.line(sheet.left, sheet.y, sheet.right, sheet.y, thick=0.9)


def _in_column(
    sheet: Sheet, align: Align, left: float, width: float, style: Style, y: float, text: str, bold: bool,
    colour: Colour, size: float = 0,
) -> None:  # fmt: skip
    at = {"l": left + style.gap, "r": left + width - style.gap, "c": left + width / 2}[align]
    sheet.text(at, y, text, size=size or style.size, bold=bold, align=align, colour=colour)


type Pairs = Sequence[tuple[str, str]]


def pairs(
    sheet: Sheet, x: float, y: float, width: float, told: Pairs, *, size: float = 0, leading: float = 1.4,
    colon: str = "", how: str = "apart", bold_last: bool = False, share: float = 0.42,
) -> float:  # fmt: skip
    """Labels and values; a value that is too long goes on below. Returns the next y. `how`: apart (values end at the
    right), beside (in a second column), after (behind the label), above (the label above), against (labels end where
    values begin); labels have this `share` of the width.
    """
    size = size or sheet.base
    middle = x + width * share
    for position, (label, value) in enumerate(told):
        bold = bold_last and position == len(told) - 1
        named = f"{label}{colon}"
        if how == "above":
            sheet.text(x, y, named, size=size * 0.85, colour=GREY)
            y = sheet.paragraph(x, y + size * 1.15, width, value, size=size, bold=True) + size * 0.4
            continue
        if how == "after":
            y = sheet.paragraph(x, y, width, f"{named} {value}", size=size, bold=bold)
            y += size * (leading - 1.25)
            continue
        if how == "against":
            sheet.text(middle - 4, y, named, size=size, bold=True, align="r")
        else:
            sheet.text(x, y, named, size=size, bold=bold)
        if how == "apart":
            sheet.text(x + width, y, value, size=size, bold=bold, align="r")
            y += size * leading
            continue
        y = sheet.paragraph(middle, y, x + width - middle, value, size=size, bold=bold)
        y += size * (leading - 1.25)
    return y


def stack(sheet: Sheet, x: float, y: float, width: float, head: str, lines: Sequence[str], *, size: float = 0) -> float:
    """A heading and lines below it, as an address. Returns the next y."""
    size = size or sheet.base
    if head:
        sheet.text(x, y, head, size=size, bold=True)
        y += size * 1.3
    for line in lines:
        y = sheet.paragraph(x, y, width, line, size=size)
    return y

"""What staff say about products as a table for spreadsheets: written, and read with every mistake by line and column.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it. Read, such a cell is a
mistake unless it has the apostrophe. A column that is missing leaves things as they are; an empty cell of one that is
there means none. Nothing of a table with a mistake is taken over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loyalty.catalogue.asin import is_asin
from loyalty.catalogue.curating import LONGEST_DESCRIPTION, LONGEST_TITLE, MOST_FEATURED
from loyalty.spreadsheet import harmless, is_formula

LARGEST_BYTES = 5 * 1024 * 1024
MOST_LINES = 20_000
MISTAKES_TOLD = 200
LANGUAGES = ("en", "de")
_ACTIONS = {"pick": "picked", "hide": "hidden", "": None}
_SAYING = ("action", "featured", "category")
_TEXTS = {f"{part}_{language}": (language, part) for language in LANGUAGES for part in ("title", "description")}
# Told in a file that we write, passed over in one that we read.
_TOLD = ("amazon_title", "brand", "amazon_category", "shown", "points", "price", "margin_percent", "age_hours")
COLUMNS = ("asin", *_SAYING, *_TEXTS, *_TOLD)

type Known = Callable[[list[str]], Collection[str]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` counts the header as 1; without a column it is about the whole line, or the whole table at line 1."""

    line: int
    column: str
    detail: str


@dataclass(slots=True)
class Read:
    """`changes` as curating.curate takes them, to be used only if there are no mistakes."""

    lines: int = 0
    changes: list[dict[str, Any]] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    mistakes_in_all: int = 0

    def wrong(self, line: int, column: str, detail: str) -> None:
        """Count it, and keep the first ones."""
        self.mistakes_in_all += 1
        if len(self.mistakes) < MISTAKES_TOLD:
            self.mistakes.append(Mistake(line, column, detail))


def write(products: Iterable[Mapping[str, Any]], minor_per_major: int) -> str:
    """The table of these products (rows of the desk)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    actions = {standing: action for action, standing in _ACTIONS.items()}
    for one in products:
        price, margin, age = one["all_in_minor"], one["margin_basis_points"], one["age_seconds"]
        writer.writerow(
            harmless(cell)
            for cell in (
                one["asin"],
                actions[one["standing"]],
                _spelled(one["featured"]),
                one["own_category"] or "",
                *(one["texts"].get(language, {}).get(part) or "" for language, part in _TEXTS.values()),
                one["title"],
                one["brand"],
                one["amazon_category_name"] or "",
                "yes" if one["why"] is None else one["words"] or "",
                _spelled(one["points"]),
                "" if price is None else f"{price / minor_per_major:.{len(str(minor_per_major)) - 1}f}",
                "" if margin is None else f"{margin / 100:.2f}".removeprefix("-") if margin >= 0 else _below(margin),
                "" if age is None else f"{age / 3600:.1f}",
            )
        )
    return out.getvalue()


def read(data: bytes, categories: Collection[str], known: Known) -> Read:
    """Look at a whole table. `known` says which products there are."""
    told = Read()
    if len(data) > LARGEST_BYTES:
        told.wrong(1, "", f"The file is larger than {LARGEST_BYTES // 1024 // 1024} MB.")
        return told
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        told.wrong(data[: error.start].count(b"\n") + 1, "", "Save the file as UTF-8.")
        return told
    if "\x00" in text:
        told.wrong(text[: text.index("\x00")].count("\n") + 1, "", "This is no text file.")
        return told
    head = text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True
    )
    try:
        columns = _columns(next(reader, []), told)
        if columns is not None:
            _lines(reader, columns, categories, told)
    except csv.Error:
        told.wrong(reader.line_num, "", "A quotation mark is not closed.")
    _unknown(told, known)
    for change in told.changes:
        change.pop("line")
    return told


def _columns(header: list[str], told: Read) -> list[str] | None:
    names = [name.strip().casefold() for name in header]
    if "asin" not in names:
        told.wrong(1, "asin", f"The first line must name the columns: {', '.join(('asin', *_SAYING, *_TEXTS))}.")
        return None
    for place, name in enumerate(names):
        if name not in COLUMNS:
            told.wrong(1, f"column {place + 1}", "There is no such column; leave it out.")
        elif name in names[:place]:
            told.wrong(1, name, "This column is there twice.")
    for language in LANGUAGES:
        parts = [name for name, (theirs, _) in _TEXTS.items() if theirs == language]
        if 0 < len(set(parts) & set(names)) < len(parts):
            told.wrong(1, next(name for name in parts if name in names), f"{' and '.join(parts)} go together.")
    if not set(names) & {*_SAYING, *_TEXTS}:
        told.wrong(1, "", f"Nothing to take over: add one of {', '.join((*_SAYING, *_TEXTS))}.")
    return names if not told.mistakes_in_all else None


def _lines(reader: Any, columns: list[str], categories: Collection[str], told: Read) -> None:
    seen: dict[str, int] = {}
    places: dict[int, int] = {}
    begins = 2
    for cells in reader:
        line, begins = begins, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        told.lines += 1
        if told.lines > MOST_LINES:
            told.wrong(line, "", f"A file has at most {MOST_LINES:,} lines.")
            return
        if len(cells) != len(columns):
            told.wrong(line, "", f"There are {len(columns)} columns, but {len(cells)} cells here.")
            continue
        row = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if name not in _TOLD}
        for name, cell in row.items():
            if is_formula(cell):
                told.wrong(line, name, "This looks like a formula. If it is text, put an apostrophe before it.")
            elif cell.startswith("'") and is_formula(cell[1:]):
                row[name] = cell[1:]
            if any(ord(character) < 32 and character not in "\n\r\t" for character in cell):
                told.wrong(line, name, "There is a character that cannot be printed.")
        asin = row["asin"].upper()
        if not is_asin(asin):
            told.wrong(line, "asin", "An ASIN is ten capitals and digits.")
        elif asin in seen:
            told.wrong(line, "asin", f"This product is in line {seen[asin]} already.")
        seen.setdefault(asin, line)
        told.changes.append({"line": line, "asin": asin, **_said(line, row, categories, places, told)})


def _said(
    line: int, row: dict[str, str], categories: Collection[str], places: dict[int, int], told: Read
) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if "action" in row:
        action = row["action"].casefold()
        if action not in _ACTIONS:
            told.wrong(line, "action", "Write pick, hide, or nothing.")
        said["standing"] = _ACTIONS.get(action)
    if "featured" in row:
        said["featured"] = None
        if row["featured"]:
            place = int(row["featured"]) if row["featured"].isascii() and row["featured"].isdigit() else 0
            if not 1 <= place <= MOST_FEATURED:
                told.wrong(line, "featured", f"Write a place from 1 to {MOST_FEATURED}, or nothing.")
            elif place in places:
                told.wrong(line, "featured", f"Line {places[place]} has this place already.")
            places.setdefault(place, line)
            said["featured"] = place
    if "category" in row:
        if row["category"] and row["category"] not in categories:
            told.wrong(line, "category", "The programme has no category of this code.")
        said["category"] = row["category"] or None
    texts: dict[str, dict[str, str] | None] = {}
    for name, (language, part) in _TEXTS.items():
        if name not in row:
            continue
        texts.setdefault(language, None)
        most = LONGEST_TITLE if part == "title" else LONGEST_DESCRIPTION
        if len(row[name]) > most:
            told.wrong(line, name, f"At most {most:,} characters.")
        if part == "title" and "\n" in row[name]:
            told.wrong(line, name, "A title is one line.")
        if row[name]:
            texts[language] = {**(texts[language] or {}), part: row[name]}
    if texts:
        said["texts"] = texts
    return said


def _unknown(told: Read, known: Known) -> None:
    asked = [change["asin"] for change in told.changes if is_asin(change["asin"])]
    there = set(known(asked)) if asked else set()
    for change in told.changes:
        if is_asin(change["asin"]) and change["asin"] not in there:
            told.wrong(change["line"], "asin", "This product is not in the catalogue. Add it first by the live search.")


def _spelled(number: int | None) -> str:
    return "" if number is None else str(number)


def _below(margin: int) -> str:
    # A minus sign would be the beginning of a formula.
    return f"({-margin / 100:.2f})"

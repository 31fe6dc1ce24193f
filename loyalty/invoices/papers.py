"""What AnalyzeExpense answers, taken apart into papers: fields and table rows, each with where it was printed.

One PDF may hold several invoices, one invoice several pages, and an ExpenseDocument is one or the other: everything is
cut into pages first, and a page that bears another invoice number begins another paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

# What one answer may hold and be looked at; a paper of more is nothing that we were sent for our orders.
MOST_PAGES = 500
MOST_FIELDS = 20_000
MOST_LETTERS = 4_000
_PUNCTUATION = " ,;:|()[]."

type Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Printed:
    """One value as it stands on the paper. `kind`: Textract's type; `label`: the words beside it, or the column's.

    `confidence` is the least that is known about the value, `label_confidence` that of the label. Box: left, top,
    width, height. `as_read`: what was read, where our own orders know better what stands there.
    """

    kind: str
    label: str
    text: str
    confidence: float
    page: int
    label_confidence: float = 100.0
    box: Box | None = None
    currency: str | None = None
    groups: frozenset[str] = frozenset()
    as_read: str | None = None


@dataclass(slots=True)
class Read:
    """A value and where it was read; several places where it is printed several times."""

    value: object
    places: list[Printed]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table. `fields` without the row's whole text, which is `whole`; `table` tells tables apart."""

    fields: tuple[Printed, ...]
    whole: Printed | None
    table: int

    def first(self, kind: str) -> Printed | None:
        return next((each for each in self.fields if each.kind == kind), None)


@dataclass(slots=True)
class Page:
    number: int
    fields: list[Printed] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    # Lines and single words as the letters were recognised, if the answer has them.
    text: list[Printed] = field(default_factory=list)
    words: list[Printed] = field(default_factory=list)


@dataclass(slots=True)
class Paper:
    """Pages that belong together, in order."""

    pages: list[Page]
    _index: dict[str, list[Printed]] | None = None

    def fields(self) -> Iterator[Printed]:
        return (each for page in self.pages for each in page.fields)

    def rows(self) -> Iterator[Row]:
        return (each for page in self.pages for each in page.rows)

    def text(self) -> Iterator[Printed]:
        return (each for page in self.pages for each in page.text)

    def words(self) -> Iterator[Printed]:
        return (each for page in self.pages for each in page.words)

    def places(self, text: str) -> list[Printed]:
        """Every single word that reads so, in order; punctuation around a word is not part of it."""
        if self._index is None:
            self._index = {}
            for word in self.words():
                self._index.setdefault(word.text.strip(_PUNCTUATION), []).append(word)
        return self._index.get(text, [])

    def places_of(self, text: str) -> list[Printed]:
        return self.places(text.strip(_PUNCTUATION))

    def placed(self, text: str, near: Printed) -> Printed:
        """`text`, which is a part of `near`, with the confidence and place of its own word if that is known."""
        spots = [word for word in self.places(text) if word.page == near.page and within(word.box, near.box)]
        if len(spots) != 1:
            return replace(near, text=text, as_read=near.as_read if text == near.text else None)
        return replace(near, text=text, confidence=spots[0].confidence, box=spots[0].box, as_read=spots[0].as_read)


def pages(expense_documents: Sequence[Mapping[str, Any]]) -> list[Page]:
    """Every page that says anything. What is missing is missing; what has another shape than it should is left out."""
    found: dict[int, Page] = {}
    most = MOST_FIELDS
    for index, document in enumerate(_mappings(expense_documents)):
        default = _default_page(document, index)
        tables = list(_mappings(document.get("LineItemGroups")))
        for each in _mappings(document.get("SummaryFields")):
            if (printed := _printed(each, default)) is not None:
                _page(found, printed.page).fields.append(printed)
        for position, group in enumerate(tables):
            for item in _mappings(group.get("LineItems")):
                row = _row(item, default, index * 1_000 + position)
                if row is not None:
                    _page(found, _page_of(row)).rows.append(row)
        for block in _mappings(document.get("Blocks")):
            _take_block(found, block, default)
        most -= sum(1 for _ in _mappings(document.get("SummaryFields")))
        if most < 0 or len(found) > MOST_PAGES:
            break
    return [found[number] for number in sorted(found)]


def _take_block(found: dict[int, Page], block: Mapping[str, Any], default: int) -> None:
    text = block.get("Text")
    if block.get("BlockType") not in ("LINE", "WORD") or not isinstance(text, str) or not text.strip():
        return
    number = _number(block.get("Page"), default)
    printed = Printed("", "", text.strip(), _confidence(block), number, box=_box(block))
    page = _page(found, number)
    (page.text if block["BlockType"] == "LINE" else page.words).append(printed)


def _page(found: dict[int, Page], number: int) -> Page:
    return found.setdefault(number, Page(number))


def _page_of(row: Row) -> int:
    return min(each.page for each in (*row.fields, *([row.whole] if row.whole else [])))


def _default_page(document: Mapping[str, Any], index: int) -> int:
    """Where a field without a number of its own stands: with the others of its document, else one document a page."""
    for each in _mappings(document.get("SummaryFields")):
        if isinstance(each.get("PageNumber"), int):
            return _number(each["PageNumber"], 1)
    return _number(document.get("ExpenseIndex"), index + 1)


def _row(item: Mapping[str, Any], default: int, table: int) -> Row | None:
    every = [_printed(each, default) for each in _mappings(item.get("LineItemExpenseFields"))]
    fields = [each for each in every if each is not None]
    whole = next((each for each in fields if each.kind == "EXPENSE_ROW"), None)
    if not fields:
        return None
    return Row(tuple(each for each in fields if each.kind != "EXPENSE_ROW"), whole, table)


def _printed(value: Mapping[str, Any], default: int) -> Printed | None:
    detection, kind, label = (_mapping(value.get(name)) for name in ("ValueDetection", "Type", "LabelDetection"))
    text = detection.get("Text")
    if not isinstance(text, str) or not text.strip():
        return None
    said = label.get("Text")
    groups = (each.get("Types") for each in _mappings(value.get("GroupProperties")))
    return Printed(
        kind=str(kind.get("Text") or "OTHER").strip().upper(),
        label=said.strip() if isinstance(said, str) else "",
        text=text.strip()[:MOST_LETTERS],
        confidence=_confidence(detection),
        page=_number(value.get("PageNumber"), default),
        label_confidence=_confidence(label) if said else 100.0,
        box=_box(detection),
        currency=_code(value.get("Currency")),
        groups=frozenset(str(name) for types in groups if isinstance(types, list) for name in types),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> Iterable[Mapping[str, Any]]:
    return (each for each in value if isinstance(each, Mapping)) if isinstance(value, (list, tuple)) else ()


def _confidence(detection: Mapping[str, Any]) -> float:
    """What is not said is not trusted."""
    value = detection.get("Confidence")
    return min(100.0, max(0.0, float(value))) if isinstance(value, (int, float)) else 0.0


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) and 1 <= value <= 100_000 else default


def _code(value: object) -> str | None:
    code = _mapping(value).get("Code")
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z]{3}", code) else None


def _box(detection: Mapping[str, Any]) -> Box | None:
    box = _mapping(_mapping(detection.get("Geometry")).get("BoundingBox"))
    sides = [box.get(name) for name in ("Left", "Top", "Width", "Height")]
    if not all(isinstance(side, (int, float)) for side in sides):
        return None
    left, top, width, height = (min(1.0, max(0.0, float(side))) for side in sides if isinstance(side, (int, float)))
    return left, top, width, height


def within(inner: Box | None, outer: Box | None) -> bool:
    """Whether the middle of one lies in the other, which may be a little larger than it says."""
    if inner is None or outer is None:
        return False
    across, down = inner[0] + inner[2] / 2, inner[1] + inner[3] / 2
    slack = 0.004
    return (
        outer[0] - slack <= across <= outer[0] + outer[2] + slack
        and outer[1] - slack <= down <= outer[1] + outer[3] + slack
    )

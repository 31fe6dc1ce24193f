"""What a document's pages say, in the service's words: summary fields and line items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from local.simulators.textract.engine.columns import LINE_TYPES
from local.simulators.textract.engine.lines import Line, lines, without
from local.simulators.textract.engine.parties import Party, implied_vendor, parties, parts, words_of
from local.simulators.textract.engine.shapes import Drawer, Shape, blocks, detection
from local.simulators.textract.engine.summary import GUESSED, LIKELY, Pair, pairs
from local.simulators.textract.engine.tables import Row, Table, tables
from local.simulators.textract.engine.values import currency_of
from local.simulators.textract.engine.words import Page, Word

# One document in so many is answered page by page; in one of so many a wrapped description stands in the row alone.
PER_PAGE_SHARE = 1 / 3
ROW_ONLY_SHARE = 1 / 10


@dataclass(eq=False)
class Sheet:
    """One page, taken apart."""

    page: Page
    lines: list[Line]
    tables: list[Table]
    pairs: list[Pair]
    parties: list[Party]


def documents(pages: Sequence[Page], seed: bytes) -> list[Shape]:
    """The ExpenseDocuments of a file: one for all pages, or one a page."""
    drawer = Drawer(seed)
    sheets = _sheets(pages)
    currency = _currency(sheets)
    split = len(sheets) > 1 and drawer.chance("one a page") < PER_PAGE_SHARE
    groups = [[sheet] for sheet in sheets] if split else [sheets]
    made = []
    for index, group in enumerate(groups, 1):
        made.append(
            {
                "ExpenseIndex": index,
                "SummaryFields": [field for sheet in group for field in _summary(drawer, sheet, currency)],
                "LineItemGroups": _groups(drawer, group, currency),
                "Blocks": [block for sheet in group for block in blocks(drawer, sheet.page, sheet.lines)],
            }
        )
    return made


def _sheets(pages: Sequence[Page]) -> list[Sheet]:
    made: list[Sheet] = []
    before: Table | None = None
    goes_on = False
    for page in pages:
        found = lines(page)
        those = tables(found, before, goes_on=goes_on)
        free = without(found, set().union(*(table.phrases for table in those)))
        named = parties(free)
        if page.number == 1 and not any(party.side == "VENDOR" for party in named):
            vendor = implied_vendor(free, page.height, named)
            named += [vendor] if vendor else []
        made.append(Sheet(page, found, those, pairs(free, words_of(named)), named))
        listing = [table for table in those if table.head.items]
        before = listing[-1] if listing else None
        goes_on = before is not None and not _summed(made[-1], before)
    return made


def _summed(sheet: Sheet, table: Table) -> bool:
    """Whether sums follow the table on its page: then it does not go on."""
    if not table.rows:
        return False
    bottom = table.rows[-1].lines[-1].bottom
    return any(pair.type in ("TOTAL", "AMOUNT_DUE") and pair.words[0].top > bottom for pair in sheet.pairs)


def _currency(sheets: Sequence[Sheet]) -> str | None:
    """The document's: the code printed most often, else the sign's."""
    codes: Counter[str] = Counter()
    signs: Counter[str] = Counter()
    for sheet in sheets:
        for pair in sheet.pairs:
            code = currency_of(pair.value) if pair.kind == "money" else None
            if code:
                (codes if code in pair.value else signs)[code] += 1
        for line in sheet.lines:
            for word in line.words:
                code = currency_of(word.text)
                if code:
                    signs[code] += 1
    for counter in (codes, signs):
        if counter:
            return counter.most_common(1)[0][0]
    return None


def _summary(drawer: Drawer, sheet: Sheet, currency: str | None) -> list[Shape]:
    made = []
    for pair in sheet.pairs:
        made.append(_field(sheet.page, pair, _type(sheet, pair), currency))
    due = [pair for pair in sheet.pairs if pair.type == "AMOUNT_DUE"]
    if due and not any(pair.type == "TOTAL" for pair in sheet.pairs):
        # The service tells the total of a paper that only names what is due.
        made.append(_field(sheet.page, due[-1], "TOTAL", currency, sure=GUESSED + 4))
    for index, party in enumerate(sheet.parties):
        made += _party_fields(drawer, sheet.page, party, index)
    return made


def _type(sheet: Sheet, pair: Pair) -> str:
    if pair.type != "VAT":
        return pair.type
    for party in sheet.parties:
        if party.side == "RECEIVER" and any(
            abs(words[0].left - pair.label_words[0].left) < 3 and 0 < pair.words[0].top - words[0].top < 90
            for _, words in party.lines[:1]
        ):
            return "RECEIVER_VAT_NUMBER"
    return "VENDOR_VAT_NUMBER"


def _field(page: Page, pair: Pair, type_: str, currency: str | None, sure: float | None = None) -> Shape:
    made: Shape = {"Type": {"Text": type_, "Confidence": _scaled(sure or pair.sure, pair.words)}}
    if pair.label is not None:
        made["LabelDetection"] = detection(page, pair.label, pair.label_words)
    made["ValueDetection"] = detection(page, pair.value, pair.words)
    if pair.kind == "money":
        _add_currency(made, pair.value, currency)
    made["PageNumber"] = page.number
    return made


def _add_currency(made: Shape, value: str, currency: str | None) -> None:
    own = currency_of(value)
    # A bare dollar sign is that of the document.
    code = currency if own in (None, "USD") and currency else own
    if code:
        made["Currency"] = {"Code": code, "Confidence": 97.0 if own else 90.0}


def _scaled(sure: float, words: Sequence[Word]) -> float:
    return round(sure * min(word.confidence for word in words) / 100, 4)


def _party_fields(drawer: Drawer, page: Page, party: Party, index: int) -> list[Shape]:
    group = [{"Types": [party.role], "Id": drawer.id(f"{page.number}/party/{index}")}]
    words = [word for _, some in party.lines for word in some]
    address = [(text, some) for text, some in party.lines[1:]]
    rows = [
        (f"{party.side}_NAME", party.lines[0][0], party.lines[0][1]),
        ("ADDRESS_BLOCK", "\n".join(text for text, _ in party.lines), words),
        *parts(party),
    ]
    if address:
        text = "\n".join(text for text, _ in address)
        some = [word for _, those in address for word in those]
        rows[1:1] = [(f"{party.side}_ADDRESS", text, some), ("ADDRESS", text, some)]
    made = []
    for type_, text, some in rows:
        field: Shape = {"Type": {"Text": type_, "Confidence": _scaled(LIKELY, some)}}
        if party.label is not None and type_.startswith(party.side):
            field["LabelDetection"] = detection(page, party.label, party.label_words)
        field |= {"ValueDetection": detection(page, text, some), "PageNumber": page.number, "GroupProperties": group}
        made.append(field)
    return made


def _groups(drawer: Drawer, sheets: Sequence[Sheet], currency: str | None) -> list[Shape]:
    row_only = drawer.chance("row only") < ROW_ONLY_SHARE
    made: list[Shape] = []
    for sheet in sheets:
        for table in sheet.tables:
            items = [{"LineItemExpenseFields": _line(sheet.page, table, row, currency, row_only)} for row in table.rows]
            if items:
                made.append({"LineItemGroupIndex": len(made) + 1, "LineItems": items})
    return made


def _line(page: Page, table: Table, row: Row, currency: str | None, row_only: bool) -> list[Shape]:
    made = []
    for index, column in enumerate(table.head.columns):
        pieces = row.cells.get(index)
        if not pieces or not table.head.items:
            continue
        if column.type == "ITEM" and row_only and len(pieces) > 1:
            pieces = pieces[:1]
        text = "\n".join(" ".join(word.text for word in piece) for piece in pieces)
        words = [word for piece in pieces for word in piece]
        field: Shape = {
            "Type": {
                "Text": column.type if column.type in LINE_TYPES else "OTHER",
                "Confidence": _scaled(LIKELY + 3, words),
            },
            "LabelDetection": detection(page, column.label, column.phrase.words),
            "ValueDetection": detection(page, text, words),
        }
        if column.type in ("PRICE", "UNIT_PRICE"):
            _add_currency(field, text, currency)
        field["PageNumber"] = page.number
        made.append(field)
    text = "\n".join(line.text for line in row.lines)
    words = [word for line in row.lines for word in line.words]
    made.append(
        {
            "Type": {"Text": "EXPENSE_ROW", "Confidence": _scaled(LIKELY + 3, words)},
            "ValueDetection": detection(page, text, words),
            "PageNumber": page.number,
        }
    )
    return made

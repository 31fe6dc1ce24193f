"""One row of a table: what its columns mean, which money stands in it, and whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from loyalty.invoices import amounts, labels
from loyalty.invoices.papers import Box, Paper, Printed, Row, within

_ASIN = re.compile(r"\bASIN\b\s?[:#.]?\s*([A-Z0-9]{10})\b(?![-])", re.IGNORECASE)
BARE_ASIN = re.compile(r"(?<![A-Z0-9-])(B[0O][A-Z0-9]{8})(?![A-Z0-9-])")
_ASIN_BEFORE_ORDER = re.compile(r"(?<![A-Z0-9])([A-Z0-9]{10})\s*[|·/,]\s*[0-9D][0-9]{2}-[0-9]{7}-")
SAYS_ASIN = re.compile(r"\b[A4][S5][I1l|][NM]\b", re.IGNORECASE)
ORDER = re.compile(r"(?<![0-9A-Za-z-])([0-9D][0-9]{2}-[0-9]{7}-[0-9]{7})(?![0-9A-Za-z-])")
RATE = re.compile(r"(?<![0-9.,])([0-9]{1,2}(?:[.,][0-9]{1,4})?)\s?%")
_ASIDE = re.compile(
    r"[\[(]?\b(B0[A-Z0-9]{8}\b|[A-Z0-9]{10}\s*[|·/,]\s*[0-9D][0-9]{2}-|[0-9D][0-9]{2}-[0-9]{7}-[0-9]{7}|asin\b|"
    r"sold by|verkauft (durch|von)|vendu par|vendido por|venduto da|seller:|condition:|zustand:|sku:|"
    r"charges for (all|the|these) orders|"
    r"(order|bestell(ung|nr|nummer|-nr)|commande|pedido|ordine)[ .]*(#|no\.?|nr\.?|number|id|n[°º]\.?)?[ :]*"
    r"[0-9D][0-9]{2}-[0-9]|p\.?o\.? ?(#|number)|purchase order (#|number))",
    re.IGNORECASE,
)
_PURCHASE_ORDER = re.compile(r"\bP\.?\s?O\.?\s?(?:#|number|no\.?|nr\.?)?\s*:?\s*([A-Z0-9][A-Za-z0-9-]{3,59})(?!\S)")
_COLUMNS = dict(labels.read("columns.txt"))
_GROSS = _COLUMNS.pop("gross")


@dataclass(frozen=True, slots=True)
class Cells:
    """A row by what its columns mean; each of those that hold money may occur more than once."""

    item: Printed | None
    by_meaning: dict[str, list[Printed]]
    gross: list[Printed]
    text: str

    def first(self, name: str) -> Printed | None:
        return next(iter(self.by_meaning.get(name, ())), None)


def cells_of(row: Row, currency: str) -> Cells:
    by_meaning: dict[str, list[Printed]] = {}
    gross: list[Printed] = []
    for cell in row.fields:
        meaning = _column(cell, currency)
        if meaning in ("unit", "amount") and cell.label and _GROSS.fullmatch(labels.plain(cell.label)):
            gross.append(cell)
        elif meaning is not None:
            by_meaning.setdefault(meaning, []).append(cell)
    every = [cell for cell in row.fields if cell.kind == "ITEM"]
    item = next((cell for cell in every if not re.fullmatch(r"[A-Z0-9]{10}", cell.text)), None)
    by_meaning.setdefault("asin", []).extend(cell for cell in every if cell is not item)
    text = row.whole.text if row.whole else " ".join(cell.text for cell in row.fields)
    return Cells(item, by_meaning, gross, text)


def _column(cell: Printed, currency: str) -> str | None:
    label = labels.plain(cell.label)
    said = next((name for name, pattern in _COLUMNS.items() if label and pattern.fullmatch(label)), None)
    money = amounts.amount(cell.text, currency)
    if cell.kind == "ITEM":
        return None
    if cell.kind == "PO_NUMBER" or labels.meaning(cell.label) == "purchase_order":
        return "purchase_order"
    if "%" in cell.text and RATE.fullmatch(cell.text.strip()):
        return "rate"
    if cell.kind in ("QUANTITY", "UNIT_PRICE", "PRODUCT_CODE"):
        return {"QUANTITY": "quantity", "UNIT_PRICE": "unit", "PRODUCT_CODE": "asin"}[cell.kind]
    if said in ("tax", "amount", "unit") and money is None:
        return None
    if said is None and cell.kind == "PRICE":
        return "amount"
    return said


def has_money(cells: Cells, row: Row, currency: str) -> bool:
    if any(cells.by_meaning.get(name) for name in ("unit", "amount", "tax")) or cells.gross:
        return True
    return any(
        amounts.currencies(token) or "," in token or "." in token for token in money_tokens(cells.text, currency)
    )


def money_tokens(text: str, currency: str, token: re.Pattern[str] = amounts.TOKEN) -> list[str]:
    plain = re.sub(ORDER, " ", text)
    tokens = (match[0].strip() for match in token.finditer(RATE.sub(" ", plain)))
    return [token for token in tokens if (read := amounts.amount(token, currency)) is not None and read.exact]


def tail(cells: Cells) -> str:
    """The row without the words of its item, so that numbers of a title are not taken for prices."""
    if cells.item is None:
        return cells.text
    left = cells.text
    for part in cells.item.text.split("\n"):
        left = left.replace(part, " ", 1)
    return left


def cell_of(row: Row, minor: int, currency: str) -> Printed | None:
    return next(
        (
            cell
            for cell in row.fields
            if (read := amounts.amount(cell.text, currency)) is not None and read.minor == minor
        ),
        None,
    )


def unnumbered(text: str) -> str:
    return re.sub(r"^\s*[0-9]{1,3}[.)]?\s+", "", text).strip()


def rate_of(text: str) -> int | None:
    """`8.850`, `19`, `5,5` of a hundred, in millionths."""
    match = re.fullmatch(r"([0-9]{1,2})(?:[.,]([0-9]{1,4}))?", text.strip())
    return int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0")) if match else None


def words_of(paper: Paper, cells: Cells, row: Row, currency: str) -> str:
    """The item's own text; and what only the whole row has of it, which stands below it in the same column."""
    item, whole = cells.item, row.whole
    if item is None:
        first = next((each.start() for each in amounts.TOKEN.finditer(cells.text) if amounts.currencies(each[0])), None)
        return cells.text[:first]
    if whole is None or item.box is None or "\n" in item.text:
        return item.text
    right = min((cell.box[0] for cell in row.fields if cell.box and cell.box[0] > item.box[0] + 0.01), default=1.0)
    below = [word for word in paper.words() if _below_item(word, item, whole, right)]
    below.sort(key=lambda word: word.box[1] + word.box[3] / 2 if word.box else 0.0)
    found: list[list[Printed]] = []
    for word in below:
        if found and _beside(found[-1][0], word):
            found[-1].append(word)
        else:
            found.append([word])
    lines = (" ".join(word.text for word in sorted(line, key=lambda each: each.box or (0.0,) * 4)) for line in found)
    return "\n".join([item.text, *lines])


def _below_item(place: Printed, item: Printed, whole: Printed, right: float) -> bool:
    if place.page != item.page or place.box is None or item.box is None or whole.box is None:
        return False
    middle = place.box[1] + place.box[3] / 2
    in_column = item.box[0] - 0.01 <= place.box[0] < right
    return in_column and item.box[1] + item.box[3] < middle <= whole.box[1] + whole.box[3] + 0.002


def _beside(one: Printed, other: Printed) -> bool:
    if one.box is None or other.box is None:
        return False
    return abs(one.box[1] + one.box[3] / 2 - other.box[1] - other.box[3] / 2) < max(one.box[3], other.box[3]) / 2


def is_cut(cells: Cells, row: Row) -> bool:
    """Whether words stand right behind the item's own that are in no column that we know: perhaps more of it."""
    if cells.item is None or row.whole is None:
        return False
    first = cells.item.text.split("\n")[0]
    # A column whose heading says nothing may be a piece of the item's own.
    known = [cell for column in cells.by_meaning.values() for cell in column]
    others = [cell.text.split("\n")[0] for cell in (*known, *cells.gross)]
    behind = (line.partition(first)[2].strip() for line in row.whole.text.split("\n") if first in line)
    rest = next(behind, "")
    return re.match(r"[^\W\d_]{2,}", rest) is not None and not any(rest.startswith(other) for other in others if other)


def title_of(words: str) -> str:
    """The name of what was bought: what stands before the first aside (ASIN, seller, order), on all its lines."""
    parts: list[str] = []
    aside = False
    for part in words.split("\n"):
        match = _ASIDE.search(part)
        kept = part[: match.start()] if match else part
        if not aside and kept.strip(" |·,;-"):
            parts.append(kept.strip(" |·;"))
        aside = aside or (match is not None and bool(parts))
    return " ".join(" ".join(parts).split())[:500]


def asin_in(paper: Paper, cells: Cells, row: Row) -> Printed | None:
    """The one product number of a row, as it is printed; none if it names several."""
    cell = cells.first("asin")
    if cell is not None:
        # A column may be narrower than the number.
        parts = [cell.text.replace("\n", "")] if len(cell.text.replace("\n", "")) == 10 else cell.text.split()
        codes = [code for code in parts if re.fullmatch(r"[A-Z0-9]{10}", code)]
        if len(codes) == 1:
            return paper.placed(codes[0], cell)
    return _one(paper, cells, row, _asins)


def asin_of(text: str) -> str:
    """Of a product that is no book the second sign is a nought, also where an O was seen: our orders prove it."""
    return f"B0{text[2:]}" if text.startswith("BO") else text


def _asins(text: str) -> list[str]:
    return [found for pattern in (_ASIN, BARE_ASIN, _ASIN_BEFORE_ORDER) for found in pattern.findall(text)]


def order_in(paper: Paper, cells: Cells, row: Row) -> Printed | None:
    return _one(paper, cells, row, ORDER.findall)


def _one(paper: Paper, cells: Cells, row: Row, find: Callable[[str], list[str]]) -> Printed | None:
    for where in (
        *cells.by_meaning.get("order", []),
        *([cells.item] if cells.item else []),
        *([row.whole] if row.whole else []),
    ):
        distinct = sorted({each.upper() if each.upper() == each else each for each in find(where.text)})
        if len(distinct) == 1:
            return paper.placed(distinct[0], where)
        if distinct:
            return None
    return None


def heading(cells: Cells, row: Row) -> Printed | None:
    """The order that is named in a line of its own above the row's item."""
    first, _, rest = cells.text.partition("\n")
    named = ORDER.findall(first)
    if (
        len(named) != 1
        or not rest
        or row.whole is None
        or cells.item is None
        or cells.item.text.split("\n")[0] in first
    ):
        return None
    return replace(row.whole, text=named[0])


def purchase_orders_in(cells: Cells, row: Row) -> list[Printed]:
    where = row.whole or row.fields[0]
    return [replace(where, text=number) for number in _PURCHASE_ORDER.findall(cells.text)]


def orders_in(paper: Paper) -> Iterator[Printed]:
    """The order numbers that the head of the paper names."""
    for each in paper.fields():
        for number in ORDER.findall(each.text):
            yield paper.placed(number, each)


def orders_named(paper: Paper) -> frozenset[str]:
    """All of them, wherever they stand."""
    texts = [each.text for each in paper.fields()]
    texts += [each.text for row in paper.rows() for each in (*row.fields, *([row.whole] if row.whole else []))]
    return frozenset(number for text in texts for number in ORDER.findall(text))


def says_order(paper: Paper) -> bool:
    """Whether the paper has a place for an order's number, whatever was read there."""
    return any(labels.meaning(each.label) == "order" for each in paper.fields() if each.label)


def left_out(paper: Paper, currency: str) -> bool:
    """Whether a row is missing: words of shipping or a discount, an amount and a rate side by side, and no row.

    Sums have no rate of their own beside them.
    """
    inside: dict[int, list[Box]] = {}
    for row in paper.rows():
        for each in (*row.fields, *([row.whole] if row.whole else [])):
            if each.box is not None:
                inside.setdefault(each.page, []).append(each.box)
    lines = [line for line in paper.text() if line.box is not None]
    for line in lines:
        if labels.meaning(unnumbered(line.text)) not in ("shipping", "discount"):
            continue
        beside = [each for each in lines if each.page == line.page and _beside(line, each) and _right_of(line, each)]
        rates = [each for each in beside if RATE.fullmatch(each.text)]
        sums = [each for each in beside if amounts.amount(each.text, currency) is not None]
        if rates and any(not any(within(each.box, box) for box in inside.get(each.page, ())) for each in sums):
            return True
    return False


def _right_of(one: Printed, other: Printed) -> bool:
    return one.box is not None and other.box is not None and other.box[0] >= one.box[0] + one.box[2] - 0.01

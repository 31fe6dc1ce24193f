"""The lines of a paper from the rows of its tables, and what else stands in tables: sums, and tax by rate.

A row's values are believed where its columns say so and quantity × unit price is the amount; where the columns do not,
another choice of the row's own numbers is taken only if it is the one that multiplies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from loyalty.invoices import amounts, labels
from loyalty.invoices.invoice import MOST_LINES, Finding
from loyalty.invoices.papers import Paper, Printed, Row

MILLION = 1_000_000
_ASIN = re.compile(r"\bASIN\b\s?[:#.]?\s*([A-Z0-9]{10})\b(?![-])", re.IGNORECASE)
_BARE_ASIN = re.compile(r"(?<![A-Z0-9-])(B0[A-Z0-9]{8})(?![A-Z0-9-])")
_ASIN_BEFORE_ORDER = re.compile(r"(?<![A-Z0-9])([A-Z0-9]{10})\s*[|·/,]\s*[0-9D][0-9]{2}-[0-9]{7}-")
_SAYS_ASIN = re.compile(r"\b[A4][S5][I1l|][NM]\b", re.IGNORECASE)
ORDER = re.compile(r"(?<![0-9A-Za-z-])([0-9D][0-9]{2}-[0-9]{7}-[0-9]{7})(?![0-9A-Za-z-])")
RATE = re.compile(r"(?<![0-9.,])([0-9]{1,2}(?:[.,][0-9]{1,4})?)\s?%")
_ASIDE = re.compile(
    r"[\[(]?\b(B0[A-Z0-9]{8}\b|[A-Z0-9]{10}\s*[|·/,]\s*[0-9D][0-9]{2}-|[0-9D][0-9]{2}-[0-9]{7}-[0-9]{7}|asin\b|sold by|verkauft (durch|von)|vendu par|vendido por|venduto da|"
    r"(order|bestell(ung|nr|nummer|-nr)|commande|pedido|ordine)[ .]*(#|no\.?|nr\.?|number|id|n[°º]\.?)?[ :]*[0-9D][0-9]{2}-[0-9]|"
    r"p\.?o\.? ?(#|number)|purchase order (#|number)|seller:|condition:|zustand:|sku:)",
    re.IGNORECASE,
)
_PURCHASE_ORDER = re.compile(r"\bP\.?\s?O\.?\s?(?:#|number|no\.?|nr\.?)?\s*:?\s*([A-Z0-9][A-Za-z0-9-]{3,59})(?!\S)")
_COUNT = re.compile(
    r"[-\u2212\u2013(]?\s?([0-9]{1,6})(?:[.,]0{1,3})?\s?(?:x|×|pcs?|st|stk|ea|units?|ud|pz)?\.?\)?", re.IGNORECASE
)
_COLUMNS = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("asin", r".*\b(asin|item (no|number|code)|product (code|number)|article number|artikel(nummer|number| ?nr)|sku)\b.*"),
        ("order", r".*\b(order|bestell\w*|commande|pedido|ordine)\b( number| id)?"),
        ("quantity", r"(qty|quantity|units?|menge|anzahl|stuck(zahl)?|qte|quantite|cant|cantidad|unidades|quantita|q ?ta|aantal|ilosc|antal|pcs)\.?( ordered| shipped)?"),
        ("rate", r".*(%|\brate\b|satz|taux|\btipo\b|aliquota|tarief|stawka).*"),
        ("unit", r".*(\bunit\b|\beach\b|stuck|einzel|unitaire|unitario|unit[aà]rio|\bp ?u\b|stuks|jednostk|per item).*"),
        ("tax", r"(total )?(tax|vat|gst|ust|mwst|tva|iva|btw|moms|steuer|umsatzsteuer|imposta|impuesto|montant (de la )?tva|cuota( de)? iva|importo iva|importe iva)( (amount|betrag|subtotal|total|montant|importo|importe))?"),
        ("amount", r".*(amount|total|price|betrag|preis|summe|gesamt|montant|prix|importe|precio|importo|prezzo|totale|bedrag|wartosc|net).*"),
    )
)  # fmt: skip
_GROSS = re.compile(
    r".*\b(incl|inkl|inc|including|with|brutto|gross|ttc|con|iva inclusa|iva incluido|inclus\w*|incluid\w*|mit|brut|lordo)\b.*"
)
_FEE = re.compile(
    r"\b(fee|fees|gebuhr|surcharge|zuschlag|frais de (dossier|recyclage|gestion)|eco ?-? ?(part|tax)\w*|gift ?-? ?wrap\w*|geschenkverpackung|recargo|tasa|contributo|deposit|pfand|recycling)\b"
)
_TAX_WORDS = re.compile(
    r"\b(vat|tax|ust|mwst|umsatzsteuer|tva|iva|btw|moms|rate|satz|taux|tipo|aliquota|at|zu|a|de|von|su|der|sur|al|net|netto|total|standard|reduced|zero|of|on|sales)\b"
)


@dataclass(slots=True)
class Read:
    """A value and where it was read; several places where it is printed several times."""

    value: object
    places: list[Printed]


@dataclass(slots=True)
class DraftLine:
    """A line in the making, by the names of Line."""

    kind: str
    values: dict[str, Read] = field(default_factory=dict)
    # Money in the row that has no column which we know: perhaps the tax.
    spare: list[Read] = field(default_factory=list)

    def get(self, name: str) -> int | None:
        value = self.values[name].value if name in self.values else None
        return value if isinstance(value, int) else None


@dataclass(slots=True)
class Tables:
    """What stood in the tables. `sums`: rows that belong to the totals, as fields with the row's words as label."""

    lines: list[DraftLine] = field(default_factory=list)
    tax_lines: list[dict[str, Read]] = field(default_factory=list)
    sums: list[Printed] = field(default_factory=list)
    # Those that head the lines of an order.
    purchase_orders: list[Printed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Cells:
    """A row by what its columns mean; each of those that hold money may occur more than once."""

    item: Printed | None
    by_meaning: dict[str, list[Printed]]
    gross: list[Printed]
    text: str

    def first(self, name: str) -> Printed | None:
        return next(iter(self.by_meaning.get(name, ())), None)


def tables(paper: Paper, currency: str) -> Tables:
    """Every row of the paper, in order."""
    found = Tables()
    order: Printed | None = None
    headed = False
    for row in paper.rows():
        if len(found.lines) > MOST_LINES:
            found.findings.append(Finding(code="unreadable", field="lines", detail=f"more than {MOST_LINES} lines"))
            break
        cells = _cells(row, currency)
        if _tax_line(cells, row, found, currency) or _sum(cells, found, currency):
            continue
        if not _has_money(cells, row, currency):
            named = _order_in(paper, cells, row)
            found.purchase_orders += _purchase_orders(cells, row)
            if named is not None and (headed or not found.lines or "amazon_order_id" in found.lines[-1].values):
                order, headed = named, True
            elif found.lines:
                _continue(paper, found.lines[-1], cells, row)
            continue
        heading = _heading(cells, row)
        if heading is not None:
            order, headed = heading, True
            found.purchase_orders += _purchase_orders(cells, row)
        found.purchase_orders += cells.by_meaning.get("purchase_order", [])
        line = _line(paper, cells, row, currency, found)
        if headed and order is not None and line.kind == "item":
            own = line.values.setdefault("amazon_order_id", Read(order.text, [order]))
            if own.value != order.text:
                found.findings.append(
                    Finding(
                        code="unreadable", field=f"lines.{len(found.lines)}.amazon_order_id", detail="not the heading's"
                    )
                )
        found.lines.append(line)
    _unnumber(found.lines)
    _counted(found.lines)
    return found


def _cells(row: Row, currency: str) -> _Cells:
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
    return _Cells(item, by_meaning, gross, text)


def _column(cell: Printed, currency: str) -> str | None:
    label = labels.plain(cell.label)
    said = next((name for name, pattern in _COLUMNS if label and pattern.fullmatch(label)), None)
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


def _has_money(cells: _Cells, row: Row, currency: str) -> bool:
    if any(cells.by_meaning.get(name) for name in ("unit", "amount", "tax")) or cells.gross:
        return True
    return any(
        amounts.currencies(token) or "," in token or "." in token for token in _money_tokens(cells.text, currency)
    )


def _money_tokens(text: str, currency: str, token: re.Pattern[str] = amounts.TOKEN) -> list[str]:
    plain = re.sub(ORDER, " ", text)
    tokens = (match[0].strip() for match in token.finditer(RATE.sub(" ", plain)))
    return [token for token in tokens if (read := amounts.amount(token, currency)) is not None and read.exact]


# --- what is no line ---------------------------------------------------------------------------------------------


def _tax_line(cells: _Cells, row: Row, found: Tables, currency: str) -> bool:
    """A row of a table of tax by rate: a rate, what it is of, what it makes; and no other words than about tax."""
    rates = RATE.findall(cells.text)
    words = re.sub(r"[^a-z ]+", " ", labels.plain(RATE.sub(" ", _without_money(cells.text))))
    if len(rates) != 1 or _TAX_WORDS.sub(" ", words).strip():
        return False
    where = row.whole or row.fields[0]
    rate = rate_of(rates[0])
    if rate is None:
        return False
    pairs, read = list[tuple[int, int]](), list[int]()
    # 1 234,50 may be one amount or a number before one.
    for token in (amounts.GROUPED_TOKEN, amounts.TOKEN):
        printed = _money_tokens(cells.text, currency, token)
        read = [value.minor for each in printed if (value := amounts.amount(each, currency)) is not None]
        if pairs := _base_and_tax(read, rate):
            break
    if len(read) < 2:
        return False
    base, tax = pairs[0] if pairs else (read[0], read[1])
    places = {value: _cell_of(row, value, currency) or where for value in (base, tax)}
    found.tax_lines.append(
        {
            "rate_micros": Read(rate, [replace(where, text=rates[0] + "%", confidence=_of(row, rates[0], where))]),
            "base_minor": Read(base, [places[base]]),
            "tax_minor": Read(tax, [places[tax]]),
        }
    )
    return True


def _base_and_tax(read: list[int], rate: int) -> list[tuple[int, int]]:
    return [
        (base, tax)
        for i, base in enumerate(read)
        for j, tax in enumerate(read)
        if i != j and abs(base * rate / MILLION - tax) <= 2 and (len(read) == 2 or base + tax in read)
    ]


def _of(row: Row, text: str, where: Printed) -> float:
    return next((cell.confidence for cell in row.fields if text in cell.text), where.confidence)


def _cell_of(row: Row, minor: int, currency: str) -> Printed | None:
    return next(
        (
            cell
            for cell in row.fields
            if (read := amounts.amount(cell.text, currency)) is not None and read.minor == minor
        ),
        None,
    )


def _without_money(text: str) -> str:
    return amounts.TOKEN.sub(" ", text)


def _sum(cells: _Cells, found: Tables, currency: str) -> bool:
    """A row of the totals that stands in the table: its words are a total's label and it has no quantity."""
    words = cells.item.text if cells.item else _without_money(RATE.sub(" ", cells.text))
    meaning = labels.meaning(_unnumbered(words))
    if (
        meaning not in ("items", "before_tax", "tax", "total")
        or cells.first("quantity")
        or _BARE_ASIN.search(cells.text)
    ):
        return False
    value = cells.first("amount") or cells.first("unit") or cells.first("tax")
    if value is not None:
        found.sums.append(replace(value, kind="OTHER", label=_unnumbered(words)))
    return True


def _unnumbered(text: str) -> str:
    return re.sub(r"^\s*[0-9]{1,3}[.)]?\s+", "", text).strip()


# --- lines -------------------------------------------------------------------------------------------------------


def _line(paper: Paper, cells: _Cells, row: Row, currency: str, found: Tables) -> DraftLine:
    where = row.whole or row.fields[0]
    words = _words(paper, cells, row, currency)
    line = DraftLine("item")
    asin, order = _asin_in(paper, cells, row), _order_in(paper, cells, row)
    if asin is not None:
        line.values["asin"] = Read(asin.text, [asin])
    elif _SAYS_ASIN.search(cells.text) or cells.first("asin") is not None:
        found.findings.append(
            Finding(code="unreadable", field=f"lines.{len(found.lines)}.asin", detail="no product number")
        )
    if order is not None:
        line.values["amazon_order_id"] = Read(order.text, [order])
    quantity = _quantity(cells.first("quantity"), cells)
    if asin is None and quantity is None:
        line.kind = _pseudo(_unnumbered(_title(words)))
    description = _title(words)
    line.values["description"] = Read(description, [replace(cells.item or where, text=description)])
    rate = _rate(cells)
    if rate is not None:
        line.values["tax_rate_micros"] = rate
    _price(line, cells, row, currency, quantity)
    if (tax := cells.first("tax")) is not None and (read := amounts.amount(tax.text, currency)) is not None:
        line.values["tax_minor"] = Read(read.minor, [tax])
        return line
    line.spare = _spare(line, cells, row, currency)
    return line


def _spare(line: DraftLine, cells: _Cells, row: Row, currency: str) -> list[Read]:
    left = [_from_row(token, row, currency) for token in _money_tokens(_tail(cells), currency)]
    for name in ("unit_price_minor", "amount_minor"):
        used = next(
            (read for read in left if name in line.values and abs(_int(read)) == abs(line.get(name) or 0)), None
        )
        left = [read for read in left if read is not used]
    return left


def tax_beside(lines: list[DraftLine], tax_minor: int) -> None:
    """The money that every row has left is its tax, if all of it together is the paper's but for rounding."""
    if len(lines) < 2 or any("tax_minor" in line.values or len(line.spare) != 1 for line in lines):
        return
    if abs(sum(_int(line.spare[0]) for line in lines) - tax_minor) <= (len(lines) + 1) / 2:
        for line in lines:
            line.values["tax_minor"] = line.spare[0]


def _pseudo(title: str) -> str:
    meaning = labels.meaning(title)
    if meaning in ("shipping", "discount"):
        return meaning
    return "fee" if _FEE.search(labels.plain(title)) else "item"


def _price(line: DraftLine, cells: _Cells, row: Row, currency: str, quantity: Read | None) -> None:
    """Quantity, unit price and amount: as the columns say, else the one choice of the row's numbers that multiplies."""
    units, sums = (_money(cells.by_meaning.get(name, []), currency) for name in ("unit", "amount"))
    if line.kind != "item":
        if chosen := (sums or units):
            line.values["amount_minor"] = _before_tax(chosen, line)
        elif tokens := _money_tokens(cells.text, currency):
            line.values["amount_minor"] = _from_row(tokens[0], row, currency)
        return
    quantities = [quantity] if quantity else []
    if not (quantities and units and sums):
        tokens = [_from_row(token, row, currency) for token in _money_tokens(_tail(cells), currency)]
        counts = [
            _count_from_row(token, row) for token in re.findall(r"(?<![\w.,%-])[0-9]{1,5}(?![\w.,%-])", _tail(cells))
        ]
        quantities, units, sums = quantities or counts, units or tokens, sums or tokens
    fitting = [
        (q, u, a)
        for q in quantities
        for u in units
        for a in sums
        if u is not a and _int(q) * abs(_int(u)) == abs(_int(a)) and _int(q) > 0
    ]
    if fitting:
        # With and without tax multiply alike; without is less.
        q, u, a = min(fitting, key=lambda choice: abs(_int(choice[2])))
    else:
        q, u, a = (next(iter(each), None) for each in (quantities, units, sums))
    if q is not None:
        line.values["quantity"] = q
    if u is not None:
        line.values["unit_price_minor"] = Read(abs(_int(u)), u.places)
    if a is not None:
        line.values["amount_minor"] = a


def _before_tax(sums: list[Read], line: DraftLine) -> Read:
    """Of two that stand in a row, the one that the other is with tax."""
    rate = line.get("tax_rate_micros")
    if rate is None or len(sums) < 2:
        return sums[0]
    gross = [round(_int(each) * (1 + rate / MILLION)) for each in sums]
    return next(
        (
            one
            for one, with_tax in zip(sums, gross, strict=True)
            if any(abs(_int(other) - with_tax) <= 1 for other in sums)
        ),
        sums[0],
    )


def _int(read: Read) -> int:
    return read.value if isinstance(read.value, int) else 0


def _money(cells: list[Printed], currency: str) -> list[Read]:
    return [
        Read(read.minor, [cell])
        for cell in cells
        if (read := amounts.amount(cell.text, currency)) is not None and read.exact
    ]


def _from_row(token: str, row: Row, currency: str) -> Read:
    read = amounts.amount(token, currency)
    assert read is not None
    where = row.whole or row.fields[0]
    return Read(read.minor, [_cell_of(row, read.minor, currency) or replace(where, text=token)])


def _count_from_row(token: str, row: Row) -> Read:
    where = row.whole or row.fields[0]
    return Read(int(token), [replace(where, text=token)])


def _tail(cells: _Cells) -> str:
    """The row without the words of its item, so that numbers of a title are not taken for prices."""
    if cells.item is None:
        return cells.text
    left = cells.text
    for part in cells.item.text.split("\n"):
        left = left.replace(part, " ", 1)
    return left


def _quantity(cell: Printed | None, cells: _Cells) -> Read | None:
    """A whole number, perhaps with a unit's word or a minus, as credit memos print it; never the number of the row."""
    if cell is None:
        return None
    text = cell.text
    numbered = re.match(r"([0-9]{1,4})[.)]?\s", cells.text)
    if numbered and cells.item is not None and not cells.item.text.startswith(numbered[0]):
        without = re.sub(rf"^{numbered[1]}[.)]?(\s+|$)", "", text)
        text = without if without or not cells.first("unit") else text
    match = _COUNT.fullmatch(text)
    return Read(int(match[1]), [replace(cell, text=text)]) if match and int(match[1]) > 0 else None


def rate_of(text: str) -> int | None:
    """`8.850`, `19`, `5,5` of a hundred, in millionths."""
    match = re.fullmatch(r"([0-9]{1,2})(?:[.,]([0-9]{1,4}))?", text.strip())
    return int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0")) if match else None


def _rate(cells: _Cells) -> Read | None:
    cell = cells.first("rate")
    if cell is not None:
        rate = rate_of(cell.text.replace("%", "").strip())
        return None if rate is None else Read(rate, [cell])
    rates = RATE.findall(_tail(cells))
    value = rate_of(rates[0]) if len(set(rates)) == 1 else None
    return None if value is None or cells.item is None else Read(value, [replace(cells.item, text=f"{rates[0]}%")])


# --- words of a line ---------------------------------------------------------------------------------------------


def _words(paper: Paper, cells: _Cells, row: Row, currency: str) -> str:
    """The item's own text; and what only the whole row has of it, which stands below it in the same column."""
    item, whole = cells.item, row.whole
    if item is None:
        first = next((each.start() for each in amounts.TOKEN.finditer(cells.text) if amounts.currencies(each[0])), None)
        return cells.text[:first]
    if whole is None or item.box is None or "\n" in item.text:
        return item.text
    right = min((cell.box[0] for cell in row.fields if cell.box and cell.box[0] > item.box[0] + 0.01), default=1.0)
    more = [
        [
            word
            for word in line.split()
            if any(_below_item(place, item, whole, right) for place in paper.places_of(word))
        ]
        for line in cells.text.split("\n")[1:]
    ]
    return "\n".join([item.text, *(" ".join(words) for words in more if words)])


def _below_item(place: Printed, item: Printed, whole: Printed, right: float) -> bool:
    if place.page != item.page or place.box is None or item.box is None or whole.box is None:
        return False
    middle = place.box[1] + place.box[3] / 2
    in_column = item.box[0] - 0.01 <= place.box[0] < right
    return in_column and item.box[1] + item.box[3] < middle <= whole.box[1] + whole.box[3] + 0.002


def _title(words: str) -> str:
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


def _asin_in(paper: Paper, cells: _Cells, row: Row) -> Printed | None:
    """The one product number of a row; none if it names several."""
    cell = cells.first("asin")
    if cell is not None:
        # A column may be narrower than the number.
        parts = [cell.text.replace("\n", "")] if len(cell.text.replace("\n", "")) == 10 else cell.text.split()
        codes = [code for code in parts if re.fullmatch(r"[A-Z0-9]{10}", code)]
        if len(codes) == 1:
            return paper.placed(codes[0], cell)
    return _one(paper, cells, row, _asins)


def _asins(text: str) -> list[str]:
    return [found for pattern in (_ASIN, _BARE_ASIN, _ASIN_BEFORE_ORDER) for found in pattern.findall(text)]


def _order_in(paper: Paper, cells: _Cells, row: Row) -> Printed | None:
    return _one(paper, cells, row, ORDER.findall)


def _one(paper: Paper, cells: _Cells, row: Row, find: object) -> Printed | None:
    assert callable(find)
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


def _heading(cells: _Cells, row: Row) -> Printed | None:
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


def _continue(paper: Paper, line: DraftLine, cells: _Cells, row: Row) -> None:
    """A row without money goes on with the line before it."""
    if "asin" not in line.values and (asin := _asin_in(paper, cells, row)) is not None:
        line.values["asin"] = Read(asin.text, [asin])
    if "amazon_order_id" not in line.values and (order := _order_in(paper, cells, row)) is not None:
        line.values["amazon_order_id"] = Read(order.text, [order])
    more = _title(_words(paper, cells, row, ""))
    said = line.values.get("description")
    if more and said is not None and line.kind == "item":
        said.value = f"{said.value} {more}".strip()[:500]


def _unnumber(lines: list[DraftLine]) -> None:
    """Take the numbers of the lines from their titles, if every title begins with its own."""
    titles = [str(line.values["description"].value) for line in lines]
    if titles and all(re.match(rf"{number}[.)]?\s", title) for number, title in enumerate(titles, 1)):
        for line, title in zip(lines, titles, strict=True):
            line.values["description"].value = _unnumbered(title)


def _purchase_orders(cells: _Cells, row: Row) -> list[Printed]:
    where = row.whole or row.fields[0]
    return [replace(where, text=number) for number in _PURCHASE_ORDER.findall(cells.text)]


def _counted(lines: list[DraftLine]) -> None:
    """A quantity before the title, where no line of the paper has it elsewhere and each multiplies."""
    items = [line for line in lines if line.kind == "item"]
    if any("quantity" in line.values for line in items):
        return
    found = []
    for line in items:
        count = re.match(r"([0-9]{1,5})(?:\s?[x×])?\s+(?=\S)", str(line.values["description"].value))
        unit, amount = line.get("unit_price_minor"), line.get("amount_minor")
        if count is None or unit is None or amount is None or int(count[1]) * unit != abs(amount) or not int(count[1]):
            return
        found.append(count)
    for line, count in zip(items, found, strict=True):
        title = line.values["description"]
        line.values["quantity"] = Read(int(count[1]), [replace(title.places[0], text=count[1])])
        title.value = str(title.value)[count.end() :]


def orders_in(paper: Paper) -> Iterator[Printed]:
    """The order numbers that the head of the paper names."""
    for each in paper.fields():
        for number in ORDER.findall(each.text):
            yield paper.placed(number, each)

"""The lines of a paper from the rows of its tables, and what else stands in tables.

A row's values are believed where its columns say so and quantity × unit price is the amount; where the columns do not,
another choice of the row's own numbers is taken only if it is the one that multiplies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from loyalty.invoices import amounts, labels, rows, totals
from loyalty.invoices.invoice import MOST_LINES, Finding
from loyalty.invoices.papers import Paper, Printed, Read, Row

MILLION = 1_000_000
_COUNT = re.compile(
    r"[-\u2212\u2013(]?\s?([0-9]{1,6})(?:[.,]0{1,3})?\s?(?:x|×|pcs?|st|stk|ea|units?|ud|pz)?\.?\)?", re.IGNORECASE
)
_FEE = re.compile(
    r"\b(fees?|gebuhr|surcharge|zuschlag|frais de (dossier|recyclage|gestion)|eco ?-? ?(part|tax)\w*|recargo|tasa|"
    r"gift ?-? ?wrap\w*|geschenkverpackung|contributo|deposit|pfand|recycling)\b"
)


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


@dataclass(slots=True)
class _Orders:
    """Which order the lines below belong to, on papers where orders head their lines."""

    named: list[Printed]
    current: Printed | None = None
    page: int = 1
    heads: set[str] = field(default_factory=set)

    def head(self, order: Printed) -> None:
        self.current = order
        self.heads.add(order.text)

    def turn(self, page: int) -> None:
        """A heading that stands last on a page is in no row there: it heads the first line of the next."""
        if self.heads and page > self.page:
            left = [each for each in self.named if each.page == self.page and each.text not in self.heads]
            if left:
                self.head(max(left, key=lambda each: each.box[1] if each.box else 0.0))
        self.page = page

    def unused(self) -> bool:
        """Whether the paper names an order that heads nothing, though orders head their lines."""
        return bool(self.heads) and any(each.text not in self.heads for each in self.named)


def tables(paper: Paper, currency: str) -> Tables:
    """Every row of the paper, in order."""
    found = Tables()
    orders = _Orders(list(rows.orders_in(paper)))
    for row in paper.rows():
        if len(found.lines) > MOST_LINES:
            found.findings.append(Finding(code="unreadable", field="lines", detail=f"more than {MOST_LINES} lines"))
            break
        cells = rows.cells_of(row, currency)
        if (by_rate := totals.tax_line(paper, cells, row, currency)) is not None:
            found.tax_lines.append(by_rate)
        elif (sums := totals.sum_in(cells)) is not None:
            found.sums += sums
        elif rows.has_money(cells, row, currency):
            found.lines.append(_ordered(_line(paper, cells, row, currency, found), cells, row, orders, found))
        else:
            _beside(paper, cells, row, orders, found)
    if orders.unused():
        found.findings.append(Finding(code="unreadable", field="lines", detail="an order heads no line"))
    _unnumber(found.lines)
    _counted(found.lines)
    return found


def _beside(paper: Paper, cells: rows.Cells, row: Row, orders: _Orders, found: Tables) -> None:
    """A row without money: the heading of an order, or more of the line before it."""
    named = rows.order_in(paper, cells, row)
    found.purchase_orders += rows.purchase_orders_in(cells, row)
    if named is not None and (orders.heads or not found.lines or "amazon_order_id" in found.lines[-1].values):
        orders.head(named)
    elif found.lines:
        _continue(paper, found.lines[-1], cells, row)


def _ordered(line: DraftLine, cells: rows.Cells, row: Row, orders: _Orders, found: Tables) -> DraftLine:
    """The line with the order that heads it, if orders do."""
    orders.turn((row.whole or row.fields[0]).page)
    if (above := rows.heading(cells, row)) is not None:
        orders.head(above)
        found.purchase_orders += rows.purchase_orders_in(cells, row)
    found.purchase_orders += cells.by_meaning.get("purchase_order", [])
    order = orders.current
    if order is not None and line.kind == "item":
        own = line.values.setdefault("amazon_order_id", Read(order.text, [order]))
        if own.value != order.text:
            name = f"lines.{len(found.lines)}.amazon_order_id"
            found.findings.append(Finding(code="unreadable", field=name, detail="not the heading's"))
    return line


def _line(paper: Paper, cells: rows.Cells, row: Row, currency: str, found: Tables) -> DraftLine:
    where = row.whole or row.fields[0]
    words = rows.words_of(paper, cells, row, currency)
    line = DraftLine("item")
    asin, order = rows.asin_in(paper, cells, row), rows.order_in(paper, cells, row)
    if asin is not None:
        line.values["asin"] = Read(rows.asin_of(asin.text), [asin])
    elif rows.SAYS_ASIN.search(cells.text) or cells.first("asin") is not None:
        found.findings.append(
            Finding(code="unreadable", field=f"lines.{len(found.lines)}.asin", detail="no product number")
        )
    if order is not None:
        line.values["amazon_order_id"] = Read(order.text, [order])
    quantity = _quantity(cells.first("quantity"), cells)
    description = rows.title_of(words)
    if asin is None and quantity is None:
        line.kind, description = _pseudo(words, description)
        if line.kind != "item":
            # An order beside it is the one before's, or the next one's.
            line.values.pop("amazon_order_id", None)
    said = replace(cells.item or where, text=description)
    # What may be a part only is kept for a person to see, and not posted.
    line.values["description"] = Read(description, [replace(said, confidence=0.0) if rows.is_cut(cells, row) else said])
    rate = _rate(paper, cells, row)
    if rate is not None:
        line.values["tax_rate_micros"] = rate
    _price(line, cells, row, currency, quantity)
    if (tax := cells.first("tax")) is not None and (read := amounts.amount(tax.text, currency)) is not None:
        line.values["tax_minor"] = Read(read.minor, [tax])
        return line
    line.spare = _spare(line, cells, row, currency)
    return line


def _spare(line: DraftLine, cells: rows.Cells, row: Row, currency: str) -> list[Read]:
    left = [_from_row(token, row, currency) for token in rows.money_tokens(rows.tail(cells), currency)]
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


def _pseudo(words: str, title: str) -> tuple[str, str]:
    """What a row without product and quantity is, and its words: those of one line of it, if others stand above."""
    for part in (title, *words.split("\n")):
        meaning = labels.meaning(rows.unnumbered(part))
        if meaning in ("shipping", "discount"):
            return meaning, part
    return ("fee" if _FEE.search(labels.plain(title)) else "item"), title


def _price(line: DraftLine, cells: rows.Cells, row: Row, currency: str, quantity: Read | None) -> None:
    """Quantity, unit price and amount: as the columns say, else the one choice of the row's numbers that multiplies."""
    units, sums = (_money(cells.by_meaning.get(name, []), currency) for name in ("unit", "amount"))
    if line.kind != "item":
        if chosen := (sums or units):
            line.values["amount_minor"] = _before_tax(chosen, line)
        elif tokens := rows.money_tokens(cells.text, currency):
            line.values["amount_minor"] = _from_row(tokens[0], row, currency)
        return
    quantities = [quantity] if quantity else []
    if not (quantities and units and sums):
        in_row = [_from_row(token, row, currency) for token in rows.money_tokens(rows.tail(cells), currency)]
        counts = [
            _count_from_row(count, row)
            for count in re.findall(r"(?<![\w.,%-])[0-9]{1,5}(?![\w.,%-])", rows.tail(cells))
        ]
        quantities, units, sums = quantities or counts, units or in_row, sums or in_row
    fitting = [
        (q, u, a)
        for q in quantities
        for u in units
        for a in sums
        if u is not a and _int(q) * abs(_int(u)) == abs(_int(a)) and _int(q) > 0
    ]
    # With and without tax multiply alike; without is less.
    best = min(fitting, key=lambda choice: abs(_int(choice[2]))) if fitting else None
    count, unit, whole = best or (next(iter(each), None) for each in (quantities, units, sums))
    if count is not None:
        line.values["quantity"] = count
    if unit is not None:
        line.values["unit_price_minor"] = Read(abs(_int(unit)), unit.places)
    if whole is not None:
        line.values["amount_minor"] = whole


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
    return Read(read.minor, [rows.cell_of(row, read.minor, currency) or replace(where, text=token)])


def _count_from_row(token: str, row: Row) -> Read:
    where = row.whole or row.fields[0]
    return Read(int(token), [replace(where, text=token)])


def _quantity(cell: Printed | None, cells: rows.Cells) -> Read | None:
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


def _rate(paper: Paper, cells: rows.Cells, row: Row) -> Read | None:
    cell = cells.first("rate")
    if cell is not None:
        rate = rows.rate_of(cell.text.replace("%", "").strip())
        return None if rate is None else Read(rate, [cell])
    rates = rows.RATE.findall(rows.tail(cells))
    value = rows.rate_of(rates[0]) if len(set(rates)) == 1 else None
    if value is None or row.whole is None:
        return None
    return Read(value, [paper.placed(f"{rates[0]}%", row.whole)])


def _continue(paper: Paper, line: DraftLine, cells: rows.Cells, row: Row) -> None:
    """A row without money goes on with the line before it."""
    if "asin" not in line.values and (asin := rows.asin_in(paper, cells, row)) is not None:
        line.values["asin"] = Read(rows.asin_of(asin.text), [asin])
    if "amazon_order_id" not in line.values and (order := rows.order_in(paper, cells, row)) is not None:
        line.values["amazon_order_id"] = Read(order.text, [order])
    more = rows.title_of(rows.words_of(paper, cells, row, ""))
    said = line.values.get("description")
    if more and said is not None and line.kind == "item":
        # Perhaps it is something else that stands there: kept for a person to see, and not posted.
        said.value = f"{said.value} {more}".strip()[:500]
        said.places = [replace(place, confidence=0.0) for place in said.places]


def _unnumber(lines: list[DraftLine]) -> None:
    """Take the numbers of the lines from their titles, if every title begins with its own."""
    titles = [str(line.values["description"].value) for line in lines]
    if titles and all(re.match(rf"{number}[.)]?\s", title) for number, title in enumerate(titles, 1)):
        for line, title in zip(lines, titles, strict=True):
            line.values["description"].value = rows.unnumbered(title)


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

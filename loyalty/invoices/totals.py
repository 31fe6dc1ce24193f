"""Rows of tables that are no lines: sums that stand below the lines, and tables of tax by rate."""

from __future__ import annotations

import re
from dataclasses import replace

from loyalty.invoices import amounts, labels, rows
from loyalty.invoices.papers import Paper, Printed, Read, Row

MILLION = 1_000_000
# What the rounding of many lines may make.
MOST_DRIFT = 12
_TAX_WORDS = re.compile(
    r"\b(vat|tax|ust|mwst|umsatzsteuer|tva|iva|btw|moms|rate|satz|taux|tipo|aliquota|at|zu|a|de|von|su|der|sur|al|"
    r"net|netto|total|standard|reduced|zero|of|on|sales)\b"
)


def tax_line(paper: Paper, cells: rows.Cells, row: Row, currency: str) -> dict[str, Read] | None:
    """A row of a table of tax by rate: a rate, what it is of, what it makes; and no other words than about tax."""
    rates = rows.RATE.findall(cells.text)
    words = re.sub(r"[^a-z ]+", " ", labels.plain(rows.RATE.sub(" ", _without_money(cells.text))))
    if len(rates) != 1 or _TAX_WORDS.sub(" ", words).strip():
        return None
    where = row.whole or row.fields[0]
    rate = rows.rate_of(rates[0])
    if rate is None:
        return None
    pairs, read = list[tuple[int, int]](), list[int]()
    # 1 234,50 may be one amount or a number before one.
    for token in (amounts.GROUPED_TOKEN, amounts.TOKEN):
        printed = rows.money_tokens(cells.text, currency, token)
        read = [value.minor for each in printed if (value := amounts.amount(each, currency)) is not None]
        if pairs := _base_and_tax(read, rate):
            break
    if len(read) < 2:
        return None
    base, tax = pairs[0] if pairs else (read[0], read[1])
    places = {
        value: rows.cell_of(row, value, currency) or _place(paper, where, value, currency) for value in (base, tax)
    }
    return {
        "rate_micros": Read(rate, [_rate_place(paper, row, where, rates[0])]),
        "base_minor": Read(base, [places[base]]),
        "tax_minor": Read(tax, [places[tax]]),
    }


def _base_and_tax(read: list[int], rate: int) -> list[tuple[int, int]]:
    return [
        (base, tax)
        for i, base in enumerate(read)
        for j, tax in enumerate(read)
        if i != j and abs(base * rate / MILLION - tax) <= MOST_DRIFT and (len(read) == 2 or base + tax in read)
    ]


def _rate_place(paper: Paper, row: Row, where: Printed, rate: str) -> Printed:
    cell = next((cell for cell in row.fields if rate in cell.text), None)
    if cell is not None:
        return replace(cell, text=f"{rate}%")
    joined = paper.placed(f"{rate}%", where)
    return joined if joined.box != where.box else replace(paper.placed(rate, where), text=f"{rate}%")


def _place(paper: Paper, where: Printed, minor: int, currency: str) -> Printed:
    """The amount's own word in the row, if it is one."""
    for word in where.text.split():
        read = amounts.amount(word, currency)
        if read is not None and read.exact and read.minor == minor:
            return paper.placed(word, where)
    return where


def sum_in(cells: rows.Cells) -> list[Printed] | None:
    """A row of the totals that stands in the table: its words are a total's label and it has no quantity.

    The sum with that label; none if the row is another.
    """
    words = cells.item.text if cells.item else _without_money(rows.RATE.sub(" ", cells.text))
    meaning = labels.meaning(rows.unnumbered(words))
    if (
        meaning not in ("items", "before_tax", "tax", "total")
        or cells.first("quantity")
        or rows.BARE_ASIN.search(cells.text)
    ):
        return None
    value = cells.first("amount") or cells.first("unit") or cells.first("tax")
    return [] if value is None else [replace(value, kind="OTHER", label=rows.unnumbered(words))]


def _without_money(text: str) -> str:
    return amounts.TOKEN.sub(" ", text)

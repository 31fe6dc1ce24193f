"""How amounts, rates and days are written on a paper, by language; and a truth's values as they are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from loyalty.invoices.invoice import Invoice

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}


def _named(day: date, language: str) -> str:
    return MONTHS[language].split()[day.month - 1]


DAYS: dict[str, Callable[[date], str]] = {
    "us_long": lambda day: f"{_named(day, 'en')} {day.day}, {day.year}",
    "us_short": lambda day: f"{day.month:02d}/{day.day:02d}/{day.year}",
    "dashed": lambda day: f"{day.day:02d}-{_named(day, 'en')[:3]}-{day.year}",
    "uk_long": lambda day: f"{day.day} {_named(day, 'en')} {day.year}",
    "slashed": lambda day: f"{day.day:02d}/{day.month:02d}/{day.year}",
    "dotted": lambda day: f"{day.day:02d}.{day.month:02d}.{day.year}",
    "de_long": lambda day: f"{day.day}. {_named(day, 'de')} {day.year}",
    "fr_long": lambda day: f"{day.day} {_named(day, 'fr')} {day.year}",
    "es_long": lambda day: f"{day.day} de {_named(day, 'es')} de {day.year}",
    "it_long": lambda day: f"{day.day} {_named(day, 'it')} {day.year}",
    "iso": lambda day: day.isoformat(),
}


@dataclass(frozen=True, slots=True)
class Money:
    """`spaced_below`: amounts under so many minor units have a space after the sign, as "$ 0.00"."""

    sign: str
    point: str = "."
    thousands: str = ","
    after: bool = False
    spaced_below: int = 0
    negative: Literal["parentheses", "minus", "trailing"] = "minus"

    def __call__(self, minor: int) -> str:
        whole, cents = divmod(abs(minor), 100)
        digits = f"{whole:,}".replace(",", self.thousands) + f"{self.point}{cents:02d}"
        space = " " if abs(minor) < self.spaced_below else ""
        text = f"{digits} {self.sign}".rstrip() if self.after else f"{self.sign}{space}{digits}"
        if minor >= 0:
            return text
        match self.negative:
            case "parentheses":
                return f"({text})"
            case "trailing":
                return f"{text}-"
            case _:
                return f"-{text}"


@dataclass(frozen=True, slots=True)
class Writing:
    """`total`: money outside of the table, `cell`: in it. `day`: a name in DAYS. Rates have `decimals` or more.

    A paper that writes what it takes back without a sign, for its title says it, is `unsigned`.
    """

    total: Money
    cell: Money
    day: str
    decimals: int = 3
    point: str = "."
    percent: str = "%"
    unsigned: bool = False

    def amount(self, minor: int) -> str:
        return self.total(abs(minor) if self.unsigned else minor)

    def in_table(self, minor: int) -> str:
        return self.cell(abs(minor) if self.unsigned else minor)

    def date(self, day: date) -> str:
        return DAYS[self.day](day)

    def rate(self, micros: int) -> str:
        # More decimals rather than another rate.
        decimals = next(n for n in range(self.decimals, 5) if micros % 10 ** (4 - n) == 0)
        return f"{micros / 10_000:.{decimals}f}".replace(".", self.point) + self.percent


USD_SPACED = Money("$", spaced_below=1_000, negative="parentheses")
USD = Money("$", negative="parentheses")
USD_MINUS = Money("$")
GBP = Money("£")
EUR = Money("€", point=",", thousands=".", after=True)
EUR_FR = Money("€", point=",", thousands="\xa0", after=True)
EUR_BARE = Money("", point=",", thousands=".", after=True)


def printed(invoice: Invoice, writing: Writing) -> Iterator[tuple[str, str]]:
    """(field, text) of everything the truth says, as it stands on the paper."""
    yield "number", invoice.number
    yield "issued_on", writing.date(invoice.issued_on)
    if invoice.due_on:
        yield "due_on", writing.date(invoice.due_on)
    for name in ("vendor_name", "vendor_tax_id", "account", "payment_terms", "corrects"):
        if value := getattr(invoice, name):
            yield name, str(value)
    for number in invoice.purchase_order_numbers:
        yield "purchase_order_numbers", number
    for name in ("subtotal_minor", "shipping_minor", "discount_minor", "tax_minor", "total_minor"):
        if name not in ("shipping_minor", "discount_minor") or getattr(invoice, name):
            yield name, writing.amount(getattr(invoice, name))
    for position, tax in enumerate(invoice.tax_lines):
        yield f"tax_lines.{position}.rate_micros", writing.rate(tax.rate_micros)
        yield f"tax_lines.{position}.base_minor", writing.amount(tax.base_minor)
        yield f"tax_lines.{position}.tax_minor", writing.amount(tax.tax_minor)
    for position, line in enumerate(invoice.lines):
        where = f"lines.{position}"
        yield f"{where}.description", line.description
        yield f"{where}.amount_minor", writing.in_table(line.amount_minor)
        if line.quantity:
            yield f"{where}.quantity", str(line.quantity)
        if line.unit_price_minor is not None:
            yield f"{where}.unit_price_minor", writing.in_table(line.unit_price_minor)
        if line.tax_rate_micros is not None:
            yield f"{where}.tax_rate_micros", writing.rate(line.tax_rate_micros)
        if line.tax_minor is not None:
            yield f"{where}.tax_minor", writing.in_table(line.tax_minor)
        for name in ("asin", "amazon_order_id"):
            if value := getattr(line, name):
                yield f"{where}.{name}", value

"""What was read badly and is certain all the same: two things prove it that were read well, each without the other.

One proof is enough for what was read well (`validating.proven`). What was read badly needs two, and neither may lean on
anything else that was read badly: the line's product of quantity and price, the sum of the lines, the sum of the parts,
the tax that a rate makes, and our own order, which was known before the paper came. Why each of them proves:

- quantity × unit price = amount, lines = subtotal, parts = total: to the cent. A digit that is read wrongly changes the
  result unless another one, read well, was wrong by just as much.
- The order: the unit price is to the cent the one that we ordered this product at, or the quantity is the one ordered,
  or shipping less discounts what the orders said beyond their goods. A misreading does not lead from another amount to
  just ours. The match asks all of them again.
- The rate: it makes the tax, and its least digit would show in it; the law has such a rate; or it stands elsewhere.
- The day that is due: the terms that are printed lead from the day of issue to just this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loyalty.invoices.completing import behind
from loyalty.invoices.heads import net_days
from loyalty.invoices.invoice import Invoice, Line, Seen
from loyalty.invoices.recalling import Ordered
from loyalty.programme.schema.invoices import Invoices

MILLION = 1_000_000
# Of the countries of the stores, in millionths, where rates are few; in the USA every town has its own.
_RATES = {
    "EUR": frozenset({0, 21_000, 40_000, 50_000, 55_000, 70_000, 100_000, 190_000, 200_000, 210_000, 220_000}),
    "GBP": frozenset({0, 50_000, 200_000}),
}
_PROOFS = 2

# Values of which one follows from the others.
type Equation = tuple[str, ...]


def certain(
    invoice: Invoice,
    printings: Mapping[str, Sequence[Seen]],
    rules: Invoices,
    ordered: Sequence[Ordered],
) -> frozenset[str]:
    """The names of what was read badly and is proven twice."""
    firm = {
        name
        for name, places in printings.items()
        if any(place.confidence >= rules.minimum_confidence for place in places)
    }
    # What was not said at all is not there; nothing proves what nobody has read.
    bad = {name for name, places in printings.items() if name not in firm and any(p.confidence > 0 for p in places)}
    if not bad:
        return frozenset()
    equations = [
        *_of_lines(invoice, printings, ordered),
        *_of_sums(invoice, printings),
        *_of_orders(invoice, printings, ordered),
        *_of_rates(invoice, printings),
        *_of_days(invoice),
    ]
    found: set[str] = set()
    while more := {name for name in bad - found if _proven_twice(name, equations, firm)}:
        found |= more
        firm |= more
    return frozenset(found)


def _proven_twice(name: str, equations: Sequence[Equation], firm: set[str]) -> bool:
    """The second proof may lean on a value that has one of its own beside it."""
    proofs = _counted(name, [each for each in equations if name in each and _leans_on(each, name) <= firm])
    if len(proofs) != 1:
        return len(proofs) >= _PROOFS
    return any(
        equation is not proofs[0]
        and name in equation
        and all(
            other in firm
            or any(
                each is not equation and each is not proofs[0] and other in each and _leans_on(each, other) <= firm
                for each in equations
            )
            for other in _leans_on(equation, name)
        )
        for equation in equations
    )


def _counted(name: str, proofs: Sequence[Equation]) -> Sequence[Equation]:
    """What is there twice counts twice for its first value only; of the others it says no more than once."""
    return [each for index, each in enumerate(proofs) if each[0] == name or each not in proofs[:index]]


def _leans_on(equation: Equation, name: str) -> set[str]:
    return {other for other in equation if other != name}


def _of_lines(
    invoice: Invoice, printings: Mapping[str, Sequence[Seen]], ordered: Sequence[Ordered]
) -> Iterator[Equation]:
    for index, line in enumerate(invoice.lines):
        count, unit, amount = (f"lines.{index}.{name}" for name in ("quantity", "unit_price_minor", "amount_minor"))
        if not _multiplies(line):
            continue
        # A quantity that nobody printed follows from the two others: they do not prove each other by it.
        if count in printings:
            yield count, unit, amount
        about = [
            each
            for each in behind(
                ordered, line.amazon_order_id, line.asin, invoice.purchase_order_numbers, invoice.currency
            )
            if each.unit_price_minor == line.unit_price_minor and (line.quantity or 0) <= each.quantity
        ]
        if about:
            yield (unit,)
            yield count, amount
            if any(each.quantity == line.quantity for each in about):
                yield (count,)


def _multiplies(line: Line) -> bool:
    if line.kind != "item" or line.quantity is None or line.unit_price_minor is None:
        return False
    return line.quantity * line.unit_price_minor == abs(line.amount_minor)


def _of_sums(invoice: Invoice, printings: Mapping[str, Sequence[Seen]]) -> Iterator[Equation]:
    """Those that hold. A sum that is not printed is its lines."""
    kinds = {"subtotal_minor": ("item", "fee"), "shipping_minor": ("shipping",), "discount_minor": ("discount",)}
    parts: list[str] = []
    for name, of_kind in kinds.items():
        own = [index for index, line in enumerate(invoice.lines) if line.kind in of_kind]
        amounts = [f"lines.{index}.amount_minor" for index in own]
        if name not in printings:
            parts += amounts
            continue
        parts.append(name)
        if own and sum(invoice.lines[index].amount_minor for index in own) == getattr(invoice, name):
            yield name, *amounts
    whole = invoice.subtotal_minor + invoice.shipping_minor + invoice.discount_minor + invoice.tax_minor
    taxed = ["tax_minor"] if "tax_minor" in printings or not invoice.tax_lines else _taxes(invoice)
    if whole == invoice.total_minor:
        yield "total_minor", *parts, *(taxed if invoice.tax_minor or "tax_minor" in printings else ())
    if invoice.tax_lines and sum(each.tax_minor for each in invoice.tax_lines) == invoice.tax_minor:
        yield "tax_minor", *_taxes(invoice)
    if invoice.tax_lines and sum(each.base_minor for each in invoice.tax_lines) == whole - invoice.tax_minor:
        yield "total_minor", "tax_minor", *(f"tax_lines.{index}.base_minor" for index in range(len(invoice.tax_lines)))
        yield *parts, *(f"tax_lines.{index}.base_minor" for index in range(len(invoice.tax_lines)))
    taxes = [line.tax_minor for line in invoice.lines]
    if taxes and None not in taxes and sum(tax or 0 for tax in taxes) == invoice.tax_minor:
        yield "tax_minor", *(f"lines.{index}.tax_minor" for index in range(len(taxes)))


def _of_orders(
    invoice: Invoice, printings: Mapping[str, Sequence[Seen]], ordered: Sequence[Ordered]
) -> Iterator[Equation]:
    """Shipping less discounts is what the paper's orders, all of them together, said beyond their goods."""
    beside = {
        each.amazon_order_id: each.beside_minor
        for line in invoice.lines
        if line.kind == "item"
        for each in behind(ordered, line.amazon_order_id, None, invoice.purchase_order_numbers, invoice.currency)
    }
    names = tuple(name for name in ("shipping_minor", "discount_minor") if name in printings)
    if names and beside and sum(beside.values()) == _sign(invoice) * (invoice.shipping_minor + invoice.discount_minor):
        yield names


def _sign(invoice: Invoice) -> int:
    return -1 if invoice.kind == "credit_memo" else 1


def _taxes(invoice: Invoice) -> list[str]:
    return [f"tax_lines.{index}.tax_minor" for index in range(len(invoice.tax_lines))]


def _of_rates(invoice: Invoice, printings: Mapping[str, Sequence[Seen]]) -> Iterator[Equation]:
    """Rates that make the tax, if the law has such a rate, or it is read elsewhere too."""
    every = [(f"lines.{index}.tax_rate_micros", line.tax_rate_micros) for index, line in enumerate(invoice.lines)]
    every += [(f"tax_lines.{index}.rate_micros", each.rate_micros) for index, each in enumerate(invoice.tax_lines)]
    for index, line in enumerate(invoice.lines):
        rate, tax = line.tax_rate_micros, line.tax_minor
        if rate is not None and tax is not None and _tells(line.amount_minor, rate, tax, 1):
            made = _makes(rate, *(f"lines.{index}.{name}" for name in ("tax_rate_micros", "amount_minor", "tax_minor")))
            yield from _twice(made, rate, invoice.currency, every, printings)
    for index, each in enumerate(invoice.tax_lines):
        if _tells(each.base_minor, each.rate_micros, each.tax_minor, drift(invoice)):
            name = f"tax_lines.{index}"
            made = _makes(each.rate_micros, f"{name}.rate_micros", f"{name}.base_minor", f"{name}.tax_minor")
            yield from _twice(made, each.rate_micros, invoice.currency, every, printings)
    yield from _of_the_whole(invoice, every, printings)


def _of_the_whole(
    invoice: Invoice, every: Sequence[tuple[str, int | None]], printings: Mapping[str, Sequence[Seen]]
) -> Iterator[Equation]:
    """The tax of the paper, where everything has one rate, or all that is taxed stands in lines with theirs."""
    rates = [line.tax_rate_micros for line in invoice.lines]
    base = invoice.total_minor - invoice.tax_minor
    if len(set(rates)) == 1 and rates[0] is not None and _tells(base, rates[0], invoice.tax_minor, drift(invoice)):
        for index in range(len(rates)):
            made = _makes(rates[0], f"lines.{index}.tax_rate_micros", "total_minor", "tax_minor")
            yield from _twice(made, rates[0], invoice.currency, every, printings)
        return
    if None in rates or sum(line.amount_minor for line in invoice.lines) != base:
        return
    tax = sum(line.amount_minor * (rate or 0) for line, rate in zip(invoice.lines, rates, strict=True)) / MILLION
    if abs(tax - invoice.tax_minor) > drift(invoice):
        return
    amounts = [f"lines.{index}.amount_minor" for index in range(len(rates)) if rates[index]]
    for rate in {rate for rate in rates if rate is not None}:
        of_rate = [index for index, own in enumerate(rates) if own == rate]
        others = [f"lines.{index}.tax_rate_micros" for index in range(len(rates)) if index not in of_rate]
        for index in of_rate:
            # All at this rate together say which it is; each alone, that it is one of them.
            if abs(invoice.lines[index].amount_minor) * step(rate) / MILLION > 2 * drift(invoice):
                name = f"lines.{index}.tax_rate_micros"
                yield from _twice((name, "tax_minor", *amounts, *others), rate, invoice.currency, every, printings)


def _makes(rate_micros: int, rate: str, base: str, tax: str) -> Equation:
    """No tax is made of any base: of what, it does not say."""
    return (rate, base, tax) if rate_micros else (rate, tax)


def _tells(base: int, rate: int, tax: int, slack: float) -> bool:
    """Whether the rate makes the tax, and would not if its least digit were another."""
    return abs(base * rate / MILLION - tax) <= slack and abs(base) * step(rate) / MILLION > 2 * slack


def _twice(
    made: Equation,
    rate: int,
    currency: str,
    every: Sequence[tuple[str, int | None]],
    printings: Mapping[str, Sequence[Seen]],
) -> Iterator[Equation]:
    yield made
    if rate in _RATES.get(currency, ()):
        yield made
        return
    elsewhere = [name for name, other in every if other == rate and name != made[0] and name in printings]
    if elsewhere:
        yield made[0], max(elsewhere, key=lambda name: max(place.confidence for place in printings[name]))


def step(rate_micros: int) -> int:
    """What one in the least digit that is printed makes: 10,000 for 19 %, 10 for 8.851 %."""
    return next((each for each in (10_000, 1_000, 100, 10) if rate_micros % each == 0), 1)


def drift(invoice: Invoice) -> float:
    """Each line's tax is rounded by half a cent at most, and so is the whole's."""
    return (len(invoice.lines) + 2) / 2 + 0.5


def _of_days(invoice: Invoice) -> Iterator[Equation]:
    terms = net_days(invoice.payment_terms or "")
    if invoice.due_on is not None and terms is not None and (invoice.due_on - invoice.issued_on).days == terms:
        # The terms are words and a number: twice what a day alone is.
        yield "due_on", "issued_on", "payment_terms"
        yield "issued_on", "due_on", "payment_terms"

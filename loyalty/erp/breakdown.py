"""How an invoice's tax falls on its amounts, so that rates, bases and totals agree as EN 16931 wants it.

A European paper has a table of rates. An American one prints a rate beside each line, or none, and one sum of sales
tax that was rounded line by line. What the paper says is never changed: each rate's tax is worked out, a cent of
rounding goes to the largest rate, and what is left then is the document's rounding (BT-114). Where no rate explains the
sum, and the paper has no table, the one rate that does is derived: tax over base.

All amounts are as on an invoice: those of a credit memo, below zero on our side, are above it here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

from loyalty.erp.gateway import Unfit
from loyalty.invoices.invoice import Invoice, Line

# A paper with more rates than that is not guessed at.
MOST_RATES = 6
_FINE, _NEAR = Decimal("0.00000001"), Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Share:
    """An amount before tax and its rate in percent. `line` None: the document's shipping or discount as a whole."""

    kind: str
    amount_minor: int
    percent: Decimal
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One rate's part of the whole."""

    percent: Decimal
    base_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """`rounding_minor`: what the paper's total is more than the sum of everything else."""

    shares: tuple[Share, ...]
    groups: tuple[Group, ...]
    rounding_minor: int


def sign(invoice: Invoice) -> int:
    """What our amounts are multiplied by: a credit memo says what is given back."""
    return -1 if invoice.kind == "credit_memo" else 1


def rounding(invoice: Invoice) -> int:
    """Cents by which the paper's total is not its parts' sum. Raises Unfit when it is more than rounding."""
    parts = invoice.subtotal_minor + invoice.shipping_minor + invoice.discount_minor + invoice.tax_minor
    left = sign(invoice) * (invoice.total_minor - parts)
    if abs(left) > _tolerance(invoice):
        raise Unfit("BR-CO-15", f"The total is {abs(left)} minor units off its parts.")
    return left


def of(invoice: Invoice) -> Breakdown:
    """Raises Unfit where rates, amounts and sums cannot be brought together."""
    open_shares = list(_open_shares(invoice))
    if not open_shares:
        raise Unfit("BR-16", "There is not one line.")
    tax = sign(invoice) * invoice.tax_minor
    table = {_percent(one.rate_micros): sign(invoice) * one.tax_minor for one in invoice.tax_lines}
    rates = _rates(open_shares, table)
    found = _explained(open_shares, rates, table, tax) if rates or not tax else None
    if found is None or (not table and abs(_missing(found[1], tax)) > _tolerance(invoice)):
        if table:
            raise Unfit("BR-CO-17", "The paper's table of rates does not go with its lines.")
        found = _derived(open_shares, tax)
    shares, groups = found
    left = sign(invoice) * invoice.total_minor - sum(one.base_minor + one.tax_minor for one in groups)
    if abs(left) > _tolerance(invoice):
        raise Unfit("BR-CO-15", f"The total is {abs(left)} minor units off its parts.")
    return Breakdown(shares, groups, left)


type _Open = tuple[str, int, Decimal | None, Line | None]


def _open_shares(invoice: Invoice) -> Iterator[_Open]:
    """Kind, amount, the printed rate, and the line."""
    for kind, whole in (("shipping", invoice.shipping_minor), ("discount", invoice.discount_minor)):
        told = [line for line in invoice.lines if line.kind == kind]
        if whole and sum(line.amount_minor for line in told) == whole:
            yield from (_open(invoice, line) for line in told if line.amount_minor)
        elif whole:
            yield kind, sign(invoice) * whole, None, None
    yield from (_open(invoice, line) for line in invoice.lines if line.kind in ("item", "fee"))


def _open(invoice: Invoice, line: Line) -> _Open:
    percent = None if line.tax_rate_micros is None else _percent(line.tax_rate_micros)
    return line.kind, sign(invoice) * line.amount_minor, percent, line


def _rates(shares: Sequence[_Open], table: dict[Decimal, int]) -> list[Decimal]:
    """Those the paper knows, that of the largest base first, and none at all last."""
    known: dict[Decimal, int] = dict.fromkeys(table, 0)
    for _, amount, percent, _ in shares:
        if percent is not None:
            known[percent] = known.get(percent, 0) + abs(amount)
    ordered = sorted(known, key=lambda percent: (-known[percent], percent))[:MOST_RATES]
    return [*ordered, Decimal(0)] if ordered and Decimal(0) not in ordered else ordered


def _explained(
    shares: Sequence[_Open], rates: Sequence[Decimal], table: dict[Decimal, int], tax: int
) -> tuple[tuple[Share, ...], tuple[Group, ...]] | None:
    """What has no printed rate gets the one, by its kind, with which the tax comes out best. None: a line's rate is
    not in the paper's table."""
    unknown = sorted({kind for kind, _, percent, _ in shares if percent is None})
    best: tuple[int, tuple[Share, ...], tuple[Group, ...]] | None = None
    for choice in product(rates or [Decimal(0)], repeat=len(unknown)):
        given = dict(zip(unknown, choice, strict=True))
        whole = tuple(
            Share(kind, amount, given[kind] if percent is None else percent, line)
            for kind, amount, percent, line in shares
        )
        groups = _groups(whole)
        off = abs(_missing(groups, tax)) + sum(
            abs(one.tax_minor - table.get(one.percent, one.tax_minor)) for one in groups
        )
        if best is None or off < best[0]:
            best = off, whole, groups
    assert best is not None
    if table:
        if any(one.percent and one.percent not in table for one in best[2]):
            return None
        return best[1], tuple(Group(one.percent, one.base_minor, table.get(one.percent, 0)) for one in best[2])
    return best[1], _settled(best[2], tax)


def _derived(shares: Sequence[_Open], tax: int) -> tuple[tuple[Share, ...], tuple[Group, ...]]:
    base = sum(amount for _, amount, _, _ in shares)
    if not base or (tax < 0) != (base < 0):
        raise Unfit("BR-CO-17", "There is tax on nothing.")
    percent = (Decimal(tax) * 100 / Decimal(base)).quantize(_FINE)
    whole = tuple(Share(kind, amount, percent, line) for kind, amount, _, line in shares)
    return whole, (Group(percent, base, tax),)


def _groups(shares: Sequence[Share]) -> tuple[Group, ...]:
    bases: dict[Decimal, int] = {}
    for one in shares:
        bases[one.percent] = bases.get(one.percent, 0) + one.amount_minor
    return tuple(
        Group(percent, base, int((base * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)))
        for percent, base in sorted(bases.items(), reverse=True)
    )


def _missing(groups: Sequence[Group], tax: int) -> int:
    return tax - sum(one.tax_minor for one in groups)


def _settled(groups: tuple[Group, ...], tax: int) -> tuple[Group, ...]:
    """A cent that is missing goes to the largest rate: one each is still that rate's tax, rounded otherwise."""
    left = _missing(groups, tax)
    told = list(groups)
    for number in sorted(range(len(told)), key=lambda number: -abs(told[number].base_minor)):
        one, cent = told[number], 1 if left > 0 else -1
        # However a half is rounded, it is a cent off at most.
        near = abs(one.tax_minor + cent - one.base_minor * one.percent / 100) < _NEAR
        if left and one.percent and near:
            told[number] = Group(one.percent, one.base_minor, one.tax_minor + cent)
            left -= cent
    return tuple(told)


def _tolerance(invoice: Invoice) -> int:
    """Each line's tax may have been rounded."""
    return max(2, len(invoice.lines))


def _percent(micros: int) -> Decimal:
    return Decimal(micros) / 10_000

"""All that the programme of the bench has ordered: what the papers are about, and thousands of orders beside it.

Looked up as `invoices.ours` looks up the database's: by the number, by either half of it, by the moment in our own
number. Some orders have more units than their paper, some have a product more, and some of those are a letter away from
another: as in life, what was ordered is not what is invoiced. Amazon's transactions name the numbers of the invoices
it has issued, most with their day.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache

from local.invoices.goods import asin as made_up_asin
from local.invoices.layouts import BY_NAME
from local.invoices.making import LAYOUTS, PAIR
from local.invoices.truth import Case, made_up
from loyalty.invoices.invoice import Finding, Invoice
from loyalty.invoices.recalling import MOST_ORDERS, Clues, Ordered

# Papers whose orders are known, of even and odd seeds: more than any measurement reads.
SEEDS = 5_000
_MORE_UNITS, _MORE_PRODUCTS, _NEARLY, _A_DAY_LATER = 0.15, 0.2, 0.05, 0.1


@dataclass(slots=True)
class Universe:
    """Orders by what they are looked up by."""

    orders: dict[str, list[Ordered]] = field(default_factory=dict)
    by_first: dict[str, set[str]] = field(default_factory=dict)
    by_last: dict[str, set[str]] = field(default_factory=dict)
    by_moment: dict[str, set[str]] = field(default_factory=dict)
    by_ours: dict[str, set[str]] = field(default_factory=dict)
    # Number and day by Amazon's order.
    issued: dict[str, set[tuple[str, date]]] = field(default_factory=dict)

    def add(self, line: Ordered) -> None:
        number = line.amazon_order_id
        self.orders.setdefault(number, []).append(line)
        self.by_first.setdefault(number[:12], set()).add(number)
        self.by_last.setdefault(number[-7:], set()).add(number)
        self.by_ours.setdefault(line.purchase_order_number, set()).add(number)
        parts = line.purchase_order_number.split("-")
        if len(parts) == 6:
            self.by_moment.setdefault(parts[1] + parts[2], set()).add(number)

    def ask(self, clues: Clues) -> Sequence[Ordered]:
        found: set[str] = set()
        for number in clues.order_ids:
            found |= self.by_first.get(number[:12], set()) | self.by_last.get(number[-7:], set())
        for moment in clues.moments:
            found |= self.by_moment.get(moment, set())
        return [line for number in sorted(found) for line in self.orders[number]] if len(found) <= MOST_ORDERS else []

    def behind(self, numbers: Sequence[str]) -> set[str]:
        """As `orders.behind`: Amazon's orders of our numbers."""
        return set().union(*(self.by_ours.get(number, set()) for number in numbers))

    def purchase_orders(self, orders: Iterable[str]) -> set[str]:
        """Our numbers of Amazon's orders."""
        return {line.purchase_order_number for order in orders for line in self.orders.get(order, ())}

    def settled(self, invoice: Invoice, finding: Finding) -> bool:
        """Whether Amazon's word settles it, as `invoices.read_found` asks it."""
        orders = {line.amazon_order_id for line in invoice.lines if line.amazon_order_id is not None}
        if not orders:
            orders = self.behind(invoice.purchase_order_numbers)
        told = {each for order in orders for each in self.issued.get(order, ()) if each[0] == invoice.number}
        by_day = finding.field == "issued_on"
        return finding.code == "unproven" and any(not by_day or day == invoice.issued_on for _, day in told)


@cache
def universe() -> Universe:
    """Of every seed up to SEEDS, whoever asks."""
    made = Universe()
    for seed in range(SEEDS):
        for case, one in _cases(seed):
            for line in _ordered(case, f"{one}:{seed}"):
                made.add(line)
            _issue(made, case, f"{one}:{seed}")
    return made


def _cases(seed: int) -> Iterator[tuple[Case, str]]:
    name = LAYOUTS[seed // 2 % len(LAYOUTS)]
    for one in ("us_business", "us_credit_memo") if name == PAIR else (name,):
        layout = BY_NAME[one]
        # What a layout does not print was ordered all the same; no draw of the order depends on it.
        shows = replace(layout.shows, orders=True, asins=True, purchase_orders=True)
        case = made_up(random.Random(f"{one}:{seed}"), layout.region, shows, layout.kind, layout.orders)
        yield case, one


def _ordered(case: Case, name: str) -> Iterator[Ordered]:
    more = random.Random(f"ordered:{name}")
    beside = dict.fromkeys(case.purchase_orders, 0)
    # All with the first, and some orders have more to come.
    beside[next(iter(beside))] = _sign(case) * (case.invoice.shipping_minor + case.invoice.discount_minor)
    if more.random() < _MORE_UNITS:
        beside[next(iter(beside))] += more.randint(1, 1_500)
    for line in case.invoice.lines:
        if line.kind != "item" or line.amazon_order_id is None:
            continue
        ordered = Ordered(
            line.amazon_order_id, case.purchase_orders[line.amazon_order_id], line.asin or made_up_asin(more),
            line.quantity or 1, line.unit_price_minor or 0, case.region.currency, beside[line.amazon_order_id],
        )  # fmt: skip
        if more.random() < _MORE_UNITS:
            ordered = replace(ordered, quantity=ordered.quantity + more.randint(1, 5))
        yield ordered
        if more.random() < _MORE_PRODUCTS:
            yield replace(ordered, asin=_another(more, ordered.asin), unit_price_minor=more.randint(95, 99_999))


def _sign(case: Case) -> int:
    return -1 if case.invoice.kind == "credit_memo" else 1


def _issue(made: Universe, case: Case, name: str) -> None:
    """The transactions of a paper; some are of the day after."""
    late = random.Random(f"issued:{name}").random() < _A_DAY_LATER
    day = case.invoice.issued_on + timedelta(days=late)
    for order in case.purchase_orders:
        made.issued.setdefault(order, set()).add((case.invoice.number, day))


def _another(rng: random.Random, asin: str) -> str:
    """Another product, of which some differ in a single letter."""
    if rng.random() >= _NEARLY:
        return made_up_asin(rng)
    place = rng.randrange(2, len(asin))
    return asin[:place] + rng.choice("0123456789BCDFGH") + asin[place + 1 :]

"""What a line does not say, or says badly, as the order has it that the line is of.

Only where the paper's own amounts leave no other: the amount is so many times the price that we ordered at, and no more
than were ordered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from loyalty.invoices.lines import DraftLine, Tables
from loyalty.invoices.papers import Read
from loyalty.invoices.recalling import Ordered


def behind(
    ordered: Sequence[Ordered], order: object, asin: object, numbers: Sequence[str], currency: object
) -> Iterator[Ordered]:
    """What we ordered that a line may be about: of its order, or those behind the paper's own numbers."""
    for each in ordered:
        of_order = each.amazon_order_id == order if order is not None else each.purchase_order_number in numbers
        if of_order and each.currency == currency and asin in (None, each.asin):
            yield each


def complete(
    tables: Tables,
    ordered: Sequence[Ordered],
    named: Set[str],
    says_order: bool,
    numbers: Sequence[str],
    currency: object,
    good: float,
) -> None:
    """Orders, products and quantities of the lines. `named`: Amazon's orders that stand anywhere on it; `says_order`:
    it has a place for one; `numbers`: ours; `good`: how well a quantity must be read to be kept as it is.
    """
    items = [line for line in tables.lines if line.kind == "item"]
    if not ordered or not items:
        return
    says_orders = any("amazon_order_id" in line.values for line in items)
    behind_ours = {each.amazon_order_id for each in ordered if each.purchase_order_number in numbers}
    if says_order and not says_orders and len(behind_ours) == 1:
        # It stands there and could not be read; of our purchase order there is only this one.
        (only,) = behind_ours
        for line in items:
            line.values["amazon_order_id"] = Read(only, [])
    for index, line in enumerate(tables.lines):
        if line.kind != "item":
            continue
        if says_orders:
            _take_order(line, [each for each in ordered if each.amazon_order_id in named])
            _settle_order(tables, index, line, [each for each in ordered if each.amazon_order_id in named])
        order, asin = _value(line, "amazon_order_id"), _value(line, "asin")
        about = list(behind(ordered, order, asin, numbers, currency))
        _take_quantity(line, about, good)
        _take_price(line, about, good)
        if asin is None and order is not None:
            _take_product(tables, index, about, items)


def _value(line: DraftLine, name: str) -> object:
    return line.values[name].value if name in line.values else None


def _take_order(line: DraftLine, ordered: Sequence[Ordered]) -> None:
    """The only order of this paper that has the product at this price, where the line has none, or another of them that
    has not: on paper an order heads its lines or stands below them, and a speck between is enough to take it wrongly.
    """
    own, asin = _value(line, "amazon_order_id"), _value(line, "asin")
    having = {each.amazon_order_id: each for each in ordered if each.asin == asin}
    if len(having) != 1 or own in having or (own is not None and own not in {each.amazon_order_id for each in ordered}):
        return
    ((order, only),) = having.items()
    if own is None or only.unit_price_minor == line.get("unit_price_minor"):
        line.values["amazon_order_id"] = Read(order, line.values["asin"].places)


def _settle_order(tables: Tables, index: int, line: DraftLine, ordered: Sequence[Ordered]) -> None:
    """Of two orders that stand at a line it is of the one that alone has its product, at its price."""
    having = {each.amazon_order_id: each for each in ordered if each.asin == _value(line, "asin")}
    own = having.get(str(_value(line, "amazon_order_id")))
    if own is not None and len(having) == 1 and own.unit_price_minor == line.get("unit_price_minor"):
        name = f"lines.{index}.amazon_order_id"
        tables.findings = [finding for finding in tables.findings if finding.field != name]


def _take_quantity(line: DraftLine, about: Sequence[Ordered], good: float) -> None:
    unit, amount = line.get("unit_price_minor"), line.get("amount_minor")
    said = line.values.get("quantity")
    if not unit or amount is None or (said is not None and any(place.confidence >= good for place in said.places)):
        return
    most = max((each.quantity for each in about if each.unit_price_minor == unit), default=0)
    count, rest = divmod(abs(amount), unit)
    if rest == 0 and 1 <= count <= most and (said is None or said.value != count):
        line.values["quantity"] = Read(count, said.places if said else [])


def _take_price(line: DraftLine, about: Sequence[Ordered], good: float) -> None:
    """The one price that we ordered it at, if the quantity makes the amount of it and not of what was read."""
    count, amount, said = line.get("quantity"), line.get("amount_minor"), line.values.get("unit_price_minor")
    if not count or amount is None or (said is not None and any(place.confidence >= good for place in said.places)):
        return
    prices = {each.unit_price_minor for each in about if count <= each.quantity}
    makes = {price for price in prices if price * count == abs(amount)}
    if len(makes) == 1 and (said is None or said.value not in makes):
        line.values["unit_price_minor"] = Read(makes.pop(), said.places if said else [])


def _take_product(tables: Tables, index: int, about: Sequence[Ordered], items: Sequence[DraftLine]) -> None:
    """The only product of the line's order at this price that no other line is of, where one is printed unreadably."""
    line = tables.lines[index]
    name = f"lines.{index}.asin"
    unread = [finding for finding in tables.findings if finding.field == name]
    taken = {_value(other, "asin") for other in items}
    quantity = line.get("quantity") or 0
    fitting = {
        each.asin
        for each in about
        if each.asin not in taken
        and each.unit_price_minor == line.get("unit_price_minor")
        and 1 <= quantity <= each.quantity
    }
    if unread and len(fitting) == 1:
        line.values["asin"] = Read(fitting.pop(), [])
        tables.findings = [finding for finding in tables.findings if finding not in unread]

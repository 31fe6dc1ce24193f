"""What is doubtful about an invoice that was read. A value is sure if it was read well and something else proves it;
or, read badly, if two things do (`proving`).

Proof is arithmetic that holds to the cent, or the same value printed a second time; the numbers of orders and products
are proven by the match with our own, which refuses every other. What stands alone (above all the invoice's number) must
have been read far better than the programme asks for, for letters that look alike are mistaken with some confidence. A
value without a place was given by a person, or follows from others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from loyalty.invoices import amounts, proving
from loyalty.invoices.heads import net_days
from loyalty.invoices.invoice import Finding, Invoice, Line, Seen
from loyalty.invoices.recalling import Ordered
from loyalty.programme.schema.invoices import Invoices

MILLION = 1_000_000
# Kept only if they are sure, and left out otherwise, as a line's description is: nothing is decided by them, so nobody
# is asked about them either.
TOLD = ("vendor_name", "vendor_tax_id", "account", "payment_terms")
# Must be those of our orders, or of an invoice that we have: a wrong letter in them matches nothing, so that they are
# not asked how well they were read.
_MATCHED = re.compile(r"corrects|purchase_order_numbers\.[0-9]+|lines\.[0-9]+\.(asin|amazon_order_id)")
# Days from issue to due; no digit of a day that is read wrongly leads from one to another.
_USUAL_TERMS = (30, 45, 60, 90)
# Of the countries of the stores, in millionths.
_HIGHEST_RATE = 270_000
_SUMS = ("subtotal_minor", "shipping_minor", "discount_minor", "tax_minor", "total_minor")


def alone(rules: Invoices) -> float:
    """How well a value must have been read that nothing proves: a tenth of the doubt that is allowed otherwise."""
    return 100 - (100 - rules.minimum_confidence) / 10


def findings(
    invoice: Invoice, seen: Sequence[Seen], rules: Invoices, ordered: Sequence[Ordered] = ()
) -> tuple[Finding, ...]:
    """Empty if every value may be posted. Says nothing about orders: that is the match's; `ordered` only proves."""
    printings: dict[str, list[Seen]] = {}
    for each in seen:
        printings.setdefault(each.name, []).append(each)
    values = dict(posted(invoice))
    known = {name: places for name, places in printings.items() if name in values}
    surely = proven(invoice, printings)
    certain = proving.certain(invoice, known, rules, ordered)
    return (
        *_sums(invoice, known, rules),
        *_signs(invoice),
        *_days(invoice),
        *_lines(invoice),
        *_taxes(invoice),
        *_currency(invoice),
        *_doubtful({name: places for name, places in known.items() if name not in certain}, surely, rules),
    )


def posted(invoice: Invoice) -> Iterator[tuple[str, object]]:
    """Every value by its name, without those that are not there."""
    for name, value in invoice:
        if name == "lines" or name == "tax_lines":
            for index, line in enumerate(value):
                for own, each in line:
                    if each is not None and each != "":
                        yield f"{name}.{index}.{own}", each
        elif name == "purchase_order_numbers":
            for index, each in enumerate(value):
                yield f"{name}.{index}", each
        elif value is not None:
            yield name, value


def sure(places: Sequence[Seen], is_proven: bool, rules: Invoices) -> bool:
    """Whether a value printed at these places may be believed."""
    good = [place for place in places if place.confidence >= rules.minimum_confidence]
    best = max((place.confidence for place in good), default=0.0)
    return bool(good) and (is_proven or best >= alone(rules) or _printings(good) > 1)


def _printings(places: Sequence[Seen]) -> int:
    """How many different ones: Textract gives what stands once under several types. Without boxes the text decides."""
    found: list[Seen] = []
    for place in places:
        if not any(_same_place(place, other) for other in found):
            found.append(place)
    return len(found)


def _same_place(one: Seen, other: Seen) -> bool:
    if one.page != other.page:
        return False
    if one.box is None or other.box is None:
        return one.printed == other.printed or one.box is not other.box
    apart = abs(one.box[1] + one.box[3] / 2 - other.box[1] - other.box[3] / 2)
    beside = one.box[0] > other.box[0] + other.box[2] or other.box[0] > one.box[0] + one.box[2]
    return apart < max(one.box[3], other.box[3]) / 2 and not beside


def proven(invoice: Invoice, printings: dict[str, list[Seen]]) -> frozenset[str]:
    """The names of what arithmetic proves, to the cent."""
    found: set[str] = set()
    items = [index for index, line in enumerate(invoice.lines) if line.kind in ("item", "fee")]
    multiply = all(_multiplies(invoice.lines[index]) for index in items)
    adds = sum(invoice.lines[index].amount_minor for index in items) == invoice.subtotal_minor
    total = _total(invoice) == invoice.total_minor
    printed_sums = "total_minor" in printings
    if total and printed_sums and adds and multiply and _parts_agree(invoice):
        found.update(_SUMS)
        for index, line in enumerate(invoice.lines):
            found.update(f"lines.{index}.{name}" for name in ("amount_minor", "unit_price_minor", "quantity"))
            if line.kind != "item":
                found.discard(f"lines.{index}.quantity")
    if invoice.due_on is not None:
        # Also terms that were left out because they were not read for certain speak against a day.
        printed = [place.printed for place in printings.get("payment_terms", ())]
        terms = net_days(invoice.payment_terms or next(iter(printed), ""))
        days = (invoice.due_on - invoice.issued_on).days
        if days == terms if printed else days in _USUAL_TERMS and terms in (None, days):
            found.update(("due_on", "issued_on", "payment_terms"))
    return frozenset(found | set(_proven_taxes(invoice)))


def _total(invoice: Invoice) -> int:
    return invoice.subtotal_minor + invoice.shipping_minor + invoice.discount_minor + invoice.tax_minor


def _multiplies(line: Line) -> bool:
    if line.kind == "fee":
        return True
    if line.quantity is None or line.unit_price_minor is None:
        return False
    return line.quantity * line.unit_price_minor == abs(line.amount_minor)


def _parts_agree(invoice: Invoice) -> bool:
    """Lines of their own for shipping and discounts make the sums of the same names."""
    for kind, whole in (("shipping", invoice.shipping_minor), ("discount", invoice.discount_minor)):
        own = [line.amount_minor for line in invoice.lines if line.kind == kind]
        if own and sum(own) != whole:
            return False
    return True


def _sums(invoice: Invoice, printings: dict[str, list[Seen]], rules: Invoices) -> Iterator[Finding]:
    """A difference within the programme's bound is let pass where every part of it was read without doubt."""
    items = sum(line.amount_minor for line in invoice.lines if line.kind in ("item", "fee"))
    read_well = all(
        place.confidence >= alone(rules)
        for name, places in printings.items()
        if name in _SUMS or name.endswith("amount_minor")
        for place in places
    )
    allowed = rules.total_difference_minor if read_well else 0
    if abs(items - invoice.subtotal_minor) > allowed:
        yield Finding(
            code="total_differs", field="subtotal_minor", detail=f"the lines make {items}, not {invoice.subtotal_minor}"
        )
    if abs(_total(invoice) - invoice.total_minor) > allowed:
        yield Finding(
            code="total_differs",
            field="total_minor",
            detail=f"the parts make {_total(invoice)}, not {invoice.total_minor}",
        )
    for kind, whole in (("shipping", invoice.shipping_minor), ("discount", invoice.discount_minor)):
        own = [line.amount_minor for line in invoice.lines if line.kind == kind]
        if own and abs(sum(own) - whole) > allowed:
            yield Finding(code="total_differs", field=f"{kind}_minor", detail=f"the lines make {sum(own)}, not {whole}")


def _signs(invoice: Invoice) -> Iterator[Finding]:
    sign = -1 if invoice.kind == "credit_memo" else 1
    if invoice.total_minor * sign < 0:
        detail = "an invoice asks for less than nothing" if sign > 0 else "a credit memo asks for money"
        yield Finding(code="negative_total", field="total_minor", detail=detail)
    for index, line in enumerate(invoice.lines):
        against = line.amount_minor * sign
        if (line.kind == "discount" and against > 0) or (line.kind != "discount" and against < 0):
            yield Finding(code="unreadable", field=f"lines.{index}.amount_minor", detail="the sign is not the paper's")


def _days(invoice: Invoice) -> Iterator[Finding]:
    if invoice.due_on is not None and invoice.due_on < invoice.issued_on:
        yield Finding(code="unreadable", field="due_on", detail="due before it was issued")


def _lines(invoice: Invoice) -> Iterator[Finding]:
    if not any(line.kind == "item" for line in invoice.lines):
        yield Finding(code="missing_field", field="lines", detail="no line is an item")
    for index, line in enumerate(invoice.lines):
        for name in ("quantity", "unit_price_minor"):
            if line.kind == "item" and getattr(line, name) is None:
                yield Finding(code="missing_field", field=f"lines.{index}.{name}")
        if (
            line.kind == "item"
            and line.quantity is not None
            and line.unit_price_minor is not None
            and not _multiplies(line)
        ):
            yield Finding(
                code="total_differs",
                field=f"lines.{index}.amount_minor",
                detail=f"{line.quantity} × {line.unit_price_minor} is not {abs(line.amount_minor)}",
            )
    # A product without a number is found, or not, by the match; but no paper names the orders of some lines only.
    orders = [(index, line.amazon_order_id) for index, line in enumerate(invoice.lines) if line.kind == "item"]
    if any(order is not None for _, order in orders):
        yield from (
            Finding(code="missing_field", field=f"lines.{index}.amazon_order_id")
            for index, order in orders
            if order is None
        )
    same = Counter(
        (line.amazon_order_id, line.asin, line.quantity, line.amount_minor) for line in invoice.lines if line.asin
    )
    for key, count in same.items():
        if count > 1:
            yield Finding(
                code="duplicate_line", field="lines", detail=f"{key[1]} of order {key[0]} stands {count} times"
            )


def _taxes(invoice: Invoice) -> Iterator[Finding]:
    """By the table, and by the lines' own rates, where the paper says them for all that is taxed."""
    if invoice.tax_lines:
        tax, base = (sum(getattr(each, name) for each in invoice.tax_lines) for name in ("tax_minor", "base_minor"))
        if tax != invoice.tax_minor:
            yield Finding(
                code="tax_differs", field="tax_minor", detail=f"the table makes {tax}, not {invoice.tax_minor}"
            )
        if base != invoice.total_minor - invoice.tax_minor:
            yield Finding(code="tax_differs", field="tax_lines", detail=f"the table is about {base}")
        for index, each in enumerate(invoice.tax_lines):
            if abs(each.base_minor * each.rate_micros / MILLION - each.tax_minor) > proving.drift(invoice):
                yield Finding(code="tax_differs", field=f"tax_lines.{index}.tax_minor")
    for index, line in enumerate(invoice.lines):
        if line.tax_minor is None or line.tax_rate_micros is None:
            continue
        if abs(line.amount_minor * line.tax_rate_micros / MILLION - line.tax_minor) > 1:
            yield Finding(code="tax_differs", field=f"lines.{index}.tax_minor")
    expected = _by_rates(invoice)
    if expected is not None and not _within(invoice.tax_minor, expected, proving.drift(invoice)):
        detail = f"the lines' rates make {round(expected[0])} to {round(expected[1])}, not {invoice.tax_minor}"
        yield Finding(code="tax_differs", field="tax_minor", detail=detail)
    taxes = [line.tax_minor for line in invoice.lines]
    if taxes and _covers(invoice) and all(tax is not None for tax in taxes):
        own = sum(tax for tax in taxes if tax is not None)
        if abs(own - invoice.tax_minor) > proving.drift(invoice):
            yield Finding(code="tax_differs", field="tax_minor", detail=f"the lines' tax makes {own}")


def _covers(invoice: Invoice) -> bool:
    """Whether all that can be taxed stands in the lines."""
    return sum(line.amount_minor for line in invoice.lines) == invoice.total_minor - invoice.tax_minor


def _by_rates(invoice: Invoice) -> tuple[float, float] | None:
    """The least and the most tax that the lines' rates make. What stands in no line (shipping, a discount) may be taxed
    or not, at any of the rates. None if a line says no rate.
    """
    rates = [line.tax_rate_micros for line in invoice.lines]
    known = [rate for rate in rates if rate is not None]
    if not known or len(known) < len(rates):
        return None
    own = sum(line.amount_minor * rate / MILLION for line, rate in zip(invoice.lines, known, strict=True))
    most = max(*known, _HIGHEST_RATE)
    left = [
        whole - sum(line.amount_minor for line in invoice.lines if line.kind == kind)
        for kind, whole in (("shipping", invoice.shipping_minor), ("discount", invoice.discount_minor))
    ]
    ends = [own + sum(min(part * most / MILLION, 0) for part in left)]
    ends.append(own + sum(max(part * most / MILLION, 0) for part in left))
    return min(ends), max(ends)


def _within(value: int, ends: tuple[float, float], slack: float) -> bool:
    return ends[0] - slack <= value <= ends[1] + slack


def _proven_taxes(invoice: Invoice) -> Iterator[str]:
    """What tax proves: sums of tables, and rates whose least digit would show in the tax of what they are of."""
    tax, base = (sum(getattr(each, name) for each in invoice.tax_lines) for name in ("tax_minor", "base_minor"))
    exact = tax == invoice.tax_minor and base == invoice.total_minor - invoice.tax_minor
    for index, each in enumerate(invoice.tax_lines):
        fits = abs(each.base_minor * each.rate_micros / MILLION - each.tax_minor) <= proving.drift(invoice)
        if exact and fits:
            yield f"tax_lines.{index}.tax_minor"
            yield f"tax_lines.{index}.base_minor"
            if abs(each.base_minor) * proving.step(each.rate_micros) / MILLION > 2 * proving.drift(invoice):
                yield f"tax_lines.{index}.rate_micros"
    in_lines = {line.tax_rate_micros for line in invoice.lines}
    for index, each in enumerate(invoice.tax_lines):
        if exact and each.rate_micros in in_lines:
            yield f"tax_lines.{index}.rate_micros"
    taxes = [line.tax_minor for line in invoice.lines]
    if taxes and sum(tax or 0 for tax in taxes) == invoice.tax_minor and None not in taxes:
        yield from (f"lines.{index}.tax_minor" for index in range(len(taxes)))
    in_table = {each.rate_micros for each in invoice.tax_lines}
    rates = Counter(line.tax_rate_micros for line in invoice.lines)
    expected = _by_rates(invoice)
    fits = expected is not None and _within(invoice.tax_minor, expected, proving.drift(invoice))
    exactly = fits and expected is not None and expected[0] == expected[1]
    for index, line in enumerate(invoice.lines):
        rate = line.tax_rate_micros
        if rate is None:
            continue
        telling = abs(line.amount_minor) * proving.step(rate) / MILLION > 2 * proving.drift(invoice)
        # Printed elsewhere on the paper, and the tax of the whole is what the rates make.
        again = rate in in_table or rates[rate] > 1
        if (
            (exactly and telling)
            or (fits and again)
            or (line.tax_minor is not None and telling)
            or (exact and rate in in_table)
        ):
            yield f"lines.{index}.tax_rate_micros"
        if line.tax_minor is not None and abs(line.amount_minor * rate / MILLION - line.tax_minor) <= 1:
            yield f"lines.{index}.tax_minor"


def _currency(invoice: Invoice) -> Iterator[Finding]:
    if invoice.currency not in amounts.CODES:
        yield Finding(code="currency_differs", field="currency", detail=invoice.currency)


def _doubtful(printings: dict[str, list[Seen]], by_arithmetic: frozenset[str], rules: Invoices) -> Iterator[Finding]:
    """`unproven`: what Amazon's own transactions settle a day later, the invoice's number and day. A number is compared
    letter by letter, so that it is settled however it was read; a day only if it was read well: it is easily another.
    """
    for name, places in printings.items():
        if _MATCHED.fullmatch(name) or sure(places, name in by_arithmetic, rules):
            continue
        best = max(place.confidence for place in places)
        why = "" if best < rules.minimum_confidence else ", and nothing else proves it"
        detail = f"read with {best:.1f} %{why}"
        if name == "number" or (name == "issued_on" and best >= rules.minimum_confidence):
            yield Finding(code="unproven", field=name, detail=detail)
        else:
            yield Finding(code="low_confidence", field=name, detail=detail)

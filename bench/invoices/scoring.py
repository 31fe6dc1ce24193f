"""A reading beside the truth: what was read rightly, and what would have been posted wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from loyalty.invoices.invoice import Finding, Invoice, Reading

# What is compared of the head. Lists are compared whole.
HEADER = tuple(name for name in Invoice.model_fields if name != "lines")
# What makes a line right; its title is compared on its own.
LINE = (
    "kind",
    "amazon_order_id",
    "asin",
    "quantity",
    "unit_price_minor",
    "amount_minor",
    "tax_rate_micros",
    "tax_minor",
)


@dataclass(slots=True)
class Score:
    """Counts over papers. `wrong_fields` and `wrong_posted` name what it was, with the layout."""

    papers: int = 0
    header: int = 0
    header_right: int = 0
    lines: int = 0
    lines_right: int = 0
    titles: int = 0
    titles_right: int = 0
    straight: int = 0
    # Of those: that had to wait for Amazon's transactions.
    waited: int = 0
    unmatched: int = 0
    wrong_posted: list[str] = field(default_factory=list)
    wrong_read: list[str] = field(default_factory=list)
    findings: dict[str, int] = field(default_factory=dict)

    def add(self, other: Score) -> None:
        for name in (
            "papers",
            "header",
            "header_right",
            "lines",
            "lines_right",
            "titles",
            "titles_right",
            "straight",
            "waited",
            "unmatched",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wrong_posted += other.wrong_posted
        self.wrong_read += other.wrong_read
        for code, count in other.findings.items():
            self.findings[code] = self.findings.get(code, 0) + count


class Known(Protocol):
    """What the programme knows beside the paper, as the product asks its database."""

    def settled(self, invoice: Invoice, finding: Finding) -> bool:
        """Whether Amazon's word settles it."""

    def behind(self, numbers: Sequence[str]) -> set[str]:
        """Amazon's orders behind numbers of ours."""

    def purchase_orders(self, orders: Iterable[str]) -> set[str]:
        """Our numbers of Amazon's orders."""


class _Nothing:
    def settled(self, invoice: Invoice, finding: Finding) -> bool:
        return False

    def behind(self, numbers: Sequence[str]) -> set[str]:
        return set()

    def purchase_orders(self, orders: Iterable[str]) -> set[str]:
        return set()


def score(truths: Sequence[Invoice], readings: Sequence[Reading], known: Known | None = None) -> Score:
    """Each truth with the reading of its number, else with the one in its place, else with nothing."""
    known = known or _Nothing()
    found = Score()
    left = list(readings)
    for truth in truths:
        reading = next((each for each in left if each.draft.get("number") == truth.number), left[0] if left else None)
        if reading is not None:
            left.remove(reading)
        _one(found, truth, reading, known)
    # What is no paper of ours and would be posted all the same is wrong as a whole.
    found.wrong_posted += ["a paper that is none" for reading in left if _passes(reading, known)]
    return found


def _one(found: Score, truth: Invoice, reading: Reading | None, known: Known) -> None:
    true = truth.model_dump(mode="json")
    draft: Mapping[str, Any] = _whole(reading.draft) if reading else {}
    found.papers += 1
    for name in HEADER:
        found.header += 1
        if draft.get(name) == true[name]:
            found.header_right += 1
        else:
            found.wrong_read.append(f"{name}: {draft.get(name)!r}, truth {true[name]!r}")
    lines = draft.get("lines") or []
    for index, line in enumerate(true["lines"]):
        own = lines[index] if index < len(lines) else {}
        wrong = [name for name in LINE if own.get(name) != line[name]]
        found.lines += 1
        found.lines_right += not wrong
        found.wrong_read += [f"lines.{index}.{name}: {own.get(name)!r}, truth {line[name]!r}" for name in wrong]
        found.titles += 1
        found.titles_right += own.get("description") == line["description"]
        if own.get("description") != line["description"]:
            found.wrong_read.append(
                f"lines.{index}.description: {own.get('description')!r}, truth {line['description']!r}"
            )
    if len(lines) > len(true["lines"]):
        found.wrong_read.append(f"{len(lines)} lines, truth {len(true['lines'])}")
    for each in reading.findings if reading else ():
        found.findings[each.code] = found.findings.get(each.code, 0) + 1
    if reading is None or reading.invoice is None or not _passes(reading, known):
        return
    if not _matches(reading.invoice, truth, known):
        found.unmatched += 1
        return
    found.straight += 1
    found.waited += bool(reading.findings)
    found.wrong_posted += list(_untrue(reading.invoice, true))


def _passes(reading: Reading, known: Known) -> bool:
    invoice = reading.invoice
    return invoice is not None and all(known.settled(invoice, finding) for finding in reading.findings)


def _matches(invoice: Invoice, truth: Invoice, known: Known) -> bool:
    """The least that the match with our own orders asks: numbers of orders, products and invoices that we have.

    The truth's are ours. What the paper does not print is not asked for here. A line without an order is of the only
    one behind the paper's purchase orders.
    """
    behind = known.behind(invoice.purchase_order_numbers)
    only = behind.pop() if len(behind) == 1 else None
    ours = {(line.amazon_order_id, line.asin) for line in truth.lines} | {(None, None)}
    printed = set(invoice.purchase_order_numbers)
    of_lines = known.purchase_orders(line.amazon_order_id for line in invoice.lines if line.amazon_order_id)
    return (
        all(
            (line.amazon_order_id, line.asin) in ours
            or (line.kind == "item" and line.amazon_order_id is None and (only, line.asin) in ours)
            for line in invoice.lines
        )
        and printed <= set(truth.purchase_order_numbers)
        # A paper that names purchase orders names those of all its lines (`other_purchase_order`).
        and (not printed or of_lines <= printed)
        and invoice.corrects in (None, truth.corrects)
    )


def _untrue(invoice: Invoice, true: Mapping[str, Any]) -> Iterator[str]:
    """Every value of what would be posted that is not the truth. What is left out is no wrong value."""
    posted = invoice.model_dump(mode="json")
    for name in HEADER:
        if posted[name] != true[name] and posted[name] is not None and posted[name] != []:
            yield f"{name}: {posted[name]!r}, truth {true[name]!r}"
    if len(posted["lines"]) != len(true["lines"]):
        yield f"{len(posted['lines'])} lines, truth {len(true['lines'])}"
    for index, (own, line) in enumerate(zip(posted["lines"], true["lines"], strict=False)):
        for name in (*LINE, "description"):
            if own[name] != line[name] and own[name] not in (None, ""):
                yield f"lines.{index}.{name}: {own[name]!r}, truth {line[name]!r}"


def _whole(draft: Mapping[str, Any]) -> dict[str, Any]:
    """What a draft does not say is what an Invoice says then."""
    defaults = {
        name: list(each.default) if isinstance(each.default, tuple) else each.default
        for name, each in Invoice.model_fields.items()
        if not each.is_required()
    }
    lines = [{"description": "", **line} for line in draft.get("lines", [])]
    return {**defaults, **draft, "lines": lines}

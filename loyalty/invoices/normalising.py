"""AnalyzeExpense's answer becomes a Reading: the same for Textract's own answers and for the laptop's stand-in.

Only what an Invoice has a name for is kept; names and addresses of people are dropped here. Text is data: nothing that
a paper says is followed. A value that could only be guessed is kept in the draft, with a finding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pydantic import ValidationError

from loyalty.invoices import amounts, completing, dates, heads, labels, lines, recalling, rows, validating, vendors
from loyalty.invoices.invoice import Finding, Invoice, Reading, Seen
from loyalty.invoices.lines import Tables
from loyalty.invoices.papers import Page, Paper, Printed, Read, pages
from loyalty.invoices.recalling import Ordered
from loyalty.programme.schema.invoices import Invoices

_NEEDED = ("number", "issued_on", "currency", "total_minor")
_MOST_WORDS = 500
# How well what is printed twice must be read to stand against what was read so badly.
GOOD, HARDLY = 95.0, 86.0
_SPECKS = " .,:;|'\"`~£€$*_"
# A number that ends in the middle: with a hyphen, or a UUID of which groups are missing.
_CUT_OFF = re.compile(r"[-/]$|(?<![0-9a-f])[0-9a-f]{8}(-[0-9a-f]{4}){1,3}$", re.IGNORECASE)


@dataclass(slots=True)
class _Making:
    """A reading in the making."""

    draft: dict[str, Any] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def put(self, name: str, read: Read) -> None:
        self.draft[name] = read.value
        self.saw(name, read.places)

    def saw(self, name: str, places: Sequence[Printed]) -> None:
        for place in places:
            self.seen.append(
                Seen(
                    name=name,
                    printed=(place.as_read or place.text)[:_MOST_WORDS],
                    confidence=place.confidence,
                    page=place.page,
                    box=place.box,
                )
            )

    def doubt(self, name: str, detail: str, code: str = "unreadable") -> None:
        self.findings.append(Finding(code=code, field=name, detail=detail))


def read(
    expense_documents: Sequence[Mapping[str, Any]], rules: Invoices, ask: recalling.Ask = recalling.nobody
) -> tuple[Reading, ...]:
    """One reading for each paper that the pages make; a single one with `not_an_invoice` if they make none.

    `ask` tells what we have ordered under the numbers of the paper.
    """
    every = pages(expense_documents)
    ordered = ask(recalling.clues(every))
    found = papers(recalling.recalled(every, ordered))
    readings = [reading for paper in found if (reading := _reading(paper, found, rules, ordered)) is not None]
    nothing = Finding(code="not_an_invoice", detail="no number, no total and no lines")
    return tuple(readings) or (Reading(invoice=None, draft={}, findings=(nothing,)),)


def papers(every: Sequence[Page]) -> list[Paper]:
    """Pages by the invoice that they belong to. One without a number goes on with the invoice before it.

    A number that nearly is the one before it, on a page without a total, is that number, read badly once.
    """
    found: list[Paper] = []
    current: list[str] = []
    for page in every:
        own = heads.numbers(page)
        total = bool(heads.named(page.fields).get("total"))
        goes_on = not own or any(number in current for number in own)
        goes_on = goes_on or (not total and any(heads.near(one, other) for one in own for other in current))
        if found and (goes_on or not current):
            found[-1].pages.append(page)
        else:
            found.append(Paper([page]))
            current = []
        current += own
    return found


def _reading(paper: Paper, others: Sequence[Paper], rules: Invoices, ordered: Sequence[Ordered]) -> Reading | None:
    making = _Making()
    fields = heads.named(paper.fields())
    money, agreed = heads.currency(paper)
    code = str(money.value) if money else "USD"
    tables = lines.tables(paper, code)
    printed_sums = heads.sums(fields, tables, code)
    if not fields.get("number") and not printed_sums.get("total") and not tables.lines:
        return None
    credit, surely_credit = _says_credit(paper, fields)
    making.draft["kind"] = "credit_memo" if credit else "invoice"
    if money is not None:
        making.put("currency", money)
        if not agreed:
            making.doubt("currency", "amounts of several currencies")
    _take_number(making, paper, others, fields)
    if not fields.get("issued_on"):
        fields["issued_on"] = _days_beside(paper, making.draft.get("number"))
    _take_days(making, fields, code)
    _take_words(making, paper, fields, tables)
    for name, value in heads.chosen(printed_sums, tables, credit).items():
        making.put(name, value)
    lines.tax_beside(tables.lines, making.draft["tax_minor"])
    _doubt_sums(making, fields, tables, printed_sums, code)
    _take_orders(paper, tables)
    numbers = making.draft["purchase_order_numbers"]
    named, place = rows.orders_named(paper), rows.says_order(paper)
    completing.complete(tables, ordered, named, place, numbers, making.draft.get("currency"), validating.alone(rules))
    _take_lines(making, tables)
    making.findings += tables.findings
    if rows.left_out(paper, code):
        making.doubt("lines", "a shipping or discount is in no row")
    if surely_credit:
        _give_back(making)
    return _judged(making, rules, ordered)


def _judged(making: _Making, rules: Invoices, ordered: Sequence[Ordered]) -> Reading:
    """The draft as an Invoice, if it is whole; without what is only told and could not be read for sure."""
    missing = [Finding(code="missing_field", field=name) for name in _NEEDED if making.draft.get(name) is None]
    draft = _jsonable(making.draft)
    found = (*making.findings, *missing)
    if missing:
        return Reading(invoice=None, draft=draft, seen=tuple(making.seen), findings=found)
    try:
        invoice = Invoice.model_validate_json(_as_json(draft))
    except ValidationError as error:
        wrong = [Finding(code="unreadable", field=".".join(map(str, each["loc"]))) for each in error.errors()[:20]]
        return Reading(invoice=None, draft=draft, seen=tuple(making.seen), findings=(*found, *wrong))
    invoice = _certain(invoice, making.seen, rules)
    found = (*found, *validating.findings(invoice, making.seen, rules, ordered))
    return Reading(invoice=invoice, draft=draft, seen=tuple(making.seen), findings=found)


def _as_json(draft: Mapping[str, Any]) -> str:
    return json.dumps(draft)


def _jsonable(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _jsonable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_jsonable(each) for each in value]
    return value


def _certain(invoice: Invoice, seen: Sequence[Seen], rules: Invoices) -> Invoice:
    """Leaves out what nothing is decided by and what was not read for sure: it stays in the draft."""
    printings: dict[str, list[Seen]] = {}
    for each in seen:
        printings.setdefault(each.name, []).append(each)
    by_arithmetic = validating.proven(invoice, printings)

    def kept(name: str) -> bool:
        return name not in printings or validating.sure(printings[name], name in by_arithmetic, rules)

    doubtful = {name: None for name in validating.TOLD if getattr(invoice, name) is not None and not kept(name)}
    own = tuple(
        line if kept(f"lines.{index}.description") else line.model_copy(update={"description": ""})
        for index, line in enumerate(invoice.lines)
    )
    return invoice.model_copy(update={**doubtful, "lines": own})


# --- number, days, words -------------------------------------------------------------------------------------------


def _says_credit(paper: Paper, fields: Mapping[str, list[Printed]]) -> tuple[bool, bool]:
    """Whether any word says that the paper gives money back; and whether the words beside its number or total do.

    A title or an invoice that is referred to may stand on an invoice as well, that was issued anew.
    """
    titles = [line.text for line in paper.text() if len(line.text) <= 40 and len(line.text.split()) <= 4]
    beside = [printed.label for name in ("number", "total") for printed in fields.get(name, [])]
    surely = any(labels.says_credit(text) for text in beside)
    return surely or bool(fields.get("corrects")) or any(labels.says_credit(text) for text in titles), surely


def _give_back(making: _Making) -> None:
    """A credit memo that prints what it gives back without a minus."""
    amounts_of = [making.draft.get(name) for name in ("subtotal_minor", "total_minor", "tax_minor", "shipping_minor")]
    amounts_of += [line["amount_minor"] for line in making.draft["lines"] if line["kind"] != "discount"]
    if any(isinstance(value, int) and value < 0 for value in amounts_of):
        return
    for whole in (making.draft, *making.draft["lines"], *making.draft["tax_lines"]):
        for name in ("subtotal_minor", "total_minor", "tax_minor", "shipping_minor", "amount_minor", "base_minor"):
            if isinstance(whole.get(name), int):
                whole[name] = -whole[name]
    for line in making.draft["lines"]:
        if line["kind"] == "discount":
            line["amount_minor"] = abs(line["amount_minor"])


def _take_number(making: _Making, paper: Paper, others: Sequence[Paper], fields: Mapping[str, list[Printed]]) -> None:
    for name in ("number", "corrects"):
        found: dict[str, list[Printed]] = {}
        for printed in fields.get(name, []):
            if (number := heads.number_in(printed.text)) is not None:
                found.setdefault(number, []).append(paper.placed(number, printed))
        if not found:
            if fields.get(name):
                making.doubt(name, "not in the form of a number")
            continue
        number, places = max(found.items(), key=lambda each: (len(each[1]), max(place.confidence for place in each[1])))
        behind = heads.torn_off(number, (line.text for line in paper.text()))
        making.put(name, Read((number + behind).upper(), [*places, *_again(paper, number, places)]))
        # What it is, where it may only be one letter or another, is what Amazon says that it issued.
        code = "unproven" if name == "number" else "unreadable"
        others_read = [(other, own) for other, own in found.items() if other != number]
        if any(not _outdone(own, places) for _, own in others_read):
            nearly = all(heads.near(other, number) for other, _ in others_read)
            making.doubt(name, f"{len(found)} different ones are printed", code if nearly else "unreadable")
        elif not all(heads.is_whole(number, printed.text) for printed in fields[name] if number in printed.text):
            making.doubt(name, "something follows that may be part of it")
        elif behind:
            making.doubt(name, "a part of it stands behind a gap", code)
        elif number != number.upper():
            making.doubt(name, "small letters among capitals", code)
        if name == "number" and any(
            heads.near(number, other.text) and not _outdone([other], places) for other in _nearly(paper, others)
        ):
            making.doubt(name, "elsewhere it reads a little differently", code)


def _days_beside(paper: Paper, number: object) -> list[Printed]:
    """The day in the line of the number, where an invoice has it without a label."""
    found = []
    for line in paper.text():
        # Where the number itself was read a little differently, too.
        own = next((word for word in line.text.split() if heads.near(word, str(number))), str(number))
        behind = line.text.partition(own)[2]
        if behind and dates.possible(behind):
            sure = [paper.placed(word, line).confidence for word in behind.split() if word.strip("|,.:")]
            found.append(replace(line, text=behind.strip(" |"), confidence=min(sure)))
    return found


def _outdone(others: Sequence[Printed], places: Sequence[Printed]) -> bool:
    """Whether what reads differently was hardly read at all, beside two good printings of the value."""
    good = [place for place in places if place.confidence >= GOOD]
    return len(good) > 1 and all(other.confidence < HARDLY for other in others)


def _nearly(paper: Paper, others: Sequence[Paper]) -> list[Printed]:
    """What else on this paper, or on one in the same file that is not whole, might be the same number."""
    words = [replace(word, text=word.text.strip(" ,;:|().#")) for word in paper.words() if len(word.text) >= 8]
    for other in others:
        fields = heads.named(other.fields())
        if other is not paper and (not fields.get("total") or not any(other.rows())):
            words += [
                replace(printed, text=heads.number_in(printed.text) or "") for printed in fields.get("number", [])
            ]
    return words


def _again(paper: Paper, text: str, places: Sequence[Printed]) -> list[Printed]:
    """Where else the same letters stand as a word of their own."""
    taken = {(place.page, place.box) for place in places}
    if any(place.box is None for place in places):
        return []
    return [
        word
        for word in paper.places(text)
        if (word.page, word.box) not in taken and not any(_overlap(word, place) for place in places)
    ]


def _overlap(one: Printed, other: Printed) -> bool:
    if one.page != other.page or one.box is None or other.box is None:
        return one.page == other.page
    apart = abs((one.box[1] + one.box[3] / 2) - (other.box[1] + other.box[3] / 2))
    beside = one.box[0] > other.box[0] + other.box[2] or other.box[0] > one.box[0] + one.box[2]
    return apart < max(one.box[3], other.box[3]) / 2 and not beside


def _take_days(making: _Making, fields: dict[str, list[Printed]], code: str) -> None:
    found, guessed = heads.days(fields, code)
    for name in ("issued_on", "due_on"):
        reads = found.get(name, [])
        if not reads:
            if fields.get(name):
                making.doubt(name, "no date")
            continue
        best = max(reads, key=lambda read: len(read.places))
        making.put(name, best)
        if name in guessed:
            # Of the day of issue Amazon's own word decides.
            code_of = "unproven" if name == "issued_on" else "unreadable"
            making.doubt(name, "day and month may be either", code_of)
        if len(reads) > 1:
            making.doubt(name, f"{len(reads)} different days are printed")


def _take_words(making: _Making, paper: Paper, fields: Mapping[str, list[Printed]], tables: Tables) -> None:
    if (vendor := vendors.issuer(paper, fields.get("vendor_name", []))) is not None:
        making.put("vendor_name", vendor)
    for name in validating.TOLD:
        printed = fields.get(name, [])
        if not printed or name == "vendor_name":
            continue
        best = max(printed, key=lambda each: each.confidence)
        text = " ".join(best.text.split())[:_MOST_WORDS]
        places = [each for each in printed if " ".join(each.text.split()) == text]
        if name == "payment_terms":
            written = heads.terms(text, making.draft.get("issued_on"), making.draft.get("due_on"))
            # Days that are counted between the two are printed nowhere: they prove neither.
            places = places if heads.net_days(text) == heads.net_days(written) else []
            text = written
        if text:
            making.put(name, Read(text, places))
    _take_purchase_orders(making, paper, [*fields.get("purchase_order", []), *tables.purchase_orders])


def _take_purchase_orders(making: _Making, paper: Paper, printed: Sequence[Printed]) -> None:
    """Each once, in the order of the paper. One that goes on in the next line ends in a hyphen there."""
    found: list[str] = making.draft.setdefault("purchase_order_numbers", [])
    for value in printed:
        for text in heads.several(re.sub(r"-\n\s*", "-", value.text.strip())):
            name = f"purchase_order_numbers.{len(found)}"
            # What a bad copy leaves behind a number is no part of it; a hyphen says that it goes on.
            text = text.strip(_SPECKS)
            if rows.ORDER.fullmatch(text) or text in found or dates.possible(text):
                continue
            if not any(letter.isdigit() for letter in text) or _CUT_OFF.search(text):
                making.doubt(name, "not the whole of a number")
                continue
            place = paper.placed(text, value)
            making.saw(name, [place, *_again(paper, text, [place])])
            found.append(text)


# --- sums and lines -------------------------------------------------------------------------------------------------


def _doubt_sums(
    making: _Making,
    fields: Mapping[str, list[Printed]],
    tables: Tables,
    printed: Mapping[str, list[Read]],
    code: str,
) -> None:
    """Sums that stand there and are no amounts; several totals of which none adds up are the validation's."""
    for name in heads.SUMS:
        for each in (*fields.get(name, []), *(row for row in tables.sums if labels.meaning(row.label) == name)):
            found = amounts.amount(each.text, code)
            hardly = (found is None or not found.exact) and any(letter.isdigit() for letter in each.text)
            if hardly and not printed.get(name) and "%" not in each.text:
                making.doubt(f"{name}_minor", "no amount")


def _take_orders(paper: Paper, tables: Tables) -> None:
    """The head's order, if it names one only, is that of the lines that name none."""
    head = {each.text: each for each in rows.orders_in(paper)}
    if len(head) != 1:
        return
    (only,) = head.values()
    for line in tables.lines:
        if line.kind == "item" and "amazon_order_id" not in line.values:
            line.values["amazon_order_id"] = Read(only.text, [only, *_again(paper, only.text, [only])])


def _take_lines(making: _Making, tables: Tables) -> None:
    making.draft["lines"] = []
    for index, line in enumerate(tables.lines):
        own: dict[str, Any] = {"kind": line.kind}
        for name, value in line.values.items():
            own[name] = value.value
            making.saw(f"lines.{index}.{name}", _of_lines(name, value, tables))
        if line.kind == "item" and "amount_minor" not in line.values:
            making.doubt(f"lines.{index}.amount_minor", "no amount in the row", "missing_field")
            own["amount_minor"] = 0
        making.draft["lines"].append(own)
    making.draft["tax_lines"] = []
    for index, tax in enumerate(tables.tax_lines):
        making.draft["tax_lines"].append({name: value.value for name, value in tax.items()})
        for name, value in tax.items():
            making.saw(f"tax_lines.{index}.{name}", value.places)


def _of_lines(name: str, value: Read, tables: Tables) -> list[Printed]:
    """An order's number is printed again with every line of the order."""
    if name != "amazon_order_id":
        return value.places
    every = [
        place
        for line in tables.lines
        if name in line.values and line.values[name].value == value.value
        for place in line.values[name].places
    ]
    return list({(place.page, place.box, place.text): place for place in [*value.places, *every]}.values())[:4]

"""What stands around the tables: the number, the days, the numbers of orders, and which of the sums is which.

A paper prints several totals and subtotals. Those are taken that add up with each other and with the lines; if none do,
the first of each, and the validation says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import product

from loyalty.invoices import amounts, dates, labels
from loyalty.invoices.lines import Tables
from loyalty.invoices.papers import Page, Paper, Printed, Read
from loyalty.invoices.rows import RATE, rate_of

NUMBER = re.compile(r"[A-Z0-9][A-Z0-9/-]{3,39}")
SUMS = ("items", "before_tax", "shipping", "discount", "tax", "total")
_UUID = re.compile(r"([A-Za-z]{1,10}-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAYS = frozenset({"issued_on", "due_on", "ordered_on", "other_date"})
_TAX_ID = re.compile(r"[A-Z]{2} ?[0-9A-Z]{8,12}")
# Of each kind of sum so many different values are tried.
MOST_CHOICES = 6


def name_of(printed: Printed) -> str | None:
    """Which of our fields stands here, None for what we do not keep: above all who somebody is and where they live."""
    if printed.kind.startswith("RECEIVER") or any(group.startswith("RECEIVER") for group in printed.groups):
        return None
    said = labels.meaning(printed.label) if printed.label else None
    if said in _DAYS and not dates.possible(printed.text):
        said = None
    if said == "tax" and _TAX_ID.fullmatch(printed.text):
        return "vendor_tax_id"
    if said == "sold_by" or said is None:
        return labels.of_type(printed.kind)
    return said or labels.of_type(printed.kind)


def named(fields: Iterable[Printed]) -> dict[str, list[Printed]]:
    found: dict[str, list[Printed]] = {}
    for printed in fields:
        if (name := name_of(printed)) is not None:
            found.setdefault(name, []).append(printed)
    return found


def numbers(page: Page) -> list[str]:
    """The invoice numbers that a page bears, as they are printed there."""
    found = [number_in(printed.text) for printed in named(page.fields).get("number", [])]
    return list(dict.fromkeys(number for number in found if number))


def number_in(text: str) -> str | None:
    """The number at the beginning of a value, which may go on with something else."""
    first = re.split(r"[\s|,;]", text.strip().lstrip("#:").strip(), maxsplit=1)[0].rstrip(".:")
    # A word that numbers begin with, of which the first letter looks like a figure.
    first = re.sub(r"^[1l](?=NV-)", "I", first)
    return first if NUMBER.fullmatch(first.upper()) and any(each.isdigit() for each in first) else None


def is_whole(number: str, text: str) -> bool:
    """Whether what follows a number in its value is something else, not more of it behind a gap."""
    behind = text[text.find(number) + len(number) :].split()
    return not number.endswith("-") and (not behind or not re.match(r"[A-Z0-9/]*[0-9-]", behind[0]))


def torn_off(number: str, lines: Iterable[str]) -> str:
    """A few capitals or digits right behind it in a line, which its value may have lost; empty if there are none."""
    behind = re.compile(rf"(?<![A-Z0-9-]){re.escape(number)}\s([A-Z0-9]{{1,6}})(?!\S)")
    found = (behind.search(line) for line in lines if number in line)
    return next((match[1] for match in found if match and NUMBER.fullmatch((number + match[1]).upper())), "")


def near(one: str, other: str) -> bool:
    """Whether one of them may be the other, read wrongly: as long, and different in one or two places."""
    different = sum(a != b for a, b in zip(one, other, strict=False))
    return one != other and abs(len(one) - len(other)) <= 1 and (different <= 2 or _without_one(one, other))


def _without_one(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def several(text: str) -> list[str]:
    """What one value lists: by commas and lines, by spaces if every word is a number of its own."""
    if _UUID.fullmatch(joined := re.sub(r"\s+", "", text)):
        # Torn where letters stand a little apart.
        return [joined]
    parts = re.split(r"\s*[,;\n]\s*", text)
    words = text.split()
    if len(parts) == 1 and all(len(word) > 5 and any(letter.isdigit() for letter in word) for word in words):
        return words
    return [part for part in parts if part]


# --- currency ----------------------------------------------------------------------------------------------------


def currency(paper: Paper) -> tuple[Read | None, bool]:
    """The paper's currency, and whether everything on it agrees."""
    votes: Counter[tuple[str, ...]] = Counter()
    places: dict[tuple[str, ...], list[Printed]] = {}
    for printed in (*paper.fields(), *(cell for row in paper.rows() for cell in row.fields)):
        said = amounts.currencies(printed.text)
        if said:
            votes[said] += 1
            places.setdefault(said, []).append(printed)
    codes = Counter(printed.currency for printed in paper.fields() if printed.currency)
    definite = Counter({said[0]: count for said, count in votes.items() if len(said) == 1})
    if not votes:
        code = next(iter(codes), None)
        where = [printed for printed in paper.fields() if printed.currency == code]
        return (Read(code, where), len(codes) == 1) if code else (None, False)
    if definite:
        code = definite.most_common(1)[0][0]
    else:
        shared = votes.most_common(1)[0][0]
        code = next((each for each, _ in codes.most_common() if each in shared), shared[0])
    agree = all(code in said for said in votes) and all(each == code for each in codes)
    return Read(code, [each for said, where in places.items() if code in said for each in where]), agree


# --- days --------------------------------------------------------------------------------------------------------


def days(fields: dict[str, list[Printed]], code: str) -> tuple[dict[str, list[Read]], frozenset[str]]:
    """Every day by its meaning; and the names of those that may be two days, of which the paper's other dates do not
    say which: they are taken as the currency's country writes them, which is a guess.
    """
    dated = ("issued_on", "due_on", "ordered_on", "other_date")
    way = dates.order(printed.text for name in dated for printed in fields.get(name, [])) or _only_way(fields)
    found: dict[str, list[Read]] = {}
    guessed: set[str] = set()
    for name in ("issued_on", "due_on"):
        for printed in fields.get(name, []):
            if dates.possible(printed.text):
                day = dates.ordered(printed.text, way)
                if day is None:
                    guessed.add(name)
                    day = dates.ordered(printed.text, "month" if code == "USD" else "day")
                _add(found.setdefault(name, []), day, printed)
    return found, frozenset(guessed)


def _only_way(fields: dict[str, list[Printed]]) -> dates.Order:
    """The way of writing in which nothing is due before it was issued, nor after other days than the terms say."""
    first = {name: fields[name][0].text for name in ("ordered_on", "issued_on", "due_on") if fields.get(name)}
    terms = next((net_days(printed.text) for printed in fields.get("payment_terms", [])), None)
    fitting = []
    for way in ("day", "month"):
        days = {name: dates.ordered(text, way) for name, text in first.items()}
        issued, due, ordered = (days.get(name) for name in ("issued_on", "due_on", "ordered_on"))
        follows = all(
            one is None or other is None or one <= other
            for one, other in ((issued, due), (ordered, issued), (ordered, due))
        )
        if (
            follows
            and None not in days.values()
            and (terms is None or not due or not issued or (due - issued).days == terms)
        ):
            fitting.append(way)
    return fitting[0] if len(fitting) == 1 else None


def terms(text: str, issued_on: object, due_on: object) -> str:
    """Terms as they are written. Days that were overlooked are those from issue to due; without, nothing was read."""
    if text.casefold() in ("net", "netto", "netti"):
        days = (due_on - issued_on).days if isinstance(issued_on, date) and isinstance(due_on, date) else 0
        return f"{text} {days}" if days > 0 and text.casefold() == "net" else ""
    return re.sub(r"\bdias\b", "días", text)


def net_days(text: str) -> int | None:
    """`Net 30`, `30 Tage netto`, `30 jours`: the days from issue to due."""
    match = re.search(r"(?<![0-9])([0-9]{1,3})(?![0-9%])", text)
    return int(match[1]) if match and len(re.findall(r"[0-9]+", text)) == 1 else None


# --- sums --------------------------------------------------------------------------------------------------------


def sums(fields: dict[str, list[Printed]], tables: Tables, code: str) -> dict[str, list[Read]]:
    """Every sum that is printed, by its meaning, equal ones together with their places.

    Those of a table by rate go there.
    """
    found: dict[str, list[Read]] = {}
    every = {name: [*fields.get(name, [])] for name in SUMS}
    by_rate = [(printed, line) for printed in every["tax"] if (line := rated(printed, code)) is not None]
    tables.tax_lines += [line for _, line in by_rate]
    every["tax"] = [printed for printed in every["tax"] if all(printed is not other for other, _ in by_rate)]
    for printed in tables.sums:
        every[labels.meaning(printed.label) or "items"].append(printed)
    for name, printings in every.items():
        for printed in printings:
            read = amounts.amount(printed.text, code)
            if read is not None and read.exact:
                _add(found.setdefault(name, []), read.minor, printed)
    return found


def rated(printed: Printed, code: str) -> dict[str, Read] | None:
    """`19 % VAT on 100.00` beside `19.00`: a line of the table of tax by rate that is written out."""
    rate = RATE.search(printed.label)
    base = [
        each
        for token in amounts.TOKEN.finditer(RATE.sub(" ", printed.label))
        if (each := amounts.amount(token[0].strip(), code)) and each.exact
    ]
    tax, micros = amounts.amount(printed.text, code), rate_of(rate[1]) if rate else None
    if tax is None or micros is None or len(base) != 1:
        return None
    beside = replace(printed, text=printed.label, confidence=printed.label_confidence)
    return {
        "rate_micros": Read(micros, [beside]),
        "base_minor": Read(base[0].minor, [beside]),
        "tax_minor": Read(tax.minor, [printed]),
    }


def chosen(printed: dict[str, list[Read]], tables: Tables, credit: bool) -> dict[str, Read]:
    """Subtotal, shipping, discount, tax and total. A value without a place follows from others."""
    of_kind = {
        kind: sum(line.get("amount_minor") or 0 for line in tables.lines if line.kind in kinds)
        for kind, kinds in (("items", ("item", "fee")), ("shipping", ("shipping",)), ("discount", ("discount",)))
    }
    taxed = sum(int(str(line["tax_minor"].value)) for line in tables.tax_lines)
    parts = {
        "subtotal_minor": _choices(printed.get("items", []), of_kind["items"], of_kind["items"]),
        "shipping_minor": _choices(printed.get("shipping", []), of_kind["shipping"], of_kind["shipping"]),
        "discount_minor": _choices(
            _below(printed.get("discount", []), credit), of_kind["discount"], of_kind["discount"]
        ),
        "tax_minor": _choices(_taxes(printed.get("tax", [])), taxed, taxed),
    }
    totals = printed.get("total", [])[:MOST_CHOICES]
    for *chosen_parts, total in product(*parts.values(), totals):
        if sum(int(str(part.value)) for part in chosen_parts) == total.value:
            return dict(zip((*parts, "total_minor"), (*chosen_parts, total), strict=True))
    return {name: choices[0] for name, choices in parts.items()} | ({"total_minor": totals[0]} if totals else {})


def _choices(printed: list[Read], expected: int, derived: int) -> list[Read]:
    """What is expected by the lines first, then as printed; what nobody printed is what the lines make."""
    first = sorted(printed, key=lambda read: read.value != expected)[:MOST_CHOICES]
    return first or [Read(derived, [])]


def _below(printed: list[Read], credit: bool) -> list[Read]:
    """A discount lowers what is paid, whether or not its minus is printed; on a credit memo it is the other way."""
    return [Read(abs(int(str(read.value))) * (1 if credit else -1), read.places) for read in printed]


def _taxes(printed: list[Read]) -> list[Read]:
    """Each, and all together where tax is printed by rate."""
    if len(printed) < 2:
        return printed
    together = Read(sum(int(str(read.value)) for read in printed), [place for read in printed for place in read.places])
    return [*printed, together]


def _add(reads: list[Read], value: int | date | None, printed: Printed) -> None:
    for read in reads:
        if read.value == value:
            read.places.append(printed)
            return
    reads.append(Read(value, [printed]))

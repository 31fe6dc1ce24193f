"""What we ordered is asked before what was read is doubted: a code on a paper is one of ours or nobody's.

Orders near the numbers that were read are looked up; then whatever on the paper reads like exactly one of their
numbers or products, with letters that look alike, a space or a line's end in it, a letter wrong, or its end cut off, is
recalled as that one. Where two would do, or none, everything stays as it was read. This proves nothing yet: the match
holds order, product, price, quantity and purchase order against each other afterwards, and what was recalled wrongly
would have to be right in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from loyalty.database import Connection
from loyalty.invoices.alike import apart, may_be, within
from loyalty.invoices.papers import Page, Printed, Row

# So many numbers of a paper are asked about, and so many orders may come of it: of more nothing is recalled.
MOST_CLUES = 200
MOST_ORDERS = 200
# How many letters may be wrong; the next best must be wrong in so many more.
REACH, AHEAD = 2, 2
# In a redemption's number, of which 74 bits are drawn by lot.
LONG_REACH = 4
LONG = 32
# What its last group takes, which may be missing or be nothing: the groups before it are one number's alone.
LAST_GROUP = 13
MOST_LETTERS = 1_000

_SIGN = r"[0-9OoQDIil|SsBZzG]"
_IDS = tuple(
    re.compile(rf"(?<![0-9A-Za-z-]){pattern}(?![0-9A-Za-z-])")
    for pattern in (
        rf"{_SIGN}{{3}}-{_SIGN}{{7}}-{_SIGN}{{7}}",
        rf"{_SIGN}(?:\s?{_SIGN}){{2}}\s?-\s?{_SIGN}(?:\s?{_SIGN}){{6}}\s?-\s?{_SIGN}(?:\s?{_SIGN}){{6}}",
        rf"{_SIGN}{{2,4}}-{_SIGN}{{6,8}}-{_SIGN}{{6,8}}",
    )
)
_DIGITS = str.maketrans("OoQDIil|SsBZzG", "00001111558226")
# With a letter lost and a gap it is one only if nothing else stands there.
_LOOSE_ID = re.compile(rf"{_SIGN}{{2,4}}-{_SIGN}{{6,8}}-{_SIGN}{{6,8}}")
_TORN_ASIN = re.compile(r"(?<=ASIN)[:#. ]{1,3}([0-9A-Za-z|](?: ?[0-9A-Za-z|]){9})(?![0-9A-Za-z-])")
_CODE = re.compile(r"(?<![0-9A-Za-z-])[0-9A-Za-z|]{9,11}(?![0-9A-Za-z-])")
_HEX = r"[0-9a-fA-FOoQIil|SsZz£]"
_MOMENT = re.compile(rf"({_HEX}{{8}})-({_HEX}{{4}})-")
_HEX_DIGITS = str.maketrans("oqil|sz£", "0011152f")


@dataclass(frozen=True, slots=True)
class Ordered:
    """A product of one of our orders: units, and what one costs; Amazon's number of the order, and ours.

    `beside_minor`: what the whole order costs beside its goods and their tax, shipping less discounts.
    """

    amazon_order_id: str
    purchase_order_number: str
    asin: str
    quantity: int
    unit_price_minor: int
    currency: str
    beside_minor: int


@dataclass(frozen=True, slots=True)
class Clues:
    """`order_ids`: as Amazon writes them, hardly read. `moments`: the first twelve digits of a redemption's id."""

    order_ids: tuple[str, ...]
    moments: tuple[str, ...]


type Ask = Callable[[Clues], Sequence[Ordered]]


def nobody(clues: Clues) -> Sequence[Ordered]:
    """Nothing was ordered: everything stays as it is read."""
    return ()


def ours(connection: Connection, program_id: int) -> Ask:
    """Asks what the programme has ordered."""

    def ask(clues: Clues) -> Sequence[Ordered]:
        rows = connection.execute(
            "select * from invoices.ours(%s, %s::text[], %s::text[], %s)",
            (program_id, list(clues.order_ids), list(clues.moments), MOST_ORDERS),
        ).fetchall()
        return tuple(Ordered(**row) for row in rows)

    return ask


def clues(pages: Iterable[Page]) -> Clues:
    """The numbers of a paper by which our orders are found."""
    ids: dict[str, None] = {}
    moments: dict[str, None] = {}
    for page in pages:
        for text in _texts(page):
            joined = re.sub(r"\s", "", text)
            for read in (*(found[0] for found in _ids(text)), *_LOOSE_ID.findall(joined)[:1]):
                ids[re.sub(r"\s", "", read).translate(_DIGITS)] = None
            for match in _MOMENT.finditer(joined):
                moment = (match[1] + match[2]).lower().translate(_HEX_DIGITS)
                moments[moment] = None
    return Clues(tuple(ids)[:MOST_CLUES], tuple(moments)[:MOST_CLUES])


def recalled(pages: Sequence[Page], ordered: Sequence[Ordered]) -> list[Page]:
    """The same pages, with our own numbers and products as we know them."""
    if not ordered:
        return list(pages)
    spelling = _Spelling(ordered)
    return [
        Page(
            page.number,
            [spelling.of(printed) for printed in page.fields],
            [
                Row(
                    tuple(spelling.of(cell) for cell in row.fields),
                    spelling.of(row.whole) if row.whole else None,
                    row.table,
                )
                for row in page.rows
            ],
            page.text,
            [spelling.of(word) for word in page.words],
        )
        for page in pages
    ]


def _texts(page: Page) -> Iterator[str]:
    """Everything that a value may stand in."""
    for printed in page.fields:
        yield printed.text[:MOST_LETTERS]
    for row in page.rows:
        for cell in (*row.fields, *((row.whole,) if row.whole else ())):
            yield cell.text[:MOST_LETTERS]


def _ids(text: str) -> list[re.Match[str]]:
    """What may be a number of Amazon's, each place once; those without gaps first."""
    found: list[re.Match[str]] = []
    if "-" in text:
        for pattern in _IDS:
            for match in pattern.finditer(text):
                if all(match.end() <= other.start() or other.end() <= match.start() for other in found):
                    found.append(match)
    return found


class _Spelling:
    """How texts read with the codes of some orders in them."""

    def __init__(self, ordered: Sequence[Ordered]) -> None:
        self._ids = tuple(dict.fromkeys(each.amazon_order_id for each in ordered))
        self._asins = tuple(dict.fromkeys(each.asin for each in ordered))
        self._numbers = tuple(dict.fromkeys(each.purchase_order_number for each in ordered))
        self._known = frozenset((*self._ids, *self._asins, *self._numbers))
        self._done: dict[str, str] = {}

    def of(self, printed: Printed) -> Printed:
        text = self._done.get(printed.text)
        if text is None:
            text = self._done.setdefault(printed.text, self._spelt(printed.text))
        return printed if text == printed.text else replace(printed, text=text, as_read=printed.text)

    def _spelt(self, text: str) -> str:
        if len(text) < 9 or len(text) > MOST_LETTERS or text in self._known:
            return text
        whole = self._whole(re.sub(r"\s", "", text))
        if whole is not None:
            return whole
        for match in sorted(_ids(text), key=lambda each: -each.start()):
            text = self._replaced(text, match.span(), self._ids)
        for match in reversed([*_CODE.finditer(text)]):
            text = self._replaced(text, match.span(), self._asins)
        for match in reversed([*_TORN_ASIN.finditer(text)]):
            text = self._replaced(text, match.span(1), self._asins)
        for number in self._numbers:
            if number not in text and len(text) >= len(number) - LAST_GROUP:
                text = self._numbered(text, number)
        return text

    def _whole(self, joined: str) -> str | None:
        """A code that is all that stands there, in a narrow column or with gaps."""
        if len(joined) <= 11:
            return the_one(joined, self._asins)
        return the_one(joined, self._ids) if _LOOSE_ID.fullmatch(joined) else None

    def _replaced(self, text: str, span: tuple[int, int], codes: Sequence[str]) -> str:
        start, end = span
        read = re.sub(r"\s", "", text[start:end])
        own = None if text[start:end] in self._known else the_one(read, codes)
        return text if own is None else text[:start] + own + text[end:]

    def _numbered(self, text: str, number: str) -> str:
        """One of our purchase orders' numbers where it stands in a text, torn or with letters wrong."""
        places = [place for place, letter in enumerate(text) if not letter.isspace()]
        joined = "".join(text[place] for place in places)
        if len(number) < LONG:
            # Numbers that are given in turn differ in one digit: only gaps and look-alikes are forgiven.
            alone = not apart(number, joined) and not self._other(number, joined)
            return number if alone else text
        start = joined.find(number)
        end = start + len(number)
        if start < 0:
            # What is known already is not torn apart to look for another in it.
            if not may_be(number.lower(), self._unknown(joined).lower(), LONG_REACH):
                return text
            distance, start, end = within(number.lower(), joined.lower())
            others = (other for other in self._numbers if other != number and len(other) >= LONG)
            if distance > LONG_REACH:
                return number if self._is_beginning(number, joined) else text
            if any(apart(other.lower(), joined[start:end].lower()) < distance + AHEAD for other in others):
                return text
        return text[: places[start]] + number + text[places[end - 1] + 1 :]

    def _is_beginning(self, number: str, joined: str) -> bool:
        """Whether all but its last group stands there, of this number and of no other."""
        whole = len(number) - LAST_GROUP
        return (
            len(joined) <= len(number)
            and _common(number, joined) >= whole
            and all(_common(other, joined) < whole for other in self._numbers if other != number)
        )

    def _unknown(self, joined: str) -> str:
        for number in self._numbers:
            joined = joined.replace(number, " ")
        return joined

    def _other(self, number: str, text: str) -> bool:
        return any(apart(other, text) < AHEAD for other in self._numbers if other != number)


def the_one(read: str, codes: Iterable[str]) -> str | None:
    """The one of these codes that it must be; None: none is near enough, or another nearly is."""
    alike = (code for code in codes if abs(len(code) - len(read)) <= REACH and may_be(code, read, REACH + AHEAD - 1))
    near = sorted((apart(code, read), code) for code in alike)
    if not near or near[0][0] > REACH or (len(near) > 1 and near[1][0] < near[0][0] + AHEAD):
        return None
    return near[0][1]


def _common(number: str, text: str) -> int:
    """How many letters are the same from the beginning."""
    both = zip(number.lower(), text.lower(), strict=False)
    return next((at for at, (one, other) in enumerate(both) if one != other), min(len(number), len(text)))

"""Dates as invoices print them: every day that a text may mean. 03/04/2025 is two days until the paper decides."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

_MONTHS = """january jan januar januari janvier janv gennaio gen ene enero january styczen stycznia sty led
february feb februar februari fevrier fev fevr febbraio febrero luty lutego lut
march mar marz maerz mrz maart mrt mars marzo marca marzec
april apr avril avr aprile abril abr kwiecien kwietnia kwi
may mai mei maggio mag mayo maj maja
june jun juni juin giugno giu junio czerwiec czerwca cze
july jul juli juillet juil luglio lug julio lipiec lipca lip
august aug augustus augusti aout agosto ago agost sierpien sierpnia sie
september sept sep septembre settembre set septiembre wrzesien wrzesnia wrz
october oct oktober okt octobre ottobre ott octubre pazdziernik pazdziernika paz
november nov novembre noviembre listopad listopada lis
december dec dezember dez decembre dicembre dic diciembre grudzien grudnia gru desember des"""
_MONTH = {name: number for number, line in enumerate(_MONTHS.splitlines(), 1) for name in line.split()}
_YEAR = r"(20[0-9]{2})"
_EDGE, _END = r"(?<![0-9A-Za-z./-])", r"(?![0-9A-Za-z/-]|[.][0-9])"
_YEAR_FIRST = re.compile(
    rf"{_EDGE}{_YEAR}([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_END}|{_YEAR}年([0-9]{{1,2}})月([0-9]{{1,2}})日"
)
_NUMBERS = re.compile(rf"{_EDGE}([0-9]{{1,2}})([-/.])\s?([0-9]{{1,2}})\2\s?{_YEAR}{_END}")
_DAY_FIRST = re.compile(
    rf"{_EDGE}([0-9]{{1,2}})(?:st|nd|rd|th|er|\.|º)?[ -]?(?:de |of )?([a-z]{{3,12}})\.?[ -]?(?:de |del |,)?\s?"
    rf"{_YEAR}{_END}"
)
_MONTH_FIRST = re.compile(rf"(?<![a-z0-9])([a-z]{{3,12}})\.?[ -]?([0-9]{{1,2}})(?:st|nd|rd|th)?,?[ -]{_YEAR}{_END}")

# Which of the two leading numbers is the day; None where that is not the question.
type Order = str | None


def possible(printed: str) -> frozenset[date]:
    """No day, one, or two when day and month may be either. Several different dates in one text are none."""
    found = _found(printed)
    return found[0][0] if len({days for days, _ in found}) == 1 else frozenset()


def order(printed: Iterable[str]) -> Order:
    """`day` or `month`, whichever comes first in the dates of a paper that leave no choice; None if they disagree."""
    said = {way for text in printed for days, way in _found(text) if way is not None and len(days) == 1}
    return said.pop() if len(said) == 1 else None


def ordered(printed: str, way: Order) -> date | None:
    """The one day that the text means, if the paper's way of writing is `way`."""
    days = possible(printed)
    if len(days) == 1:
        return next(iter(days))
    match = _NUMBERS.search(_folded(printed)) if days and way else None
    if match is None:
        return None
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    return _day(year, second, first) if way == "day" else _day(year, first, second)


def _found(printed: str) -> list[tuple[frozenset[date], Order]]:
    text, found = _folded(printed), list[tuple[frozenset[date], Order]]()
    for match in _YEAR_FIRST.finditer(text):
        year, month, day = (int(part) for part in (match[1] or match[5], match[3] or match[6], match[4] or match[7]))
        found.append((_only(_day(year, month, day)), None))
    for match in _NUMBERS.finditer(text):
        found.append(_either(int(match[1]), int(match[3]), int(match[4]), match[2]))
    for match in _DAY_FIRST.finditer(text):
        if match[2] in _MONTH:
            found.append((_only(_day(int(match[3]), _MONTH[match[2]], int(match[1]))), None))
    for match in _MONTH_FIRST.finditer(text):
        if match[1] in _MONTH:
            found.append((_only(_day(int(match[3]), _MONTH[match[1]], int(match[2]))), None))
    return [each for each in found if each[0]]


def _either(first: int, second: int, year: int, separator: str) -> tuple[frozenset[date], Order]:
    day_first, month_first = _day(year, second, first), _day(year, first, second)
    # Nobody writes the month first before a point.
    if separator == ".":
        return _only(day_first), None
    days = _only(day_first) | _only(month_first)
    if len(days) != 1 or first == second:
        return days, None
    return days, "day" if day_first else "month"


def _only(day: date | None) -> frozenset[date]:
    return frozenset() if day is None else frozenset({day})


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _folded(printed: str) -> str:
    plain = unicodedata.normalize("NFKD", printed.casefold())
    return re.sub(r"\s+", " ", "".join(each for each in plain if not unicodedata.combining(each)))

"""What a printed value can look like: dates, amounts, numbers of documents."""

from __future__ import annotations

import re
from collections.abc import Sequence

from local.simulators.textract.engine.lines import SEPARATORS, Token, printed

SIGNS = r"(?:US\$|CA\$|C\$|A\$|MX\$|[$€£¥₹])"
# Those the service tells apart.
CODES = ("USD", "EUR", "GBP", "CAD", "INR", "JPY", "CHF", "AUD", "CNY", "SEK", "HKD")
_CODE = rf"(?:{'|'.join(CODES)}|MXN|PLN)"
_NUMBER = r"\d{1,3}(?:[.,'  ]\d{3})+(?:[.,]\d{1,4})?|\d+(?:[.,]\d{1,4})?"
_MARK = rf"(?:{SIGNS}|{_CODE}|Fr\.)"
MONEY = re.compile(
    rf"(?P<value>[(]?\s?[-–−+]?\s?(?P<before>{_MARK})?\s?[-–−]?\s?(?P<number>{_NUMBER})\s?(?P<after>{_MARK}(?![A-Za-z]))?\s?[)]?"
    rf"(?:[-–−](?!\S))?(?:\s(?P<code>{_CODE})(?!\w))?)(?![\w%])"
)
_MONTH = r"[^\W\d_]{3,10}\.?"
DATE = re.compile(
    "(?:" + "|".join((
        r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}",
        r"\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?\d{2,4}",
        rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? ?\d{{4}}",
        rf"\d{{1,2}}(?:st|nd|rd|th|er|\.)?(?:[ -]| de )?{_MONTH}(?:[ -]| de |, )?\d{{2,4}}",
        r"\d{4}年\d{1,2}月\d{1,2}日",
    )) + r")(?!\w)"
)  # fmt: skip
_TAX_ID = re.compile(r"[A-Z]{2}(?=[A-Z0-9]*\d{4})[A-Z0-9]{7,13}")
_PERCENT = re.compile(r"[-–−(]?\s?\d{1,3}(?:[.,]\d{1,4})?\s?%\)?")
COUNT = re.compile(r"[-–−(]?\d{1,6}(?:[.,]0{1,3})?\)?(?:\s?(?:x|pcs?|st(?:k|ck)?|ea|units?)\.?)?", re.I)
_SIGN_CODES = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "¥": "JPY",
    "CA$": "CAD",
    "C$": "CAD",
    "A$": "AUD",
    "$": "USD",
    "US$": "USD",
}


def leading(kind: str, part: Sequence[Token]) -> int:
    """How many of the tokens, from the first, are a value of this kind; 0 when it begins with none."""
    if not part or part[0].text in SEPARATORS:
        return 0
    match kind:
        case "date":
            return _matched(DATE, part)
        case "money":
            return _matched(MONEY, part, is_money)
        case "id":
            return _identifier(part)
    return _words(part)


def is_money(text: str) -> bool:
    """Whether it is an amount for sure: with a sign or code of a currency, or with two decimals."""
    found = MONEY.fullmatch(text.strip())
    if not found:
        return False
    if found["before"] or found["after"] or found["code"]:
        return True
    return bool(re.search(r"[.,]\d{2}$", found["number"]))


def is_tax_id(text: str) -> bool:
    """Whether it is somebody's number for the value added tax."""
    return bool(_TAX_ID.fullmatch(text))


def is_figure(text: str) -> bool:
    """Whether it can stand in a column of figures: an amount, a count, a rate."""
    return bool(is_money(text) or _PERCENT.fullmatch(text) or COUNT.fullmatch(text) or MONEY.fullmatch(text))


def is_count(text: str) -> bool:
    """Whether it can be a quantity."""
    return bool(COUNT.fullmatch(text))


def currency_of(text: str) -> str | None:
    """The currency an amount names; a bare `$` is the US one."""
    found = MONEY.fullmatch(text.strip())
    if not found:
        return None
    if found["code"]:
        return found["code"]
    mark = found["before"] or found["after"]
    return _SIGN_CODES.get(mark, mark) if mark else None


def _matched(pattern: re.Pattern[str], part: Sequence[Token], right: object = None) -> int:
    text = printed(part[:12])
    found = pattern.match(text)
    if not found:
        return 0
    value = found.group(0).rstrip()
    if callable(right) and not right(value):
        return 0
    for count in range(1, min(len(part), 12) + 1):
        length = len(printed(part[:count]))
        if length >= len(value):
            # A stop or a comma behind it is no reason to doubt; more of a word is.
            rest = printed(part[:count])[len(value) :]
            return count if rest.strip(".,;") == "" else 0
    return 0


def _identifier(part: Sequence[Token]) -> int:
    count = 0
    for token in part:
        if token.text in SEPARATORS or token.colon or not any(sign.isdigit() for sign in token.text):
            # Letters before the figures (`DE 123 456`) belong to them.
            letters = not count and token.text.isupper() and len(token.text) <= 4 and len(part) > 1
            if letters and any(sign.isdigit() for sign in part[1].text):
                count += 1
                continue
            break
        if count and (any(sign.islower() for sign in token.text) or leading("date", part[count:])):
            break
        count += 1
    return count if any(sign.isdigit() for token in part[:count] for sign in token.text) else 0


def _words(part: Sequence[Token]) -> int:
    for index, token in enumerate(part):
        if token.text in SEPARATORS:
            return index
    return len(part)

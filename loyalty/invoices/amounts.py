"""Money as invoices print it, in minor units. Strict: what could be read in two ways, or hardly, is no amount.

`$1,234.50`, `1.234,50 €`, `1 234,50 EUR`, `£ 0.00`, `($2.00)`, `-$2.00`, `2,00-`, `¥1,980`, `54.40 USD`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loyalty.currencies import minor_digits

# A sign that several currencies share says only that it is one of them; the first is meant when nothing else is said.
_SIGNS: dict[str, tuple[str, ...]] = {
    "US$": ("USD",),
    "CA$": ("CAD",),
    "C$": ("CAD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "S$": ("SGD",),
    "HK$": ("HKD",),
    "MX$": ("MXN",),
    "R$": ("BRL",),
    "$": ("USD", "CAD", "AUD", "MXN", "SGD", "HKD"),
    "£": ("GBP",),
    "€": ("EUR",),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "円": ("JPY",),
    "₹": ("INR",),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "kr": ("SEK", "DKK", "NOK"),
    "kr.": ("DKK", "SEK", "NOK"),
    "Fr.": ("CHF",),
}
CODES = frozenset(
    {"AED", "AUD", "BHD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD"}
    | {"INR", "JPY", "KWD", "MXN", "NOK", "PLN", "SAR", "SEK", "SGD", "TRY", "USD"}
)
_UNIT = "|".join(sorted((re.escape(each) for each in (*_SIGNS, *CODES)), key=len, reverse=True))
_SPACES = re.compile(r"[\s\u00a0\u202f\u2009]+")
_MINUS = re.compile(r"[\u2212\u2013\u2012\u2010\u2011\ufe63\uff0d]")
_SHAPE = re.compile(
    rf"(?P<open>\()?(?P<minus>-)?\s?(?P<before>{_UNIT})?\s?(?P<minus2>-)?\s?(?P<open2>\()?"
    rf"(?P<digits>[0-9][0-9 .,'’]*)(?P<close2>\))?\s?(?P<minus3>-)?\s?(?P<after>{_UNIT})?(?P<close>\))?"
    rf"(?P<code>\s(?:{_UNIT}))?"
)
_FREE = frozenset({"free", "gratis", "kostenlos", "kostenfrei", "gratuit", "offert", "gratuito"})
TOKEN = re.compile(
    rf"\(?[-\u2212\u2013]?\s?(?:(?:{_UNIT})\s?)?[-\u2212\u2013]?\(?[0-9](?:[0-9.,'’]*[0-9])?\)?-?(?:\s?(?:{_UNIT}))?\)?"
)

# The same with spaces between thousands.
GROUPED_TOKEN = re.compile(
    TOKEN.pattern.replace("[0-9](?:[0-9.,'’]*[0-9])?", "[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})*(?:[0-9.,'’]*[0-9])?")
)


@dataclass(frozen=True, slots=True)
class Amount:
    """`exact` is false if the currency has decimals and none are printed: a point may have been overlooked."""

    minor: int
    exact: bool


def amount(printed: str, currency: str) -> Amount | None:
    """None for what is no amount, for a fraction of a minor unit, and for separators that fit no way of writing."""
    text = _plain(printed)
    if text.casefold() in _FREE:
        return Amount(0, True)
    shape = _SHAPE.fullmatch(text)
    if shape is None or bool(shape["open"] or shape["open2"]) != bool(shape["close"] or shape["close2"]):
        return None
    negatives = [shape[name] for name in ("minus", "minus2", "minus3") if shape[name]]
    if len(negatives) > 1:
        return None
    found = _magnitude(shape["digits"].strip(), minor_digits(currency))
    if found is None:
        return None
    below_zero = bool(negatives) != bool(shape["open"] or shape["open2"]) or bool(negatives and shape["open"])
    return Amount(-found.minor if below_zero else found.minor, found.exact)


def currencies(printed: str) -> tuple[str, ...]:
    """The codes that the sign or code beside an amount may stand for, likeliest first; empty if there is none."""
    shape = _SHAPE.fullmatch(_plain(printed))
    if shape is None:
        return ()
    said = [unit.strip() for unit in (shape["code"], shape["before"], shape["after"]) if unit]
    sets = [(unit,) if unit in CODES else _SIGNS[unit] for unit in said]
    if not sets:
        return ()
    return tuple(code for code in sets[0] if all(code in others for others in sets))


def _plain(printed: str) -> str:
    return _MINUS.sub("-", _SPACES.sub(" ", printed)).strip()


def _magnitude(digits: str, exponent: int) -> Amount | None:
    digits = digits.replace("’", "'")
    fraction = re.fullmatch(rf"(.*[0-9])([.,])([0-9]{{{exponent}}})", digits) if exponent else None
    whole, point, cents = fraction.groups() if fraction else (digits, "", "")
    grouped = re.fullmatch(r"[0-9]{1,3}(?:([ .,'])[0-9]{3})?(?:\1[0-9]{3})*", whole)
    if not re.fullmatch(r"[0-9]+", whole) and (grouped is None or grouped[1] == point):
        return None
    if len(whole) > 1 and whole[0] == "0":
        return None
    minor = int(re.sub(r"[^0-9]", "", whole)) * 10**exponent + int(cents or 0)
    return Amount(minor, bool(fraction) or not exponent)

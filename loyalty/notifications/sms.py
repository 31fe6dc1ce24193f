"""How an SMS is counted: in the GSM alphabet 160 characters are one part (153 each of several), otherwise 70 (67).

One character outside the alphabet makes the whole message cost double, so what only looks different is replaced.
"""

from __future__ import annotations

import math
import unicodedata

LONGEST_TITLE = 40
_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# These take two places.
_EXTENDED = frozenset("\f^{}\\[~]|€")
_LOOKS_LIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚`´", "'"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\t", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad®™©", ""),
        "…": "...",
        "×": "x",
        "·": "-",
        "•": "-",
        "″": '"',
        "′": "'",
        "ç": "Ç",
    }
)


def is_gsm(text: str) -> bool:
    """Whether every character is of the GSM alphabet."""
    return all(one in _ALPHABET or one in _EXTENDED for one in text)


def parts(text: str) -> int:
    """How many parts a text is charged as."""
    if is_gsm(text):
        length = sum(2 if one in _EXTENDED else 1 for one in text)
        return 1 if length <= 160 else math.ceil(length / 153)
    length = len(text.encode("utf-16-be")) // 2
    return 1 if length <= 70 else math.ceil(length / 67)


def plain(text: str) -> str:
    """The text in the GSM alphabet as far as that does not change what it says; accents it lacks fall off."""
    text = text.translate(_LOOKS_LIKE)
    return "".join(one if one in _ALPHABET or one in _EXTENDED else _without_accent(one) for one in text)


def shortened(title: str, most: int = LONGEST_TITLE) -> str:
    """A product's title, cut at a word."""
    title = " ".join(title.split())
    if len(title) <= most:
        return title
    kept = title[: most - 2]
    if title[most - 2] != " " and " " in kept[most // 2 :]:
        kept = kept.rsplit(" ", 1)[0]
    return kept.rstrip(" ,;:-") + ".."


def _without_accent(one: str) -> str:
    base = unicodedata.normalize("NFKD", one)
    kept = "".join(letter for letter in base if letter in _ALPHABET)
    return kept or one

"""How far apart two codes are when letters that look alike on a bad copy count as one.

Two different digits are never alike: numbers that are given in turn differ by nothing else.
"""

from __future__ import annotations

from functools import lru_cache

_ALIKE = frozenset(
    frozenset(pair)
    for pair in (
        "0O", "0o", "0Q", "0D", "OQ", "OD", "1I", "1l", "1i", "1|", "Il", "Ii", "I|", "l|", "li", "5S", "5s", "8B",
        "2Z", "2z", "6G", "f£",
    )
)  # fmt: skip

_FOLDED = str.maketrans("OoQDIil|SsBZzGf£", "00001111558226ff")


def alike(one: str, other: str) -> bool:
    """Whether two letters are the same, or look it."""
    return one == other or frozenset((one, other)) in _ALIKE


@lru_cache(maxsize=8_192)
def apart(one: str, other: str) -> int:
    """The fewest letters to change, leave out or put in, where those that look alike need no change."""
    if one == other:
        return 0
    return _row(one, other, free_start=False)[-1]


def may_be(code: str, text: str, reach: int) -> bool:
    """Whether so few letters may be wrong: then one of so many parts and one stands there as it is, or looks it."""
    size = len(code) // (reach + 1)
    folded, letters = code.translate(_FOLDED), text.translate(_FOLDED)
    return any(folded[at : at + size] in letters for at in range(0, size * (reach + 1), size))


def within(code: str, text: str) -> tuple[int, int, int]:
    """Where in the text the code stands, nearly: how far it is apart, its start, its end."""
    ends = _row(code, text, free_start=True)
    end = min(range(len(ends)), key=lambda each: (ends[each], -each))
    # The same from behind tells where it begins.
    starts = _row(code[::-1], text[:end][::-1], free_start=True)
    length = min(
        (each for each in range(len(starts)) if starts[each] == ends[end]),
        key=lambda each: abs(each - len(code)),
        default=end,
    )
    return ends[end], end - length, end


def _row(code: str, text: str, *, free_start: bool) -> list[int]:
    """For each end in the text, how far the code is apart from what stands before that end."""
    above = [0] * (len(text) + 1) if free_start else list(range(len(text) + 1))
    for number, letter in enumerate(code, 1):
        row = [number]
        for position, other in enumerate(text):
            changed = above[position] + (not alike(letter, other))
            row.append(min(changed, above[position + 1] + 1, row[position] + 1))
        above = row
    return above

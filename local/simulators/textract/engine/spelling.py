"""Words of labels that recognition has spoilt by one letter."""

from __future__ import annotations

from pathlib import Path

SHORTEST = 5


def spelled(word: str) -> str:
    """The vocabulary's word that it nearly is, or the word as it is."""
    if len(word) < SHORTEST or word in _WORDS or not word.isalpha():
        return word
    for shorter in _shortened(word):
        found = _BY_SHORTENED.get(shorter)
        if found and abs(len(found) - len(word)) <= 1:
            return found
    return word


def is_known(word: str) -> bool:
    """Whether labels use it, in capitals or not."""
    return word.lower() in _WORDS


def _shortened(word: str) -> list[str]:
    return [word, *(word[:index] + word[index + 1 :] for index in range(len(word)))]


def _vocabulary() -> set[str]:
    files = (Path(__file__).parent / f"{name}.txt" for name in ("summary", "parties", "columns"))
    rows = (row for file in files for row in file.read_text().splitlines() if row.startswith(" "))
    return {word for row in rows for word in row.replace("|", " ").split() if len(word) >= SHORTEST - 1}


_WORDS = _vocabulary()
_BY_SHORTENED = {shorter: word for word in sorted(_WORDS) if word.isalpha() for shorter in _shortened(word)}

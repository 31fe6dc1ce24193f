"""The words that invoices put before their values and over their columns, in the languages Amazon's stores speak.

Generic: nothing of it is one sender's layout. Compared folded (see `lines.plain`): small letters, no accents, no stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.simulators.textract.engine.lines import Token


@dataclass(frozen=True, slots=True)
class Label:
    """What a phrase announces. `kind`: date, money, id, text or party."""

    type: str
    kind: str
    length: int


class Labels:
    """Phrases by their first word; the longest that fits wins."""

    def __init__(self) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}

    def add(self, type_: str, kind: str, phrase: str) -> None:
        """One more."""
        words = tuple(phrase.replace("'", "").split())
        self._by_first.setdefault(words[0], []).append((words, type_, kind))

    def sort(self) -> None:
        """The longest of each first word comes first."""
        for group in self._by_first.values():
            group.sort(key=lambda entry: -len(entry[0]))

    def at(self, part: Sequence[Token], start: int = 0) -> Label | None:
        """The longest label that begins with this token."""
        if start >= len(part):
            return None
        for words, type_, kind in self._by_first.get(part[start].plain, ()):
            end = start + len(words)
            if end <= len(part) and all(
                token.plain == word for token, word in zip(part[start:end], words, strict=True)
            ):
                return Label(type_, kind, len(words))
        return None

    def whole(self, part: Sequence[Token]) -> Label | None:
        """The label that all the tokens are, if they are one."""
        found = self.at(part)
        return found if found and found.length == len(part) else None


def _read(name: str, kind: str | None = None) -> Labels:
    """A file: a type (and the kind of its values) on a line of its own, the labels indented below, `|` between them."""
    labels, type_, own_kind = Labels(), "", ""
    for row in (Path(__file__).parent / f"{name}.txt").read_text().splitlines():
        if not row.startswith(" "):
            type_, _, own_kind = row.partition(" ")
            continue
        for phrase in row.split("|"):
            if phrase.strip():
                labels.add(type_, kind or own_kind, phrase.strip())
    labels.sort()
    return labels


SUMMARY = _read("summary")
# Whose name and address stand under a heading.
PARTIES = _read("parties", "party")
# What a column holds; types that a line of the service has no name for are in small letters.
COLUMNS = _read("columns", "column")
SUMS = frozenset({"SUBTOTAL", "TAX", "TOTAL", "AMOUNT_DUE", "AMOUNT_PAID"})

"""Labels and their values outside the tables: behind the label, right of it, or below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.simulators.textract.engine.lines import SEPARATORS, Line, Phrase, Token, printed
from local.simulators.textract.engine.values import is_money, is_tax_id, leading
from local.simulators.textract.engine.vocabulary import PARTIES, SUMMARY
from local.simulators.textract.engine.words import Word

# Below a label its value stands at most so many heights of the line further down.
BELOW = 1.6
MOST_TEXT_WORDS = 8
# Between two labels with their values on one line.
BETWEEN = SEPARATORS | {"-", "/"}
# What may stand behind a value and is none of it.
ENDS = {"date": ",;.", "money": ",;.", "id": ",;.", "text": ";"}
MARKS = frozenset({":", "#", "#:", "-", "–", ":-"})
# `Your reference (PO):`
EXPLAINED = re.compile(r"\([^\W\d]+\):?")
SURE, LIKELY, GUESSED = 99.0, 96.0, 92.0


@dataclass(eq=False, slots=True)
class Pair:
    """A value with its label, if one is printed. `sure`: 0 to 100, how certain the type is."""

    type: str
    kind: str
    label: str | None
    label_words: list[Word]
    value: str
    words: list[Word]
    sure: float


def pairs(free: Sequence[Line], addresses: set[int]) -> list[Pair]:
    """All of a page's lines outside its tables. `addresses`: words that are somebody's."""
    return list(Search(free, addresses).run())


class Search:
    """One page's search: a phrase that is one label's value is not another's."""

    def __init__(self, found: Sequence[Line], addresses: set[int]) -> None:
        self._lines = found
        self._addresses = {
            id(phrase)
            for line in found
            for phrase in line.phrases
            if any(id(word) in addresses for word in phrase.words)
        }
        self._used = set(self._addresses)
        self._labels: set[int] = {
            id(phrase)
            for line in found
            for phrase in line.phrases
            if SUMMARY.whole(phrase.tokens) or PARTIES.whole(phrase.tokens)
        }

    def run(self) -> Iterator[Pair]:
        """Pairs in reading order; what no label claims and looks like one is OTHER."""
        for index, line in enumerate(self._lines):
            for position, phrase in enumerate(line.phrases):
                if id(phrase) in self._addresses:
                    yield from _tax_ids(phrase)
                elif id(phrase) not in self._used:
                    for pair in self._phrase(index, position, phrase):
                        self._continue(index, pair)
                        pair.value = pair.value.rstrip(",;")
                        yield pair

    def _continue(self, index: int, pair: Pair) -> None:
        """A value that goes on in the next lines: below itself, with nothing below its label."""
        if pair.kind not in ("text", "id"):
            return
        for line in self._lines[index + 1 : index + 6]:
            last = pair.words[-1]
            if line.top > last.bottom + 0.5 * last.height:
                return
            under = next((one for one in line.phrases if abs(one.left - pair.words[0].left) < 0.4 * last.height), None)
            if under is None or under.top < last.top + 0.3 * last.height:
                continue
            open_end = pair.value.endswith(("-", ",")) and under.top - last.bottom < 0.35 * last.height
            beside = pair.label_words and pair.label_words[-1].right < pair.words[0].left
            beside = beside and not any(
                one.overlap(pair.label_words[0].left, pair.label_words[-1].right) > 0 for one in line.phrases
            )
            tight = beside and under.top - last.bottom < 0.12 * last.height and len(under.words) <= MOST_TEXT_WORDS
            if not (open_end or tight) or id(under) in self._used or _labelled(under):
                return
            pair.value = f"{pair.value}\n{under.text}"
            pair.words = [*pair.words, *under.words]
            self._used.add(id(under))

    def _phrase(self, index: int, position: int, phrase: Phrase) -> Iterator[Pair]:
        tokens, start = phrase.tokens, 0
        while start < len(tokens):
            if tokens[start].text in SEPARATORS:
                start += 1
                continue
            label = SUMMARY.at(tokens, start)
            if start == 0 and label is None:
                taxed = self._rated(index, position, phrase)
                if taxed:
                    yield taxed
                    return
            if label is None or (start and not _begins(tokens, start, label.kind, label.length)):
                pair, start = self._unknown(index, position, phrase, start)
                if pair:
                    yield pair
                continue
            head, rest = tokens[start : start + label.length], tokens[start + label.length :]
            rest, skipped = _without_marks(rest)
            if not rest or (rest[0].text in SEPARATORS):
                pair = self._elsewhere(index, position, phrase, head, label.type, label.kind)
                if pair:
                    yield pair
                start += label.length + skipped
                continue
            if label.type == "TAX" and is_tax_id(rest[0].text):
                yield _pair("VAT", "id", head, rest[:1], LIKELY)
                start += label.length + skipped + 1
                continue
            count = self._inside(head, rest, label.kind)
            if not count:
                # `VAT (20%)`, `Tax (8.85 %):`: the label goes on, its value stands elsewhere.
                if label.kind == "money" and start == 0 and len(rest) <= 5 and not is_money(printed(rest)):
                    pair = self._elsewhere(index, position, phrase, tokens, label.type, label.kind)
                    if pair:
                        pair.sure = LIKELY
                        yield pair
                        return
                pair, start = self._unknown(index, position, phrase, start)
                if pair:
                    yield pair
                continue
            yield _pair(label.type, label.kind, head, rest[:count], SURE)
            start += label.length + skipped + count

    def _rated(self, index: int, position: int, phrase: Phrase) -> Pair | None:
        """`19 % USt. auf 4.883,59 €`: a label that begins with a rate."""
        rate = re.match(r"\d{1,2}(?:[.,]\d{1,4})?\s?%\s", printed(phrase.tokens[:3]) + " ")
        if not rate:
            return None
        for at in (1, 2):
            label = SUMMARY.at(phrase.tokens, at)
            if label and label.type == "TAX":
                return self._elsewhere(index, position, phrase, phrase.tokens, "TAX", "money")
        return None

    def _inside(self, head: Sequence[Token], rest: list[Token], kind: str) -> int:
        """How many of the tokens behind a label are its value."""
        if kind == "text":
            return _text_value(head, rest)
        return leading(kind, rest)

    def _elsewhere(
        self, index: int, position: int, phrase: Phrase, head: Sequence[Token], type_: str, kind: str
    ) -> Pair | None:
        """Right of the label, else below it."""
        line = self._lines[index]
        if position + 1 < len(line.phrases):
            beside = line.phrases[position + 1]
            if id(beside) not in self._labels and id(beside) not in self._used:
                count = leading(kind, beside.tokens)
                if count and (kind != "text" or count <= MOST_TEXT_WORDS) and not _labelled(beside):
                    below = self._below(index, phrase, kind) if kind == "text" else None
                    if below is None or beside.left - phrase.right < 12 * phrase.height:
                        self._use(beside, count)
                        return _pair(type_, kind, head, beside.tokens[:count], SURE)
        under = self._below(index, phrase, kind)
        if under is not None:
            count = min(leading(kind, under.tokens), MOST_TEXT_WORDS)
            self._use(under, count)
            return _pair(type_, kind, head, under.tokens[:count], LIKELY)
        return None

    def _use(self, phrase: Phrase, count: int) -> None:
        if count >= len(phrase.tokens):
            self._used.add(id(phrase))

    def _below(self, index: int, phrase: Phrase, kind: str) -> Phrase | None:
        bottom = phrase.bottom
        for line in self._lines[index + 1 : index + 4]:
            if line.top - bottom > BELOW * phrase.height:
                return None
            for under in line.phrases:
                aligned = abs(under.left - phrase.left) < 0.6 * phrase.height or (
                    abs(under.right - phrase.right) < 0.6 * phrase.height
                )
                if not aligned and under.overlap(phrase.left, phrase.right) < 0.5 * min(
                    under.right - under.left, phrase.right - phrase.left
                ):
                    continue
                if id(under) in self._used or id(under) in self._labels or _labelled(under):
                    return None
                return under if leading(kind, under.tokens) else None
        return None

    def _unknown(self, index: int, position: int, phrase: Phrase, start: int) -> tuple[Pair | None, int]:
        """`GL code 6328`, `Anything: else`: a label nobody knows, with its value; and where to go on."""
        tokens = phrase.tokens
        colon = next((at for at in range(start, min(start + 6, len(tokens))) if tokens[at].colon), None)
        if colon is not None and not (start and tokens[start - 1].text not in SEPARATORS and start):
            head, rest = tokens[start : colon + 1], tokens[colon + 1 :]
            if rest:
                count = _text_value(head, rest)
                if count:
                    return _pair("OTHER", "text", head, rest[:count], GUESSED), colon + 1 + count
            else:
                return self._elsewhere(index, position, phrase, head, "OTHER", "text"), len(tokens)
        end = next((at for at in range(start + 1, len(tokens)) if tokens[at].text in SEPARATORS), len(tokens))
        part = tokens[start:end]
        if start == 0 and 2 <= len(part) <= 5 and self._among_pairs(index, phrase):
            head, value = part[:-1], part[-1:]
            words = all(not any(sign.isdigit() for sign in token.text) for token in head)
            if words and leading("id", value):
                return _pair("OTHER", "text", head, value, GUESSED), end
        if start == 0 and SUMMARY.at(tokens) is None:
            implied = leading("date", part)
            if implied == len(part) and index < 6:
                return _implied("INVOICE_RECEIPT_DATE", "date", part), end
        elif start and tokens[start - 1].text in SEPARATORS:
            count = leading("date", part)
            if count:
                return _implied("INVOICE_RECEIPT_DATE", "date", part[:count]), start + count
        return None, max(end, start + 1)

    def _among_pairs(self, index: int, phrase: Phrase) -> bool:
        """Whether the phrase above or below it in its column begins with a label."""
        for line in (*self._lines[max(0, index - 1) : index], *self._lines[index + 1 : index + 2]):
            for other in line.phrases:
                if abs(other.left - phrase.left) < 0.5 * phrase.height and _labelled(other):
                    return True
        return False


def _tax_ids(phrase: Phrase) -> Iterator[Pair]:
    """What an address says on its last line."""
    for at in range(len(phrase.tokens)):
        label = SUMMARY.at(phrase.tokens, at)
        rest = phrase.tokens[at + label.length :] if label else []
        if label and label.type == "VAT" and leading("id", rest):
            head = phrase.tokens[at : at + label.length]
            yield _pair("VAT", "id", head, rest[: leading("id", rest)], LIKELY)
            return


def _pair(type_: str, kind: str, head: Sequence[Token], value: Sequence[Token], sure: float) -> Pair:
    label = printed(head).rstrip()
    return Pair(type_, kind, label, _words(head), printed(value).rstrip(ENDS[kind]), _words(value), sure)


def _implied(type_: str, kind: str, value: Sequence[Token]) -> Pair:
    return Pair(type_, kind, None, [], printed(value), _words(value), LIKELY)


def _words(part: Sequence[Token]) -> list[Word]:
    words: list[Word] = []
    for token in part:
        if not words or words[-1] is not token.word:
            words.append(token.word)
    return words


def _without_marks(rest: list[Token]) -> tuple[list[Token], int]:
    """Without a colon or a number sign of its own, or a word in brackets."""
    count = 0
    while count < len(rest) and (rest[count].text in MARKS or EXPLAINED.fullmatch(rest[count].text)):
        count += 1
    return rest[count:], count


def _begins(tokens: list[Token], start: int, kind: str, length: int) -> bool:
    """Whether a label in the midst of a phrase is one: behind a separator, or with a value of its kind behind it."""
    if tokens[start - 1].text in BETWEEN:
        return True
    rest, _ = _without_marks(tokens[start + length :])
    if kind == "text":
        return tokens[start + length - 1].colon or tokens[start + length - 1].text == "#"
    return bool(leading(kind, rest)) and (length > 1 or tokens[start].colon)


def _labelled(phrase: Phrase) -> bool:
    """Whether it is a label, or begins with one that a fitting value follows."""
    label = SUMMARY.at(phrase.tokens) or PARTIES.at(phrase.tokens)
    if label is None:
        return False
    rest, _ = _without_marks(phrase.tokens[label.length :])
    if not rest:
        return True
    if label.kind in ("text", "party"):
        last = phrase.tokens[label.length - 1]
        return last.colon or last.text == "#" or bool(_text_value(phrase.tokens[: label.length], rest))
    return bool(leading(label.kind, rest))


def _text_value(head: Sequence[Token], rest: list[Token]) -> int:
    """The words behind a label: all up to a mark or the next label; none of a sentence."""
    count = leading("text", rest)
    for at in range(1, count):
        label = SUMMARY.at(rest, at)
        if label and _begins(rest, at, label.kind, label.length):
            count = at
            break
    marked = head[-1].colon or head[-1].text == "#"
    if not marked and (count > 6 or re.match(r"[a-zß-ÿ]", rest[0].text)):
        return 0
    return count if count <= 2 * MOST_TEXT_WORDS else 0

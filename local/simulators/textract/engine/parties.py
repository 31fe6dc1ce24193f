"""Names and addresses: the block of lines under a heading, or behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from local.simulators.textract.engine.lines import Line, Phrase, Token, printed
from local.simulators.textract.engine.values import is_tax_id, leading
from local.simulators.textract.engine.vocabulary import PARTIES, SUMMARY
from local.simulators.textract.engine.words import Word

MOST_LINES = 7
LINE_GAP = 0.9
MOST_NAME_WORDS = 8
# Part of a page's height.
TOP = 0.14
TITLES = frozenset({
    "invoice", "rechnung", "facture", "factura", "fattura", "gutschrift", "credit", "memo", "note", "avoir", "abono",
    "receipt", "statement", "page", "original", "copy", "order", "summary", "business", "nota", "rechnungskorrektur",
})  # fmt: skip
COMPANY = re.compile(
    r"(?:^|\W)(?:Inc|LLC|Ltd|Limited|plc|Corp|GmbH|AG|KG|SE|S\.? ?[àa] ?r\.? ?l|S\.?r\.?l|S\.?A|SAS|B\.?V)\b"
)
COUNTRIES = frozenset({
    "united states", "usa", "us", "united kingdom", "great britain", "uk", "germany", "deutschland", "france", "españa",
    "spain", "italia", "italy", "ireland", "luxembourg", "luxemburg", "austria", "österreich", "canada", "netherlands",
    "belgium", "japan",
})  # fmt: skip
_CITY = (
    re.compile(r"(?P<city>[^\d,]+),\s*(?P<state>[A-Z]{2})\s+(?P<zip>\d{5}(?:-\d{4})?)"),
    re.compile(r"(?:(?P<country>[A-Z]{1,2})-)?(?P<zip>\d{4,5})\s+(?P<city>[^\d,]+)"),
    re.compile(r"(?P<city>[^\d,]+),?\s+(?P<zip>[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})"),
    re.compile(r"(?P<city>[^\d,]+),?\s+(?P<state>[A-Z]{2})\s+(?P<zip>[A-Z]\d[A-Z]\s?\d[A-Z]\d)"),
    re.compile(r"(?P<zip>[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})"),
)


@dataclass(eq=False)
class Party:
    """`role`: RECEIVER_SHIP_TO and the like. `lines`: the name first, each with its words. No label: it is implied."""

    role: str
    label: str | None
    label_words: list[Word]
    lines: list[tuple[str, list[Word]]] = field(default_factory=list)

    @property
    def side(self) -> str:
        return self.role.split("_")[0]


def parties(free: Sequence[Line]) -> list[Party]:
    """All of a page's lines outside its tables."""
    made = []
    for index, line in enumerate(free):
        for phrase in line.phrases:
            party = _party(free, index, phrase)
            if party:
                made.append(party)
    return made


def _party(free: Sequence[Line], index: int, phrase: Phrase) -> Party | None:
    label = PARTIES.at(phrase.tokens)
    if label is None:
        return None
    head, rest = phrase.tokens[: label.length], phrase.tokens[label.length :]
    if rest and (not (head[-1].colon or head[-1].text == ":") or len(rest) > 12) and rest[0].text != ":":
        return None
    party = Party(label.type, printed(head).rstrip(": "), [token.word for token in head])
    if rest and rest[0].text == ":":
        rest = rest[1:]
    if rest:
        party.lines.append((printed(rest), [token.word for token in rest]))
    _add_below(party, free, index, phrase)
    return party if party.lines else None


def _add_below(party: Party, free: Sequence[Line], index: int, phrase: Phrase) -> None:
    above = phrase
    for line in free[index + 1 :]:
        under = _under(line, phrase)
        if under is None:
            if line.top - above.bottom > LINE_GAP * above.height:
                break
            continue
        if under.top - above.bottom > LINE_GAP * above.height or len(party.lines) >= MOST_LINES or _is_label(under):
            break
        party.lines.append((under.text, under.words))
        above = under


def implied_vendor(free: Sequence[Line], height: float, named: Sequence[Party]) -> Party | None:
    """Who wrote a page that does not say it: the first company on it that nobody else is called, else the first words
    on top that are no title. `height`: the page's.
    """
    taken = words_of(named)
    known = {party.lines[0][0] for party in named}
    first: tuple[int, Phrase] | None = None
    for index, line in enumerate(free):
        for phrase in line.phrases:
            if any(id(word) in taken for word in phrase.words) or _is_label(phrase):
                continue
            name = _name(phrase)
            if COMPANY.search(printed(name)) and printed(name) not in known and len(name) <= MOST_NAME_WORDS:
                return _implied(free, index, phrase, name)
            if first is None and _on_top(phrase, name, height):
                first = index, phrase
    return _implied(free, *first, _name(first[1])) if first else None


def _implied(free: Sequence[Line], index: int, phrase: Phrase, name: Sequence[Token]) -> Party:
    party = Party("VENDOR", None, [], [(printed(name), [token.word for token in name])])
    if len(name) == len(phrase.tokens):
        _add_below(party, free, index, phrase)
    return party


def _name(phrase: Phrase) -> list[Token]:
    """What stands before an address on the same line."""
    for index, token in enumerate(phrase.tokens):
        if index and token.text in ("·", "-", "|", "–", "•"):
            return phrase.tokens[:index]
        comma = index and phrase.tokens[index - 1].text.endswith(",")
        if comma and any(sign.isdigit() for later in phrase.tokens[index : index + 3] for sign in later.text):
            return [*phrase.tokens[: index - 1], _without_comma(phrase.tokens[index - 1])]
    return phrase.tokens


def _without_comma(token: Token) -> Token:
    return Token(token.text.rstrip(","), token.plain, token.word, token.glued)


def _on_top(phrase: Phrase, name: Sequence[Token], height: float) -> bool:
    plain = {token.plain for token in name}
    digits = any(sign.isdigit() for token in name for sign in token.text)
    words = 2 <= len(name) <= MOST_NAME_WORDS and all(len(token.plain) > 1 for token in name)
    return phrase.bottom < TOP * height and words and not digits and not plain & TITLES


def _under(line: Line, phrase: Phrase) -> Phrase | None:
    return next((one for one in line.phrases if abs(one.left - phrase.left) < 0.8 * phrase.height), None)


def _is_label(phrase: Phrase) -> bool:
    if PARTIES.whole(phrase.tokens):
        return True
    label = SUMMARY.at(phrase.tokens)
    if label is None:
        return False
    rest = phrase.tokens[label.length :]
    if not rest or (label.type == "TAX" and is_tax_id(rest[0].text)):
        return True
    return phrase.tokens[label.length - 1].colon or (label.kind not in ("text",) and bool(leading(label.kind, rest)))


def parts(party: Party) -> list[tuple[str, str, list[Word]]]:
    """What its lines are, each with type, text and words: NAME, STREET, CITY, STATE, ZIP_CODE, COUNTRY."""
    made = [("NAME", *party.lines[0])]
    for text, words in party.lines[1:]:
        if text.casefold().strip(" .") in COUNTRIES:
            made.append(("COUNTRY", text, words))
            continue
        place = next((match for pattern in _CITY if (match := pattern.fullmatch(text.strip(" ,")))), None)
        if place is None:
            made.append(("STREET", text, words))
            continue
        for type_, name in (("CITY", "city"), ("STATE", "state"), ("ZIP_CODE", "zip")):
            value = place.groupdict().get(name)
            if value:
                made.append((type_, value.strip(" ,"), _holding(words, value)))
    return made


def _holding(words: list[Word], value: str) -> list[Word]:
    wanted = set(value.replace(",", "").split())
    return [word for word in words if word.text.strip(",") in wanted] or words


def words_of(found: Sequence[Party]) -> set[int]:
    """The identities of the words that are somebody's name or address."""
    return {id(word) for party in found for _, words in party.lines for word in words}

"""What the manager app writes by itself: texts with samples, the parts of an SMS, tables that are safe to open."""

from __future__ import annotations

from loyalty.notifications import sms
from loyalty.programme.messages import filled
from tests.web import node

TEXTS = "manager/src/pages/messages/texts.ts"
WORDS = {"brand": "Journey Rewards", "points": "2,500"}
SAID = ["{points} points", "{brand}: {nobody}", "no words", "{points}{brand}", "", "{}", "a { b }"]
SHORT = [
    "a" * 160,
    "a" * 161,
    "a" * 153 * 2,
    "ä" * 160,
    "€" * 80,
    "€" * 81,
    "ç" * 70,
    "ç" * 71,
    "😀" * 35,
    "😀" * 36,
    "",
]


def test_a_preview_reads_as_the_message_will() -> None:
    program = "return told.said.map((text) => module.filled(text, told.words).map((piece) => piece.text).join(''));"
    shown = node.run(TEXTS, program, {"said": SAID, "words": WORDS})
    assert shown == [filled(text, WORDS) for text in SAID]


def test_an_sms_is_counted_as_it_is_charged() -> None:
    assert node.run(TEXTS, "return told.map(module.smsParts);", SHORT) == [sms.parts(text) for text in SHORT]


def test_a_table_holds_no_formula() -> None:
    rows = [["=1+1", "+cmd", "-2", "@x", "\ttab"], ['say "a, b"', "two\nlines", None, -5, "plain"]]
    written = node.run("manager/src/parts/csv.ts", "return module.csvOf(told);", rows)
    assert written == '\'=1+1,\'+cmd,\'-2,\'@x,\'\ttab\r\n"say ""a, b""","two\nlines",,-5,plain\r\n'

"""Whatever bytes come as a mail or as a paper: an answer, never a failure, and never more than was promised.

`FUZZ_EXAMPLES` is how many of each are made up (30 by default); the long run is marked `large`.
"""

from __future__ import annotations

import os
import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.invoices import examining, mail, vouching
from tests.domain.invoices.papers import crafted, delivered, pdf, stream, written
from tests.domain.invoices.test_vouching import read as read_head

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "30"))
QUICK = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
LONG = settings(QUICK, max_examples=max(EXAMPLES, 3_000))

DOUBTS = (None, "virus", "spam", "no_verdict", "not_authentic", "sender_not_allowed")
PAPERS = [pdf(2), pdf(encrypt="x"), crafted(stream(b"BT (Invoice) Tj ET", b""), page=b"/Contents 4 0 R")]
MAILS = [
    delivered(written((PAPERS[0], "invoice.pdf"))),
    delivered(written((PAPERS[0], "Rechnung März.pdf"), (b"PK\x03\x04", "a.zip"))),
    written((written((PAPERS[2], "a.pdf")).as_bytes(), "mail.eml"), kind="application/octet-stream").as_bytes(),
]
# What parsers trip over, to be put where it does not belong.
PDF_WORDS = [
    b"/Kids[2 0 R]",
    b"/Count -1",
    b"/Filter[/FlateDecode/LZWDecode]",
    b"/Length 99999999",
    b"3 0 R",
    b"<<",
    b"]",
    b"/Encrypt 1 0 R",
    b"/Prev 0",
    b"/XRefStm 9",
    b"endobj",
    b"stream\r\n",
    b"(\\",
    b"/MediaBox[/a null]",
]
MIME_WORDS = [
    b"\r\nContent-Type: multipart/mixed; boundary=\r\n",
    b"=?utf-8?B?",
    b"; name*0*=%",
    b"charset=hex",
    b"\r\n\r\n",
    b"\r\nContent-Type: message/rfc822\r\n\r\n",
    b"base64",
    b"From:",
    b"\x00",
    b"\xff\xfe",
    b'"',
    b"(",
    b"<@>,;:",
]


@st.composite
def spoilt(draw: st.DrawFn, originals: list[bytes], words: list[bytes]) -> bytes:
    """One of them with a few bytes changed, cut out, repeated, or a word put in."""
    data = bytearray(draw(st.sampled_from(originals)))
    dice = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(1, 12))):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0:
                data[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del data[at : at + dice.randrange(1, 200)]
            case 2:
                data[at:at] = data[at : at + dice.randrange(1, 500)]
            case _:
                data[at:at] = dice.choice(words)
    return bytes(data)


def look_at_paper(paper: bytes) -> None:
    told = examining._at_first_sight(paper) or examining.confined(paper)
    assert told
    assert len(told) < 200


def look_at_mail(raw: bytes) -> None:
    got = mail._received(mail.confined(raw))
    assert len(got.documents) <= mail.MOST_DOCUMENTS
    assert (got.reason is None) == bool(got.documents)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,60}", paper.name) for paper in got.documents)
    assert got.reason is None or re.fullmatch(r"[a-z][a-z0-9_]{0,59}", got.reason)
    head = read_head(raw)
    assert vouching.doubt(head, ("amazon.com",)) in DOUBTS
    vouching.programme_code(head, "invoices.loyalty.example")


@QUICK
@given(paper=spoilt(PAPERS, PDF_WORDS) | st.binary(max_size=2_000).map(lambda data: b"%PDF-1.4" + data))
def test_any_paper_has_pages_or_a_reason(paper: bytes) -> None:
    look_at_paper(paper)


@QUICK
@given(raw=spoilt(MAILS, MIME_WORDS) | st.binary(max_size=2_000))
def test_any_mail_is_taken_apart_or_has_a_reason(raw: bytes) -> None:
    look_at_mail(raw)


@pytest.mark.large
@LONG
@given(paper=spoilt(PAPERS, PDF_WORDS))
def test_thousands_of_papers(paper: bytes) -> None:
    look_at_paper(paper)


@pytest.mark.large
@LONG
@given(raw=spoilt(MAILS, MIME_WORDS))
def test_thousands_of_mails(raw: bytes) -> None:
    look_at_mail(raw)

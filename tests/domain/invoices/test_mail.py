"""Which papers are found in a mail."""

from __future__ import annotations

import base64
import io
import zipfile
from email.message import EmailMessage

import pytest

from loyalty.invoices import confining, mail
from loyalty.invoices.mail import Enclosed
from tests.domain.invoices.papers import delivered, pdf, written

ONE, TWO = pdf(words="One"), pdf(words="Two")
FORWARDED = written((ONE, "a.pdf")).as_bytes()
MANY = [(pdf(words=str(number)), f"{number}.pdf") for number in range(21)]


def read(raw: bytes) -> Enclosed:
    """As the process of its own would answer, in this one."""
    return mail._received(mail.confined(raw))


def found(message: EmailMessage | bytes) -> tuple[list[tuple[str, str | None]], str | None]:
    got = read(delivered(message))
    return [(paper.name, paper.reason) for paper in got.documents], got.reason


def archive(*papers: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in papers:
            opened.writestr(name, content)
    return out.getvalue()


def locked(plain: bytes) -> bytes:
    """The same, saying that its one file has a password."""
    data = bytearray(plain)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)


def forwarded(inner: EmailMessage, levels: int = 1) -> EmailMessage:
    for _ in range(levels):
        outer = written(sender="Accounts <accounts@amazon.com>")
        outer.add_attachment(inner)
        inner = outer
    return inner


def raw_part(headers: str, body: bytes) -> bytes:
    """A mail of one attached part with exactly these headers."""
    return (
        b"From: a@amazon.com\r\nTo: main@invoices.loyalty.example\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
        + headers.encode()
        + b"\r\n\r\n"
        + body
        + b"\r\n--b--\r\n"
    )


# ---- papers ----------------------------------------------------------------------------------------------------------


def test_a_mail_is_taken_apart_in_a_process_of_its_own() -> None:
    got = mail.read(delivered(written((ONE, "invoice.pdf"), (TWO, "credit memo.pdf"))))
    assert got.reason is None
    assert [(paper.name, paper.data) for paper in got.documents] == [("invoice.pdf", ONE), ("credit_memo.pdf", TWO)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(written((ONE, "Invoice 1.PDF"), kind="application/octet-stream"), ["Invoice_1.PDF"], id="octets"),
        pytest.param(written((ONE, "a.bin"), kind="application/octet-stream"), ["a.bin"], id="told by its first bytes"),
        pytest.param(written((ONE, "Rechnung März € 2.pdf")), ["Rechnung_Marz_2.pdf"], id="a name of RFC 2231"),
        pytest.param(written((ONE, "../../etc/passwd.pdf")), ["passwd.pdf"], id="a name with a path"),
        pytest.param(written((ONE, "x" * 300 + ".pdf")), ["x" * 56 + ".pdf"], id="a long name"),
        pytest.param(written((ONE, "a.pdf"), (ONE, "b.pdf")), ["a.pdf"], id="the same twice"),
        pytest.param(forwarded(written((ONE, "a.pdf"))), ["a.pdf"], id="forwarded"),
        pytest.param(forwarded(written((ONE, "a.pdf")), 3), ["a.pdf"], id="forwarded three times"),
        pytest.param(written((FORWARDED, "mail.eml"), kind="application/octet-stream"), ["a.pdf"], id="eml"),
        pytest.param(
            written((archive(("in/a.pdf", ONE), ("b.pdf", TWO), ("c.txt", b"hi")), "all.zip"), kind="application/zip"),
            ["a.pdf", "b.pdf"],
            id="an archive",
        ),
        pytest.param(
            raw_part(
                'Content-Transfer-Encoding: base64\r\n'
                'Content-Type: application/pdf; name="=?utf-8?Q?Rechnung=2Epdf?="',
                base64.encodebytes(ONE),
            ),
            ["Rechnung.pdf"],
            id="a name of RFC 2047",
        ),
        pytest.param(
            raw_part(
                "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64",
                base64.encodebytes(FORWARDED),
            ),
            ["a.pdf"],
            id="forwarded in code",
        ),
    ],
)  # fmt: skip
def test_papers_are_found_however_they_are_wrapped(message: EmailMessage | bytes, expected: list[str]) -> None:
    assert found(message) == ([(name, None) for name in expected], None)


def test_what_calls_itself_a_pdf_is_given_on_as_it_is() -> None:
    got = read(delivered(written((b"", "empty.pdf"), (b"<html>", "page.pdf"))))
    assert [paper.data for paper in got.documents] == [b"", b"<html>"]


def test_pictures_and_words_are_no_papers() -> None:
    message = written((b"\x89PNG\r\n", "logo.png"), kind="image/png")
    assert found(message) == ([], "no_pdf")
    assert found(written()) == ([], "no_pdf")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(archive(("a.zip", archive(("b.pdf", ONE)))), "archive_in_archive", id="an archive in it"),
        pytest.param(archive(*((f"{n}.pdf", ONE) for n in range(51))), "archive_too_large", id="51 files"),
        pytest.param(archive(("a.pdf", b"%PDF-" + bytes(30 << 20))), "archive_bomb", id="30 MB of nothing"),
        pytest.param(b"PK\x03\x04 and nothing more", "archive_unreadable", id="broken"),
        pytest.param(locked(archive(("a.pdf", ONE))), "archive_encrypted", id="with a password"),
    ],
)
def test_a_bad_archive_is_kept_with_its_reason(content: bytes, reason: str) -> None:
    assert found(written((content, "all.zip"), kind="application/zip")) == ([("all.zip", reason)], None)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        pytest.param(written(*MANY), "too_many_documents", id="21 papers"),
        pytest.param(forwarded(written((ONE, "a.pdf")), 9), "too_deep", id="forwarded nine times"),
        pytest.param(written(*((b"x", f"{n}.txt") for n in range(201))), "too_many_parts", id="201 parts"),
    ],
)  # fmt: skip
def test_a_mail_beyond_all_measure_is_refused_whole(message: EmailMessage, reason: str) -> None:
    assert found(message) == ([], reason)


def test_parts_in_parts_in_parts_come_to_an_end() -> None:
    levels = 1_200
    raw = b"From: a@amazon.com\r\nMIME-Version: 1.0\r\n"
    raw += b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(levels))
    assert found(raw + b"\r\nhi")[1] == "too_deep"


def test_a_mail_of_more_than_forty_megabytes_is_not_taken_apart() -> None:
    assert mail.read(bytes(mail.LARGEST_BYTES + 1)).reason == "too_large"


def test_a_mail_that_takes_too_long_is_left() -> None:
    limits = confining.Limits(memory_mb=512, cpu_seconds=1, wall_seconds=20)
    parts = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 400_000
    assert mail.read(b"From: a@amazon.com\r\n" + parts, limits).reason in ("took_too_long", "took_too_much_memory")

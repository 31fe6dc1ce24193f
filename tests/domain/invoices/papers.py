"""PDFs and mails for these tests: good ones, and the parts to make bad ones of."""

from __future__ import annotations

import io
from collections.abc import Iterable
from email.message import EmailMessage
from email.policy import SMTP

from reportlab.pdfgen.canvas import Canvas

DOMAIN = "invoices.loyalty.example"
ADDRESS = f"main@{DOMAIN}"


def pdf(pages: int = 1, words: str = "Invoice", **options: object) -> bytes:
    """A PDF of so many pages, each with these words."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, **options)
    for _ in range(pages):
        canvas.drawString(72, 72, words)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def crafted(*bodies: bytes, page: bytes = b"", catalogue: bytes = b"") -> bytes:
    """A PDF of one page by hand: more entries of its page and its catalogue, and more objects, from number 4 on."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R %s>>" % catalogue,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R %s %s>>" % (b"" if b"/MediaBox" in page else b"/MediaBox[0 0 612 792]", page),
        *bodies,
    ]
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, xref)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"/Filter/FlateDecode") -> bytes:
    """A stream's object, as it stands in the file."""
    return b"<</Length %d %s>>stream\n%s\nendstream" % (len(data), entries, data)


def written(
    *papers: tuple[bytes, str],
    sender: str = "Amazon Business <no-reply@amazon.com>",
    to: str = ADDRESS,
    message_id: str = "<1@amazon.com>",
    kind: str = "application/pdf",
) -> EmailMessage:
    """A mail with these papers (content, name) attached."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, to, "Your invoice", message_id
    mail.set_content("Your invoice is attached.")
    mail.add_alternative("<p>Your invoice is attached.</p>", subtype="html")
    for content, name in papers:
        main, _, sub = kind.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return mail


def delivered(
    mail: EmailMessage | bytes,
    *,
    recipient: str | None = ADDRESS,
    spf: str = "pass",
    dkim: str = "pass",
    dmarc: str = "pass",
    domain: str = "amazon.com",
    virus: str | None = "PASS",
    spam: str | None = "PASS",
    helo: str = "a1.smtp-out.amazonses.com",
    envelope_from: str = "bounces@amazon.com",
    without: Iterable[str] = (),
) -> bytes:
    """The mail as SES puts it down: its own headers on top."""
    top = [
        f"Return-Path: <{envelope_from}>",
        f"Received: from {helo} ({helo} [203.0.113.7])\r\n by inbound-smtp.us-east-1.amazonaws.com with SMTP id abc123"
        + (f"\r\n for {recipient}" if recipient else "")
        + ";\r\n Sun, 22 Nov 2026 12:00:00 +0000 (UTC)",
        f"X-SES-Spam-Verdict: {spam}" if spam else "",
        f"X-SES-Virus-Verdict: {virus}" if virus else "",
        f"Received-SPF: {spf} (spfCheck: domain of {envelope_from}) client-ip=203.0.113.7; "
        f"envelope-from={envelope_from}; helo={helo};",
        "Authentication-Results: amazonses.com;\r\n"
        f" spf={spf} (spfCheck: domain of {envelope_from}) client-ip=203.0.113.7; envelope-from={envelope_from};"
        f" helo={helo};\r\n dkim={dkim} header.i=@{domain};\r\n dmarc={dmarc} header.from={domain};",
        "X-SES-RECEIPT: AEFBQUFBQUFBQUFF",
    ]
    kept = [line for line in top if line and line.split(":", 1)[0] not in without]
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    return "\r\n".join(kept).encode() + b"\r\n" + raw

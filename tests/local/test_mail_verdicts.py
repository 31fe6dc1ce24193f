"""What the emulator's SES says about a mail, in the words and places in which SES says it."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage, Message

import pytest

from local.emulator.mail_verdicts import EICAR, GTUBE, Arrival, headed
from local.simulators.mail_signing import signed, signer


def mail(author: str = "no-reply@amazon.com", attachment: bytes = b"%PDF-1.4", text: str = "An invoice.") -> bytes:
    message = EmailMessage()
    message["From"] = f"Amazon Business <{author}>"
    message["To"] = "main@invoices.loyalty.example"
    message.set_content(text)
    message.add_attachment(attachment, maintype="application", subtype="pdf", filename="invoice.pdf")
    return message.as_bytes().replace(b"\n", b"\r\n")


def arrived(content: bytes, *, sender: str = "bounces@amazon.com", greeting: str = "smtp-out.amazon.com") -> Message:
    arrival = Arrival("0a1b", sender, ("main@invoices.loyalty.example",), greeting, "127.0.0.1")
    raw = headed(arrival, content)
    assert raw.endswith(content), "the mail itself is stored as it came"
    return email.message_from_bytes(raw)


def results(message: Message) -> dict[str, str]:
    """spf, dkim, dmarc of the topmost Authentication-Results."""
    told = message["Authentication-Results"]
    assert told.startswith("amazonses.com;")
    return dict(re.findall(r"\b(spf|dkim|dmarc)=(\w+)", told))


def test_a_mail_from_its_own_domain_signed_by_it_passes_everything() -> None:
    message = arrived(signed(mail(), "amazon.com"))
    assert results(message) == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}
    assert message["Received-SPF"].startswith("pass (spfCheck: domain of amazon.com designates 127.0.0.1")
    assert (message["X-SES-Spam-Verdict"], message["X-SES-Virus-Verdict"]) == ("PASS", "PASS")
    assert "header.i=@amazon.com" in message["Authentication-Results"]
    assert message["Return-Path"] == "<bounces@amazon.com>"


def test_a_host_of_another_name_may_not_send_for_the_domain() -> None:
    told = results(arrived(mail(), greeting="mail.example.org"))
    assert told == {"spf": "fail", "dkim": "none", "dmarc": "fail"}
    assert results(arrived(mail(), greeting="notamazon.com"))["spf"] == "fail"


def test_a_signature_alone_is_enough_for_the_author() -> None:
    told = results(arrived(signed(mail(), "amazon.com"), sender="x@relay.example", greeting="relay.example"))
    assert told == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}


def test_somebody_elses_proofs_are_none_for_the_author() -> None:
    forged = signed(mail(), "evil.example")
    told = results(arrived(forged, sender="x@evil.example", greeting="smtp.evil.example"))
    assert told == {"spf": "pass", "dkim": "pass", "dmarc": "fail"}


def test_what_was_changed_on_the_way_or_names_another_domain_is_not_signed() -> None:
    good = signed(mail(), "amazon.com")
    for bad in (good.replace(b"An invoice.", b"An invoise."), good.replace(b"d=amazon.com", b"d=amazon.de")):
        assert results(arrived(bad))["dkim"] == "fail"


def test_a_signature_survives_other_ends_of_lines_and_headers_that_are_put_on_top() -> None:
    good = signed(mail(), "Amazon.com")
    assert signer(good) == "amazon.com"
    assert signer(good.replace(b"\r\n", b"\n")) == "amazon.com"
    assert signer(b"Received: from somewhere\r\n by somebody\r\n" + good + b"\r\n\r\n") == "amazon.com"
    assert signer(mail()) is None


@pytest.mark.parametrize(
    ("content", "header"),
    [(mail(attachment=EICAR), "X-SES-Virus-Verdict"), (mail(text=GTUBE.decode()), "X-SES-Spam-Verdict")],
)
def test_what_is_infected_or_spam_is_said_also_where_it_is_wrapped(content: bytes, header: str) -> None:
    message = arrived(content)
    assert message[header] == "FAIL"
    assert [message["X-SES-Virus-Verdict"], message["X-SES-Spam-Verdict"]].count("FAIL") == 1


def test_verdicts_that_a_sender_writes_himself_stand_below_ours() -> None:
    forged = b"X-SES-Virus-Verdict: PASS\r\nAuthentication-Results: amazonses.com; dmarc=pass\r\n" + mail(
        "x@amazon.com", EICAR
    )
    message = arrived(forged, sender="x@evil.example", greeting="evil.example")
    assert message.get_all("X-SES-Virus-Verdict") == ["FAIL", "PASS"]
    assert results(message)["dmarc"] == "fail"

"""Which mails are believed, and which programme they are to."""

from __future__ import annotations

import json

import pytest

from loyalty.invoices import vouching
from loyalty.invoices.vouching import Head, Verdicts
from tests.domain.invoices.papers import ADDRESS, DOMAIN, delivered, written

SENDERS = ("amazon.com", "amazon.de")


def read(raw: bytes) -> Head:
    """As the process of its own would answer, in this one."""
    told = json.loads(vouching.confined(raw))
    return Head(**{**told, "verdicts": Verdicts(**told["verdicts"]), "recipients": tuple(told["recipients"])})


def test_a_head_is_read_in_a_process_of_its_own() -> None:
    raw = delivered(written())
    assert vouching.read(raw) == read(raw)
    got = vouching.read(raw)
    assert (got.recipients, got.sender, got.message_id) == ((ADDRESS,), "amazon.com", "<1@amazon.com>")
    assert not vouching.read(b"\r\n\r\nno head at all").is_one
    assert not vouching.read(b"").is_one


def doubt(raw: bytes) -> str | None:
    return vouching.doubt(read(raw), SENDERS)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(delivered(written()), None, id="all passed"),
        pytest.param(delivered(written(sender="a@eu.amazon.de"), domain="eu.amazon.de"), None, id="a subdomain"),
        pytest.param(delivered(written(), spf="fail"), None, id="forwarded by a server, signature holds"),
        pytest.param(delivered(written(), virus="FAIL"), "virus", id="a virus"),
        pytest.param(delivered(written(), spam="FAIL"), "spam", id="spam"),
        pytest.param(delivered(written(), virus="PROCESSING_FAILED"), "no_verdict", id="not looked at"),
        pytest.param(delivered(written(), virus=None), "no_verdict", id="no word about viruses"),
        pytest.param(delivered(written(), dmarc="fail"), "not_authentic", id="the domain disowns it"),
        pytest.param(delivered(written(), dmarc="none"), "not_authentic", id="nobody vouches"),
        pytest.param(delivered(written(sender="a@evil.example")), "not_authentic", id="checked for another domain"),
        pytest.param(
            delivered(written(sender="a@evil.example"), domain="evil.example"), "sender_not_allowed", id="not listed"
        ),
        pytest.param(
            delivered(written(sender="x1y2@marketplace.amazon.com"), domain="marketplace.amazon.com"),
            "sender_not_allowed",
            id="a seller's mail, passed on and signed by Amazon",
        ),
        pytest.param(
            delivered(written(sender="x1y2@eu.marketplace.amazon.de"), domain="amazon.de"),
            "sender_not_allowed",
            id="the same below it",
        ),
        pytest.param(
            delivered(written(sender="a@notamazon.com"), domain="notamazon.com"), "sender_not_allowed", id="ends alike"
        ),
        pytest.param(
            delivered(written(sender="a@amazon.com.evil.example"), domain="amazon.com.evil.example"),
            "sender_not_allowed",
            id="begins alike",
        ),
        pytest.param(
            delivered(written(sender="a@amazon.com, b@evil.example")), "not_authentic", id="two senders"
        ),
        pytest.param(
            delivered(b"From: a@evil.example\r\n" + written().as_bytes()), "not_authentic", id="two From headers"
        ),
        pytest.param(written().as_bytes(), "no_verdict", id="not from SES at all"),
    ],
)  # fmt: skip
def test_a_mail_is_believed_only_if_its_sender_is_vouched_for(raw: bytes, expected: str | None) -> None:
    assert doubt(raw) == expected


def test_a_domain_where_strangers_mail_is_passed_on_is_believed_if_it_is_named() -> None:
    head = read(delivered(written(sender="x1y2@marketplace.amazon.com"), domain="marketplace.amazon.com"))
    assert vouching.doubt(head, ("marketplace.amazon.com",)) is None


FORGED = "Authentication-Results: amazonses.com; spf=pass; dkim=pass; dmarc=pass header.from=amazon.com;\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(delivered(FORGED.encode() + written().as_bytes(), dmarc="fail"), id="right below SES's own"),
        pytest.param(
            delivered(FORGED.encode() + written().as_bytes(), without=["Authentication-Results"]), id="SES said nothing"
        ),
        pytest.param(
            delivered(delivered(written()), dmarc="fail", domain="evil.example"), id="a whole second head below"
        ),
        pytest.param(FORGED.encode() + delivered(written(), dmarc="fail"), id="above"),
        pytest.param(delivered(written(), dmarc="fail", helo="dmarc=pass header.from=amazon.com"), id="as its name"),
        pytest.param(
            delivered(written(), dmarc="fail", envelope_from='"; dmarc=pass header.from=amazon.com;"@evil.example'),
            id="as its address, in quotes",
        ),
        pytest.param(
            delivered(written(), dmarc="fail", envelope_from="); dmarc=pass header.from=amazon.com; (@evil.example"),
            id="as its address, out of brackets",
        ),
        pytest.param(
            delivered(written(), dmarc="fail", helo='a"', envelope_from='"dmarc=pass header.from=amazon.com'),
            id="with a quote that does not end",
        ),
        pytest.param(
            delivered(written().as_bytes(), without=["Received"]), id="without having come through SES"
        ),
    ],
)  # fmt: skip
def test_what_the_sender_writes_himself_does_not_vouch_for_him(raw: bytes) -> None:
    assert doubt(raw) in ("not_authentic", "no_verdict")


# ---- to whom ----


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(delivered(written()), "main", id="as delivered"),
        pytest.param(delivered(written(to="a@else.example"), recipient=f"canary@{DOMAIN}"), "canary", id="blind copy"),
        pytest.param(delivered(written(to=f"Canary <CANARY@{DOMAIN}>"), recipient=None), "canary", id="as written"),
        pytest.param(delivered(written(to=f"main@{DOMAIN}, canary@{DOMAIN}"), recipient=None), None, id="to two"),
        pytest.param(delivered(written(), recipient="main@evil.example"), None, id="another domain"),
        pytest.param(delivered(written(), recipient=f"main+x@{DOMAIN}"), None, id="no code"),
        pytest.param(
            delivered(written(), recipient=f"canary@{DOMAIN}", helo=f"x for main@{DOMAIN};"), "canary", id="its name"
        ),
    ],
)  # fmt: skip
def test_a_mail_is_to_the_programme_it_was_delivered_for(raw: bytes, code: str | None) -> None:
    assert vouching.programme_code(read(raw), DOMAIN) == code

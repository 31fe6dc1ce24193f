"""What SES finds out about a mail that comes in, in the headers that it puts on top of it. Where a laptop differs:

- SPF asks no DNS: a host may send for a domain if the name it greets with is of that domain.
- DKIM is `local.simulators.mail_signing`: an HMAC with one key that everybody knows.
- DMARC supposes that every domain asks for it.
- A mail is infected if a part of it holds EICAR's test file, and spam if one holds GTUBE's line.
"""

from __future__ import annotations

import email
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import format_datetime, parseaddr

from local.emulator.settings import REGION
from local.simulators.mail_signing import signer

# In halves, so that no scanner takes this file for infected.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*" + b"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a mail came: its `sender` as the envelope says, the name its host greeted with, and that host's address."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    greeting: str
    address: str


def headed(arrival: Arrival, content: bytes) -> bytes:
    """The raw mail as SES stores it: `content` unchanged below SES's own headers."""
    message = email.message_from_bytes(content)
    return "".join(f"{line}\r\n" for line in _headers(arrival, message, content)).encode("ascii", "replace") + content


def _headers(arrival: Arrival, message: Message, content: bytes) -> Iterator[str]:
    envelope_domain = _domain(arrival.sender) or arrival.greeting.lower()
    spf = "pass" if _within(arrival.greeting.lower(), envelope_domain) else "fail"
    designates = "designates" if spf == "pass" else "does not designate"
    found = (
        f"{spf} (spfCheck: domain of {envelope_domain} {designates} {arrival.address} as permitted sender) "
        f"client-ip={arrival.address}; envelope-from={arrival.sender}; helo={arrival.greeting};"
    )
    signed_by = signer(content)
    dkim = f"pass header.i=@{signed_by}" if signed_by else "fail" if "DKIM-Signature" in message else "none"
    author = _domain(parseaddr(str(message.get("From", "")))[1])
    proven = [signed_by or "", envelope_domain if spf == "pass" else ""]
    dmarc = "pass" if author and any(_within(one, author) or _within(author, one) for one in proven) else "fail"
    yield f"Return-Path: <{arrival.sender}>"
    yield f"Received: from {arrival.greeting} ({arrival.greeting} [{arrival.address}])"
    yield f" by inbound-smtp.{REGION}.amazonaws.com with SMTP id {arrival.message_id}"
    yield f" for {arrival.recipients[0]};"
    yield f" {format_datetime(datetime.now(UTC))} (UTC)"
    yield f"X-SES-Spam-Verdict: {'FAIL' if _holds(message, GTUBE) else 'PASS'}"
    yield f"X-SES-Virus-Verdict: {'FAIL' if _holds(message, EICAR) else 'PASS'}"
    yield f"Received-SPF: {found}"
    yield "Authentication-Results: amazonses.com;"
    yield f" spf={found}"
    yield f" dkim={dkim};"
    yield f" dmarc={dmarc} header.from={author};"
    yield f"X-SES-RECEIPT: {secrets.token_urlsafe(24)}"


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower() if "@" in address else ""


def _within(name: str, domain: str) -> bool:
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def _holds(message: Message, mark: bytes) -> bool:
    """Whether a part, decoded, has it in it."""
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and mark in payload:
            return True
    return False

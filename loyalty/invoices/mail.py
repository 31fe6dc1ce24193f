"""A mail as SES has put it down: who vouches for it, whom it is to, and the papers that came with it.

Taken apart in a process of its own (`confining`). What it says in words is never read; nothing of it is believed but
the headers that SES has put on top, where nobody else's can stand.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import default
from email.utils import getaddresses
from typing import Any

from loyalty.invoices import confining, packing
from loyalty.invoices.packing import Found, NotTaken

LARGEST_BYTES = 40 << 20
# Of a larger one only so much is looked at, to say whom it was from.
HEAD_BYTES = 256 << 10
MOST_PARTS = 200
MOST_DEPTH = 8
MOST_DOCUMENTS = 20
LIMITS = confining.Limits(memory_mb=1_024, cpu_seconds=20, wall_seconds=40)

_RECEIVED_BY_SES = re.compile(r"\bby inbound-smtp\.[a-z0-9-]+\.amazonaws\.com\b", re.IGNORECASE)
_RECEIVED_FOR = re.compile(r"\bfor\s+<?([^\s<>;,]+@[^\s<>;,]+?)>?\s*(?:;|$)", re.IGNORECASE)
# Of what the sender has said of himself some is quoted among the results, in quotes and in brackets.
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_REMARK = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(spf|dkim|dmarc)=([a-z]{2,20})\b(?:.*\sheader\.from=([A-Za-z0-9.-]{1,253}))?", re.IGNORECASE)
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")
_LOCAL_PART = re.compile(r"[a-z][a-z0-9-]{1,30}")
_WORD = re.compile(r"[a-z_]{2,20}")
# Those that SES puts on top, in its order, each at most once; its receipt ends them.
_OF_SES = (
    "return-path",
    "received",
    "x-ses-spam-verdict",
    "x-ses-virus-verdict",
    "received-spf",
    "authentication-results",
    "x-ses-receipt",
)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What SES found, in small letters: pass, fail, gray, softfail, none …; `missing` where it says nothing."""

    spf: str = "missing"
    dkim: str = "missing"
    dmarc: str = "missing"
    virus: str = "missing"
    spam: str = "missing"


@dataclass(frozen=True, slots=True)
class Mail:
    """`recipients`: those it was accepted for, else those it names. `sender`: the domain of the one From address that
    DMARC was checked for, None if there is none. `reason`: why nothing was taken out of it.
    """

    message_id: str
    recipients: tuple[str, ...]
    sender: str | None
    verdicts: Verdicts
    documents: tuple[Found, ...] = field(default=(), repr=False)
    reason: str | None = None


def read(raw: bytes, size: int | None = None, limits: confining.Limits = LIMITS) -> Mail:
    """The mail, in bounded time and memory. Never raises for what is in it.

    `size`: that of the whole mail. Of one larger than LARGEST_BYTES `raw` may be the first HEAD_BYTES, and is not taken
    apart. Reasons: empty, too_large, not_a_mail, too_deep, too_many_parts, too_many_documents, no_pdf, took_too_long,
    took_too_much_memory, unreadable.
    """
    if not raw:
        return _unread("empty")
    too_large = max(len(raw), size or 0) > LARGEST_BYTES
    try:
        mail = _received(confining.run(__name__, raw[:HEAD_BYTES] if too_large else raw, limits))
    except confining.Stopped as stopped:
        return _unread("too_large" if too_large else stopped.reason)
    except (ValueError, TypeError, KeyError):
        return _unread("unreadable")
    return replace(mail, documents=(), reason="too_large") if too_large else mail


def doubt(mail: Mail, senders: Collection[str]) -> str | None:
    """Why this mail is not believed, or None: no_verdict, virus, spam, not_authentic, sender_not_allowed.

    `senders`: the domains that are, each with its subdomains.
    """
    verdicts = mail.verdicts
    if verdicts.virus == "fail":
        return "virus"
    if verdicts.virus != "pass" or verdicts.spam in ("missing", "processing_failed"):
        return "no_verdict"
    if verdicts.spam == "fail":
        return "spam"
    # DMARC passes where SPF or DKIM do for the domain that the sender is shown under: they alone vouch for any domain.
    if verdicts.dmarc != "pass" or mail.sender is None:
        return "not_authentic"
    if not any(mail.sender == domain or mail.sender.endswith(f".{domain}") for domain in senders):
        return "sender_not_allowed"
    return None


def programme_code(mail: Mail, domain: str) -> str | None:
    """The one programme that it is to, by the part before the @ of our domain; None: nobody's, or several's."""
    codes = set()
    for recipient in mail.recipients:
        local, _, host = recipient.lower().rpartition("@")
        if host == domain.lower() and _LOCAL_PART.fullmatch(local):
            codes.add(local)
    return codes.pop() if len(codes) == 1 else None


def _unread(reason: str) -> Mail:
    return Mail("", (), None, Verdicts(), (), reason)


# ---- in the process of its own ---------------------------------------------------------------------------------------


def confined(given: bytes) -> bytes:
    """A line of JSON about the mail and its documents, then the documents' bytes one after the other."""
    mail = _taken_apart(given)
    told = asdict(mail)
    told["documents"] = [[found.name, found.reason, len(found.data)] for found in mail.documents]
    return json.dumps(told).encode() + b"\n" + b"".join(found.data for found in mail.documents)


def _received(answer: bytes) -> Mail:
    line, _, data = answer.partition(b"\n")
    told = json.loads(line)
    documents, at = [], 0
    for name, reason, length in told["documents"]:
        documents.append(Found(str(name), data[at : at + int(length)], None if reason is None else str(reason)))
        at += int(length)
    if at != len(data) or len(documents) > MOST_DOCUMENTS:
        raise ValueError("not what was said")
    return Mail(
        message_id=str(told["message_id"]),
        recipients=tuple(map(str, told["recipients"])),
        sender=None if told["sender"] is None else str(told["sender"]),
        verdicts=Verdicts(**told["verdicts"]),
        documents=tuple(documents),
        reason=None if told["reason"] is None else str(told["reason"]),
    )


def _taken_apart(raw: bytes) -> Mail:
    head = _head(raw)
    documents: tuple[Found, ...] = ()
    try:
        if not head:
            raise NotTaken("not_a_mail")
        documents = _documents(raw)
        reason = None if documents else "no_pdf"
    except NotTaken as failure:
        reason = str(failure)
    except RecursionError:
        reason = "too_deep"
    # The library raises what it likes at a stranger's headers: the mail is kept, with its reason.
    except (MessageError, ValueError, LookupError, AttributeError, TypeError):
        reason = "unreadable"
    verdicts, checked = _results(head)
    return Mail(_message_id(head), _recipients(head), _sender(head, checked), verdicts, documents, reason)


def _head(raw: bytes) -> list[tuple[str, str]]:
    """The headers as they stand, unfolded, names in small letters. None is interpreted by the library."""
    from email.policy import compat32

    message = BytesHeaderParser(policy=compat32).parsebytes(raw[:HEAD_BYTES])
    return [(name.lower(), re.sub(r"\s+", " ", str(value)).strip()[:8_192]) for name, value in message.items()]


def _of_ses(head: list[tuple[str, str]]) -> dict[str, str]:
    """What stands on top and was put there by SES: to its receipt, or to the first header that is not its own."""
    found: dict[str, str] = {}
    at = 0
    for name, value in head:
        if name not in _OF_SES[at:]:
            break
        at = _OF_SES.index(name) + 1
        found[name] = value
    return found if _RECEIVED_BY_SES.search(found.get("received", "")) else {}


def _results(head: list[tuple[str, str]]) -> tuple[Verdicts, str | None]:
    """The verdicts, and the domain that DMARC was checked for."""
    found = _of_ses(head)
    told, checked = _authentication(found.get("authentication-results", ""))
    if "spf" not in told and found.get("received-spf"):
        told["spf"] = _word(found["received-spf"].split(" ", 1)[0])
    verdicts = Verdicts(
        **{what: told.get(what, "missing") for what in ("spf", "dkim", "dmarc")},
        virus=_word(found.get("x-ses-virus-verdict", "")),
        spam=_word(found.get("x-ses-spam-verdict", "")),
    )
    return verdicts, checked


def _authentication(header: str) -> tuple[dict[str, str], str | None]:
    bare = _REMARK.sub(" ", _REMARK.sub(" ", _QUOTED.sub(" ", header)))
    service, *results = bare.split(";")
    # A quote that nobody closes is the sender's attempt to hide what follows.
    if service.strip().lower() != "amazonses.com" or set(bare) & set('"()'):
        return {}, None
    told: dict[str, str] = {}
    checked = None
    for result in results:
        match = _RESULT.match(result)
        if match is None:
            continue
        what, word = match[1].lower(), match[2].lower()
        if what == "dmarc":
            # Said twice, one of them is not SES's.
            word, checked = ("missing", None) if what in told else (word, match[3])
        # Several signatures: one that holds is enough.
        elif told.get(what) == "pass":
            continue
        told[what] = word
    return told, checked.lower().rstrip(".") if checked else None


def _word(value: str) -> str:
    word = value.strip().lower()
    return word if _WORD.fullmatch(word) else "missing"


def _sender(head: list[tuple[str, str]], checked: str | None) -> str | None:
    """The domain of the one From address, if DMARC was checked for that very domain."""
    shown = [value for name, value in head if name == "from"]
    if len(shown) != 1:
        return None
    addresses = [address for _, address in getaddresses(shown) if address]
    if len(addresses) != 1:
        return None
    domain = addresses[0].rpartition("@")[2].lower().rstrip(".")
    if checked is None or not _DOMAIN.fullmatch(domain) or len(domain) > 253:
        return None
    return domain if domain == checked or domain.endswith(f".{checked}") else None


def _recipients(head: list[tuple[str, str]]) -> tuple[str, ...]:
    # Behind SES's own name: what is before it is how the sender has introduced himself.
    *_, received = _RECEIVED_BY_SES.split(_of_ses(head).get("received", ""))
    accepted = _RECEIVED_FOR.findall(received)
    if accepted:
        return (str(accepted[-1]).lower()[:320],)
    named = [value for name, value in head if name in ("to", "cc")]
    return tuple(sorted({address.lower()[:320] for _, address in getaddresses(named) if "@" in address})[:100])


def _message_id(head: list[tuple[str, str]]) -> str:
    told = next((value for name, value in head if name == "message-id"), "")
    return re.sub(r"[^\x21-\x7e]", "", told)[:250]


def _documents(raw: bytes) -> tuple[Found, ...]:
    """Each paper once, also those in forwarded mails and archives. Raises NotTaken."""
    found: dict[str, Found] = {}
    for one in _papers(_parsed(raw), _Counted(), 0):
        found.setdefault(hashlib.sha256(one.data).hexdigest(), one)
        if len(found) > MOST_DOCUMENTS:
            raise NotTaken("too_many_documents")
    return tuple(found.values())


class _Counted:
    def __init__(self) -> None:
        self._parts = 0

    def one_more(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise NotTaken("too_many_parts")


def _parsed(raw: bytes) -> Message:
    return BytesParser(_class=EmailMessage, policy=default).parsebytes(raw)


def _papers(message: Message, counted: _Counted, depth: int) -> Iterator[Found]:
    counted.one_more()
    if depth > MOST_DEPTH:
        raise NotTaken("too_deep")
    if message.is_multipart():
        for inner in _inner(message):
            yield from _papers(inner, counted, depth + 1)
        return
    name = _name(message)
    kind = message.get_content_type()
    ending = name.lower().rpartition(".")[2]
    data = _decoded(message)
    if kind == "message/rfc822" or (ending == "eml" and not data.startswith(b"%PDF-")):
        yield from _papers(_parsed(data), counted, depth + 1)
    elif kind in ("application/pdf", "application/x-pdf") or ending == "pdf" or data.startswith(b"%PDF-"):
        yield Found(name or "invoice.pdf", data)
    elif kind in ("application/zip", "application/x-zip-compressed") or ending == "zip":
        yield from packing.unpacked(name or "archive.zip", data)


def _inner(message: Message) -> Iterable[Message]:
    parts: Any = message.get_payload()
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, Message):
            continue
        # A forwarded mail may not be encoded, and some are: the library then shows its code as the mail's text.
        coding = str(message.get("content-transfer-encoding", "")).strip().lower()
        if message.get_content_type() == "message/rfc822" and coding in ("base64", "quoted-printable"):
            whole = EmailMessage()
            whole["Content-Transfer-Encoding"] = coding
            whole.set_payload(part.as_bytes().lstrip(b"\r\n").decode("ascii", "replace"))
            yield _parsed(_decoded(whole))
        else:
            yield part


def _decoded(message: Message) -> bytes:
    data: Any = message.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _name(message: Message) -> str:
    try:
        return packing.name(message.get_filename() or "")
    # The library gives up on names that its own grammar did not foresee.
    except (ValueError, LookupError, AttributeError, TypeError):
        return ""

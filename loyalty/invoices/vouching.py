"""A mail's head as SES has put it down: who vouches for the mail, whose it is, and whom it is to.

Nothing of it is believed but the headers that SES has put on top, where nobody else's can stand. Taken apart in a
process of its own (`confining`), before anything else of the mail is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses

from loyalty.invoices import confining

# More of a head is not looked at.
HEAD_BYTES = 256 << 10
LIMITS = confining.Limits(memory_mb=512, cpu_seconds=5, wall_seconds=15)

_RECEIVED_BY_SES = re.compile(r"\bby inbound-smtp\.[a-z0-9-]+\.amazonaws\.com\b", re.IGNORECASE)
_RECEIVED_FOR = re.compile(r"\bfor\s+<?([^\s<>;,]+@[^\s<>;,]+?)>?\s*(?:;|$)", re.IGNORECASE)
# Of what the sender has said of himself some is quoted among the results, in quotes and in brackets.
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_REMARK = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(spf|dkim|dmarc)=([a-z]{2,20})\b(?:.*\sheader\.from=([A-Za-z0-9.-]{1,253}))?", re.IGNORECASE)
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")
_LOCAL_PART = re.compile(r"[a-z][a-z0-9-]{1,30}")
_WORD = re.compile(r"[a-z_]{2,20}")
# Amazon signs there what its sellers and buyers write to each other, with whatever they attach.
_OF_STRANGERS = frozenset({"marketplace"})
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
class Head:
    """`recipients`: those it was accepted for, else those it names. `sender`: the domain of the one From address, None
    if DMARC was not checked for that. `is_one`: there are headers at all.
    """

    message_id: str = ""
    recipients: tuple[str, ...] = ()
    sender: str | None = None
    verdicts: Verdicts = Verdicts()
    is_one: bool = False


def read(raw: bytes, limits: confining.Limits = LIMITS) -> Head:
    """The head of a mail, of which `raw` may be the beginning. Never raises for what is in it."""
    try:
        told = json.loads(confining.run(__name__, raw[:HEAD_BYTES], limits))
        return Head(
            message_id=str(told["message_id"]),
            recipients=tuple(map(str, told["recipients"])),
            sender=None if told["sender"] is None else str(told["sender"]),
            verdicts=Verdicts(**{name: str(word) for name, word in told["verdicts"].items()}),
            is_one=told["is_one"] is True,
        )
    except (confining.Stopped, ValueError, TypeError, KeyError, AttributeError):
        return Head()


def doubt(head: Head, senders: Collection[str]) -> str | None:
    """Why a mail of this head is not believed, or None: no_verdict, virus, spam, not_authentic, sender_not_allowed.

    `senders`: the domains that are, each with its subdomains; those where strangers' mail is passed on only by name.
    """
    verdicts = head.verdicts
    if verdicts.virus == "fail":
        return "virus"
    if verdicts.virus != "pass" or verdicts.spam in ("missing", "processing_failed"):
        return "no_verdict"
    if verdicts.spam == "fail":
        return "spam"
    # DMARC passes where SPF or DKIM do for the domain that the sender is shown under: they alone vouch for any domain.
    if verdicts.dmarc != "pass" or head.sender is None:
        return "not_authentic"
    if not any(_is_of(head.sender, domain) for domain in senders):
        return "sender_not_allowed"
    return None


def _is_of(sender: str, domain: str) -> bool:
    if sender == domain:
        return True
    below = sender.removesuffix(f".{domain}")
    return below != sender and _OF_STRANGERS.isdisjoint(below.split("."))


def programme_code(head: Head, domain: str) -> str | None:
    """The one programme that it is to, by the part before the @ of our domain; None: nobody's, or several's."""
    codes = set()
    for recipient in head.recipients:
        local, _, host = recipient.lower().rpartition("@")
        if host == domain.lower() and _LOCAL_PART.fullmatch(local):
            codes.add(local)
    return codes.pop() if len(codes) == 1 else None


# ---- in the process of its own ---------------------------------------------------------------------------------------


def confined(given: bytes) -> bytes:
    """The head as JSON."""
    head = _headers(given)
    verdicts, checked = _results(head)
    found = Head(_message_id(head), _recipients(head), _sender(head, checked), verdicts, bool(head))
    return json.dumps(asdict(found)).encode()


def _headers(raw: bytes) -> list[tuple[str, str]]:
    """The headers as they stand, unfolded, names in small letters. None is interpreted by the library."""
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

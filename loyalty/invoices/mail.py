"""The papers that came with a mail, however they are wrapped. What the mail says in words is never read.

Taken apart in a process of its own (`confining`), once somebody has vouched for the mail (`vouching`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from typing import Any

from loyalty.invoices import confining, packing
from loyalty.invoices.packing import Found, NotTaken

LARGEST_BYTES = 40 << 20
MOST_PARTS = 200
MOST_DEPTH = 8
MOST_DOCUMENTS = 20
LIMITS = confining.Limits(memory_mb=1_024, cpu_seconds=20, wall_seconds=40)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """The papers of a mail, or the `reason` why nothing was taken out of it."""

    documents: tuple[Found, ...] = field(default=(), repr=False)
    reason: str | None = None


def read(raw: bytes, limits: confining.Limits = LIMITS) -> Enclosed:
    """The papers, in bounded time and memory. Never raises for what is in the mail.

    Reasons: too_large, too_deep, too_many_parts, too_many_documents, no_pdf, took_too_long, took_too_much_memory,
    unreadable.
    """
    if len(raw) > LARGEST_BYTES:
        return Enclosed(reason="too_large")
    try:
        return _received(confining.run(__name__, raw, limits))
    except confining.Stopped as stopped:
        return Enclosed(reason=stopped.reason)
    except (ValueError, TypeError, KeyError):
        return Enclosed(reason="unreadable")


def _received(answer: bytes) -> Enclosed:
    line, _, data = answer.partition(b"\n")
    told = json.loads(line)
    documents, at = [], 0
    for name, reason, length in told["documents"]:
        documents.append(Found(str(name), data[at : at + int(length)], None if reason is None else str(reason)))
        at += int(length)
    if at != len(data) or len(documents) > MOST_DOCUMENTS:
        raise ValueError("not what was said")
    return Enclosed(tuple(documents), None if told["reason"] is None else str(told["reason"]))


# ---- in the process of its own ---------------------------------------------------------------------------------------


def confined(given: bytes) -> bytes:
    """A line of JSON about the documents, then their bytes one after the other."""
    enclosed = _taken_apart(given)
    told = [[found.name, found.reason, len(found.data)] for found in enclosed.documents]
    line = json.dumps({"documents": told, "reason": enclosed.reason})
    return line.encode() + b"\n" + b"".join(found.data for found in enclosed.documents)


def _taken_apart(raw: bytes) -> Enclosed:
    try:
        documents = _documents(raw)
    except NotTaken as failure:
        return Enclosed(reason=str(failure))
    except RecursionError:
        return Enclosed(reason="too_deep")
    # The library raises what it likes at a stranger's headers: the mail is kept, with its reason.
    except (MessageError, ValueError, LookupError, AttributeError, TypeError):
        return Enclosed(reason="unreadable")
    return Enclosed(documents, None if documents else "no_pdf")


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

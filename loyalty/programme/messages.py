"""The texts that members get: which there are, which words each may use, and what is wrong with a document's.

A text marks words as `{points}`. It is a company's own, so what may stand in braces is a closed list for each message,
and it is checked before a version is published. Versions from before a message existed have the software's own text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from loyalty.programme.document import Programme
from loyalty.programme.schema.messages import Message

type Kind = Literal["claim", "orders", "points", "security", "cases", "wishes"]

SHIPPED = Path(__file__).with_name("initial") / "main.json"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LONGEST_SMS = 300


@dataclass(frozen=True, slots=True)
class Template:
    """`words`: what may be marked, beside brand and link. `sms`: whether it also goes out as one."""

    kind: Kind
    words: frozenset[str]
    sms: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong where; `field` is a path into the document."""

    field: str
    reason: str


def _of(kind: Kind, *words: str, sms: bool = True) -> Template:
    return Template(kind, frozenset({"brand", *([] if kind == "claim" else ["link"]), *words}), sms)


TEMPLATES: Mapping[str, Template] = {
    "claim-code": _of("claim", "code", "minutes", sms=False),
    "step-up-code": _of("claim", "code", "minutes", sms=False),
    "phone-code": _of("claim", "code", "minutes"),
    "order-confirmed": _of("orders", "what", "paid", "available", "as_of"),
    "order-partly-confirmed": _of("orders", "what", "missing", "paid", "back", "available", "as_of"),
    "order-confirmation-asked": _of("orders", "what", "paid", "until"),
    "order-not-confirmed": _of("orders", "what", "paid"),
    "order-failed": _of("orders", "what", "paid"),
    "order-cancelled": _of("orders", "what", "paid"),
    "shipment-shipped": _of("orders", "what"),
    "shipment-out-for-delivery": _of("orders", "what"),
    "shipment-delivered": _of("orders", "what"),
    "shipment-delayed": _of("orders", "what", "expected"),
    "shipment-undeliverable": _of("orders", "what"),
    "shipment-sent-back": _of("orders", "what"),
    "units-cancelled": _of("orders", "what", "quantity", "back"),
    "units-returned": _of("orders", "what", "quantity", "back"),
    "payment-failed": _of("orders", "what"),
    "payment-refunded": _of("orders", "what", "money", sms=False),
    "document-ready": _of("orders", "what", sms=False),
    "points-earned": _of("points", "points", "available", "as_of", sms=False),
    "points-expiring": _of("points", "points", "date", "worth", "buys"),
    "points-redeemed": _of("points", "points", "available", "as_of", sms=False),
    "points-returned": _of("points", "points", "available", "as_of", sms=False),
    "points-adjusted": _of("points", "points", "available", "as_of", sms=False),
    "tier-changed": _of("points", "tier", "kept", "benefits", sms=False),
    "tier-granted": _of("points", "tier", "kept", "benefits", sms=False),
    "tier-lowered": _of("points", "tier", "benefits", sms=False),
    "wish-available": _of("wishes", "what"),
    "security-contact-changed": _of("security"),
    "security-password-changed": _of("security"),
    "membership-closing": _of("security", "until"),
    "membership-closed": _of("security"),
    "security-redeemed": _of("security", "what", "paid"),
    "case-opened": _of("cases", sms=False),
    "case-message": _of("cases", sms=False),
    "case-decided": _of("cases", sms=False),
}


def problems(document: Programme) -> Iterator[Problem]:
    """Every text that is missing, marks an unknown word or is too long for an SMS, in every language of the terms."""
    for key in TEMPLATES:
        texts = document.messages.get(key, {})
        for language in languages(document):
            if language not in texts:
                yield Problem(f"messages.{key}.{language}", "this text is missing")
    for key, texts in document.messages.items():
        known = TEMPLATES.get(key)
        if known is None:
            yield Problem(f"messages.{key}", "there is no such message")
            continue
        for language, message in texts.items():
            yield from _problems_of(f"messages.{key}.{language}", known, message)


def problems_of(place: str, key: str, message: Message) -> list[Problem]:
    """What is wrong with one text. `key` is one of TEMPLATES."""
    return list(_problems_of(place, TEMPLATES[key], message))


def complete(document: Programme) -> tuple[Programme, frozenset[str]]:
    """The document with the software's own texts for messages that it does not know, and which they are.

    They are in its languages, in English where the software has none; messages that there are no more are left out."""
    lacking = frozenset(TEMPLATES.keys() - document.messages.keys())
    if not lacking and len(document.messages) == len(TEMPLATES):
        return document, lacking
    texts = {key: document.messages[key] for key in document.messages if key in TEMPLATES}
    for key in TEMPLATES:
        if key in lacking:
            shipped = _shipped()[key]
            texts[key] = {language: shipped.get(language, shipped["en"]) for language in languages(document)}
    return document.model_copy(update={"messages": texts}), lacking


def languages(document: Programme) -> list[str]:
    """The languages that members are spoken to in: those of the terms they accept."""
    return sorted(document.terms.text)


def text_of(document: Programme, key: str, language: str) -> tuple[str, Message]:
    """The text in the member's language, else in English, else in the first there is; with the language it is in."""
    texts = document.messages.get(key) or _shipped()[key]
    chosen = next((one for one in (language, "en") if one in texts), next(iter(texts)))
    return chosen, texts[chosen]


def filled(text: str, words: Mapping[str, str]) -> str:
    """The text with its words; a brace in a word marks nothing."""
    return _PLACEHOLDER.sub(lambda found: words.get(found[1], found[0]), text)


def _problems_of(place: str, template: Template, message: Message) -> Iterator[Problem]:
    for field in ("subject", "text", "sms"):
        text = getattr(message, field)
        if text is None:
            continue
        for word in _PLACEHOLDER.findall(text):
            if word not in template.words:
                known = ", ".join(sorted(template.words))
                yield Problem(f"{place}.{field}", f"marks a word that this message does not have (known: {known})")
        if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
            yield Problem(f"{place}.{field}", "a brace stands alone")
    if template.sms and message.sms is None:
        yield Problem(f"{place}.sms", "this message also goes out as an SMS: its text is missing")
    if message.sms is not None and len(message.sms) > _LONGEST_SMS:
        yield Problem(f"{place}.sms", f"is longer than {_LONGEST_SMS} characters")


@cache
def _shipped() -> Mapping[str, Mapping[str, Message]]:
    found = json.loads(SHIPPED.read_text())["messages"]
    return {
        key: {language: Message.model_validate(message) for language, message in texts.items()}
        for key, texts in found.items()
    }

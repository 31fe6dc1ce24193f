"""From an event to messages that were sent: planned once, taken once, sent at most once.

A message is marked before the provider is called. Whoever dies in between leaves it behind as `sending`; after a while
it is `unknown`, is listed, and is not sent again: a missing message is better than the same SMS all night. Only what
was certainly not sent is tried again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from loyalty.database import Connection
from loyalty.notifications import events, sms, words
from loyalty.notifications.events import Event
from loyalty.programme import messages, reading
from loyalty.programme.document import Programme
from loyalty.programme.messages import TEMPLATES


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes to one person by one channel; never logged. `subject` is empty in an SMS."""

    program_id: int
    message_id: UUID
    to: str
    subject: str
    text: str


class NotTried(Exception):
    """It was certainly not sent, and another time it may be: throttled, nobody answered the door."""


class Refused(Exception):
    """It was not sent and never will be; the message is the provider's code. `opted_out`: the number has said STOP."""


class NoAnswer(Exception):
    """It may have been sent or not."""


class Channel(Protocol):
    """A way to a person."""

    def send(self, letter: Letter) -> None:
        """Send it. Raises NotTried, Refused or NoAnswer."""


@dataclass(slots=True)
class Told:
    """What became of an event's messages. `again`: some were not tried and the event must come once more."""

    sent: int = 0
    failed: int = 0
    unknown: int = 0
    again: bool = False


# A product that so many points are enough for.
type Affordable = Callable[[int, int], str | None]
type LinkToken = Callable[[Event], str | None]


def tell(
    connection: Connection,
    event: Event,
    channels: Mapping[str, Channel],
    portal_origin: str,
    affordable: Affordable = lambda _program_id, _points: None,
    link_token: LinkToken = lambda _event: None,
) -> Told:
    """Tell the member of an event, as far as they want to hear of it. Again with the same event sends nothing twice.

    `link_token`: what the link of a security message ends with."""
    told = Told()
    telling = events.telling(event)
    if telling is None:
        return told
    template = TEMPLATES[telling.template]
    document = reading.current(connection, event.program_id).document
    token = link_token(event) if template.kind == "security" else None
    planned = connection.execute(
        "select * from notifications.plan(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s)",
        (
            event.program_id,
            event.event_id,
            event.member_id,
            telling.template,
            template.kind,
            telling.about,
            telling.stage,
            event.occurred_at,
            telling.stale_hours,
            json.dumps(dict(event.payload)),
            template.sms,
            document.notifications.order_sms_by_default,
        ),
    ).fetchall()
    for row in planned:
        channel = channels[row["channel"]]
        _send(connection, event.program_id, row, document, channel, portal_origin, affordable, token, told)
    return told


def _send(
    connection: Connection,
    program_id: int,
    planned: Mapping[str, Any],
    document: Programme,
    channel: Channel,
    portal_origin: str,
    affordable: Affordable,
    token: str | None,
    told: Told,
) -> None:
    message_id = planned["message_id"]
    row = connection.execute("select * from notifications.begin_sending(%s, %s)", (program_id, message_id)).fetchone()
    if row is None:
        return
    try:
        letter = _letter(program_id, planned, row, document, portal_origin, affordable, token)
    except (ArithmeticError, KeyError, TypeError, ValueError) as failure:
        # Something in the event is not what the text needs: nobody is told half of it.
        _not_sent(connection, program_id, message_id, "failed", f"not_written {type(failure).__name__}")
        told.failed += 1
        return
    try:
        channel.send(letter)
    except NotTried as why:
        _not_sent(connection, program_id, message_id, "queued", str(why))
        told.again = True
    except NoAnswer as why:
        _not_sent(connection, program_id, message_id, "unknown", str(why))
        told.unknown += 1
    except Refused as why:
        _not_sent(connection, program_id, message_id, "failed", str(why))
        told.failed += 1
    else:
        parts = sms.parts(letter.text) if planned["channel"] == "sms" else 1
        connection.execute("select notifications.sent(%s, %s, %s)", (program_id, message_id, parts))
        told.sent += 1


def _letter(
    program_id: int,
    planned: Mapping[str, Any],
    row: Mapping[str, Any],
    document: Programme,
    portal_origin: str,
    affordable: Affordable,
    token: str | None,
) -> Letter:
    language, message = messages.text_of(document, row["template"], row["language"] or "en")
    facts = row["facts"]
    product = affordable(program_id, int(facts["amount"])) if facts.get("amount") else None
    known = words.words_of(document, language, row["kind"], facts, row["payload"], portal_origin, product, token)
    if planned["channel"] == "sms":
        text = messages.filled(message.sms or message.subject, words.for_sms(known))
        return Letter(program_id, planned["message_id"], row["contact"], "", text)
    subject = " ".join(messages.filled(message.subject, known).split())
    return Letter(program_id, planned["message_id"], row["contact"], subject, messages.filled(message.text, known))


def _not_sent(connection: Connection, program_id: int, message_id: UUID, state: str, reason: str) -> None:
    connection.execute(
        "select notifications.not_sent(%s, %s, %s, %s)", (program_id, message_id, state, reason or "unknown")
    )

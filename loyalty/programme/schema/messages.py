"""What members are told, and who hears it unasked."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from loyalty.programme.schema.kinds import Part, Text


class Message(Part):
    """One message in one language; `{name}` marks what is filled in (messages.py says what). `sms`: its short form."""

    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    text: Text
    sms: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None = None


class Notifications(Part):
    """Whom a message may reach who has not chosen. E-mail about orders and points always is on until it is turned off,
    and advertising always off until it is turned on."""

    order_sms_by_default: bool = True

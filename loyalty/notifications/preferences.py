"""What a member wants to hear, by which channel and in which language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from loyalty.database import Connection
from loyalty.programme import messages
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

type ChannelName = Literal["email", "sms"]
KINDS = ("orders", "points", "marketing")


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether a kind of message is wanted; `source` is default or who said so, `since` when."""

    wanted: bool
    source: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Way:
    """One channel. `suppressed`: why nothing comes by it whatever was chosen (bounced, stopped, opted_out)."""

    reachable: bool
    suppressed: str | None
    choices: Mapping[str, Choice]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Everything a member chose, and the languages there are."""

    language: str
    languages: list[str]
    ways: Mapping[str, Way]


def of(connection: Connection, program_id: int, member_id: int, document: Programme, language: str) -> Preferences:
    """The current view."""
    rows = connection.execute(
        "select * from notifications.preferences(%s, %s, %s)",
        (program_id, member_id, document.notifications.order_sms_by_default),
    ).fetchall()
    ways = {}
    for channel in ("email", "sms"):
        own = [row for row in rows if row["channel"] == channel]
        choices = {row["kind"]: Choice(row["wanted"], row["source"], row["since"]) for row in own}
        ways[channel] = Way(own[0]["reachable"], own[0]["suppressed"], choices)
    return Preferences(language, messages.languages(document), ways)


def choose(
    connection: Connection,
    program_id: int,
    member_id: int,
    document: Programme,
    *,
    language: str,
    wanted: Mapping[str, Mapping[str, bool]],
    confirmed: Sequence[str],
) -> None:
    """Set the language and every choice; the same again changes nothing. Raises Refusal (invalid) for a language.

    `confirmed`: channels whose contact the member says is good, although it bounced or was stopped.
    """
    if language not in messages.languages(document):
        raise Refusal(Kind.INVALID, "no-such-language", "The programme does not speak this language.", field="language")
    choices = [
        {"channel": channel, "kind": kind, "wanted": kinds[kind]} for channel, kinds in wanted.items() for kind in KINDS
    ]
    with connection.transaction():
        connection.execute("select members.choose_language(%s, %s, %s)", (program_id, member_id, language))
        connection.execute(
            "select notifications.choose(%s, %s, %s::jsonb, 'member')", (program_id, member_id, json.dumps(choices))
        )
        for channel in confirmed:
            connection.execute("select notifications.confirm_contact(%s, %s, %s)", (program_id, member_id, channel))

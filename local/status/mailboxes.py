"""Phones and mailboxes: every SMS and e-mail that the cloud sent, caught here and read as their member would."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from typing import Any

from local.clock import Clock
from local.connected import Connected
from local.people import MEMBERS
from local.status.markup import columns, pill, quiet, when

LAST_MESSAGES = 60
LAST_TOLD = 24
PEOPLE = 6
OF_ONE = 8
LINK = re.compile(r"(https?://[^\s<>\"']+[^\s<>\"'.,;:!?)])")
_NAMES = {member.number: member.name for member in MEMBERS}
_TONES = {"sent": "good", "delivered": "good", "suppressed": "wait", "queued": "wait"}

type Reading = dict[str, Any]


def read(cloud: Connected) -> list[Reading]:
    """The last messages, newest first, times by the cloud's clock: at, kind (sms, email), to, subject, text, number."""
    clock = Clock(cloud)
    mails = [
        {"at": mail["Timestamp"], "kind": "email", "to": ", ".join(mail["To"]), "subject": mail["Subject"],
         "text": mail["BodyText"] or mail["BodyHtml"] or ""}
        for mail in cloud.mails()
    ]  # fmt: skip
    texts = [
        # One that an earlier version kept has no date.
        {
            "at": sms.get("Timestamp") or 0,
            "kind": "sms",
            "to": sms["PhoneNumber"],
            "subject": "",
            "text": sms["Message"],
        }
        for sms in cloud.texts()
    ]
    last = sorted([*mails, *texts], key=lambda message: float(message["at"]), reverse=True)[:LAST_MESSAGES]
    owners = _owners(cloud, [message["to"] for message in last])
    return [{**one, "at": _shown(clock, one["at"]), "number": owners.get(one["to"])} for one in last]


def _shown(clock: Clock, stamp: float) -> str:
    return clock.shown_time(datetime.fromtimestamp(stamp, UTC)).isoformat(timespec="seconds") if stamp else ""


def _owners(cloud: Connected, addresses: list[str]) -> dict[str, str]:
    with cloud.query() as connection:
        rows = connection.execute(
            "select number, email, phone from members.member where email = any (%s) or phone = any (%s)",
            (addresses, addresses),
        ).fetchall()
    return {row[column]: row["number"] for row in rows for column in ("email", "phone") if row[column]}


def _text(text: str) -> str:
    """What a message says, HTML: its links can be followed, as on a phone."""
    pieces = LINK.split(text)
    return "".join(_link(escape(piece)) if number % 2 else escape(piece) for number, piece in enumerate(pieces))


def _link(url: str) -> str:
    return f'<a href="{url}" target="_blank" rel="noopener">{url}</a>'


def read_told(cloud: Connected) -> Reading:
    """What members were to be told lately and what became of it; what of it still waits to be said."""
    with cloud.query() as connection:
        rows = connection.execute(
            "select n.number, m.channel, m.template, m.state, m.reason, m.language, m.parts,"
            " coalesce(m.sending_at, m.created_at)::text as at from notifications.message m"
            " join members.member n using (program_id, member_id) order by m.created_at desc limit %s",
            (LAST_TOLD,),
        ).fetchall()
        outbox = connection.execute("select * from outbox.standing()").fetchone()
    return {"messages": rows, "outbox": outbox}


def show(messages: list[Reading]) -> str:
    """The section: a thread a person, those told last first."""
    if not messages:
        return quiet(
            "Nothing yet: e-mail and SMS that the cloud sends are caught here, and nothing leaves this machine."
        )
    threads: dict[str, list[Reading]] = {}
    for one in messages:
        threads.setdefault(one["number"] or one["to"], []).append(one)
    return f'<div class="pair">{"".join(_thread(*one) for one in list(threads.items())[:PEOPLE])}</div>'


def _thread(owner: str, messages: list[Reading]) -> str:
    name = _NAMES.get(owner)
    addresses = ", ".join(dict.fromkeys(one["to"] for one in messages))
    inner = "".join(_message(owner, one) for one in messages[:OF_ONE])
    more = f'<p class="quiet small">and {len(messages) - OF_ONE} before</p>' if len(messages) > OF_ONE else ""
    return (
        f'<div id="thread-{escape(owner)}"><h3>{escape(f"{name}, {owner}" if name else owner)}</h3>'
        f'<p class="quiet small">{escape(addresses)}</p><ol class="thread">{inner}</ol>{more}</div>'
    )


def _message(owner: str, one: Reading) -> str:
    stamp = when(one["at"]) or '<span class="quiet small">before this start</span>'
    if one["kind"] == "sms":
        return f'<li>{stamp}<p class="bubble"><span class="hide">SMS: </span>{_text(one["text"])}</p></li>'
    subject = escape(one["subject"] or "(no subject)")
    # A name of its own keeps an open mail open when a newer one comes above it.
    name = f"mail-{escape(owner)}-{escape(one['at'])}-{len(one['text'])}".replace(" ", "")
    return (
        f'<li id="{name}">{stamp}<details class="mail"><summary>{subject}</summary>'
        f"<p>{_text(one['text'])}</p></details></li>"
    )


def show_told(told: Reading) -> str:
    """What was decided to be said, below the threads."""
    outbox = told["outbox"] or {}
    waits = f"{outbox.get('waiting', 0)} events wait to go out, {outbox.get('parked', 0)} are parked."
    if not told["messages"]:
        return quiet(f"No member was to be told anything yet. {waits}")
    rows = (
        (escape(one["at"][11:19]), escape(one["number"]), escape(one["template"]), escape(one["channel"]), _state(one))
        for one in told["messages"]
    )
    return (
        f"<details><summary>What members were to be told, and what became of it. {escape(waits)}</summary>"
        f"{columns('Messages', ('Time', 'Member', 'Message', 'By', 'State'), rows)}</details>"
    )


def _state(one: Reading) -> str:
    why = f" ({one['reason']})" if one["reason"] else ""
    return pill(f"{one['state']}{why}", _TONES.get(one["state"], "bad"))

"""The back room: its sections in order, each with a title, a lead and what it shows; everything shown is escaped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from local.status import (
    clock,
    faults,
    invoices,
    lake,
    machine,
    mailboxes,
    orders,
    payments,
    plug,
    reconciliation,
    redemptions,
    running,
)
from local.status.frame import Said, document
from local.status.markup import pill, share

REFRESH_MILLISECONDS = 4000
FOOT = '<span>The same as <a href="/status.json">JSON</a>. Nothing on this page leaves this machine.</span>'

type Reading = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is its anchor and its key in the reading."""

    name: str
    title: str
    show: Callable[[Any], str]
    lead: str = ""


SECTIONS = (
    Section(
        "people",
        "Who can sign in",
        running.show_people,
        "Begin here: sign in as a member in another window, redeem, come back.",
    ),
    Section(
        "orders",
        "Orders at Amazon Business",
        orders.show,
        "You are Amazon's warehouse and its van. Each step is told to the platform as Amazon tells it.",
    ),
    Section("payments", "Payments", payments.show, "What each provider has. No money moves."),
    Section(
        "invoices",
        "Invoices",
        invoices.show,
        "From Amazon's mail to the ERP's books; what is in doubt waits for a person.",
    ),
    Section("messages", "Phones and mailboxes", mailboxes.show, "What members were sent, caught before it left."),
    Section(
        "machine", "The state machine", machine.show, "Every redemption runs through it; choose one to see its way."
    ),
    Section("clock", "The clock", clock.show),
    Section(
        "faults",
        "Fault switches",
        faults.show,
        "Make an outside party fail, redeem something, and see what the member is told.",
    ),
    Section("redemptions", "Last redemptions", redemptions.show),
    Section("plug", "Pull the plug", plug.show),
    Section("reconciliation", "Reconciliation", reconciliation.show),
    Section("lake", "The lake's nights", lake.show, "What reports show was loaded by one of them."),
    Section("invariants", "Invariants", running.show_invariants, "What must hold in the data at every moment."),
    Section("parts", "Parts", running.show_parts),
    Section("addresses", "Addresses", running.show_addresses),
    Section("placeholders", "Recorded, not running here", running.show_placeholders, "Resources without an emulator."),
)


def page(reading: Reading, said: Said | None = None, execution: str = "") -> str:
    """The whole page. `said` is what became of a button; `execution` the one that is looked at."""
    inner = "".join(_section(one, reading[one.name], reading) for one in SECTIONS)
    return document(
        "The back room",
        _header(reading),
        inner,
        FOOT,
        here=f"/?execution={quote(execution)}" if execution else "/",
        every_milliseconds=REFRESH_MILLISECONDS,
        index=[(one.name, one.title) for one in SECTIONS],
        said=said,
    )


def _header(reading: Reading) -> str:
    parts = reading["parts"] if isinstance(reading["parts"], list) else []
    run = sum(part["ok"] for part in parts)
    well = bool(parts) and run == len(parts)
    words = "all parts run" if well else f"{run} of {len(parts)} parts run"
    line = share(run / len(parts) if parts else 0, 1, words).replace('class="share"', 'class="rule"')
    return (
        f'<h1>The back room</h1><p class="now small">{clock.now(reading["clock"])} '
        f'<a href="#parts">{pill(words, "good" if well else "bad")}</a></p>{line}'
    )


def _section(one: Section, content: Any, reading: Reading) -> str:
    lead = f'<p class="lead">{escape(one.lead)}</p>' if one.lead else ""
    more = _shown(mailboxes.show_told, reading["told"]) if one.name == "messages" else ""
    return (
        f'<section id="{one.name}" aria-labelledby="{one.name}-title">'
        f'<h2 id="{one.name}-title">{escape(one.title)}</h2>'
        f"{lead}{_shown(one.show, content)}{more}</section>"
    )


def _shown(show: Callable[[Any], str], content: Any) -> str:
    if isinstance(content, dict) and set(content) == {"error"}:
        return f'<p class="bad">Cannot be read now. {escape(content["error"])}</p>'
    return show(content)


def as_json(reading: Reading) -> str:
    """The reading for tests and demonstrations."""
    return json.dumps(reading, default=str, indent=1)

"""The status page's HTML. One page, no asset but this file; everything shown is escaped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from html import escape
from typing import Any

from local.clock import UNITS
from local.status import orders, plug, reconciliation
from local.status.style import STYLE

REFRESH_MILLISECONDS = 4000
# An outcome that is not here went wrong.
_TONES = {"completed": "good", "partially_completed": "good", "cancelled": "wait"}

_SCRIPT = """
setInterval(async () => {
  const at = document.activeElement;
  if (at && at !== document.body || document.querySelector('details[open]') || document.hidden) return;
  const answer = await fetch(location.pathname).catch(() => null);
  if (!answer || !answer.ok) { document.title = 'stopped: Loyalty'; return; }
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  document.getElementById('all').replaceWith(next.getElementById('all'));
}, %d);
"""


def page(reading: dict[str, Any], notice: str = "") -> str:
    """The whole page. `notice` is said on top, e.g. why a form was refused."""
    top = f'<section class="wide bad">{escape(notice)}</section>' if notice else ""
    panels = [
        f'<div class="grid">{_section("Parts", reading["parts"], _parts)}'
        f"{_section('Clock', reading['clock'], _clock)}"
        f"{_section('People', reading['people'], _people)}</div>",
        _section("Pull the plug", reading["plug"], plug.show, wide=True),
        _section("Last redemptions", reading["redemptions"], _redemptions, wide=True),
        _section("Orders at Amazon Business", reading["orders"], orders.show, wide=True),
        _section("Reconciliation", reading["reconciliation"], reconciliation.show, wide=True),
        f'<div class="grid">{_section("Addresses", reading["addresses"], _addresses)}'
        f"{_section('Fault switches', reading['faults'], _faults)}</div>",
        _section("Messages to members", reading["told"], _told, wide=True),
        f'<div class="grid">{_section("Captured messages", reading["messages"], _messages)}'
        f"{_section('Invariants', reading['invariants'], _invariants)}</div>",
        _section("Placeholders: recorded, not running here", reading["placeholders"], _placeholders, wide=True),
    ]
    healthy = all(part["ok"] for part in reading["parts"]) if isinstance(reading["parts"], list) else False
    state = '<span class="pill good">all parts run</span>' if healthy else '<span class="pill bad">not all well</span>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Loyalty, the local cloud</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head><body><div id=all><header><h1>Loyalty, the local cloud</h1>{state}"
        f'<span class="now quiet">{_now(reading["clock"])}</span></header><main>{top}{"".join(panels)}'
        '<footer>The same as <a href="/status.json">JSON</a>. Nothing on this page leaves this machine.</footer>'
        f"</main></div><script>{_SCRIPT % REFRESH_MILLISECONDS}</script></body></html>"
    )


def _section(title: str, content: Any, show: Callable[[Any], str], *, wide: bool = False) -> str:
    if isinstance(content, dict) and set(content) == {"error"}:
        inner = f'<p class="bad">{escape(content["error"])}</p>'
    else:
        inner = show(content)
    return f"<section{' class=wide' if wide else ''}><h2>{escape(title)}</h2>{inner}</section>"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "<table>" + "".join(f'<tr><td class="k">{key}</td><td>{value}</td></tr>' for key, value in rows) + "</table>"


def _now(clock: dict[str, Any]) -> str:
    return escape(clock["now"].replace("T", " ").replace("+00:00", " UTC")) if "now" in clock else ""


def _parts(parts: list[dict[str, Any]]) -> str:
    return _table(
        (
            f'<span class="dot{"" if part["ok"] else " bad"}"></span>{escape(part["name"])}',
            f'<span class="{"quiet" if part["ok"] else "bad"}">{escape(part["detail"])}</span>',
        )
        for part in parts
    )


def _clock(clock: dict[str, Any]) -> str:
    seconds = clock["shift_seconds"]
    ahead = f"{seconds / 86400:.1f} days ahead of this machine" if seconds else "the same as this machine's"
    units = "".join(f"<option{' selected' if unit == 'days' else ''}>{unit}</option>" for unit in UNITS)
    return (
        f'<div style="font-size:20px">{_now(clock)}</div><div class="quiet">{ahead}</div>'
        '<form method="post" action="/clock"><label>Go on by <input type="number" name="amount" value="1" min="1"'
        f' max="1000"></label><select name="unit" aria-label="unit">{units}</select><button>Turn</button></form>'
        '<p class="quiet">Database and simulators move together, and only forward.</p>'
    )


def _people(people: dict[str, Any]) -> str:
    members = [
        (escape(one["email"]), f"<span class=nowrap>{escape(one['number'])}</span>") for one in people["members"]
    ]
    staff = [(escape(one["email"]), f"<span class=nowrap>{escape(one['group'])}</span>") for one in people["staff"]]
    return f"{_table([*members, *staff])}<p>Password <code>{escape(people['password'])}</code></p>"


def _redemptions(redemptions: list[dict[str, Any]]) -> str:
    if not redemptions:
        return '<p class="quiet">None yet. <code>make demo</code> makes some.</p>'
    return "".join(map(_redemption, redemptions))


def _redemption(one: dict[str, Any]) -> str:
    what = ", ".join(f"{escape(line['title'])}{_count(line)}" for line in one["lines"])
    paid = f"{one['points']:,} points" if one["points"] else ""
    if one["money_minor"]:
        paid += f"{' + ' if paid else ''}{one['money_minor'] / 100:,.2f} {escape(one['currency'])}"
    short = escape(one["redemption_id"])
    return (
        f'<div class="redemption"><div class="top"><strong>{what}</strong><span class="quiet">{paid}</span>'
        f'{_outcome(one)}<a class="id mono" href="/redemptions/{short}">{short}</a></div>'
        f'<ol class="line">{"".join(_steps(one["events"]))}</ol></div>'
    )


def _count(line: dict[str, Any]) -> str:
    if line["accepted"] is not None and line["accepted"] != line["quantity"]:
        return f" ({line['accepted']} of {line['quantity']})"
    return f" ×{line['quantity']}" if line["quantity"] != 1 else ""


def _outcome(one: dict[str, Any]) -> str:
    words = str(one["outcome"] or one["state"])
    tone = _TONES.get(words, "bad" if one["outcome"] else "wait")
    return f'<span class="pill {tone}">{escape(words.replace("_", " "))}</span>'


def _steps(events: list[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        detail = ", ".join(f"{key} {value}" for key, value in (event["detail"] or {}).items() if value is not None)
        title = f' title="{escape(detail)}"' if detail else ""
        yield f"<li{title}>{escape(event['kind'].replace('_', ' '))}<small>{_time(event['at'])}</small></li>"


def _time(stamp: str) -> str:
    return f"{datetime.fromisoformat(stamp):%H:%M:%S}"


def _addresses(addresses: list[dict[str, str]]) -> str:
    def link(url: str) -> str:
        shown = f"<code>{escape(url)}</code>"
        return f'<a href="{escape(url)}">{shown}</a>' if url.startswith("http") else shown

    return _table((escape(one["name"]), link(one["url"])) for one in addresses)


def _faults(faults: dict[str, Any]) -> str:
    return "".join(_faults_of(name, switches) for name, switches in faults.items())


def _faults_of(name: str, switches: dict[str, Any]) -> str:
    title = f"<strong>{escape(name.replace('_', ' ').title())}</strong>"
    if "error" in switches:
        return f'<p>{title}<br><span class="bad">{escape(switches["error"])}</span></p>'
    on = "".join(map(_fault, switches["faults"]))
    if on:
        off = '<button class="plain">Behave again</button>'
        off = f'<form method="post" action="/faults/{escape(name)}/off">{off}</form>'
        on = f"<p>{on}</p>{off}"
    operations = "".join(f"<option>{escape(one)}</option>" for one in switches.get("operations", []))
    kinds = "".join(f"<option>{escape(one)}</option>" for one in switches.get("kinds", []))
    return (
        f"<div>{title} {on or '<span class=quiet>behaves</span>'}"
        f'<form method="post" action="/faults/{escape(name)}">'
        f'<select name="operation" aria-label="operation">{operations}</select>'
        f'<select name="kind" aria-label="kind">{kinds}</select><input type="number" name="times" value="1"'
        ' min="1" max="1000" aria-label="times"><button>Switch on</button></form></div><br>'
    )


def _fault(fault: dict[str, Any]) -> str:
    number = fault.get("times")
    times = "until switched off" if number is None else "once" if number == 1 else f"{number} times"
    return f'<span class="pill bad">{escape(fault["kind"])} on {escape(fault["operation"])}, {times}</span> '


def _messages(messages: list[dict[str, str]]) -> str:
    if not messages:
        return '<p class="quiet">None yet: e-mail and SMS that the cloud sends are caught here.</p>'
    return "".join(
        f"<details><summary>{escape(one['subject'] or '(no subject)')} "
        f'<span class="quiet">to {escape(one["to"])}</span></summary><p>{escape(one["text"])}</p></details>'
        for one in messages
    )


def _told(told: dict[str, Any]) -> str:
    outbox = told["outbox"] or {}
    waits = f"{outbox.get('waiting', 0)} events wait to go out, {outbox.get('parked', 0)} are parked."
    if not told["messages"]:
        return f'<p class="quiet">None yet. {waits}</p>'
    rows = "".join(
        f"<tr><td class=quiet>{escape(one['at'][11:19])}</td><td>{escape(one['number'])}</td>"
        f"<td>{escape(one['template'])}</td><td>{escape(one['channel'])}</td><td>{_state_of(one)}</td></tr>"
        for one in told["messages"]
    )
    return f'<p class="quiet">{waits}</p><table>{rows}</table>'


def _state_of(one: dict[str, Any]) -> str:
    tone = {"sent": "good", "delivered": "good", "suppressed": "wait", "queued": "wait"}.get(one["state"], "bad")
    why = f" ({one['reason'].replace('_', ' ')})" if one["reason"] else ""
    return f'<span class="pill {tone}">{escape(one["state"])}{escape(why)}</span>'


def _invariants(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return '<p class="quiet">None are defined yet.</p>'
    broken = [row for row in rows if row["violations"]]
    told = "".join(
        f'<p class="bad"><strong>{escape(row["name"])}</strong>: {row["violations"]} violations</p>' for row in broken
    )
    names = "".join(f"<br>{escape(row['name'])}" for row in rows if not row["violations"])
    return f'{told}<details><summary class="good">{len(rows) - len(broken)} hold</summary><p>{names}</p></details>'


def _placeholders(found: dict[str, list[str]]) -> str:
    if not found:
        return '<p class="quiet">None: every resource of the app does something here.</p>'
    return _table(
        (f"<code>{escape(kind)}</code>", f'<span class="quiet">{escape(", ".join(names))}</span>')
        for kind, names in found.items()
    )


def as_json(reading: dict[str, Any]) -> str:
    """The reading for tests and demonstrations."""
    return json.dumps(reading, default=str, indent=1)

"""The panel of the lake: the last night, table by table, and a button that runs one now."""

from __future__ import annotations

from html import escape
from typing import Any

from local import night
from local.connected import Connected
from local.status.markup import button, pill, rows

TONES = {"SUCCEEDED": "good", "RUNNING": "wait"}
WORDS = {
    "PARTLY": "loaded in part",
    "SUCCEEDED": "loaded",
    "RUNNING": "under way",
    "FAILED": "stopped",
    "TIMED_OUT": "too slow",
}

type Reading = dict[str, Any]


def read(cloud: Connected) -> Reading:
    """The newest night, or {"status": ""} before the first."""
    return night.newest(cloud) or {"status": ""}


def begin(cloud: Connected) -> str:
    """Run a night now and say so."""
    night.begin(cloud)
    return "A night has begun: what is new goes into the lake and the warehouse, within a minute."


def show(reading: Reading) -> str:
    """The panel."""
    run = button("/lake", "Run a night now")
    if not reading["status"]:
        return f'<p class="quiet">No night yet: reports are empty until one has run.</p>{run}'
    if any(one["status"] == "refused" for one in reading["tables"]):
        reading = {**reading, "status": "PARTLY"}
    standing = pill(WORDS.get(reading["status"], reading["status"]), TONES.get(reading["status"], "bad"))
    when = escape(" to ".join(filter(None, (reading["started"], reading["ended"]))))
    error = f'<p class="bad">{escape(reading["stopped_by"][:600])}</p>' if reading["stopped_by"] else ""
    found = [one for one in reading["tables"] if one["batches"] or one.get("cause")]
    listed = "".join(
        f"<tr><td><code>{escape(one['table'])}</code></td><td>{escape(one['status'])}</td>"
        f"<td>{one['rows']:,} rows{escape(': ' + one['cause'][:300]) if one.get('cause') else ''}</td></tr>"
        for one in found
    )
    quiet = len(reading["tables"]) - len(found)
    more = f'<p class="quiet">{quiet} tables had nothing new.</p>' if quiet else ""
    return f"<p>{standing} {when}</p>{error}{rows(listed, 'Loaded') if listed else ''}{more}{run}"

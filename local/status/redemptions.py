"""The last redemptions, each as its line of events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

from local.connected import Connected
from local.status.markup import money, pill

LAST_REDEMPTIONS = 12
# An outcome that is not here went wrong.
_TONES = {"completed": "good", "partially_completed": "good", "cancelled": "wait"}

type Reading = dict[str, Any]


def read(cloud: Connected) -> list[Reading]:
    """The last redemptions, newest first, each with its lines and its events."""
    with cloud.query() as connection:
        rows = connection.execute(
            """
            select r.redemption_id::text, r.program_id, r.state, r.outcome, r.points, r.money_minor, r.currency,
                   r.created_at, p.state as payment,
                   (select coalesce(json_agg(json_build_object('title', l.title, 'quantity', l.quantity,
                           'accepted', l.accepted_quantity) order by l.line_number), '[]')
                      from redemptions.line l where l.redemption_id = r.redemption_id) as lines,
                   (select coalesce(json_agg(json_build_object('at', e.occurred_at, 'kind', e.kind,
                           'detail', e.detail) order by e.event_number), '[]')
                      from redemptions.event e where e.redemption_id = r.redemption_id) as events
              from redemptions.redemption r
              left join payments.payment p using (program_id, redemption_id)
             order by r.created_at desc limit %s
            """,
            (LAST_REDEMPTIONS,),
        ).fetchall()
    return [{**row, "created_at": row["created_at"].isoformat(timespec="seconds")} for row in rows]


def show(redemptions: list[Reading]) -> str:
    """The section."""
    if not redemptions:
        return '<p class="quiet">None yet. The portal makes some, so does <code>make redeem</code>.</p>'
    return f'<ul class="rows">{"".join(map(_redemption, redemptions))}</ul>'


def _redemption(one: Reading) -> str:
    what = ", ".join(f"{escape(line['title'])}{_count(line)}" for line in one["lines"])
    paid = [f"{one['points']:,} points"] if one["points"] else []
    if one["money_minor"]:
        paid.append(money(one["money_minor"], one["currency"]))
    name = escape(one["redemption_id"])
    still = "" if one["outcome"] else " open"
    return (
        f'<li id="redemption-{name}"><div class="top"><h3>{what}</h3>'
        f'<span class="quiet small">{" + ".join(paid)}</span>'
        f'<span class="end">{_outcome(one)}</span></div><ol class="line{still}">{"".join(_steps(one["events"]))}</ol>'
        f'<p class="small"><a href="/?execution={name}#machine">in the state machine</a> · '
        f'<a class="mono" href="/redemptions/{name}">{name}</a></p></li>'
    )


def _count(line: Reading) -> str:
    if line["accepted"] is not None and line["accepted"] != line["quantity"]:
        return f" ({line['accepted']} of {line['quantity']})"
    return f" ×{line['quantity']}" if line["quantity"] != 1 else ""


def _outcome(one: Reading) -> str:
    words = str(one["outcome"] or one["state"])
    return pill(words, _TONES.get(words, "bad" if one["outcome"] else "wait"))


def _steps(events: list[Reading]) -> Iterator[str]:
    for event in events:
        detail = ", ".join(f"{key} {value}" for key, value in (event["detail"] or {}).items() if value is not None)
        title = f' title="{escape(detail)}"' if detail else ""
        at = datetime.fromisoformat(event["at"])
        yield f"<li{title}>{escape(event['kind'].replace('_', ' '))}<small>{at:%-d %b %H:%M:%S}</small></li>"

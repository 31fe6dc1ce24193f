"""The panel of the reconciliation: the last days as three columns each, and the newest report in words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from local.connected import Connected
from local.status.markup import button, money, pill, rows

LAST_DAYS = 10
SHOWN = 8
HEIGHT, COLUMN, GAP = 90, 16, 26
VERDICTS = (("matched", "fill-good"), ("explained", "fill-wait"), ("ticket", "fill-bad"))

# What each difference means to somebody who has never seen the code.
WORDS = {
    "in_progress": "still under way",
    "not_shipped": "accepted, has not left yet",
    "charge_due": "left, Amazon will charge it",
    "charge_missing": "left a week ago, Amazon never charged it",
    "charged_twice": "charged more often than ordered",
    "charged_without_order": "Amazon charged, nothing was ordered",
    "refund_due": "came back, Amazon will refund it",
    "refund_missing": "came back a month ago, Amazon never refunded it",
    "refund_early": "Amazon refunded it, nobody has said why yet",
    "refund_unexpected": "Amazon refunded it, nobody knows why",
    "price_drift": "Amazon's price moved within the tolerance (house:price_variance)",
    "shipping_tax": "shipping and tax were other than estimated (house:price_variance)",
    "amazon_total": "Amazon's total is beyond the tolerance",
    "amazon_other": "Amazon charged something beside the items",
    "late_order": "its order was found after it had been turned back",
    "points": "points are not those of the units",
    "money": "our payments are not the money of the units",
    "not_collected": "money still to be taken",
    "unpaid": "money that could not be taken",
    "refund_pending": "money on its way back to the member",
    "refund_failed": "money that a person must send back",
    "written_off": "money nobody runs after",
    "chargeback": "money that a bank took back",
    "provider_captured": "the provider took another amount",
    "provider_refunded": "the provider sent back another amount",
    "provider_missing": "the provider does not know our charge",
    "provider_unreadable": "the provider does not let us see our charge",
    "reserved_left": "still reserved on the member's card",
    "moved_meanwhile": "moved while we asked",
    "currency": "told in another currency",
    "not_comparable": "could not be compared",
}

type Reading = dict[str, Any]


def read(cloud: Connected) -> Reading:
    """`days`, oldest first, and the newest `report`; of the main programme."""
    with cloud.query() as connection:
        row = connection.execute("select to_regclass('reconciliation.run') is not null as there").fetchone()
        if row is None or not row["there"]:
            return {"days": [], "report": None}
        days = connection.execute("select * from reconciliation.days(1, %s)", (LAST_DAYS,)).fetchall()
        newest = next((day["day"] for day in days if day["state"] == "done"), None)
        report = connection.execute("select reconciliation.report(1, %s) as report", (newest,)).fetchone()
    shown = [
        {name: day[name] for name in ("state", "matched", "explained", "tickets")} | {"day": str(day["day"])}
        for day in reversed(days)
    ]
    return {"days": shown, "report": report["report"] if report else None}


def begin(cloud: Connected) -> str:
    """Reconcile today as it stands and say so; the section shows it when it is done."""
    cloud.client("lambda").invoke(
        FunctionName=cloud.outputs["ReconciliationFunctionName"],
        InvocationType="Event",
        Payload=json.dumps({"now": True}),
    )
    return "Today is being reconciled as it stands: the section shows it within a few seconds."


def show(reading: Reading) -> str:
    """The panel."""
    begun = button("/reconciliation", "Reconcile today as it stands")
    done = [day for day in reading["days"] if day["state"] == "done"]
    if not done:
        return f'<p class="quiet">No day is reconciled yet: yesterday is, an hour after it ended.</p>{begun}'
    return f"{_columns(done)}{_report(reading['report'])}{begun}"


def _columns(days: list[Reading]) -> str:
    """Three columns a day. A legend says which is which, the numbers stand above."""
    most = max(max(day["matched"], day["explained"], day["tickets"]) for day in days) or 1
    width = len(days) * (3 * COLUMN + GAP) + GAP
    drawn = "".join(_day(day, GAP + place * (3 * COLUMN + GAP), most) for place, day in enumerate(days))
    legend = " ".join(
        f'<span class="nowrap"><span class="dot {colour}"></span>{name}</span>' for name, colour in VERDICTS
    )
    return (
        f'<p class="legend">{legend}</p><div class="scroll" tabindex="0" role="group" aria-label="Last days">'
        f'<svg role="img" aria-label="Redemptions by verdict and day" class="picture" width="{width}"'
        f' height="{HEIGHT + 44}">{drawn}</svg></div>'
    )


def _day(day: Reading, left: int, most: int) -> str:
    bars = []
    for place, (name, colour) in enumerate(VERDICTS):
        count = day["tickets" if name == "ticket" else name]
        height = max(2 if count else 0, round(HEIGHT * count / most))
        x, y = left + place * COLUMN, 16 + HEIGHT - height
        bars.append(
            f'<rect x="{x}" y="{y}" width="{COLUMN - 3}" height="{height}" class="{colour}">'
            f"<title>{count} {name}</title></rect>"
            f'<text x="{x + (COLUMN - 3) / 2}" y="{y - 3}" text-anchor="middle">{count}</text>'
        )
    label = f'<text x="{left + 1.5 * COLUMN}" y="{HEIGHT + 32}" text-anchor="middle">{escape(day["day"][5:])}</text>'
    return "".join(bars) + label


def _report(report: Reading | None) -> str:
    if report is None:
        return ""
    sums = "".join(map(_sum, report["differences"]))
    variances = "".join(
        f"<tr><td><code>{escape(one['asin'])}</code></td><td>{escape(one['seller'])}</td>"
        f"<td>{escape(WORDS.get(one['reason'], one['reason']))}</td>"
        f"<td>{money(one['amount_minor'], one['currency'])}</td></tr>"
        for one in report["price_variances"][:SHOWN]
    )
    return (
        f"<h3>{escape(report['day'])}</h3>"
        + (
            rows(sums, "What differs")
            if sums
            else '<p class="good">Everything matches, to the point and to the cent.</p>'
        )
        + (f"<p>house:price_variance of the day</p>{rows(variances, 'Price variances')}" if variances else "")
        + _open("Unmatched, oldest first", map(_unmatched, report["unmatched"][:SHOWN]), len(report["unmatched"]))
        + _open("Nobody's, oldest first", map(_orphan, report["orphans"][:SHOWN]), len(report["orphans"]))
        + "".join(
            f"<p>Others of the company bought: {one['transactions']} transactions,"
            f" {money(one['amount_minor'], one['currency'])}</p>"
            for one in report["others"]
        )
    )


def _sum(one: Reading) -> str:
    tone = "wait" if one["explained"] else "bad"
    what = (
        money(one["amount_minor"], one["currency"])
        if one["amount_minor"] is not None
        else f"{one['points'] or 0:,} points"
    )
    return (
        f"<tr><td>{pill('explained' if one['explained'] else 'ticket', tone)}</td>"
        f"<td>{escape(WORDS.get(one['kind'], one['kind']))}</td><td>{one['redemptions']} redemptions</td>"
        f"<td>{what}</td></tr>"
    )


def _open(title: str, found: Iterable[str], count: int) -> str:
    return f"<p>{escape(title)} ({count})</p>{rows(''.join(found), title)}" if count else ""


def _unmatched(one: Reading) -> str:
    name = escape(str(one["redemption_id"]))
    why = ", ".join(WORDS.get(d["kind"], d["kind"]) for d in one["differences"] if not d["explained"])
    return (
        f'<tr><td><a class="mono" href="/redemptions/{name}">{name}</a></td><td>{escape(why)}</td>'
        f'<td class="quiet">since {escape(str(one["unmatched_since"])[:16].replace("T", " "))}</td></tr>'
    )


def _orphan(one: Reading) -> str:
    amount = money(one["amount_minor"], one["currency"]) if one["amount_minor"] is not None else ""
    return (
        f"<tr><td>{escape(one['source'].replace('_', ' '))}</td><td><code>{escape(one['reference'][:60])}</code></td>"
        f"<td>{amount}</td></tr>"
    )

"""A month's figures, as whoever could know tells them: the books, the ledger, the warehouse, the journal's files, the
ERP."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from local.connected import Connected
from local.demo.shopper import Unexpected

FIGURES = ("opening", "issued", "redeemed", "expired", "adjusted", "closing")
# What the journal's files call the account that holds what is deferred for points.
DEFERRED = "2400"
# The event of a line of the journal → the figure it belongs to, and its sign there.
OF_EVENT = {
    "opened": ("issued", 1), "granted": ("adjusted", 1), "reversed": ("adjusted", 1), "withdrawn": ("adjusted", 1),
    "repaid_pending": ("adjusted", 1), "repaid_transferred": ("adjusted", 1), "redeemed": ("redeemed", -1),
    "restored": ("redeemed", -1), "breakage": ("expired", -1),
}  # fmt: skip
# Nothing of the books' own tables but when which day was locked: entries of the ledger, dated and counted once more.
LEDGER = """
with dated as (
    select j.dr, j.cr, j.amount, greatest(
        least(j.occurred_at at time zone points.zone(1), j.created_at at time zone points.zone(1))::date,
        (select max(d.day) from reports.day d where d.program_id = 1 and d.locked_at <= j.created_at) + 1) as day
    from points.journal j where j.program_id = 1
)
select coalesce(sum((cr in (1, 2, 3))::int * amount - (dr in (1, 2, 3))::int * amount)
        filter (where day < %(first)s), 0) as opening,
    coalesce(sum(amount) filter (where inside and dr = 10 and cr in (1, 3)), 0) as issued,
    coalesce(sum((cr = 11)::int * amount - (dr = 11)::int * amount) filter (where inside), 0) as redeemed,
    coalesce(sum(amount) filter (where inside and cr = 12), 0) as expired,
    coalesce(sum(case when dr = 14 and cr = 1 then amount
        when dr in (1, 3) and cr = 13 or dr = 1 and cr = 14 or dr in (3, 16) and cr = 4 then -amount end)
        filter (where inside), 0) as adjusted,
    coalesce(sum((cr in (1, 2, 3))::int * amount - (dr in (1, 2, 3))::int * amount), 0) as closing
from dated cross join lateral (select day between %(first)s and %(last)s as inside) x where day <= %(last)s"""


@dataclass(slots=True)
class Told:
    """A source's figures: points, and minor units; what it cannot know is not there."""

    source: str
    points: dict[str, int] = field(default_factory=dict)
    money: dict[str, int] = field(default_factory=dict)


def month_end(first: date) -> date:
    """The last day of a month that begins with this one."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def months(first: date, last: date) -> Iterator[date]:
    """The first days of the months from one to another."""
    while first <= last:
        yield first
        first = (first + timedelta(days=31)).replace(day=1)


def books(finance: httpx.Client, month: date) -> Told:
    """What finance reads: GET /finance/months/{month}/close. Raises Unexpected unless it is final and opens whole."""
    seen = got(finance, f"/finance/months/{month:%Y-%m}/close")
    if not (seen["final"] and seen["opened"]) or seen["waiting"]:
        raise Unexpected(f"the close of {month:%Y-%m} is not final: {seen}")
    money = {name: seen[f"{'breakage' if name == 'expired' else name}_minor"] for name in FIGURES}
    return Told("books", {name: seen[name] for name in FIGURES}, money)


def ledger(cloud: Connected, month: date) -> Told:
    """PostgreSQL's journal of points, counted once more."""
    with cloud.query() as connection:
        row = connection.execute(LEDGER.encode(), {"first": month, "last": month_end(month)}).fetchone()
    assert row is not None
    return Told("ledger", {name: int(value) for name, value in row.items()})


def warehouse(finance: httpx.Client, month: date) -> Told:
    """Two metrics of the report page, as finance sees them."""
    span = {"from": month.isoformat(), "to": month_end(month).isoformat()}
    (points,) = rows(finance, "month_close", span)
    (money,) = rows(finance, "deferred_close", span)
    return Told(
        "warehouse",
        {name: int(points[name]) for name in FIGURES},
        {
            **{name: int(money[name]) for name in ("opening", "issued", "redeemed", "closing")},
            "expired": int(money["breakage"]),
            "adjusted": int(money["granted"]) - int(money["taken_back"]),
        },
    )


def rows(staff: httpx.Client, metric: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
    """A metric's answer. Raises Unexpected."""
    for _ in range(30):
        answer = staff.get(f"/reports/{metric}", params=parameters)
        if answer.status_code != 503:
            break
    seen = body(answer)
    if not seen["whole"]:
        raise Unexpected(f"the report {metric} is cut short")
    return [dict(zip(seen["columns"], row, strict=True)) for row in seen["rows"]]


def journal_files(finance: httpx.Client, since: date, month: date) -> dict[str, str]:
    """The locked journal's files, by day, from a month to the end of another. Raises Unexpected at an open day."""
    found: dict[str, str] = {}
    for first in months(since, month):
        for day in got(finance, f"/finance/months/{first:%Y-%m}/days")["days"]:
            if day["lines"]:
                if not day["locked"]:
                    raise Unexpected(f"{day['day']} is open")
                found[day["day"]] = text(finance, f"/finance/days/{day['day']}/journal.csv")
    return found


def journal(files: dict[str, str], month: date) -> Told:
    """What the files bring deferred revenue."""
    money = dict.fromkeys(FIGURES, 0)
    for day, file in files.items():
        for line in csv.DictReader(io.StringIO(file)):
            cents = int(Decimal(line["amount"]) * 100)
            change = ((line["credit"] == DEFERRED) - (line["debit"] == DEFERRED)) * cents
            if change == 0:
                continue
            money["closing"] += change
            if day < month.isoformat():
                money["opening"] += change
                continue
            figure, sign = OF_EVENT[line["event"]]
            money[figure] += sign * change
    return Told("journal", money=money)


def erp(cloud: Connected, month: date) -> Told:
    """What the ERP has booked to deferred revenue, before the month and to its end."""
    money = {"opening": 0, "closing": 0}
    for day, debit, credit in _entries(cloud.state / "erp.sqlite"):
        if day > month_end(month).isoformat():
            continue
        money["closing"] += credit - debit
        if day < month.isoformat():
            money["opening"] += credit - debit
    return Told("ERP", money=money)


def differences(told: list[Told]) -> list[str]:
    """Each figure that one source tells otherwise than the first, and by how much; each source that does not add up."""
    wrong = []
    for kind, words in (("points", "points"), ("money", "cents")):
        reference: dict[str, int] = getattr(told[0], kind)
        for one in told:
            figures: dict[str, int] = getattr(one, kind)
            wrong += [
                f"{name}: {one.source} says {value:,} {words}, {told[0].source} {reference[name]:,}:"
                f" {value - reference[name]:+,}"
                for name, value in figures.items()
                if value != reference[name]
            ]
            if len(figures) == len(FIGURES):
                opening, issued, redeemed, expired, adjusted, closing = (figures[name] for name in FIGURES)
                if opening + issued - redeemed - expired + adjusted != closing:
                    wrong.append(f"{one.source}: its {words} do not add up to {closing:,}")
    return wrong


def got(staff: httpx.Client, path: str) -> dict[str, Any]:
    """A GET that must succeed."""
    return body(staff.get(path))


def text(staff: httpx.Client, path: str) -> str:
    """A file."""
    answer = staff.get(path)
    if answer.status_code != 200:
        raise Unexpected(f"{path}: {answer.status_code} {answer.text[:300]}", answer)
    return answer.text


def body(answer: httpx.Response) -> dict[str, Any]:
    """What a door answered. Raises Unexpected if that is a refusal."""
    if answer.status_code >= 300:
        raise Unexpected(
            f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:400]}", answer
        )
    told: dict[str, Any] = answer.json()
    return told


def _entries(file: Path) -> list[tuple[str, int, int]]:
    """Posted entries of the account: the journal's day, debit, credit."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return connection.execute(
            "select d.number, e.debit_minor, e.credit_minor from entries e join documents d using (document_id)"
            " where d.kind = 'journal' and d.status = 'posted' and e.account = ?",
            (DEFERRED,),
        ).fetchall()
    finally:
        connection.close()

"""The general-ledger journal: posted by a worker, locked by finance, taken away as a file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from loyalty.database import Connection
from loyalty.payments.currencies import decimal_of
from loyalty.payments.provider import Money
from loyalty.refusal import Kind, Refusal

# Journal rows a transaction, and transactions a call: a backlog is worked off over several calls.
BATCH, BATCHES = 5_000, 4

# What the content hash is of, besides the day's header; database/reports/3_books.sql writes the same text.
LINE_FIELDS = (
    "line_number",
    "book",
    "event",
    "funder",
    "debit_account",
    "credit_account",
    "debit_code",
    "credit_code",
    "amount_minor",
    "through_micros",
)

REFUSALS = {
    "already_locked": (Kind.CONFLICT, "already-locked", "These days are locked already."),
    "too_early": (Kind.CONFLICT, "too-early", "A day can be locked when it is over."),
    "no_rate": (Kind.CONFLICT, "no-rate", "No rate has been approved."),
    "nothing": (Kind.CONFLICT, "nothing-to-lock", "There is no movement up to that day."),
    "not_posted": (
        Kind.UNAVAILABLE,
        "not-posted",
        "Points of these days are still being booked. Try again in a minute.",
    ),
    "too_long": (Kind.CONFLICT, "too-long", "At most 400 days can be locked at a time: lock an earlier month first."),
}


@dataclass(frozen=True, slots=True)
class State:
    """The programme's day, the last locked one, and how many rows of the points journal are not posted yet."""

    today: date
    locked_through: date | None
    waiting: int


def state(connection: Connection, program_id: int) -> State:
    """How far the books are."""
    row = connection.execute("select * from reports.state(%s)", (program_id,)).fetchone()
    assert row is not None
    return State(**row)


def post(connection: Connection) -> int:
    """Post what was written to the points journal since the last time. How many of its rows."""
    total = 0
    for _ in range(BATCHES):
        row = connection.execute("select reports.post(%s) as count", (BATCH,)).fetchone()
        assert row is not None
        total += int(row["count"])
        if row["count"] == 0:
            break
    return total


def post_deliveries(connection: Connection) -> int:
    """Tell the books which redeemed goods have arrived. How many redemptions."""
    row = connection.execute("select reports.post_deliveries(%s) as count", (BATCH,)).fetchone()
    assert row is not None
    return int(row["count"])


def lock(connection: Connection, program_id: int, through: date, actor: str) -> None:
    """Write the journals of all days up to this one; they never change again. Raises Refusal if that cannot be yet."""
    row = connection.execute("select reports.lock(%s, %s, %s) as status", (program_id, through, actor)).fetchone()
    assert row is not None
    if row["status"] in REFUSALS:
        kind, code, detail = REFUSALS[row["status"]]
        raise Refusal(kind, code, detail, retry_after_seconds=60 if kind is Kind.UNAVAILABLE else None)


def read(connection: Connection, program_id: int, first: date, last: date, book: str | None = None) -> dict[str, Any]:
    """The journal of a span of at most 400 days: locked days as written, open ones as they would be now.

    `book` looks at one of the two books whatever is posted.
    """
    rows = connection.execute(
        "select * from reports.journal(%s, %s, %s, %s)", (program_id, first, last, book)
    ).fetchall()
    days = []
    for day, group in groupby(rows, key=lambda row: row["day"]):
        lines = list(group)
        head = lines[0]
        days.append(
            {
                "day": day.isoformat(),
                "locked": head["locked"],
                "currency": head["currency"],
                "rate_version": head["rate_version"],
                "content_hash": head["content_hash"].hex() if head["content_hash"] else None,
                "lines": [
                    {name: line[name] for name in LINE_FIELDS} | {"through_micros": str(line["through_micros"])}
                    for line in lines
                    if line["line_number"] is not None
                ],
            }
        )
    return {"program_id": program_id, "from": first.isoformat(), "until": last.isoformat(), "days": days}


def days(
    connection: Connection, program_id: int, first: date, last: date, book: str | None = None
) -> list[dict[str, Any]]:
    """As the days of `read`, each day of the span, also where nothing moved; none if it ends before it begins."""
    found = {day["day"]: day for day in read(connection, program_id, first, last, book)["days"]}
    span = [(first + timedelta(days=count)).isoformat() for count in range((last - first).days + 1)]
    nothing: dict[str, Any] = {
        "locked": False,
        "currency": None,
        "rate_version": None,
        "content_hash": None,
        "lines": [],
    }
    return [found.get(day) or {"day": day, **nothing} for day in span]


def content_hash(program_id: int, day: Mapping[str, Any]) -> str:
    """The SHA-256 that a day of `read` must have, in hex: anybody who has the file can compute it."""
    header = [program_id, day["day"], day["currency"], day["rate_version"], len(day["lines"])]
    texts = [header, *([line[name] for name in LINE_FIELDS] for line in day["lines"])]
    return hashlib.sha256("\n".join(json.dumps(text, ensure_ascii=False) for text in texts).encode()).hexdigest()


def altered(document: Mapping[str, Any]) -> list[str]:
    """The locked days of a journal file whose contents are not what was locked."""
    return [
        day["day"]
        for day in document["days"]
        if day["locked"] and day["content_hash"] != content_hash(document["program_id"], day)
    ]


def to_json(document: Mapping[str, Any]) -> str:
    """The journal as a file; the same journal is the same text."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def to_csv(document: Mapping[str, Any]) -> str:
    """The journal as a table, a posting a row: the amount is debited to one account and credited to the other."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ("day", "line", "book", "event", "funder", "debit", "credit", "amount", "currency", "state", "content_hash")
    )
    for day in document["days"]:
        for line in day["lines"]:
            writer.writerow(
                (
                    day["day"],
                    line["line_number"],
                    line["book"],
                    line["event"],
                    line["funder"],
                    line["debit_code"],
                    line["credit_code"],
                    decimal_of(Money(line["amount_minor"], day["currency"])),
                    day["currency"],
                    "locked" if day["locked"] else "open",
                    day["content_hash"] or "",
                )
            )
    return out.getvalue()

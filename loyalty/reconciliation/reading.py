"""What staff read of the reconciliation: days, a day's report, its rows as a table, the house's accounts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.payments.currencies import decimal_of
from loyalty.payments.provider import Money
from loyalty.spreadsheet import harmless

PAGE_SIZE = 1000
# As much as a function may answer with.
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class HouseSum:
    """What falls to one of the programme's own accounts, by product and seller; `points` for `exception`."""

    account: str
    reason: str
    asin: str
    seller: str
    currency: str | None
    rows: int
    amount_minor: int
    points: int


def days(connection: Connection, program_id: int, most: int) -> list[dict[str, Any]]:
    """Newest first."""
    return connection.execute("select * from reconciliation.days(%s, %s)", (program_id, most)).fetchall()


def report(connection: Connection, program_id: int, day: date) -> dict[str, Any] | None:
    """A day's report as database/reconciliation/4_reading.sql describes it; None: the day was never begun."""
    row = connection.execute("select reconciliation.report(%s, %s) as report", (program_id, day)).fetchone()
    assert row is not None
    told: dict[str, Any] | None = row["report"]
    return told


def rows(connection: Connection, program_id: int, day: date, verdict: str | None) -> Iterator[dict[str, Any]]:
    """A day's redemptions with their differences, by their ids; at most 20,000."""
    after: UUID | None = None
    for _ in range(MOST_ROWS // PAGE_SIZE):
        page = connection.execute(
            "select * from reconciliation.rows(%s, %s, %s, %s, %s)", (program_id, day, verdict, after, PAGE_SIZE)
        ).fetchall()
        yield from page
        if len(page) < PAGE_SIZE:
            return
        after = page[-1]["redemption_id"]


def to_csv(found: Iterable[dict[str, Any]]) -> str:
    """A difference a row; a redemption without any has one row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ("redemption_id", "verdict", "leg", "kind", "explained", "points", "amount", "currency", "asin", "seller",
         "unmatched_since", "case_id")
    )  # fmt: skip
    for one in found:
        for difference in one["differences"] or [{}]:
            minor = difference.get("amount_minor")
            writer.writerow(
                (one["redemption_id"], one["verdict"] or "", difference.get("leg", ""), difference.get("kind", ""),
                 {True: "yes", False: "no"}.get(difference.get("explained"), ""), difference.get("points", ""),
                 "" if minor is None else decimal_of(Money(minor, one["currency"])),
                 "" if minor is None else one["currency"], difference.get("asin", ""),
                 harmless(difference.get("seller", "")), one["unmatched_since"] or "", one["case_id"] or "")
            )  # fmt: skip
    return out.getvalue()


def house(connection: Connection, program_id: int, first: date, last: date) -> list[HouseSum]:
    """The house's accounts of these days."""
    found = connection.execute(
        "select * from reconciliation.house_of(%s, %s, %s)", (program_id, first, last)
    ).fetchall()
    return [HouseSum(**row) for row in found]


def house_to_csv(month: str, sums: Iterable[HouseSum]) -> str:
    """The accounts as a table."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("month", "account", "reason", "asin", "seller", "rows", "amount", "currency", "points"))
    for one in sums:
        amount = decimal_of(Money(one.amount_minor, one.currency)) if one.currency else ""
        writer.writerow(
            (month, f"house:{one.account}", one.reason, one.asin, harmless(one.seller), one.rows, amount,
             one.currency or "", one.points or "")
        )  # fmt: skip
    return out.getvalue()

"""A warehouse that a test fills by hand, in words of the business, and asks metrics of. Nothing of a test stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import duckdb
import pytest

from analytics.metrics import catalogue
from analytics.warehouse import files, portable

PROGRAM = 1


class Warehouse:
    """Each method puts rows of one kind; what a test does not say is of no matter to it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._numbers = count(1)

    def put(self, table: str, **values: Any) -> None:
        values = {"program_id": PROGRAM, **values}
        known = {row[0] for row in self.connection.execute(f"describe loyalty.{table}").fetchall()}
        # Which load brought a row is nothing that a metric asks.
        values |= dict.fromkeys(known & {"batch", "row_xid"}, 1)
        names = ", ".join(values)
        self.connection.execute(
            f"insert into loyalty.{table} ({names}) values ({', '.join('?' * len(values))})", list(values.values())
        )

    def number(self) -> int:
        return next(self._numbers)

    def member(self, key: str, joined: str = "2026-01-01", *, tier: str = "basic", **more: Any) -> None:
        """A member with one level from joining until now."""
        values = {"state": "active", "valid_from": at(joined), "valid_to": None, "is_current": True, **more}
        self.put("dim_member", member_key=key, joined_on=day(joined), tier=tier, **values)

    def earn(self, member: str | None, on: str, points: int = 10, **more: Any) -> None:
        self.put(
            "fact_accrual", op_id=f"op{self.number()}", member_key=member, points=points, unit_cost_micros=5000,
            **{"occurred_at": at(on), "day": day(on), **more},
        )  # fmt: skip

    def redeem(self, member: str | None, on: str, asin: str = "A", units: int = 1, **more: Any) -> None:
        """A line of a redemption of its own unless another is named; accepted whole unless said otherwise."""
        values: dict[str, Any] = {
            "redemption_id": f"r{self.number()}", "line_number": 1, "units_ordered": units, "units_accepted": units,
            "units_returned": 0, "units_refused": 0, "points": 100, "money_minor": 0, "discount_minor": 0,
            "currency": "USD", "outcome": "completed",
            "state": "closed", "tier_then": "basic", "category": "home", "title": f"The {asin}",
        } | more  # fmt: skip
        self.put("fact_redemption_line", member_key=member, asin=asin, redeemed_at=at(on), day=day(on), **values)

    def entry(self, member: str, on: str, debit: str, credit: str, points: int) -> None:
        self.put(
            "fact_points_entry", op_id=f"op{self.number()}", leg=1, member_key=member, sequence=1, kind="accrue",
            debit_account=debit, credit_account=credit, points=points, occurred_at=at(on), booked_at=at(on),
            day=day(on),
        )  # fmt: skip

    def today(self, on: str) -> None:
        """The newest day of the data."""
        self.entry("somebody else", on, "pending", "pending", 1)

    def moved(self, on: str, lot_month: str, event: str, points: int, funder: str = "brand") -> None:
        self.put(
            "fact_points_movement", day=day(on), funder=funder, lot_month=day(lot_month), event=event, points=points
        )

    def rate(self, version: int, applies_from: str, **more: Any) -> None:
        values = {
            "point_value_micros": 5000,
            "deferred_micros": 4000,
            "cost_micros": 3000,
            "breakage_basis_points": 2000,
            "minor_micros": {"JPY": 1_000_000, "KWD": 1_000}.get(more.get("currency", "USD"), 10_000),
            "curve": "10000",
            "curve_months": 1,
        }
        self.put("ref_rate", version=version, applies_from=day(applies_from), **{"currency": "USD", **values, **more})

    def product(self, asin: str, price_minor: int | None, **more: Any) -> None:
        values = {"title": f"The {asin}", "category": "home", "currency": "USD", "available": True, **more}
        self.put("dim_product", asin=asin, price_minor=price_minor, **values)

    def ask(self, metric: str, **filters: str) -> list[dict[str, Any]]:
        """The metric's rows, by column."""
        asked = catalogue.metric(metric)
        sql = portable.for_duckdb(asked.sql)
        answer = self.connection.execute(sql, catalogue.parameters(asked, PROGRAM, filters))
        names = [column[0] for column in answer.description or ()]
        assert names == [column.name for column in asked.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def day(said: str) -> date:
    return date.fromisoformat(said[:10])


def at(said: str) -> datetime:
    """A day is its noon."""
    return datetime.fromisoformat(said) if len(said) > 10 else datetime.fromisoformat(f"{said}T12:00:00")


@pytest.fixture(scope="session")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """The star with its calendar and nothing else."""
    connection = duckdb.connect()
    for statement in (*files.statements("schema/loyalty"), *files.statements("schema/views")):
        connection.execute(portable.for_duckdb(statement))
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range(3 * 365)]
    rows = [
        (each, *each.isocalendar()[1::-1], each.month, (each.month + 2) // 3, each.year, each.isoweekday(),
         each.isoweekday() > 5)
        for each in days
    ]  # fmt: skip
    names = "day, iso_week, iso_year, month, quarter, year, weekday, is_weekend"
    rows_given = ", ".join("(?, ?, ?, ?, ?, ?, ?, ?)" for _ in rows)
    connection.execute(
        f"insert into loyalty.dim_date ({names}) values {rows_given}", [value for row in rows for value in row]
    )
    yield connection
    connection.close()


@pytest.fixture
def warehouse(empty: duckdb.DuckDBPyConnection) -> Iterator[Warehouse]:
    empty.execute("begin")
    yield Warehouse(empty)
    empty.execute("rollback")

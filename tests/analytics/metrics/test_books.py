"""One definition everywhere: the warehouse's points and liability are what the books in PostgreSQL say of the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from loyalty.database import Connection
from tests.analytics.metrics.conftest import Warehouse
from tests.conftest import TestDatabase

FIRST = date(2026, 1, 1)
EVENTS = (
    "opened", "opened", "opened", "granted", "redeemed", "redeemed", "restored", "lapsed", "reversed", "withdrawn",
    "repaid", "owed", "repaid_pending", "repaid_transferred", "delivered", "returned", "forgiven",
)  # fmt: skip


def movements(random: Random, months: int, often: int) -> list[tuple[date, str, date, str, int]]:
    """Events of lots of two funders; no lot month is ever below zero, nothing comes back that was not redeemed."""
    rows: dict[tuple[date, str, date, str], int] = {}
    open_, used = dict[tuple[str, date], int](), dict[tuple[str, date], int]()
    for number in range(months * often):
        day = FIRST + timedelta(days=number * 30 // often)
        funder, lot = random.choice("ab"), random.choice([FIRST.replace(month=m) for m in range(1, day.month + 1)])
        event, key = random.choice(EVENTS), (funder, lot)
        most = {"opened": 10**7, "granted": 10**5, "restored": used.get(key, 0)}.get(event, open_.get(key, 0))
        points = random.randint(0, most)
        if not points:
            continue
        rows[day, funder, lot, event] = rows.get((day, funder, lot, event), 0) + points
        if event in ("opened", "granted", "restored"):
            open_[key] = open_.get(key, 0) + points
        elif event in ("redeemed", "lapsed", "reversed", "withdrawn", "repaid_pending", "repaid_transferred"):
            open_[key] -= points
        if event in ("redeemed", "restored"):
            used[key] = used.get(key, 0) + (points if event == "redeemed" else -points)
    return [(*key, points) for key, points in rows.items()]


RATES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("2026-01-01", {"point_value_micros": 5000, "breakage_basis_points": 2000}),
    ("2026-04-01", {"point_value_micros": 6100, "breakage_basis_points": 3333}),
    ("2026-06-01", {"point_value_micros": 4700, "breakage_basis_points": 1250}),
)


@pytest.fixture
def books(warehouse: Warehouse, fresh_database: TestDatabase) -> Iterator[Connection]:
    """Seven months of movements, the same in the books and in the warehouse."""
    with fresh_database.owner() as connection:
        for version, (applies_from, said) in enumerate(RATES, start=1):
            connection.execute(
                "insert into reports.rate (program_id, version, applies_from, accounting_model, recognise_at, "
                "currency, minor_micros, point_value_micros, sales_micros, breakage_basis_points, cost_micros, curve, "
                "note, proposed_by, proposed_at, approved_by, approved_at) "
                "values (1, %s, %s, 'deferred_revenue', 'delivery', "
                "'USD', 10000, %s, 100000, %s, 3137, '{9100,7003,2501}', 'test', 'a', clock.now(), 'b', clock.now())",
                (version, applies_from, said["point_value_micros"], said["breakage_basis_points"]),
            )
        rows = movements(Random(2026), 7, 60)
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into reports.movement (program_id, day, funder, lot_month, event, points) "
                "values (1, %s, %s, %s, %s, %s)",
                rows,
            )
        for day, funder, lot, event, points in rows:
            warehouse.moved(str(day), str(lot), event, points, funder)
        for rate in connection.execute("select * from reports.rates(1)").fetchall():
            rate |= {"curve": ",".join(map(str, rate["curve"])), "curve_months": len(rate["curve"])}
            kept = ("currency", "point_value_micros", "deferred_micros", "cost_micros", "breakage_basis_points",
                    "minor_micros", "curve", "curve_months")  # fmt: skip
            warehouse.rate(rate["version"], str(rate["applies_from"]), **{name: rate[name] for name in kept})
        yield connection


def months_end(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def test_liability_and_points_are_the_books_own(warehouse: Warehouse, books: Connection) -> None:
    closed = {row["month"]: row["closing"] for row in warehouse.ask("month_close")}
    assert list(closed) == [FIRST.replace(month=month) for month in range(1, 8)]
    for month, closing in closed.items():
        told = books.execute(
            "select v.lot_month, sum(v.outstanding)::bigint as points, "
            "sum(v.net * v.deferred_micros - v.recognised_micros)::bigint as micros, "
            "sum(v.cost_left_micros)::bigint as cost "
            "from reports.valued(1, %s) v where v.outstanding <> 0 group by 1 order by 1",
            (months_end(month),),
        ).fetchall()
        shown = warehouse.ask("liability_by_age", to_day=str(months_end(month)))
        assert [(row["lot_month"], row["points"]) for row in shown] == [(r["lot_month"], r["points"]) for r in told]
        assert closing == sum(row["points"] for row in told)
        # The same rounding: whole cents of all months up to each.
        through, cost = 0, 0
        for row, book in zip(shown, told, strict=True):
            assert row["deferred"] == (through + book["micros"]) // 10_000 - through // 10_000
            assert row["expected_cost"] == (cost + book["cost"]) // 10_000 - cost // 10_000
            through, cost = through + book["micros"], cost + book["cost"]
    assert through > 10**9
    assert cost > 10**9


def test_the_close_in_money_is_the_journal_to_the_cent(warehouse: Warehouse, books: Connection) -> None:
    journal: dict[date, dict[str, int]] = {}
    for row in books.execute(
        "select date_trunc('month', l.day)::date as month, l.event, "
        "sum(case when l.credit_account = 'deferred_revenue' then l.amount_minor else -l.amount_minor end)::bigint "
        "as amount from reports.lines_between(1, '2026-01-01', '2026-07-31', 'deferred_revenue') l "
        "where 'deferred_revenue' in (l.debit_account, l.credit_account) group by 1, 2"
    ).fetchall():
        journal.setdefault(row["month"], {})[row["event"]] = row["amount"]
    balance = 0
    for row in warehouse.ask("deferred_close"):
        posted = journal[row["month"]]
        assert row["opening"] == balance
        balance += sum(posted.values())
        assert row["closing"] == balance
        assert (row["issued"], row["granted"]) == (posted.get("opened", 0), posted.get("granted", 0))
        assert -row["redeemed"] == posted.get("redeemed", 0) + posted.get("restored", 0)
        assert -row["breakage"] == posted.get("breakage", 0)
    assert balance > 10**5
    assert [row["currency"] for row in warehouse.ask("deferred_close", from_day="2026-07-02")] == ["USD"]

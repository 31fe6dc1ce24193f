"""From the database to the star: nothing is lost on the way, to the point and to the cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from analytics.export.contract import contracts
from analytics.metrics import catalogue
from analytics.warehouse import statements
from analytics.warehouse.engine import Warehouse
from analytics.warehouse.targets import TARGETS
from loyalty.reports import month, position
from tests.analytics.export.lake import Lake
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import saga


@pytest.fixture(scope="module")
def source(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """One redemption with all that can happen to it, exported."""
    with saga(database) as world:
        lake = Lake(database, tmp_path_factory.mktemp("lake"), world)
        bought = lake.bought()
        lake.wish(bought.member_id, "B0TOWELS00")
        # The books post what waits before they say where they stand.
        position.position(lake.owner, 1)
        lake.look(bought.member_id, "B0TOWELS00")
        assert lake.export().problems == ()
        yield lake


@pytest.fixture(scope="module")
def star(source: Lake) -> Iterator[Warehouse]:
    """All batches, loaded as a night does it."""
    with Warehouse() as warehouse:
        warehouse.run(statements.bootstrap())
        for table in statements.tables():
            state = source.state(table)
            for batch in state.batches if state else ():
                url = source.target.url(batch.manifest)
                warehouse.run(statements.load(table, url, batch.batch, replaces=batch.replaces))
        warehouse.run(statements.derive())
        yield warehouse


def test_every_row_and_every_sum_arrives(source: Lake, star: Warehouse) -> None:
    for contract in contracts():
        sums = "".join(f", COALESCE(SUM({name}), 0) AS sum_{name}" for name in contract.summed)
        (found,) = star.query(f"SELECT COUNT(*) AS found{sums} FROM {TARGETS[contract.table].table}")
        told = source.owner.execute(f"SELECT COUNT(*) AS found{sums} FROM {contract.source}".encode()).fetchone()
        assert told is not None
        assert [int(value) for value in found] == [int(value) for value in told.values()], contract.table


def test_a_line_is_what_the_member_paid_in_the_end(source: Lake, star: Warehouse) -> None:
    expected = source.owner.execute(
        b"select sum(l.unit_points * (l.accepted_quantity - l.given_back))::bigint as points,"
        b" sum(l.unit_money_minor * (l.accepted_quantity - l.given_back))::bigint as money_minor,"
        b" sum(l.given_back)::bigint as units from redemptions.line as l"
    ).fetchone()
    assert expected is not None
    found = star.query("SELECT SUM(points), SUM(money_minor), SUM(units_returned) FROM loyalty.fact_redemption_line")
    assert found == [(expected["points"], expected["money_minor"], expected["units"])]
    assert expected["units"] == 1


def test_every_member_has_one_row_that_holds_now(source: Lake, star: Warehouse) -> None:
    members = source.one("select count(*) from lake.member")
    assert star.query("SELECT COUNT(*), COUNT(DISTINCT member_key) FROM loyalty.dim_member WHERE is_current") == [
        (members, members)
    ]
    assert star.query(
        "SELECT COUNT(*) FROM loyalty.fact_shipment WHERE on_time IS NOT NULL AND member_key IS NULL"
    ) == [(0,)]


def asked(star: Warehouse, name: str) -> list[dict[str, Any]]:
    metric = catalogue.metric(name)
    names = [column.name for column in metric.columns]
    rows = star.query(metric.sql, catalogue.parameters(metric, 1, {}))
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_the_months_close_is_the_books_own_and_opens_to_the_same_lots(source: Lake, star: Warehouse) -> None:
    keys = {
        row["number"]: row["key"]
        for row in source.owner.execute(
            "select m.number, k.member_key::text as key from members.member m"
            " join lake.member_key k using (program_id, member_id)"
        ).fetchall()
    }
    closes = asked(star, "month_close")
    assert sum(row["redeemed"] for row in closes) > 0
    days: Counter[Any] = Counter()
    lots: Counter[Any] = Counter()
    for row in closes:
        books = month.close(source.owner, 1, row["month"])
        assert {figure: row[figure] for figure in month.FIGURES} == {f: getattr(books, f) for f in month.FIGURES}
        for figure in month.FIGURES[1:-1]:
            for part in month.movements(source.owner, 1, row["month"], figure):
                days[part.day, figure, part.event, part.lot_month, part.funder] += part.points
            for lot in month.lots(source.owner, 1, row["month"], figure)[0]:
                lots[lot.day, figure, keys[lot.member_number], lot.lot, lot.event] += lot.points
    assert {tuple(row.values())[:-1]: row["points"] for row in asked(star, "close_by_day")} == days
    found: Counter[Any] = Counter()
    for row in asked(star, "close_lots"):
        found[row["day"], row["figure"], row["member_key"], row["lot"], row["event"]] += row["points"]
    assert found == lots

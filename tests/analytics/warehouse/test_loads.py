"""A batch comes in once and whole, or not at all."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from analytics.export.contract import contracts
from analytics.warehouse import statements
from analytics.warehouse.engine import StatementFailed, Warehouse
from analytics.warehouse.targets import TARGETS
from tests.analytics.warehouse.conftest import Turned
from tests.analytics.warehouse.lake import MEMBER, ORDER, OTHER, SECOND, Lake

TABLES = sorted(TARGETS)


def test_every_contract_is_loaded_and_nothing_else() -> None:
    assert {contract.table for contract in contracts()} == set(TARGETS)


def test_columns_of_the_target_hold_what_the_contract_sends(warehouse: Warehouse) -> None:
    there = {
        (f"{schema}.{table}", column): (kind, size)
        for schema, table, column, kind, size in warehouse.query(
            "select c.schema_name, c.table_name, c.column_name, c.data_type, b.bytes from duckdb_columns() c"
            " left join redshift.column_bytes b on b.schema_name = c.schema_name and b.table_name = c.table_name"
            " and b.column_name = c.column_name"
        )
    }
    for contract in contracts():
        for column in contract.columns:
            kind, size = there[TARGETS[contract.table].table, column.name]
            assert kind == column.duck, column.name
            assert column.bytes is None or size >= column.bytes, column.name


def test_a_batch_of_every_table_comes_in_once_and_is_logged(lake: Lake, turned: Turned) -> None:
    for table in TABLES:
        lake.load(table, {})
        assert lake.rows(f"select count(*) from {TARGETS[table].table}") == [(1,)]
    assert lake.rows("select table_name, batch, rows, loaded_at from loyalty.load_log order by 1") == [
        (table, 1, 1, turned.now) for table in TABLES
    ]
    lake.derive()
    before = lake.whole()
    for table in TABLES:
        lake.again(table, 1)
    lake.derive()
    assert lake.whole() == before


def test_yesterdays_batch_after_todays_changes_nothing(lake: Lake) -> None:
    lake.load("redemption", {"state": "held"}, batch=5)
    lake.load("redemption", {"state": "closed"}, batch=6)
    before = lake.whole()
    lake.again("redemption", 5)
    assert lake.whole() == before


def test_a_batch_that_comes_late_does_not_undo_a_later_one(lake: Lake) -> None:
    lake.load("redemption", {"state": "closed"}, batch=6)
    lake.load("redemption", {"state": "held"}, {"redemption_id": SECOND, "state": "held"}, batch=5)
    assert lake.rows("select redemption_id, state from base.redemption order by 1") == [
        (ORDER, "closed"),
        (SECOND, "held"),
    ]


def test_rows_that_files_repeat_come_in_once(lake: Lake) -> None:
    lake.load("accrual", {"op_id": "a", "points": 10}, {"op_id": "a", "points": 10}, {"op_id": "b", "points": 5})
    assert lake.rows("select sum(points), count(*) from loyalty.fact_accrual") == [(15, 2)]


def test_facts_of_the_journal_are_only_added(lake: Lake) -> None:
    lake.load("points_entry", {"op_id": "a", "points": 10})
    lake.load("points_entry", {"op_id": "a", "points": 99}, {"op_id": "b", "points": 5})
    assert lake.rows("select op_id, points, day from loyalty.fact_points_entry order by 1") == [
        ("a", 10, date(2026, 3, 1)),
        ("b", 5, date(2026, 3, 1)),
    ]


def test_a_key_of_another_programme_is_another_row(lake: Lake) -> None:
    lake.load("money", {"amount_minor": 500}, {"program_id": 2, "amount_minor": 700})
    lake.load("money", {"program_id": 2, "amount_minor": 800})
    assert lake.rows("select program_id, amount_minor from loyalty.fact_money order by 1") == [(1, 500), (2, 800)]


def test_a_table_that_always_comes_whole_forgets_what_is_gone(lake: Lake) -> None:
    lake.load("wish", {"asin": "B000000001"}, {"asin": "B000000002"})
    lake.load("wish", {"asin": "B000000002"})
    assert lake.rows("select asin from loyalty.fact_wish") == [("B000000002",)]
    lake.load("wish")
    assert lake.rows("select count(*) from loyalty.fact_wish") == [(0,)]


def test_an_older_whole_table_does_not_replace_a_newer_one(lake: Lake) -> None:
    lake.load("tier", {"tier": "gold"}, batch=8)
    lake.load("tier", {"tier": "silver"}, batch=7)
    assert lake.rows("select tier from loyalty.dim_tier") == [("gold",)]


def test_after_a_full_export_nothing_of_before_stays_and_nothing_of_before_comes_back(lake: Lake) -> None:
    lake.load("accrual", {"op_id": "a"}, batch=3)
    lake.load("accrual", {"op_id": "b"}, batch=1000, replaces=True)
    lake.load("accrual", {"op_id": "c"}, batch=4)
    lake.load("accrual", {"op_id": "d"}, batch=1001)
    assert lake.rows("select op_id from loyalty.fact_accrual order by 1") == [("b",), ("d",)]


def test_a_group_in_a_batch_stands_for_all_of_the_group(lake: Lake) -> None:
    lake.load("shipment", {"shipment_key": "1", "units": 1}, {"shipment_key": "2", "units": 1})
    lake.load("shipment", {"shipment_key": "3", "units": 2})
    assert lake.rows("select shipment_key, units from base.shipment") == [("3", 2)]


@pytest.mark.parametrize("table", ["accrual", "invoice_line", "member", "wish"])
def test_an_interrupted_load_leaves_nothing(lake: Lake, table: str) -> None:
    lake.load(table, {})
    before = lake.whole()
    url = lake.write(table, [{"program_id": 2}], 2)
    steps = statements.load(table, url, 2)
    for reached in range(4, len(steps), 2):
        with lake.warehouse.session(writes=True) as session:
            session.begin()
            for number, statement in enumerate(steps[:reached], 1):
                session.execute(number, statement)
        assert lake.whole() == before
    lake.again(table, 2)
    assert lake.rows("select count(*) from loyalty.load_log") == [(2,)]


def test_a_failing_statement_takes_the_whole_batch_with_it(lake: Lake) -> None:
    url = lake.write("accrual", [{"op_id": "a"}], 1)
    with pytest.raises(StatementFailed) as failed:
        lake.warehouse.run([*statements.load("accrual", url, 1), "SELECT 1 FROM loyalty.nowhere"])
    assert failed.value.number == len(statements.load("accrual", url, 1)) + 1
    assert lake.rows("select (select count(*) from loyalty.fact_accrual), (select count(*) from loyalty.load_log)") == [
        (0, 0)
    ]


def test_an_erased_member_leaves_rows_without_a_key(lake: Lake) -> None:
    lake.load("redemption", {"member_key": None}, {"redemption_id": SECOND, "member_key": OTHER})
    lake.load("redemption_line", {"quantity": 1}, {"redemption_id": SECOND, "quantity": 1})
    lake.derive()
    assert lake.rows("select member_key, tier_then from loyalty.fact_redemption_line order by redemption_id") == [
        (None, None),
        (OTHER, None),
    ]


def test_what_is_no_address_and_no_role_reaches_no_statement() -> None:
    with pytest.raises(ValueError, match="address"):
        statements.load("accrual", "s3://lake/x'; DROP TABLE loyalty.dim_date; --", 1)
    with pytest.raises(ValueError, match="role"):
        statements.load("accrual", "s3://lake/x.json", 1, "default'")
    with pytest.raises(KeyError):
        statements.load("nothing", "s3://lake/x.json", 1)


def test_statements_fit_what_one_call_takes() -> None:
    for table in TABLES:
        found = statements.load(table, "s3://lake/bronze/x/manifest.json", 10**17, replaces=True)
        assert len(found) <= statements.MOST_STATEMENTS
    assert len(statements.derive()) <= statements.MOST_STATEMENTS
    every = [*statements.bootstrap(), *statements.derive()]
    assert all(len(part) <= statements.MOST_STATEMENTS for part in statements.batches(every))
    assert max(len(statement.encode()) for statement in every) < 100_000


def test_the_schema_made_once_more_changes_nothing(lake: Lake) -> None:
    lake.load("accrual", {"member_key": MEMBER})
    before = lake.whole()
    for part in statements.batches(statements.bootstrap(loaders=["IAMR:loader"], reporters=["IAMR:desk"])):
        lake.warehouse.run(part)
    assert lake.whole() == before


def test_the_statements_need_neither_a_parser_nor_an_engine_nor_an_sdk() -> None:
    told = "import sys, analytics.warehouse.statements; print({'sqlglot', 'duckdb', 'boto3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

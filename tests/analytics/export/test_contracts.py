"""Contracts and the views they are about: what was promised stays, nothing personal, cheap to ask what is new."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest

from analytics.export.contract import RELEASED, Column, Contract, broken_promises, contracts
from tests.analytics.export.lake import CONTRACTS
from tests.conftest import REPOSITORY, TestDatabase

# Accruals go by the journal's index, as its entries do; without rows the planner cannot see why.
WINDOWED = [contract for contract in CONTRACTS.values() if not contract.whole and contract.table != "accrual"]
# As parts of a column's name: what says who somebody is.
PERSONAL = {"name", "email", "phone", "address", "subject", "street", "postal", "actor", "member"}
# The level's; whether there is a wish, not where it goes.
NOBODYS = {("tier", "name"), ("preference", "wants_email")}


def test_what_was_released_stays_and_new_columns_come_last_and_may_be_null() -> None:
    released = json.loads(RELEASED.read_text())
    assert broken_promises(contracts(), released) == []
    wish = CONTRACTS["wish"]
    optional = Column("note", "text(10)", True, "", "none")
    more = replace(wish, columns=(*wish.columns, optional))
    assert broken_promises([more], {"wish": released["wish"]}) == []
    said = [
        broken_promises([replace(wish, columns=columns)], {"wish": released["wish"]})
        for columns in (
            wish.columns[:-1],
            (optional, *wish.columns),
            (*wish.columns, replace(optional, nullable=False)),
        )
    ]
    assert said[0] == ["wish: column 4 was released as added_at timestamp"]
    assert "wish: column 1 was released as program_id integer" in said[1]
    assert said[2] == ["wish.note: a new column may be null"]
    assert broken_promises([], {"wish": released["wish"]}) == ["wish: was released and is gone"]


def test_every_contract_is_released() -> None:
    assert set(json.loads(RELEASED.read_text())) == set(CONTRACTS)


@pytest.mark.parametrize("table", CONTRACTS)
def test_a_contract_says_what_each_column_is_and_names_nobody(table: str) -> None:
    contract = CONTRACTS[table]
    assert contract.source == f"lake.{table}"
    assert contract.description
    for column in contract.columns:
        assert column.description, column.name
        if column.name == "member_key":
            assert column.personal == "hashed"
        elif (table, column.name) not in NOBODYS:
            assert not PERSONAL & set(column.name.split("_")), column.name


def test_whoever_exports_sees_the_views_and_nothing_else(database: TestDatabase) -> None:
    with database.owner() as owner:
        rows = owner.execute(
            "select n.nspname || '.' || c.relname as name,"
            " has_table_privilege('lake_reader', c.oid, 'select') as reads,"
            " has_table_privilege('lake_reader', c.oid, 'insert,update,delete,truncate') as writes"
            " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^(pg_|information_schema|clock)'"
        ).fetchall()
        functions = owner.execute(
            "select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
            " where n.nspname !~ '^(pg_|information_schema)' and has_schema_privilege('lake_reader', n.oid, 'usage')"
            " and has_function_privilege('lake_reader', p.oid, 'execute')"
        ).fetchall()
    assert {row["name"] for row in rows if row["reads"]} == {"lake.instance", *(c.source for c in CONTRACTS.values())}
    assert not [row["name"] for row in rows if row["writes"]]
    assert functions == []
    with database.connect("lake_reader") as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("select * from members.member")


@pytest.mark.parametrize("contract", WINDOWED, ids=lambda contract: contract.table)
def test_what_is_new_is_found_by_an_index(database: TestDatabase, contract: Contract) -> None:
    with database.owner() as owner:
        owner.execute("call points.ensure_partitions()")
        owner.execute("set enable_seqscan = off")
        plan = owner.execute(
            f"explain (format json) select * from {contract.source} where row_xid >= 5000 and row_xid < 5001".encode()
        ).fetchone()
    assert plan is not None
    told = json.dumps(plan["QUERY PLAN"])
    conditions = re.findall(r'"(?:Index|Recheck) Cond": "([^"]*5001[^"]*)"', told)
    assert len(conditions) >= (2 if contract.table == "money" else 1), told


def test_every_table_that_is_read_by_a_window_notes_what_changed_it(database: TestDatabase) -> None:
    with database.owner() as owner:
        row = owner.execute(
            "select array_agg(distinct r.refobjid::regclass::text order by r.refobjid::regclass::text) as tables"
            " from pg_rewrite w join pg_depend r on r.objid = w.oid and r.refclassid = 'pg_class'::regclass"
            " join pg_attribute a on a.attrelid = r.refobjid and a.attnum = r.refobjsubid and a.attname = 'row_xid'"
            " where w.ev_class::regclass::text like 'lake.%'"
        ).fetchone()
        noted = owner.execute(
            "select array_agg(tgrelid::regclass::text order by tgrelid::regclass::text) as tables"
            " from pg_trigger where tgname = 'note_change'"
        ).fetchone()
    assert row is not None
    assert noted is not None
    assert row["tables"] == noted["tables"]


def test_contracts_and_rules_are_found_in_a_zip_too(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "analytics.zip", "w") as archive:
        for path in (REPOSITORY / "analytics").rglob("*"):
            if path.suffix in (".py", ".json"):
                archive.write(path, path.relative_to(REPOSITORY))
    said = (
        "from analytics.export.contract import contracts; from analytics.export.quality.rules import dqdl;"
        "print(len([dqdl(contract) for contract in contracts()]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "analytics.zip")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) == len(CONTRACTS)

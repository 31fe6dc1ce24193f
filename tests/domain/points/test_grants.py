"""Each entry point may call what it needs of the ledger, and nothing else."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import TestDatabase

ROLES = (
    "member_api",
    "quote_api",
    "manager_api",
    "catalogue_desk",
    "webhook_sender",
    "integrations_desk",
    "partner_api",
    "identity_trigger",
    "engine_step",
    "order_information",
    "sweeper",
    "catalogue_sync",
    "importer",
    "payments_worker",
    "orders_worker",
    "auditor",
    "outbox_relay",
    "shipment_notification",
    "notification_feedback",
    "points_notices",
    "invoicing",
    "reconciliation",
    "readoption",
    "wish_notices",
    "closure",
    "privacy",
    "simulation",
    "invoice_intake",
    "invoice_reading",
    "invoice_matching",
    "invoice_watch",
    "invoice_desk",
    "erp_gateway",
    "demand_desk",
    "lake_reader",
    "insight_loading",
    "personalize_events",
)
READS = {"balance", "lots", "statement", "balance_at", "head", "history"}
ALLOWED: dict[str, set[str]] = {
    "member_api": READS | {"exhausted_campaigns"},
    "quote_api": {"balance", "lots"},
    "wish_notices": {"exhausted_campaigns"},
    "manager_api": READS | {"budgets", "closes", "verify_close"},
    "partner_api": {
        "accrue",
        "accrued",
        "mature_purchase",
        "release_purchase",
        "reverse_accrual",
    },
    "importer": {"accrue_many"},
    "sweeper": {
        "budgets",
        "close_due_months",
        "ensure_partitions",
        "expire_due",
        "lapse_reservations",
        "mature_due",
        "roll_up",
    },
    "simulation": {"budgets"},
    "auditor": {"check_budgets", "check_invariants", "check_rollup", "figures"},
}
TABLES = (
    "member",
    "journal",
    "accrual",
    "reversal",
    "pending",
    "account",
    "budget",
    "budget_slice",
    "budget_use",
)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_execute_exactly_its_functions(database: TestDatabase, role: str) -> None:
    with database.owner() as connection:
        rows = connection.execute(
            "select distinct proname as name from pg_proc"
            " where pronamespace = 'points'::regnamespace and has_function_privilege(%s, oid, 'execute')"
            " and has_schema_privilege(%s, 'points', 'usage')",
            (role, role),
        ).fetchall()
    assert {row["name"] for row in rows} == ALLOWED.get(role, set())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", TABLES)
def test_no_role_reads_or_writes_a_table(database: TestDatabase, role: str, table: str) -> None:
    column = "meaning" if table == "account" else "program_id"
    with database.connect(role) as connection:
        for statement in (
            "select from points.{}",
            "insert into points.{} default values",
            "update points.{} as t set {} = t.{}",
            "delete from points.{}",
            "truncate points.{}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.format(table, column, column).encode())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("view", ["lot", "hold", "lapsed_holds"])
def test_no_role_reads_everybodys_lots_or_holds(database: TestDatabase, role: str, view: str) -> None:
    with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"select from points.{view}".encode())


@pytest.mark.parametrize("role", ROLES)
def test_only_the_auditor_reads_the_invariants(database: TestDatabase, role: str) -> None:
    with database.connect(role) as connection:
        if role == "auditor":
            rows = connection.execute("select name from points.invariants order by name").fetchall()
            assert [row["name"][:2] for row in rows] == [f"I{number}" for number in range(1, 9)]
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select * from points.invariants")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_makes_an_object_that_the_ledger_could_mistake_for_its_own(database: TestDatabase, role: str) -> None:
    with database.connect(role) as connection:
        for schema in ("points", "public", "clock"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"create function {schema}.sha256(bytea) returns bytea return $1".encode())


def test_no_function_of_the_ledger_is_public(database: TestDatabase) -> None:
    with database.owner() as connection:
        rows = connection.execute(
            "select proname from pg_proc where pronamespace = 'points'::regnamespace"
            " and (proacl is null or exists (select from aclexplode(proacl) where grantee = 0))"
        ).fetchall()
    assert rows == []


def test_every_function_an_entry_point_calls_runs_as_the_owner_by_full_names(database: TestDatabase) -> None:
    granted = {name for names in ALLOWED.values() for name in names}
    with database.owner() as connection:
        rows = connection.execute(
            "select proname, prosecdef, proconfig from pg_proc where pronamespace = 'points'::regnamespace"
            " and proname = any(%s)",
            (sorted(granted),),
        ).fetchall()
    assert len(rows) == len(granted)
    for row in rows:
        assert row["prosecdef"], row
        assert "search_path=pg_catalog" in row["proconfig"], row

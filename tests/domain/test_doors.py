"""What the entry points may call: a function that reaches a person's rows is told whose, and runs as the owner."""

from __future__ import annotations

import pytest

from loyalty.database import Connection
from tests.conftest import TEMPLATE, TestDatabase
from tests.domain.points.test_grants import ROLES

# Members use these doors; what names no member there must hold nothing of one.
MEMBERS_DOORS = ("member_api", "quote_api")
WHOSE = {"member_id", "p_member_id", "subject", "p_subject"}
# Of the programme, of Amazon's rate or of the shop: no member's row is in reach.
NOBODYS = {
    *("programme.current", "programme.version", "programme.logo_of"),
    *("catalogue.categories", "catalogue.page", "catalogue.product_of", "catalogue.stored", "catalogue.store_products"),
    *("catalogue.cards", "catalogue.asked"),
    # What is likely of a product.
    "demand.labels",
    *("catalogue.cards", "catalogue.asked", "catalogue.substitutes"),
    *("orders.take_token", "orders.close_bucket", "orders.rate_of", "orders.orders_waiting"),
    *("redemptions.take_cart", "redemptions.give_cart_back"),
    # Of campaigns named, those without money; no row of anybody.
    "points.exhausted_campaigns",
    # Notes that the state machine was seen to start, once; tells nothing.
    "redemptions.started",
}


def granted(connection: Connection, role: str) -> list[dict[str, object]]:
    return connection.execute(
        "select n.nspname || '.' || p.proname as name, coalesce(p.proargnames, '{}') as arguments,"
        "       p.prosecdef as as_owner, coalesce(p.proconfig, '{}') as settings"
        "  from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = any (%s) and has_schema_privilege(%s, n.oid, 'usage')"
        "   and has_function_privilege(%s, p.oid, 'execute')",
        (
            [
                *("casework", "programme", "outbox", "points", "members", "catalogue", "payments", "orders"),
                *(
                    "redemptions",
                    "wishes",
                    "recommendations",
                    "interactions",
                    "notifications",
                    "documents",
                    "reports",
                    "campaigns",
                    "demand",
                ),
                "reconciliation",
                "invoices",
                "erp",
                "lake",
                "simulation",
                "tiers",
                *("closure", "audit", "support", "privacy", "integrations"),
            ],
            role,
            role,
        ),
    ).fetchall()


@pytest.mark.parametrize("role", MEMBERS_DOORS)
def test_a_members_door_reaches_no_row_without_saying_whose(database: TestDatabase, role: str) -> None:
    with database.owner() as connection:
        unnamed = {
            str(row["name"])
            for row in granted(connection, role)
            if WHOSE.isdisjoint(row["arguments"])  # type: ignore[arg-type]
        }
    assert unnamed <= NOBODYS


# The auditor's views call what they compute with as the one who reads them.
@pytest.mark.parametrize("role", [role for role in ROLES if role != "auditor"])
def test_whatever_an_entry_point_calls_runs_as_the_owner_and_finds_only_full_names(
    database: TestDatabase, role: str
) -> None:
    with database.owner() as connection:
        for row in granted(connection, role):
            assert row["as_owner"], row["name"]
            assert "search_path=pg_catalog" in row["settings"], row["name"]  # type: ignore[operator]


@pytest.mark.parametrize("role", ROLES)
def test_no_entry_point_makes_temporary_objects_which_would_be_found_first(database: TestDatabase, role: str) -> None:
    # A clone does not inherit what its template's own entry says.
    with database.owner() as connection:
        row = connection.execute(
            "select has_database_privilege(%s, %s, 'temporary') as may", (role, TEMPLATE)
        ).fetchone()
    assert row == {"may": False}

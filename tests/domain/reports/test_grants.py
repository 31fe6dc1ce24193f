"""Who may do what with the books."""

from __future__ import annotations

import psycopg
import pytest

from loyalty.reports import journal
from tests.conftest import TestDatabase
from tests.domain.points.test_grants import ROLES

ALLOWED = {
    "sweeper": {"post", "post_deliveries", "watch"},
    "manager_api": {
        "propose_rate",
        "approve_rate",
        "rates",
        "lock",
        "journal",
        "funder_statement",
        "state",
        "position",
        "liability",
        "rerun",
        "month_close",
        "close_movements",
        "close_lots",
        "lot_entries",
    },
    "order_information": {"deliver"},
    "auditor": {"check_books"},
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_execute_exactly_its_functions_and_touch_no_table(database: TestDatabase, role: str) -> None:
    with database.owner() as connection:
        rows = connection.execute(
            "select distinct proname as name from pg_proc where pronamespace = 'reports'::regnamespace"
            " and has_function_privilege(%s, oid, 'execute') and has_schema_privilege(%s, 'reports', 'usage')",
            (role, role),
        ).fetchall()
        tables = connection.execute(
            "select c.relname from pg_class c, aclexplode(c.relacl) a"
            " where c.relnamespace = 'reports'::regnamespace and a.grantee <> c.relowner"
        ).fetchall()
    assert {row["name"] for row in rows} == ALLOWED.get(role, set())
    assert tables == []


def test_the_sweeper_posts_and_reads_nothing(database: TestDatabase) -> None:
    with database.connect("sweeper") as connection:
        assert journal.post(connection) == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from reports.journal(1, '2027-01-01', '2027-01-02')")

"""Who comes to tables directly is watched by pgaudit; where the server has none, nothing else changes."""

from __future__ import annotations

from loyalty.database import Connection
from tests.conftest import TestDatabase

WATCHED = {"postgres", "lake_reader", "auditor"}


def _watched(connection: Connection) -> set[str]:
    """The roles whose reads and writes are logged in this database."""
    rows = connection.execute(
        "select r.rolname, s.setconfig from pg_db_role_setting s join pg_roles r on r.oid = s.setrole"
        " join pg_database d on d.oid = s.setdatabase where d.datname = current_database()"
    )
    return {row["rolname"] for row in rows if "pgaudit.log=ddl,role,read,write" in row["setconfig"]}


def test_a_server_without_pgaudit_is_left_as_it_is(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as connection:
        row = connection.execute("select audit.watch_statements() as became").fetchone()
        assert row == {"became": "not loaded"}
        assert not _watched(connection)


def test_reads_and_writes_of_the_owner_and_of_those_with_rights_on_tables_are_logged(
    fresh_database: TestDatabase,
) -> None:
    with fresh_database.owner() as connection:
        # As a server that has loaded the library says it.
        connection.execute("set pgaudit.log to 'ddl,role'")
        for _ in range(2):
            row = connection.execute("select audit.watch_statements() as became").fetchone()
            assert row == {"became": "watched"}
        assert _watched(connection) == WATCHED


def test_nobody_else_reads_a_table_about_members_directly(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as connection:
        direct = connection.execute(
            "select distinct r.rolname from pg_roles r cross join pg_class c"
            "  join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'members' and c.relkind in ('r', 'p', 'v') and r.rolcanlogin"
            "   and has_schema_privilege(r.oid, n.oid, 'usage')"
            "   and (has_table_privilege(r.oid, c.oid, 'select, insert, update, delete')"
            "        or has_any_column_privilege(r.oid, c.oid, 'select, insert, update'))"
        )
        assert {row["rolname"] for row in direct} <= WATCHED, "what they read would be in no log"

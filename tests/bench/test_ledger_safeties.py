"""A bench of the ledger refuses a ledger that lacks a safety, and says which."""

from __future__ import annotations

import pytest

import bench.ledger.__main__ as command
from bench.ledger import safeties
from tests.conftest import TestDatabase

# The tests' server gives these up for speed.
NOT_HERE = {"fsync", "full_page_writes"}
NO_CHECKS = """
do $$ declare c name; begin
    for c in select conname from pg_constraint where conrelid = 'points.member'::regclass and contype = 'c' loop
        execute format('alter table points.member drop constraint %I', c);
    end loop;
end $$
"""
ONE_MONTH = "(select relid from pg_partition_tree('points.journal') where isleaf order by relid::text limit 1)"


def _missing(database: TestDatabase, *changes: str) -> set[str]:
    """What the bench misses after these changes, which are undone."""
    with database.owner() as connection, connection.transaction(force_rollback=True):
        for change in changes:
            connection.execute(change.encode())
        return set(safeties.missing(connection)) - NOT_HERE


def test_the_ledger_as_deployed_lacks_nothing(database: TestDatabase) -> None:
    assert _missing(database) == set()


def test_a_missing_check_of_the_lots_sum_is_seen(database: TestDatabase) -> None:
    assert _missing(database, NO_CHECKS) == {"CHECK of the lots' sum"}


def test_a_check_that_says_yes_to_everything_is_seen(database: TestDatabase) -> None:
    assert _missing(
        database,
        NO_CHECKS,
        "alter table points.member add constraint empty check (available is not null and lots is not null)",
    ) == {"CHECK of the lots' sum"}


@pytest.mark.parametrize(
    ("column", "safety"), [("chain", "chain of every row"), ("request_hash", "request hash of every row")]
)
def test_a_column_that_may_be_empty_is_seen(database: TestDatabase, column: str, safety: str) -> None:
    assert _missing(database, f"alter table points.journal alter {column} drop not null") == {safety}


def test_a_missing_unique_key_is_seen(database: TestDatabase) -> None:
    assert _missing(database, "alter table points.journal drop constraint journal_pkey") == {
        "unique key of an operation"
    }


def test_missing_months_and_an_open_ended_partition_are_seen(database: TestDatabase) -> None:
    for change in (
        f"do $$ begin execute 'alter table points.journal detach partition ' || {ONE_MONTH}; end $$",
        "do $$ begin create table points.rest partition of points.journal default;"
        " create trigger whole before truncate on points.rest execute function points.refuse_change(); end $$",
    ):
        assert _missing(database, change) == {"partitions by month"}


@pytest.mark.parametrize(
    ("trigger", "safety"),
    [("append_only", "append-only trigger (rows)"), ("append_only_whole", "append-only trigger (truncate)")],
)
def test_a_missing_append_only_trigger_is_seen(database: TestDatabase, trigger: str, safety: str) -> None:
    assert _missing(database, f"drop trigger {trigger} on points.journal") == {safety}
    assert _missing(database, f"alter table points.journal disable trigger {trigger}") == {safety}


def test_one_month_without_a_trigger_is_seen(database: TestDatabase) -> None:
    assert _missing(
        database,
        f"do $$ begin execute 'drop trigger append_only_whole on ' || {ONE_MONTH}; end $$",
    ) == {"append-only trigger (truncate)"}


def test_a_trigger_that_watches_one_column_is_seen(database: TestDatabase) -> None:
    assert _missing(
        database,
        "drop trigger append_only on points.journal",
        "create trigger append_only before delete or update of amount on points.journal"
        " for each row execute function points.refuse_change()",
    ) == {"append-only trigger (rows)"}


def test_tables_without_a_log_are_seen(database: TestDatabase) -> None:
    assert _missing(database, "alter table points.member set unlogged") == {"logged tables"}


def test_a_server_that_may_lose_commits_is_seen(database: TestDatabase) -> None:
    with database.owner() as connection:
        assert set(safeties.missing(connection)) == NOT_HERE
        with connection.transaction(force_rollback=True):
            connection.execute("set local synchronous_commit = off")
            assert set(safeties.missing(connection)) == NOT_HERE | {"synchronous_commit"}
        with connection.transaction(force_rollback=True):
            connection.execute(f"alter database {database.name} set synchronous_commit = off".encode())
            assert set(safeties.missing(connection)) == NOT_HERE | {"synchronous_commit"}


def test_the_command_ends_with_2_and_names_what_is_missing(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(_sizes: command.Sizes, *, with_costs: bool) -> None:
        with database.owner() as connection:
            safeties.require(connection)

    monkeypatch.setattr(command, "measure", measure)
    assert command.main() == 2
    assert "fsync" in capsys.readouterr().out

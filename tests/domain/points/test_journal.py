"""What was written stays: no grant, no trigger, no chain lets a row change unseen."""

from __future__ import annotations

import psycopg
import pytest

from proofs.ledger import chain, place
from proofs.ledger.workload import open_plain
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book

APPEND_ONLY = ("journal", "accrual", "reversal")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["update {} set amount = amount", "delete from {}", "truncate {} cascade"])
def test_not_even_the_owner_changes_what_was_written(book: Book, table: str, change: str) -> None:
    member, basket = book.member(), f"basket-{book.new_id()}"
    book.accrue(member, 10, reference=basket)
    book.reverse(basket, 1)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        book.connection.execute(change.format(f"points.{table}").encode())


def test_a_partition_is_as_closed_as_the_journal(book: Book) -> None:
    book.member((None, 1))
    partition = book.value("select tableoid::regclass::text from points.journal limit 1")
    for change in ("update {} set amount = 1", "delete from {}", "truncate {}"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            book.connection.execute(change.format(partition).encode())


def test_nobody_was_granted_a_change_of_any_table_of_the_ledger(book: Book) -> None:
    grants = book.connection.execute(
        "select c.relname, a.grantee::regrole::text as grantee, a.privilege_type as privilege"
        " from pg_class c, aclexplode(c.relacl) a"
        " where c.relnamespace = 'points'::regnamespace and a.grantee <> c.relowner"
    ).fetchall()
    views = ("budget_invariants", "invariants")
    assert sorted(grants, key=lambda grant: str(grant["relname"])) == [
        {"relname": view, "grantee": "auditor", "privilege": "SELECT"} for view in views
    ]


@pytest.mark.parametrize(
    "tampering",
    [
        "amount = amount + 1",
        "available_after = 1",
        "held_after = 1",
        "pending_after = 1",
        "debt_after = 1",
        "dr = 14",
        "cr = 2",
        "kind = 'adjust'",
        "lot_keys = '{5}'",
        "lot_amounts = '{5}'",
        "lot_to = '{5}'",
        "ref_op = null",
        "reference = 'x'",
        "actor = 'x'",
        "approver = 'x'",
        "request_hash = '\\x02'",
        "occurred_at = occurred_at - interval '1 us'",
        "created_at = created_at - interval '1 us'",
        "leg = 2",
        "sequence = 9",
        "op_id = clock.new_id()",
        "member_id = 999999",
        "program_id = 2",
    ],
)
def test_the_chain_detects_a_change_of_any_column(
    fresh_database: TestDatabase, request: pytest.FixtureRequest, tampering: str
) -> None:
    with fresh_database.owner() as connection:
        book = Book(connection)
        member = book.member((None, 10), (None, 20))
        assert book.violations() == {}
        connection.execute("alter table points.journal disable trigger user")
        connection.execute(
            f"update points.journal set {tampering} where member_id = %s and sequence = 1".encode(), (member,)
        )
        connection.execute("alter table points.journal enable trigger user")
        assert "I8 append-only chain" in book.violations()


def test_each_link_is_of_its_row_and_the_link_before_by_a_second_reckoning(book: Book, database: TestDatabase) -> None:
    member, basket = book.member((book.day(3), 40), (None, 60)), f"basket-{book.new_id()}"
    book.accrue(member, 100, reference=basket)
    hold = book.hold(member, 90).op_id
    book.settle(member, hold, 50)
    book.release(member, hold, 40)
    book.reverse(basket, 30)
    book.adjust(member, -5)
    with open_plain(place.settings_of(database.port, database.name)) as connection:
        links, broken = chain.verify(connection)
    assert broken == []
    assert links >= 8


def test_a_row_that_vanished_is_detected(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as connection:
        book = Book(connection)
        member = book.member((None, 10), (None, 20))
        connection.execute("alter table points.journal disable trigger user")
        connection.execute("delete from points.journal where member_id = %s and sequence = 2", (member,))
        assert {"I2 cache is truth", "I8 append-only chain"} <= set(book.violations())


def test_a_missing_wall_is_detected(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as connection:
        book = Book(connection)
        connection.execute("alter table points.accrual disable trigger append_only")
        assert book.violations() == {"I8 append-only chain": 1}


def test_the_member_row_cannot_disagree_with_its_lots(book: Book) -> None:
    member = book.member((None, 10))
    for change in (
        "available = 9",
        "head = 9",
        "head_key = 1, head = 15, lots = '{-5,9000,0}'",
        "lots = '{5}'",
        "lots = '{}'",
        "lots = '{null}'",
        "lots = '{0,9000}'",
        "lots = '{5,null,0}'",
        "head_key = 1, head = 5, lots = '{5,-9,0}'",
        "head_key = 9000, head = 5, lots = '{5,9000,0}'",
        "head_key = 1, head = 5, lots = '{5,9000,5,9001,0}'",
        "head_key = 1, head = 5, lots = '{5,9000,2,9000,0}'",
        "head_key = 1, head = -5, lots = '{15,9000,0}'",
        "held = 1",
        "holds = '{1}'",
        "holds = '{}'",
        "holds = '{null}'",
        "held = 5, holds = '{5,9000,0,5,9000,0,0}'",
        "held = -5, holds = '{-5,9000,0,0}'",
        "held = 5, holds = '{5,9000,0,null}'",
        "held = 5, holds = '{5,9000,0,0,0}'",
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            book.connection.execute(f"update points.member set {change} where member_id = {member}".encode())


def test_a_month_without_a_partition_is_closed_and_opens_when_partitions_are_made(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((None, 10))
    book.connection.execute("update clock.setting set shift = interval '5 months'")
    with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
        book.hold(member, 1)
    assert book.row(member)["held"] == 0
    book.turn_clock("0")
    book.turn_clock("0")
    assert book.hold(member, 1).available == 9


def test_the_journal_has_this_month_and_three_ahead_each_with_its_walls(book: Book) -> None:
    names = {
        row["name"]
        for row in book.connection.execute(
            "select relid::regclass::text as name from pg_partition_tree('points.journal') where isleaf"
        )
    }
    for months in range(-2, 4):
        month = book.value(
            "select to_char((clock.now() at time zone 'UTC') + make_interval(months => %s), 'YYYYMM')", months
        )
        assert f"points.journal_{month}" in names


def test_every_account_a_row_names_is_in_the_chart(book: Book) -> None:
    assert book.value("select count(*) from points.account") == 11

"""The payment row: opened once, moved by compare-and-set, its keys stored before use, its roles kept apart."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from loyalty.database import Connection
from tests.conftest import TestDatabase
from tests.domain.payments.rows import new_redemption, open_payment


def call(connection: Connection, function: str, *arguments: Any) -> Any:
    places = ", ".join(["%s"] * len(arguments))
    row = connection.execute(f"select payments.{function}({places}) as result", arguments).fetchone()
    assert row is not None
    return row["result"]


def test_a_payment_is_opened_once_and_another_amount_under_its_id_is_refused(database: TestDatabase) -> None:
    redemption = new_redemption()
    with database.owner() as owner:
        assert call(owner, "open", 1, redemption, "amazon_pay", 1200, "USD", "m") == "ok"
        assert call(owner, "open", 1, redemption, "amazon_pay", 1200, "USD", "m") == "replay"
        assert call(owner, "open", 1, redemption, "amazon_pay", 1201, "USD", "m") == "key_reuse"
        assert call(owner, "open", 2, redemption, "amazon_pay", 1201, "USD", "m") == "ok"


@pytest.mark.parametrize(
    "arguments",
    [
        ("amazon_pay", 0, "USD"),
        ("amazon_pay", -1, "USD"),
        ("amazon_pay", 5, "usd"),
        ("cash", 5, "USD"),
        (None, 5, "USD"),
    ],
)
def test_what_is_no_payment_is_not_opened(database: TestDatabase, arguments: tuple[Any, ...]) -> None:
    redemption = new_redemption()
    with database.owner() as owner:
        assert call(owner, "open", 1, redemption, *arguments, "m") == "invalid"
        assert owner.execute("select * from payments.status_of(1, %s)", (redemption,)).fetchall() == []


def test_a_step_has_one_key_of_32_characters_and_one_request_for_ever(database: TestDatabase) -> None:
    redemption = open_payment(database)
    with database.connect("payments_worker") as worker:
        begin = "select * from payments.begin_step(1, %s, 'session', %s)"
        first = worker.execute(begin, (redemption, "the first request")).fetchone()
        again = worker.execute(begin, (redemption, "another request")).fetchone()
    assert first is not None
    assert first == again
    assert len(first["idempotency_key"]) == 32
    assert first["stored_request"] == "the first request"


def test_two_programmes_never_share_a_key(database: TestDatabase) -> None:
    redemption = new_redemption()
    keys = set()
    with database.owner() as owner:
        for program in (1, 2):
            open_payment(database, redemption, program_id=program)
            keys.add(call(owner, "idempotency_key", program, redemption, "session"))
    assert len(keys) == 2


def test_a_capture_is_intended_once_and_never_above_what_is_authorised(database: TestDatabase) -> None:
    redemption = open_payment(database, amount_minor=1000)
    with database.owner() as engine, database.connect("payments_worker") as worker:
        assert call(engine, "intend_capture", 1, redemption, 500) == "not_authorised"
        worker.execute("select payments.begin_step(1, %s, 'session', '{}')", (redemption,))
        worker.execute("select payments.record_session(1, %s, %s, 'https://pay')", (redemption, str(redemption)))
        worker.execute("select payments.begin_step(1, %s, 'complete', '{}')", (redemption,))
        assert (
            call(worker, "record_authorised", 1, redemption, f"C-{redemption}", "P", 1000, "2030-01-01T00:00Z") == "ok"
        )
        assert call(engine, "intend_capture", 1, redemption, 1001) == "over_authorised"
        assert call(engine, "intend_capture", 1, redemption, -1) == "invalid"
        assert call(engine, "intend_capture", 1, redemption, 700) == "ok"
        assert call(engine, "intend_capture", 1, redemption, 700) == "replay"
        assert call(engine, "intend_capture", 1, redemption, 701) == "key_reuse"
        assert call(engine, "intend_capture", 2, redemption, 700) == "unknown_payment"
        assert call(worker, "take_task", 1, redemption, "void", "token") == "captured"


def test_every_move_of_the_state_is_kept_and_cannot_be_rewritten(database: TestDatabase) -> None:
    redemption = open_payment(database)
    with database.owner() as owner:
        owner.execute("select payments.begin_step(1, %s, 'session', '{}')", (redemption,))
        owner.execute("select payments.record_session(1, %s, %s, 'https://pay')", (redemption, str(redemption)))
        states = [
            row["state"] for row in owner.execute("select * from payments.history_of(1, %s)", (redemption,)).fetchall()
        ]
        assert states == ["opened", "awaiting_approval"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("delete from payments.transition where redemption_id = %s", (redemption,))


def test_the_rows_transaction_id_moves_with_every_change(database: TestDatabase) -> None:
    redemption = open_payment(database)
    read = "select row_xid from payments.payment where redemption_id = %s"
    with database.owner() as owner:
        before = owner.execute(read, (redemption,)).fetchone()
        owner.execute("select payments.take_task(1, %s, 'authorise', 't')", (redemption,))
        assert owner.execute(read, (redemption,)).fetchone() != before


def test_the_approval_window_lapses_by_the_databases_clock(fresh_database: TestDatabase) -> None:
    redemption = open_payment(fresh_database)
    lapsed = "select redemption_id from payments.approvals_lapsed(1)"
    with fresh_database.owner() as owner:
        assert owner.execute(lapsed).fetchall() == []
        fresh_database.shift_clock("16 minutes")
        assert [row["redemption_id"] for row in owner.execute(lapsed).fetchall()] == [redemption]
        assert owner.execute("select * from payments.approvals_lapsed(2)").fetchall() == []


@pytest.mark.parametrize("table", ["payment", "operation", "transition"])
@pytest.mark.parametrize("role", ["payments_worker", "member_api", "engine_step", "sweeper", "orders_worker"])
def test_no_entry_point_touches_the_tables(database: TestDatabase, role: str, table: str) -> None:
    with database.connect(role) as connection:
        for statement in (
            "select * from payments.{}",
            "delete from payments.{}",
            "insert into payments.{} default values",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.format(table))


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("member_api", "select payments.intend_capture(1, clock.new_id(), 1)"),
        ("member_api", "select payments.abandon(1, clock.new_id())"),
        ("member_api", "select * from payments.status_of(1, clock.new_id())"),
        ("manager_api", "select * from payments.history_of(1, clock.new_id())"),
        ("member_api", "select payments.record_captured(1, clock.new_id(), 1)"),
        ("engine_step", "select payments.record_captured(1, clock.new_id(), 1)"),
        ("engine_step", "select * from payments.payment_of(1, clock.new_id())"),
        ("payments_worker", "select payments.intend_capture(1, clock.new_id(), 1)"),
        ("payments_worker", "select payments.open(1, clock.new_id(), 'amazon_pay', 1, 'USD', 'x')"),
        ("payments_worker", "select payments.conclude(1, clock.new_id(), array['capture'])"),
        ("orders_worker", "select payments.take_task(1, clock.new_id(), 'void', 't')"),
        ("auditor", "select payments.record_voided(1, clock.new_id(), null)"),
        ("quote_api", "select * from payments.status_of(1, clock.new_id())"),
    ],
)
def test_an_entry_point_may_call_only_its_own_functions(database: TestDatabase, role: str, statement: str) -> None:
    with database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_auditor_reads_the_invariants(database: TestDatabase) -> None:
    with database.connect("auditor") as auditor:
        rows = auditor.execute("select name, violations from payments.invariants").fetchall()
    assert len(rows) >= 8

"""Redeemed points whose goods do not arrive or go back: to their lots, each event once, never more than was spent."""

from __future__ import annotations

import json
from threading import Barrier, Thread
from time import sleep
from uuid import UUID

import psycopg
import pytest

from loyalty.points import statement, verify
from loyalty.points.ledger import Outcome, Status
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book


def redeem(book: Book, member: int, *parts: int) -> UUID:
    """A hold that is settled in these parts."""
    hold = book.hold(member, sum(parts)).op_id
    for part in parts:
        assert book.settle(member, hold, part).done
    return hold


def test_restored_points_go_to_the_latest_of_the_lots_they_were_spent_from(book: Book) -> None:
    soon, late = book.day(5), book.day(50)
    member = book.member((soon, 30), (late, 100))
    hold = redeem(book, member, 40, 20)
    assert book.lots(member) == {late: 70}
    outcome = book.restore(member, hold, 35)
    assert (outcome.status, outcome.available, outcome.amount) == (Status.OK, 105, 35)
    assert book.lots(member) == {soon: 5, late: 100}
    assert book.restore(member, hold, 25, "ours").done
    assert book.lots(member) == {soon: 30, late: 100}


def test_never_more_than_was_settled_and_has_not_come_back(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.hold(member, 60).op_id
    assert book.restore(member, hold, 1).status is Status.OVER_SETTLED
    book.settle(member, hold, 40)
    assert book.restore(member, hold, 41).status is Status.OVER_SETTLED
    assert book.restore(member, hold, 15).done
    assert book.restore(member, hold, 26).status is Status.OVER_SETTLED
    book.release(member, hold, 20)
    assert book.restore(member, hold, 25).done
    assert book.restore(member, hold, 1).status is Status.OVER_SETTLED
    assert book.row(member)["available"] == 100


def test_what_is_no_settled_hold_of_the_member_restores_nothing(book: Book) -> None:
    member, other = book.member((None, 100)), book.member((None, 100))
    hold = redeem(book, other, 40)
    accrual = book.accrue(member, 5).op_id
    elsewhere = Book(book.connection, 2)
    stranger = elsewhere.member((None, 100))
    for wrong in (hold, accrual, book.new_id()):
        assert book.restore(member, wrong, 1).status is Status.OVER_SETTLED
    assert elsewhere.restore(stranger, hold, 1).status is Status.OVER_SETTLED
    assert elsewhere.restore(other, hold, 1).status is Status.UNKNOWN_MEMBER
    assert book.restore(-5, hold, 1).status is Status.UNKNOWN_MEMBER


def test_an_event_restores_once_whatever_the_operations_key(book: Book) -> None:
    member = book.member((None, 100))
    hold = redeem(book, member, 60)
    first = book.restore(member, hold, 20, event_key="line 1")
    again = book.restore(member, hold, 20, event_key="line 1")
    assert (again.status, again.op_id, again.version, again.amount) == (Status.REPLAY, first.op_id, first.version, 20)
    assert book.restore(member, hold, 21, event_key="line 1").status is Status.KEY_REUSE
    assert book.restore(member, hold, 20, "ours", event_key="line 1").status is Status.KEY_REUSE
    assert book.restore(member, hold, 20, event_key="line 2", op_id=first.op_id).status is Status.KEY_REUSE
    assert book.restore(member, hold, 20, event_key="line 2", op_id=hold).status is Status.KEY_REUSE
    assert book.row(member)["available"] == 60


def test_another_hold_has_its_own_events(book: Book) -> None:
    member = book.member((None, 100))
    first, second = redeem(book, member, 10), redeem(book, member, 10)
    assert book.restore(member, first, 10, event_key="1").status is Status.OK
    assert book.restore(member, second, 10, event_key="1").status is Status.OK


@pytest.mark.parametrize("amount", [0, -1, None, 2**53])
def test_no_amount_restores_nothing(book: Book, amount: int) -> None:
    member = book.member((None, 100))
    assert book.restore(member, redeem(book, member, 10), amount).status is Status.INVALID


def test_what_is_no_request_is_invalid(book: Book) -> None:
    member = book.member((None, 100))
    hold = redeem(book, member, 10)
    assert book.restore(member, hold, 1, "amazon").status is Status.INVALID
    assert book.restore(member, hold, 1, return_days=-1).status is Status.INVALID
    assert book.restore(member, hold, 1, op_id=UUID(int=0)).status is Status.INVALID
    for missing in range(9):
        arguments = [1, member, book.new_id(), hold, "event", 1, "ours", 30, "test"]
        arguments[missing] = None
        assert book.call("restore", *arguments).status in (Status.INVALID, Status.UNKNOWN_MEMBER)


def test_a_full_account_has_no_room(book: Book) -> None:
    member = book.member((None, 2**53 - 1))
    hold = redeem(book, member, 10)
    book.accrue(member, 10)
    assert book.restore(member, hold, 1).status is Status.INVALID


def test_a_member_extends_what_lapsed_once(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(5), 100))
    hold = redeem(book, member, 60)
    book.turn_clock("10 days")
    assert book.restore(member, hold, 60, return_days=30).done
    assert book.lots(member) == {book.day(30): 60}
    again = redeem(book, member, 50)
    book.turn_clock("31 days")
    outcome = book.restore(member, again, 50, return_days=30)
    assert (outcome.status, outcome.available, outcome.amount) == (Status.OK, 0, 50)
    assert book.lots(member) == {}
    # The 10 that stayed behind lapsed first; the 50 that were spent had been extended before.
    assert [(row["kind"], row["dr"], row["cr"], row["amount"]) for row in book.journal(member)[-2:]] == [
        ("expire", 1, 12, 10),
        ("expire", 11, 12, 50),
    ]
    assert book.restore(member, again, 1).status is Status.OVER_SETTLED


def test_of_one_return_some_come_back_and_some_do_not(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(5), 10), (book.day(90), 10))
    hold = redeem(book, member, 10)
    book.turn_clock("6 days")
    assert book.restore(member, hold, 10, return_days=10).done
    late, back = book.day(84), book.day(10)
    assert book.lots(member) == {back: 10, late: 10}
    both = redeem(book, member, 20)
    book.turn_clock("20 days")
    key = book.new_id()
    first = book.restore(member, both, 20, op_id=key)
    assert (first.status, first.available, first.amount) == (Status.OK, 10, 20)
    assert book.lots(member) == {late: 10}
    again = book.restore(member, both, 20, event_key=str(key))
    assert (again.status, again.available, again.amount) == (Status.REPLAY, 10, 20)
    assert [(row["kind"], row["leg"]) for row in book.journal(member)[-2:]] == [("restore", 1), ("expire", 2)]


def test_ours_comes_back_always_and_leaves_the_members_extension_as_it_was(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(5), 40))
    hold = redeem(book, member, 40)
    book.turn_clock("6 days")
    assert book.restore(member, hold, 40, "ours", return_days=10).done
    hold = redeem(book, member, 40)
    book.turn_clock("11 days")
    assert book.restore(member, hold, 40, "member", return_days=10).done, "his own extension is still his"
    assert book.lots(member) == {book.day(10): 40}
    hold = redeem(book, member, 40)
    book.turn_clock("11 days")
    assert book.restore(member, hold, 40, "ours", return_days=10).done
    assert book.lots(member) == {book.day(10): 40}
    hold = redeem(book, member, 40)
    book.turn_clock("11 days")
    assert book.restore(member, hold, 40, "member", return_days=10).available == 0, "and it was used"


def test_restored_points_are_good_on_their_last_day(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(5), 40))
    hold = redeem(book, member, 40)
    book.turn_clock("6 days")
    assert book.restore(member, hold, 40, return_days=0).available == 40
    assert book.hold(member, 40).status is Status.OK


def test_a_debt_is_not_paid_with_points_that_come_back(book: Book) -> None:
    member, basket = book.member(), f"basket-{book.new_id()}"
    book.accrue(member, 100, reference=basket)
    hold = redeem(book, member, 100)
    book.reverse(basket, 30)
    outcome = book.restore(member, hold, 40)
    assert (outcome.available, outcome.debt) == (40, 30)


def test_lapsed_points_are_written_off_first(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(5), 20), (book.day(5), 20), (None, 10))
    hold = redeem(book, member, 30)
    book.turn_clock("6 days")
    outcome = book.restore(member, hold, 30, "ours", return_days=7)
    assert outcome.available == 40
    assert book.lots(member) == {book.day(7): 30, None: 10}
    assert [row["kind"] for row in book.journal(member)[-2:]] == ["expire", "restore"]


def test_the_statement_shows_it_and_proves_itself(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(5), 20))
    hold = redeem(book, member, 20)
    book.turn_clock("6 days")
    book.restore(member, hold, 15)
    hold = redeem(book, member, 15)
    book.turn_clock("40 days")
    book.restore(member, hold, 5)
    rows = book.connection.execute(
        "select kind, amount, available_after, ref_op, lots from points.statement(1, %s, null, 10, '{restore,expire}')",
        (member,),
    ).fetchall()
    assert [(row["kind"], row["amount"], row["available_after"], row["ref_op"] == hold) for row in rows] == [
        ("expire", -5, 0, True),
        ("restore", 15, 15, False),
    ]
    assert "returned_until" in rows[1]["lots"][0]
    document = statement.document(book.connection, 1, member)
    assert verify.prove([verify.read(json.dumps(document))]).problems == ()


def test_what_was_restored_to_us_counts_less_towards_the_days_limit(book: Book) -> None:
    member = book.member((None, 1000))
    hold = redeem(book, member, 600)
    since = "select points.held_since(1, %s, clock.now() - interval '1 day')"
    book.restore(member, hold, 100)
    assert book.value(since, member) == 600
    book.restore(member, hold, 200, "ours")
    assert book.value(since, member) == 400


def test_twins_of_one_event_have_one_effect(database: TestDatabase) -> None:
    with database.owner() as connection:
        book = Book(connection)
        member = book.member((None, 100))
        hold = redeem(book, member, 60)
    start, told = Barrier(4), list[Outcome]()

    def call() -> None:
        with database.owner() as connection:
            start.wait()
            told.append(Book(connection).restore(member, hold, 60, event_key="twin"))

    threads = [Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.status for outcome in told) == ["ok", "replay", "replay", "replay"]
    with database.owner() as connection:
        assert Book(connection).row(member)["available"] == 100
        assert Book(connection).violations() == {}


def test_an_event_that_waited_for_another_finds_less_to_restore(book: Book, database: TestDatabase) -> None:
    member = book.member((None, 100))
    hold = redeem(book, member, 60)
    told = list[Outcome]()
    with database.owner() as first, database.owner() as second:
        first.execute("begin")
        assert Book(first).restore(member, hold, 60, event_key="first").done
        waiting = Thread(target=lambda: told.append(Book(second).restore(member, hold, 60, event_key="second")))
        waiting.start()
        for _ in range(500):
            if book.value(
                "select count(*) from pg_stat_activity where pid = %s and wait_event_type = 'Lock'",
                second.info.backend_pid,
            ):
                break
            sleep(0.01)
        first.execute("commit")
        waiting.join()
    assert [outcome.status for outcome in told] == [Status.OVER_SETTLED]
    assert book.row(member)["available"] == 100


def test_what_was_restored_stays_written(book: Book) -> None:
    member = book.member((None, 100))
    book.restore(member, redeem(book, member, 60), 60)
    for change in ("update points.restoration set amount = 1", "delete from points.restoration"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            book.connection.execute(change.encode())


@pytest.mark.parametrize(
    "planted",
    [
        ("'restore', 11, 1, 20, m.lot_keys, '{20}'", {"I4 at most once"}),
        ("'restore', 11, 1, 20, '{5001}', '{20}'", {"I4 at most once", "I5 a hold is resolved exactly once"}),
    ],
)
def test_points_that_nobody_recorded_as_restored_are_a_violation(
    fresh_database: TestDatabase, planted: tuple[str, set[str]]
) -> None:
    leg, broken = planted
    with fresh_database.owner() as connection:
        book = Book(connection)
        member = book.member((None, 100))
        hold = redeem(book, member, 60)
        connection.execute(
            f"do $$ declare m points.standing; j points.journal; begin"
            f" select * into m from points.locked(1, {member});"
            f" j.op_id := clock.new_id(); j.ref_op := '{hold}'; j.request_hash := ''; j.actor := 'x';"
            f" j.occurred_at := clock.now(); j.created_at := clock.now();"
            f" m := points.post(m, j, 1, {leg});"
            f" select (points.put(m.lot_keys, m.lot_amounts, m.lot_keys[1], 20)).p_amounts into m.lot_amounts;"
            f" perform points.store(m); end $$".encode()
        )
        assert broken <= set(book.violations())

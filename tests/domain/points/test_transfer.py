"""Members give points to each other only where the programme says so; nothing is gained, lost, or kept longer by it."""

from __future__ import annotations

import json
import random
from collections import Counter
from uuid import UUID

import pytest

from loyalty.points import statement, verify
from loyalty.points.ledger import Outcome, Status
from tests.conftest import TestDatabase
from tests.domain.people import changed_points
from tests.domain.points.conftest import Book
from tests.domain.points.test_concurrency import at_once


def give(book: Book, giver: int, receiver: int, amount: int, op_id: UUID | None = None) -> Outcome:
    return book.call("transfer", book.program, giver, receiver, op_id or book.new_id(), amount, "member")


@pytest.fixture
def open_book(book: Book) -> Book:
    """The module's ledger in a programme that lets members give 1,000 points a day."""
    changed_points(book.connection, transfers_enabled=True, transfer_daily_limit=1000, time_zone="UTC")
    return book


@pytest.fixture
def fresh_open_book(fresh_book: Book) -> Book:
    changed_points(fresh_book.connection, transfers_enabled=True, transfer_daily_limit=1000, time_zone="UTC")
    return fresh_book


def test_nobody_gives_points_away_unless_the_programme_says_so(book: Book) -> None:
    changed_points(book.connection, transfers_enabled=False, time_zone="UTC")
    jane, joe = book.member((None, 100)), book.member()
    assert give(book, jane, joe, 10).status is Status.TRANSFERS_OFF
    assert (book.row(jane)["version"], book.row(joe)["version"]) == (1, 0)


def test_a_programme_that_has_published_nothing_allows_nothing(fresh_book: Book) -> None:
    jane, joe = fresh_book.member((None, 100)), fresh_book.member()
    assert give(fresh_book, jane, joe, 10).status is Status.TRANSFERS_OFF


def test_the_soonest_points_go_and_keep_their_expiry(open_book: Book) -> None:
    book = open_book
    soon, late = book.day(5), book.day(50)
    jane, joe = book.member((late, 100), (soon, 30)), book.member((late, 1))
    outcome = give(book, jane, joe, 50)
    assert (outcome.status, outcome.available, outcome.amount) == (Status.OK, 80, 50)
    assert book.lots(jane) == {late: 80}
    assert book.lots(joe) == {soon: 30, late: 21}


def test_a_transfer_leaves_one_row_each_under_one_root(open_book: Book) -> None:
    book = open_book
    jane, joe = book.member((None, 100)), book.member()
    key = give(book, jane, joe, 40).op_id
    (given,), (got,) = book.journal(jane)[1:], book.journal(joe)
    assert (given["op_id"], given["ref_op"], given["dr"], given["cr"], given["amount"]) == (key, key, 1, 16, 40)
    assert (got["ref_op"], got["dr"], got["cr"], got["amount"]) == (key, 16, 1, 40)
    for member in (jane, joe):
        document = statement.document(book.connection, 1, member)
        assert verify.prove([verify.read(json.dumps(document))]).problems == ()
    assert [row["actor"] for row in book.journal(joe)] == ["ledger"]


def test_again_is_the_first_answer_also_when_transfers_were_turned_off_since(open_book: Book) -> None:
    book = open_book
    jane, joe, key = book.member((None, 100)), book.member(), book.new_id()
    first = give(book, jane, joe, 40, key)
    changed_points(book.connection, transfers_enabled=False, time_zone="UTC")
    again = give(book, jane, joe, 40, key)
    assert (again.status, again.available, again.version) == (Status.REPLAY, first.available, first.version)
    assert give(book, jane, joe, 41, key).status is Status.KEY_REUSE
    assert give(book, jane, book.member(), 40, key).status is Status.KEY_REUSE
    assert book.row(joe)["available"] == 40


@pytest.mark.parametrize("amount", [0, -1, None, 2**53])
def test_no_amount_is_no_transfer(open_book: Book, amount: int) -> None:
    jane, joe = open_book.member((None, 100)), open_book.member()
    assert give(open_book, jane, joe, amount).status is Status.INVALID


def test_each_refusal_has_its_name_and_changes_nothing(open_book: Book) -> None:
    book = open_book
    jane, joe = book.member((None, 500)), book.member()
    full, owing, basket = book.member((None, 2**53 - 1)), book.member((book.day(9), 50)), f"basket-{book.new_id()}"
    book.accrue(owing, 5, reference=basket)
    book.hold(owing, 52)
    book.reverse(basket, 5)
    book.accrue(owing, 1)
    elsewhere = Book(book.connection, 2).member()
    before = {member: book.row(member) for member in (jane, joe, full, owing)}
    refused = {
        Status.SAME_MEMBER: give(book, jane, jane, 10),
        Status.UNKNOWN_RECIPIENT: give(book, jane, elsewhere, 10),
        Status.UNKNOWN_MEMBER: give(book, -5, joe, 10),
        Status.INSUFFICIENT: give(book, jane, joe, 501),
        Status.OVER_LIMIT: give(book, jane, joe, 1001),
        Status.INVALID: give(book, jane, full, 10),
    }
    assert {status: outcome.status for status, outcome in refused.items()} == {status: status for status in refused}
    assert before == {member: book.row(member) for member in before}


def test_who_owes_points_gives_none_away_and_who_gets_some_pays_first(open_book: Book) -> None:
    book = open_book
    soon, late = book.day(5), book.day(50)
    owing, basket = book.member((late, 50)), f"basket-{book.new_id()}"
    book.accrue(owing, 20, soon, reference=basket)
    book.hold(owing, 30)
    book.reverse(basket, 20)
    assert (book.row(owing)["available"], book.row(owing)["debt"]) == (40, 20)
    jane = book.member((soon, 15), (late, 100))
    assert give(book, owing, jane, 10).status is Status.IN_DEBT
    assert give(book, jane, owing, 30).status is Status.OK
    assert book.row(owing)["debt"] == 0
    assert book.lots(owing) == {late: 50}
    assert [row["kind"] for row in book.journal(owing)[-2:]] == ["repay", "transfer"]
    assert give(book, owing, jane, 10).status is Status.OK


def test_a_days_limit_counts_what_was_given_in_the_last_24_hours(fresh_open_book: Book) -> None:
    book = fresh_open_book
    jane, joe = book.member((None, 5000)), book.member()
    assert give(book, jane, joe, 600).status is Status.OK
    book.turn_clock("23 hours")
    assert give(book, jane, joe, 401).status is Status.OVER_LIMIT
    assert give(book, jane, joe, 400).status is Status.OK
    assert give(book, joe, jane, 1000).status is Status.OK, "what was received does not count"
    book.turn_clock("61 minutes")
    assert give(book, jane, joe, 601).status is Status.OVER_LIMIT
    assert give(book, jane, joe, 600).status is Status.OK


def test_lapsed_points_are_nobodys_on_both_sides(fresh_open_book: Book) -> None:
    book = fresh_open_book
    jane, joe = book.member((book.day(1), 10), (None, 50)), book.member((book.day(1), 7))
    book.turn_clock("3 days")
    assert give(book, jane, joe, 51).status is Status.INSUFFICIENT
    assert give(book, jane, joe, 50).status is Status.OK
    assert (book.lots(jane), book.lots(joe)) == ({}, {None: 50})


def test_a_lot_that_was_extended_stays_marked_in_other_hands(fresh_open_book: Book) -> None:
    book = fresh_open_book
    jane, joe = book.member((book.day(1), 10)), book.member()
    hold = book.hold(jane, 10).op_id
    book.turn_clock("5 days")
    book.release(jane, hold, 10)
    assert give(book, jane, joe, 10).status is Status.OK
    again = book.hold(joe, 10).op_id
    book.turn_clock("60 days")
    assert book.release(joe, again, 10).available == 0


def test_anybody_gives_to_anybody_at_once_without_deadlock_or_loss(open_book: Book, database: TestDatabase) -> None:
    book = open_book
    expiries = [None, book.day(3), book.day(9)]
    members = [book.member(*[(expires_on, 60) for expires_on in expiries]) for _ in range(4)]
    chance = random.Random(7)
    plans = [(*chance.sample(members, 2), chance.randint(1, 40)) for _ in range(200)]
    outcomes = at_once(database, 200, lambda client, number: give(client, *plans[number]))
    statuses = Counter(outcome.status for outcome in outcomes)
    assert set(statuses) <= {Status.OK, Status.INSUFFICIENT, Status.OVER_LIMIT}
    assert statuses[Status.OK] > 20
    total: Counter[object] = Counter()
    for member in members:
        total.update(book.lots(member))
    assert total == dict.fromkeys(expiries, 240)


def test_a_transfer_that_only_left_is_a_violation(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as connection:
        book = Book(connection)
        jane = book.member((None, 100))
        connection.execute(
            "do $$ declare m points.standing; j points.journal; begin"
            f" select * into m from points.locked(1, {jane});"
            " j.op_id := clock.new_id(); j.ref_op := j.op_id; j.request_hash := 'x'; j.actor := 'x';"
            " j.occurred_at := clock.now(); j.created_at := clock.now(); m.lot_amounts := '{90}';"
            " m := points.post(m, j, 1, 'transfer', 1, 16, 10, m.lot_keys, '{10}'); perform points.store(m); end $$"
        )
        assert book.violations() == {"I1 conservation": 1, "I4 at most once": 1}

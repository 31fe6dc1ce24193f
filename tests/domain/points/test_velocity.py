"""A member holds no more points in 24 hours than the programme allows, by the database's clock."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

from loyalty.points.ledger import Outcome, Status
from tests.conftest import TestDatabase
from tests.domain.points.conftest import HASH, Book
from tests.domain.points.test_concurrency import at_once


def hold_within(book: Book, member: int, amount: int | None, limit: int | None, op_id: UUID | None = None) -> Outcome:
    return book.call(
        "hold_within", book.program, member, op_id or book.new_id(), amount, book.now() + timedelta(minutes=30), HASH,
        "test", limit,
    )  # fmt: skip


def test_a_hold_that_would_pass_the_limit_is_refused_and_changes_nothing(book: Book) -> None:
    member = book.member((None, 1000))
    assert hold_within(book, member, 60, 100).status is Status.OK
    before = book.row(member)
    refused = hold_within(book, member, 41, 100)
    assert (refused.status, refused.available, refused.held) == (Status.VELOCITY, 940, 60)
    assert book.row(member) == before
    assert hold_within(book, member, 40, 100).status is Status.OK
    assert hold_within(book, member, 900, None).status is Status.OK


def test_24_hours_later_it_is_forgotten(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((None, 1000))
    assert hold_within(book, member, 100, 100).status is Status.OK
    book.turn_clock("23 hours 59 minutes")
    assert hold_within(book, member, 1, 100).status is Status.VELOCITY
    book.turn_clock("2 minutes")
    assert hold_within(book, member, 100, 100).status is Status.OK


def test_what_came_back_because_of_us_does_not_count_what_the_member_cancelled_does(book: Book) -> None:
    ours, cancelled = book.member((None, 1000)), book.member((None, 1000))
    for member, caused_by in ((ours, "ours"), (cancelled, "member")):
        hold = hold_within(book, member, 100, 100).op_id
        book.release(member, hold, 70, caused_by)
    assert hold_within(book, ours, 70, 100).status is Status.OK
    assert hold_within(book, ours, 1, 100).status is Status.VELOCITY
    assert hold_within(book, cancelled, 1, 100).status is Status.VELOCITY


def test_a_return_of_something_older_makes_no_room(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((None, 1000))
    old = hold_within(book, member, 100, 100).op_id
    book.turn_clock("2 days")
    assert hold_within(book, member, 100, 100).status is Status.OK
    book.release(member, old, 100, "ours")
    assert hold_within(book, member, 1, 100).status is Status.VELOCITY


def test_a_replay_is_answered_whatever_the_limit_is_now(book: Book) -> None:
    member, key = book.member((None, 1000)), book.new_id()
    first = hold_within(book, member, 100, 100, key)
    again = hold_within(book, member, 100, 1, key)
    assert (again.status, again.version) == (Status.REPLAY, first.version)


def test_bad_input_is_refused_as_a_hold_refuses_it(book: Book) -> None:
    member = book.member((None, 10))
    assert hold_within(book, member, 0, 100).status is Status.INVALID
    assert hold_within(book, member, None, 100).status is Status.INVALID
    assert hold_within(book, -1, 5, 100).status is Status.UNKNOWN_MEMBER
    assert hold_within(book, -1, 500, 100).status is Status.UNKNOWN_MEMBER
    assert hold_within(book, member, 11, 100).status is Status.INSUFFICIENT


def test_holds_at_once_never_pass_the_limit_together(book: Book, database: TestDatabase) -> None:
    member = book.member((None, 10_000))
    outcomes = at_once(database, 60, lambda client, _: hold_within(client, member, 10, 95))
    assert Counter(outcome.status for outcome in outcomes) == {Status.OK: 9, Status.VELOCITY: 51}

"""A hold takes the soonest-expiring points, pins them, and is settled or released exactly once, lot by lot."""

from __future__ import annotations

from uuid import UUID

import pytest

from loyalty.points.ledger import Status
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book


def test_a_hold_takes_the_soonest_expiring_points_and_those_without_expiry_last(book: Book) -> None:
    soon, later = book.day(10), book.day(20)
    member = book.member((None, 100), (later, 100), (soon, 100))
    outcome = book.hold(member, 250)
    assert (outcome.status, outcome.available, outcome.held) == (Status.OK, 50, 250)
    assert book.lots(member) == {None: 50}


def test_a_hold_of_more_than_is_available_is_insufficient_and_moves_nothing(book: Book) -> None:
    member = book.member((None, 100))
    before = book.row(member)
    outcome = book.hold(member, 101)
    assert (outcome.status, outcome.available) == (Status.INSUFFICIENT, 100)
    assert book.row(member) == before


def test_the_last_day_of_a_lot_is_a_good_day(book: Book) -> None:
    member = book.member((book.today(), 100))
    assert book.hold(member, 100).status is Status.OK


@pytest.mark.parametrize("amount", [0, -1, None, 2**63 - 1, -(2**63), 2**53])
def test_an_amount_that_is_no_amount_is_invalid_and_moves_nothing(book: Book, amount: int | None) -> None:
    member = book.member((None, 100))
    before = book.row(member)
    assert book.hold(member, amount).status is Status.INVALID
    assert book.row(member) == before


def test_a_key_that_is_no_uuid7_is_invalid(book: Book) -> None:
    member = book.member((None, 100))
    assert book.hold(member, 1, UUID("6f9619ff-8b86-4011-b42d-00cf4fc964ff")).status is Status.INVALID


def test_a_member_of_another_programme_is_unknown(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.hold(member, 10).op_id
    canary = Book(book.connection, program=2)
    assert canary.hold(member, 1).status is Status.UNKNOWN_MEMBER
    assert canary.settle(member, hold, 1).status is Status.UNKNOWN_MEMBER
    assert canary.release(member, hold, 1).status is Status.UNKNOWN_MEMBER
    assert canary.lots(member) == {}


def test_a_hold_of_another_member_is_not_open(book: Book) -> None:
    mine, theirs = book.member((None, 100)), book.member((None, 100))
    hold = book.hold(mine, 50).op_id
    assert book.settle(theirs, hold, 50).status is Status.HOLD_NOT_OPEN
    assert book.release(theirs, hold, 50).status is Status.HOLD_NOT_OPEN


def test_the_same_hold_again_is_a_replay_with_the_first_answer(book: Book) -> None:
    member, key = book.member((None, 100)), book.new_id()
    first = book.hold(member, 60, key)
    book.accrue(member, 500)
    again = book.hold(member, 60, key)
    assert again.status is Status.REPLAY
    assert (again.version, again.available, again.held, again.amount) == (
        first.version,
        first.available,
        first.held,
        60,
    )
    assert book.row(member)["held"] == 60


def test_the_same_key_for_another_request_is_key_reuse_and_moves_nothing(book: Book) -> None:
    member, key = book.member((None, 100)), book.new_id()
    book.hold(member, 60, key, b"sixty")
    before = book.row(member)
    assert book.hold(member, 20, key, b"twenty").status is Status.KEY_REUSE
    assert book.row(member) == before


def test_settling_takes_the_soonest_of_the_hold_and_releasing_gives_back_the_latest_exactly(book: Book) -> None:
    soon, later = book.day(10), book.day(20)
    member = book.member((soon, 100), (later, 100), (None, 100))
    hold = book.hold(member, 270).op_id
    assert book.settle(member, hold, 101).status is Status.OK
    assert book.release(member, hold, 169).status is Status.OK
    assert book.lots(member) == {later: 99, None: 100}
    assert book.row(member)["held"] == 0
    settled = book.journal(member)[-2]
    assert settled["lot_amounts"] == [100, 1]


def test_a_hold_is_resolved_in_parts_in_any_order_but_never_beyond_it(book: Book) -> None:
    member = book.member((book.day(5), 40), (None, 60))
    hold = book.hold(member, 100).op_id
    assert book.release(member, hold, 30).status is Status.OK
    assert book.settle(member, hold, 71).status is Status.OVER_HOLD
    assert book.settle(member, hold, 50).status is Status.OK
    assert book.release(member, hold, 21).status is Status.OVER_HOLD
    assert book.release(member, hold, 20).status is Status.OK
    assert book.settle(member, hold, 1).status is Status.HOLD_NOT_OPEN
    assert book.release(member, hold, 1).status is Status.HOLD_NOT_OPEN
    assert book.lots(member) == {None: 50}


def test_settle_and_release_replay_by_their_own_key_and_know_their_request(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.hold(member, 100).op_id
    settling, releasing = book.new_id(), book.new_id()
    first = book.settle(member, hold, 40, settling)
    assert book.settle(member, hold, 40, settling) == type(first)(
        Status.REPLAY, first.op_id, first.version, first.available, first.held, first.pending, first.debt, 40
    )
    assert book.settle(member, hold, 41, settling).status is Status.KEY_REUSE
    assert book.release(member, hold, 60, "ours", releasing).status is Status.OK
    assert book.release(member, hold, 60, "ours", releasing, return_days=5).status is Status.REPLAY
    assert book.release(member, hold, 60, "member", releasing).status is Status.KEY_REUSE
    assert book.row(member) == {"available": 60, "held": 0, "pending": 0, "debt": 0, "version": 4}


def test_a_key_of_one_operation_is_no_key_of_another(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.hold(member, 50).op_id
    assert book.settle(member, hold, 50, hold).status is Status.KEY_REUSE


def test_a_release_needs_to_know_whose_doing_it_was(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.hold(member, 50).op_id
    assert book.release(member, hold, 50, "nobody").status is Status.INVALID
    assert book.release(member, hold, 50, "ours", return_days=-1).status is Status.INVALID


def test_a_lease_only_grows_and_only_of_an_open_hold(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.hold(member, 50).op_id
    lease = book.value("select lease_until from points.hold where hold_id = %s", hold)
    extend = "select points.extend_lease(1, %s, %s, %s::timestamptz + %s::interval)"
    assert book.value(extend, member, hold, lease, "1 hour") is True
    assert book.value(extend, member, hold, lease, "-1 hour") is True
    assert (book.value("select lease_until from points.hold where hold_id = %s", hold) - lease).seconds == 3600
    book.settle(member, hold, 50)
    assert book.value(extend, member, hold, lease, "1 hour") is False


def test_holds_whose_lease_ran_out_are_listed(fresh_book: Book) -> None:
    member = fresh_book.member((None, 100))
    hold = fresh_book.hold(member, 50).op_id
    assert fresh_book.value("select count(*) from points.lapsed_holds") == 0
    fresh_book.turn_clock("31 minutes")
    assert fresh_book.value("select hold_id from points.lapsed_holds") == hold


def test_a_closed_hold_leaves_its_member_and_its_keys_are_still_known(book: Book) -> None:
    member = book.member((None, 100))
    settled, returned, still_open = (book.hold(member, 10) for _ in range(3))
    done = book.settle(member, settled.op_id, 4)
    book.release(member, settled.op_id, 6)
    book.release(member, returned.op_id, 10, "ours")
    open_holds = "select array_agg(hold_id) from points.hold where member_id = %s"
    assert book.value(open_holds, member) == [still_open.op_id]

    assert book.hold(member, 10, settled.op_id).status is Status.REPLAY
    assert book.hold(member, 11, settled.op_id, b"other").status is Status.KEY_REUSE
    assert book.settle(member, settled.op_id, 4, done.op_id).status is Status.REPLAY
    assert book.settle(member, settled.op_id, 1).status is Status.HOLD_NOT_OPEN
    assert book.release(member, returned.op_id, 1).status is Status.HOLD_NOT_OPEN
    assert book.settle(member, still_open.op_id, 10).status is Status.OK
    assert book.value(open_holds, member) is None


def test_holds_of_many_lots_are_resolved_in_any_order_and_each_keeps_its_own(book: Book) -> None:
    days = [book.day(days) for days in (5, 6, 7)]
    member = book.member(*((day, 30) for day in days))
    first, second, third = (book.hold(member, amount).op_id for amount in (40, 10, 35))
    assert book.value("select array_agg(open order by open) from points.hold where member_id = %s", member) == [
        10,
        35,
        40,
    ]
    assert book.settle(member, second, 10).status is Status.OK
    assert book.release(member, first, 15).status is Status.OK
    assert book.lots(member) == {days[0]: 5, days[1]: 10, days[2]: 5}
    assert book.release(member, third, 35).status is Status.OK
    assert book.lots(member) == {days[0]: 5, days[1]: 20, days[2]: 30}
    assert book.value("select lot_amounts from points.hold where member_id = %s", member) == [25]


def test_a_repetition_leaves_the_row_as_it_was(book: Book) -> None:
    member = book.member((book.day(5), 100), (None, 50))
    key, other = book.new_id(), book.new_id()
    book.hold(member, 60, key)
    book.hold(member, 10, other)
    row = "select to_jsonb(m) from points.member m where member_id = %s"
    before = book.value(row, member)
    assert book.hold(member, 10, key, b"other").status is Status.KEY_REUSE
    assert book.hold(member, 10, other).status is Status.REPLAY
    assert book.value(row, member) == before


def test_a_settling_whose_key_is_taken_leaves_the_row_as_it_was(book: Book) -> None:
    member = book.member((book.day(5), 100))
    hold = book.hold(member, 60).op_id
    row = "select to_jsonb(m) from points.member m where member_id = %s"
    before = book.value(row, member)
    assert book.settle(member, hold, 60, hold).status is Status.KEY_REUSE
    assert book.value(row, member) == before
    assert book.settle(member, hold, 60).status is Status.OK


def test_the_newest_of_several_holds_and_a_hold_of_several_lots_are_settled_whole(book: Book) -> None:
    member = book.member((book.day(5), 100), (None, 50))
    first, second, third = (book.hold(member, amount).op_id for amount in (80, 30, 7))
    for hold, amount in ((second, 30), (third, 7), (first, 80)):
        assert book.settle(member, hold, amount + 1).status is Status.OVER_HOLD
        assert book.settle(member, hold, amount).status is Status.OK
        assert book.settle(member, hold, amount).status is Status.HOLD_NOT_OPEN
    assert book.row(member)["held"] == 0
    assert book.lots(member) == {None: 33}
    pinned = {tuple(row["lot_amounts"]) for row in book.journal(member) if row["kind"] == "settle"}
    assert pinned == {(80,), (20, 10), (7,)}


def test_a_lease_may_be_for_ever(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.call("hold", 1, member, book.new_id(), 50, "infinity", b"x", "test").op_id
    assert book.value("select points.extend_lease(1, %s, %s, '-infinity')", member, hold) is True
    assert book.value("select extract(year from lease_until) from points.hold where hold_id = %s", hold) == 9999


def test_a_hold_that_left_while_it_was_open_is_a_violation(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as connection:
        book = Book(connection)
        member = book.member((None, 100))
        hold = book.hold(member, 10).op_id
        book.settle(member, hold, 9)
        connection.execute("update points.member set held = 0, hold_ids = '{}', holds = '{0}'")
        assert {"I2 cache is truth", "I5 a hold is resolved exactly once"} <= set(book.violations())


def test_holds_and_their_lots_that_do_not_match_are_a_violation(fresh_database: TestDatabase) -> None:
    with fresh_database.owner() as connection:
        book = Book(connection)
        book.hold(book.member((None, 100)), 10)
        connection.execute("update points.member set hold_ids = '{}'")
        assert {"I2 cache is truth", "I5 a hold is resolved exactly once"} <= set(book.violations())

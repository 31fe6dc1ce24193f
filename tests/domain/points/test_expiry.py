"""Points lapse after their last good day, held points never; those that come back follow the return rule."""

from __future__ import annotations

from loyalty.points.ledger import Status
from loyalty.programme.publishing import publish_initial
from tests.domain.points.conftest import Book


def test_expiry_takes_what_lapsed_and_nothing_else(fresh_book: Book) -> None:
    book = fresh_book
    later = book.day(40)
    member = book.member((book.day(3), 100), (later, 50), (None, 25))
    assert book.expire(member).amount == 0
    book.turn_clock("4 days")
    outcome = book.expire(member)
    assert (outcome.status, outcome.amount, outcome.available) == (Status.OK, 100, 75)
    assert book.lots(member) == {later: 50, None: 25}
    assert book.expire(member).amount == 0


def test_the_last_good_day_ends_where_the_programme_is(fresh_book: Book) -> None:
    book = fresh_book
    publish_initial(book.connection, {"points": {"time_zone": "America/New_York"}})
    last_day = book.day(40)
    member, late = book.member((last_day, 100)), book.member((last_day, 100))

    def at(time: str) -> None:
        book.connection.execute(
            "update clock.setting set shift = ((%s::date + %s::interval) at time zone 'America/New_York')"
            " - transaction_timestamp()",
            (last_day, time),
        )

    at("23 hours 50 minutes")  # tomorrow already in UTC
    assert book.value("select points.expire_due(100, 'test')") == 0
    assert book.lots(member) == {last_day: 100}
    assert book.hold(member, 60).status is Status.OK
    at("24 hours 10 minutes")
    assert book.lots(late) == {}
    assert book.hold(member, 40).status is Status.INSUFFICIENT
    assert book.value("select points.expire_due(100, 'test')") == 2


def test_expiry_is_idempotent_by_its_key(fresh_book: Book) -> None:
    book = fresh_book
    member, key = book.member((book.day(3), 100)), None
    book.turn_clock("4 days")
    key = book.new_id()
    assert book.expire(member, key).status is Status.OK
    again = book.expire(member, key)
    assert (again.status, again.amount) == (Status.REPLAY, 100)


def test_expiry_never_touches_held_points(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100))
    hold = book.hold(member, 60).op_id
    book.turn_clock("4 days")
    assert book.expire(member).amount == 40
    assert book.settle(member, hold, 60).status is Status.OK
    assert book.row(member)["held"] == 0


def test_lapsed_points_cannot_be_spent_even_before_the_job_ran(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100), (None, 10))
    book.turn_clock("4 days")
    before = book.row(member)
    refused = book.hold(member, 50)
    assert (refused.status, refused.available) == (Status.INSUFFICIENT, 10)
    assert book.adjust(member, -11).status is Status.INSUFFICIENT
    assert book.row(member) == before
    assert book.value("select available from points.balance(1, %s)", member) == 10
    assert book.hold(member, 10).available == 0
    assert [row["kind"] for row in book.journal(member)][-2:] == ["expire", "hold"]


def test_no_result_depends_on_when_the_expiry_job_ran(fresh_book: Book) -> None:
    book = fresh_book
    lots = ((book.day(3), 100), (book.day(50), 70))
    swept, unswept = book.member(*lots), book.member(*lots)
    book.turn_clock("4 days")
    book.expire(swept)
    for member in (swept, unswept):
        book.accrue(member, 5)
        book.hold(member, 71)
    assert book.row(swept) == book.row(unswept)
    assert book.lots(swept) == book.lots(unswept)


def test_the_expiry_job_finds_everybody_with_lapsed_points_in_batches(fresh_book: Book) -> None:
    book = fresh_book
    members = [book.member((book.day(3), 100), (None, 1)) for _ in range(5)]
    assert book.value("select points.expire_due(10, 'sweeper')") == 0
    book.turn_clock("4 days")
    assert book.value("select points.expire_due(3, 'sweeper')") == 3
    assert book.value("select points.expire_due(3, 'sweeper')") == 2
    assert book.value("select points.expire_due(3, 'sweeper')") == 0
    assert {book.row(member)["available"] for member in members} == {1}


def test_a_release_in_time_goes_to_the_same_lots_with_the_same_expiry(fresh_book: Book) -> None:
    book = fresh_book
    soon = book.day(3)
    member = book.member((soon, 100))
    hold = book.hold(member, 100).op_id
    book.turn_clock("3 days")
    book.release(member, hold, 100, "ours")
    assert book.lots(member) == {soon: 100}
    assert book.journal(member)[-1]["lot_to"] is None


def test_points_that_lapsed_while_held_come_back_for_the_days_of_the_return_rule(fresh_book: Book) -> None:
    book = fresh_book
    later = book.day(40)
    member = book.member((book.day(3), 100), (later, 50))
    hold = book.hold(member, 150).op_id
    book.turn_clock("5 days")
    assert book.release(member, hold, 150, "member").status is Status.OK
    assert book.lots(member) == {book.day(30): 100, later: 50}
    journal = book.journal(member)[-1]
    assert (journal["kind"], journal["reference"]) == ("release", "member")
    line = book.value("select lots from points.statement(1, %s, null, 1)", member)
    assert line[0]["returned_until"] == book.day(30).isoformat()


def test_the_member_extends_a_lot_only_once_and_then_it_expires(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100))
    first = book.hold(member, 100).op_id
    book.turn_clock("5 days")
    book.release(member, first, 100, "member")
    second = book.hold(member, 100).op_id
    book.turn_clock("31 days")
    outcome = book.release(member, second, 100, "member")
    assert (outcome.status, outcome.available, outcome.held, outcome.amount) == (Status.OK, 0, 0, 100)
    assert book.journal(member)[-1]["kind"] == "expire"
    replay = book.release(member, second, 100, "member", outcome.op_id)
    assert (replay.status, replay.available, replay.amount) == (Status.REPLAY, 0, 100)


def test_points_that_were_extended_are_good_on_their_last_day(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100))
    hold = book.hold(member, 100).op_id
    book.turn_clock("5 days")
    book.release(member, hold, 100, "member")
    book.turn_clock("30 days")
    assert book.lots(member) == {book.today(): 100}
    assert book.expire(member).amount == 0
    assert book.hold(member, 100).status is Status.OK
    book.turn_clock("1 day")
    assert book.row(member)["held"] == 100


def test_our_failure_always_extends_and_leaves_the_members_own_extension(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100))
    for _ in range(3):
        hold = book.hold(member, 100).op_id
        book.turn_clock("35 days")
        book.release(member, hold, 100, "ours")
        assert book.lots(member) == {book.day(30): 100}
    hold = book.hold(member, 100).op_id
    book.turn_clock("35 days")
    book.release(member, hold, 100, "member")
    assert book.lots(member) == {book.day(30): 100}
    hold = book.hold(member, 100).op_id
    book.turn_clock("35 days")
    book.release(member, hold, 60, "ours")
    assert book.lots(member) == {book.day(30): 60}
    book.release(member, hold, 40, "member")
    assert book.lots(member) == {book.day(30): 60}


def test_our_failure_does_not_give_the_member_a_second_extension(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100))
    for caused_by in ("member", "ours", "ours"):
        hold = book.hold(member, 100).op_id
        book.turn_clock("35 days")
        book.release(member, hold, 100, caused_by)
        assert book.lots(member) == {book.day(30): 100}
    hold = book.hold(member, 100).op_id
    book.turn_clock("35 days")
    book.release(member, hold, 100, "member")
    assert book.lots(member) == {}


def test_fresh_points_of_the_same_day_keep_their_own_extension(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100))
    hold = book.hold(member, 100).op_id
    book.turn_clock("5 days")
    book.release(member, hold, 100, "member")
    same_day = book.day(30)
    book.accrue(member, 10, same_day)
    assert book.lots(member) == {same_day: 110}
    hold = book.hold(member, 110).op_id
    book.turn_clock("31 days")
    book.release(member, hold, 110, "member")
    assert book.lots(member) == {book.day(30): 10}


def test_no_point_returns_already_expired_even_if_the_rule_gives_no_day(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100))
    hold = book.hold(member, 100).op_id
    book.turn_clock("5 days")
    book.release(member, hold, 100, "ours", return_days=0)
    assert book.lots(member) == {book.today(): 100}


def test_what_lapsed_is_written_off_before_a_hold_is_settled_and_in_its_own_row(fresh_book: Book) -> None:
    book = fresh_book
    member = book.member((book.day(3), 100), (None, 50))
    hold = book.hold(member, 30).op_id
    book.turn_clock("4 days")
    outcome = book.settle(member, hold, 30)
    assert (outcome.status, outcome.available, outcome.held, outcome.version) == (Status.OK, 50, 0, 5)
    assert [row["kind"] for row in book.journal(member)][-2:] == ["expire", "settle"]

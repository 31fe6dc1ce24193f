"""Points come in once per partner reference, pay debt first, and go again if the purchase does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty.points import ledger
from loyalty.points.ledger import Outcome, Status
from tests.domain.points.conftest import Book


def reference(book: Book) -> str:
    return f"basket-{book.new_id()}"


def test_an_accrual_is_known_by_its_partner_reference_whatever_key_it_comes_with(book: Book) -> None:
    member, basket = book.member(), reference(book)
    first = book.accrue(member, 100, reference=basket)
    again = book.accrue(member, 100, reference=basket)
    assert (first.status, again.status) == (Status.OK, Status.REPLAY)
    assert (again.op_id, again.version, again.available) == (first.op_id, 1, 100)
    assert book.row(member)["available"] == 100


def test_the_same_reference_for_another_request_or_member_is_key_reuse(book: Book) -> None:
    member, other, basket = book.member(), book.member(), reference(book)
    book.accrue(member, 100, reference=basket)
    assert book.accrue(member, 101, reference=basket, request_hash=b"other").status is Status.KEY_REUSE
    stolen = book.accrue(other, 100, reference=basket)
    assert (stolen.status, stolen.available) == (Status.KEY_REUSE, None)
    assert book.row(other)["available"] == 0


def test_a_key_that_was_used_is_key_reuse(book: Book) -> None:
    member = book.member((None, 100))
    hold = book.hold(member, 10).op_id
    assert book.accrue(member, 100, op_id=hold).status is Status.KEY_REUSE
    mine = book.accrue(member, 5).op_id
    assert book.accrue(book.member(), 5, op_id=mine, reference=reference(book)).status is Status.KEY_REUSE


@pytest.mark.parametrize("amount", [0, -1, 2**63 - 1, -(2**63), 2**53])
def test_an_amount_that_is_no_amount_is_invalid(book: Book, amount: int) -> None:
    member = book.member()
    assert book.accrue(member, amount).status is Status.INVALID
    assert book.row(member)["version"] == 0


def test_nobody_has_more_points_than_a_reader_counts_exactly(book: Book) -> None:
    member = book.member((None, 2**53 - 1))
    assert book.accrue(member, 1).status is Status.INVALID
    assert book.adjust(member, 1).status is Status.INVALID
    assert book.row(member)["available"] == 2**53 - 1


def test_points_that_would_come_already_expired_are_invalid(book: Book) -> None:
    member = book.member()
    assert book.accrue(member, 1, book.day(-1)).status is Status.INVALID
    assert book.accrue(member, 1, book.today()).status is Status.OK


def test_an_accrual_whose_points_have_lapsed_since_is_still_a_replay(fresh_book: Book) -> None:
    member, basket, expires_on = fresh_book.member(), reference(fresh_book), fresh_book.day(3)
    fresh_book.accrue(member, 10, expires_on, reference=basket)
    fresh_book.turn_clock("5 days")
    assert fresh_book.accrue(member, 10, expires_on, reference=basket).status is Status.REPLAY


def test_a_member_who_is_not_there_is_unknown(book: Book) -> None:
    assert book.accrue(-1, 1).status is Status.UNKNOWN_MEMBER


def test_opening_an_account_twice_changes_nothing(book: Book) -> None:
    member = book.member((None, 7))
    book.connection.execute("select points.open_account(1, %s)", (member,))
    assert book.row(member)["available"] == 7


def test_a_reversal_takes_pending_points_first_then_its_lot_then_makes_debt(fresh_book: Book) -> None:
    book = fresh_book
    basket, expires_on = reference(book), book.day(90)
    member = book.member((expires_on, 30), (None, 500))
    book.accrue(member, 100, expires_on, reference=basket, pending_until=book.now() + timedelta(days=14))
    assert book.row(member)["pending"] == 100
    assert book.hold(member, 531).status is Status.INSUFFICIENT

    first = book.reverse(basket, 40)
    assert (first.status, first.pending, first.available, first.debt) == (Status.OK, 60, 530, 0)
    book.turn_clock("15 days")
    assert book.value("select points.mature_due(10, 'sweeper')") == 1
    assert book.value("select points.mature_due(10, 'sweeper')") == 0
    assert book.lots(member) == {expires_on: 90, None: 500}

    book.adjust(member, -50)
    last = book.reverse(basket, 60)
    assert (last.pending, last.available, last.debt, last.amount) == (0, 500, 20, 60)
    assert book.lots(member) == {None: 500}
    assert [(row["kind"], row["dr"], row["amount"]) for row in book.journal(member)][-2:] == [
        ("reverse", 1, 40),
        ("reverse", 4, 20),
    ]


def test_reversals_are_partial_idempotent_and_never_beyond_the_accrual(book: Book) -> None:
    member, basket = book.member(), reference(book)
    book.accrue(member, 100, reference=basket)
    first = book.reverse(basket, 60, reversal="r1")
    again = book.reverse(basket, 60, reversal="r1")
    assert (first.status, again.status, again.op_id) == (Status.OK, Status.REPLAY, first.op_id)
    assert book.reverse(basket, 61, reversal="r1", request_hash=b"other").status is Status.KEY_REUSE
    assert book.reverse(basket, 41, reversal="r2").status is Status.OVER_ACCRUAL
    assert book.reverse(basket, 40, reversal="r2").status is Status.OK
    assert book.reverse(basket, 1, reversal="r3").status is Status.OVER_ACCRUAL
    assert book.row(member) == {"available": 0, "held": 0, "pending": 0, "debt": 0, "version": 3}


def test_what_cannot_be_taken_back_may_be_written_off(book: Book) -> None:
    member, basket = book.member(), reference(book)
    book.accrue(member, 100, reference=basket)
    book.hold(member, 80)
    outcome = book.reverse(basket, 100, policy="write_off")
    assert (outcome.available, outcome.held, outcome.debt) == (0, 80, 0)
    assert book.journal(member)[-1]["kind"] == "write_off"


def test_a_reversal_of_nothing_known_or_by_no_policy_moves_nothing(book: Book) -> None:
    member, basket = book.member(), reference(book)
    book.accrue(member, 100, reference=basket)
    assert book.reverse("no such basket", 1).status is Status.UNKNOWN_ACCRUAL
    assert Book(book.connection, program=2).reverse(basket, 1).status is Status.UNKNOWN_ACCRUAL
    assert book.reverse(basket, 1, policy="forget").status is Status.INVALID
    assert book.reverse(basket, 0).status is Status.INVALID
    assert book.reverse(basket, 2**63 - 1).status is Status.INVALID
    assert book.row(member)["version"] == 1


def test_later_points_pay_debt_first(book: Book) -> None:
    member, basket = book.member(), reference(book)
    book.accrue(member, 100, reference=basket)
    book.hold(member, 100)
    assert book.reverse(basket, 100).debt == 100
    part = book.accrue(member, 70, reference=(paying := reference(book)))
    assert (part.available, part.debt, part.amount) == (0, 30, 70)
    rest = book.accrue(member, 50)
    assert (rest.available, rest.debt, rest.amount) == (20, 0, 50)
    replay = book.accrue(member, 70, reference=paying)
    assert (replay.status, replay.debt, replay.amount) == (Status.REPLAY, 30, 70)


def test_debt_does_not_hinder_the_return_of_held_points(book: Book) -> None:
    member, basket = book.member(), reference(book)
    book.accrue(member, 100, reference=basket)
    hold = book.hold(member, 100).op_id
    book.reverse(basket, 100)
    outcome = book.release(member, hold, 100)
    assert (outcome.available, outcome.debt) == (100, 100)


def test_earning_spending_and_refunding_in_any_number_gains_nothing(book: Book) -> None:
    member = book.member()
    for _ in range(5):
        basket = reference(book)
        book.accrue(member, 100, reference=basket)
        hold = book.hold(member, book.row(member)["available"]) if book.row(member)["available"] else None
        book.reverse(basket, 100)
        if hold:
            book.release(member, hold.op_id, hold.amount)
    row = book.row(member)
    assert row["available"] + row["held"] + row["pending"] - row["debt"] == 0


def test_pending_points_mature_once_and_pay_debt(book: Book) -> None:
    member, spent, waiting = book.member(), reference(book), reference(book)
    book.accrue(member, 40, reference=spent)
    book.hold(member, 40)
    book.reverse(spent, 40)
    accrual = book.accrue(member, 100, reference=waiting, pending_until=book.now() + timedelta(days=14)).op_id
    key = book.new_id()
    outcome = book.call("mature", 1, member, key, accrual, "test")
    assert (outcome.available, outcome.pending, outcome.debt, outcome.amount) == (60, 0, 0, 100)
    assert book.call("mature", 1, member, key, accrual, "test").status is Status.REPLAY
    assert book.call("mature", 1, member, book.new_id(), accrual, "test").amount == 0
    assert book.call("mature", 1, member, book.new_id(), key, "test").status is Status.UNKNOWN_ACCRUAL


def test_the_sweeper_matures_nothing_before_its_day(fresh_book: Book) -> None:
    book, basket = fresh_book, reference(fresh_book)
    member = book.member()
    book.accrue(member, 100, reference=basket, pending_until=book.now() + timedelta(days=14))
    for days, matured in ((0, 0), (13, 0), (2, 1)):
        book.turn_clock(f"{days} days")
        assert book.value("select points.mature_due(10, 'sweeper')") == matured
    assert book.row(member)["available"] == 100


def test_an_adjustment_gives_or_takes_once_with_its_reason_and_who_agreed(book: Book) -> None:
    member, key = book.member((book.day(9), 10)), book.new_id()
    assert book.adjust(member, 50, None, key).available == 60
    again = book.adjust(member, 50, None, key)
    assert (again.status, again.amount) == (Status.REPLAY, 50)
    assert book.adjust(member, 51, None, key, b"other").status is Status.KEY_REUSE
    taking = book.new_id()
    assert book.adjust(member, -20, op_id=taking).available == 40
    assert book.adjust(member, -20, op_id=taking).amount == -20
    assert book.adjust(member, -41).status is Status.INSUFFICIENT
    assert book.lots(member) == {None: 40}
    last = book.journal(member)[-1]
    assert (last["reference"], last["actor"], last["approver"]) == ("goodwill", "test", "second")


@pytest.mark.parametrize("amount", [0, 2**63 - 1, -(2**63), -(2**53)])
def test_an_adjustment_by_no_amount_is_invalid(book: Book, amount: int) -> None:
    member = book.member((None, 5))
    assert book.adjust(member, amount).status is Status.INVALID
    assert book.row(member)["version"] == 1


def _release(book: Book, reference: str, partner: str = "shop", program: int = 1) -> Outcome:
    return ledger.mature_purchase(book.connection, program, book.new_id(), partner, reference, "partner:shop")


def test_an_event_releases_what_waits_of_a_purchase_once_and_before_its_day(book: Book) -> None:
    member, basket = book.member(), f"basket-{book.new_id()}"
    book.accrue(member, 100, reference=basket, pending_until=book.now() + timedelta(days=14))
    book.reverse(basket, 30)
    first = _release(book, basket)
    assert (first.status, first.amount, first.available, first.pending) == (Status.OK, 70, 70, 0)
    again = _release(book, basket)
    assert (again.status, again.op_id, again.amount) == (Status.REPLAY, first.op_id, 70)
    assert [row["kind"] for row in book.journal(member)] == ["accrue", "reverse", "mature"]


def test_an_event_after_the_day_finds_it_done(fresh_book: Book) -> None:
    book = fresh_book
    member, basket = book.member(), f"basket-{book.new_id()}"
    book.accrue(member, 100, reference=basket, pending_until=book.now() + timedelta(days=1))
    book.turn_clock("2 days")
    assert book.value("select points.mature_due(10, 'sweeper')") == 1
    assert (_release(book, basket).status, book.row(member)["available"]) == (Status.REPLAY, 100)


def test_an_event_for_points_that_do_not_wait_moves_nothing(book: Book) -> None:
    member, basket, returned = book.member(), f"basket-{book.new_id()}", f"basket-{book.new_id()}"
    book.accrue(member, 100, reference=basket)
    book.accrue(member, 5, reference=returned, pending_until=book.now() + timedelta(days=1))
    book.reverse(returned, 5)
    for reference in (basket, returned):
        outcome = _release(book, reference)
        assert (outcome.status, outcome.amount, outcome.available) == (Status.OK, 0, 100)
    assert book.row(member)["version"] == 3


def test_only_the_partner_whose_purchase_it_was_can_release_it(book: Book) -> None:
    member, basket = book.member(), f"basket-{book.new_id()}"
    book.accrue(member, 100, reference=basket, pending_until=book.now() + timedelta(days=1))
    assert _release(book, basket, partner="other").status is Status.UNKNOWN_ACCRUAL
    assert _release(book, basket, program=2).status is Status.UNKNOWN_ACCRUAL
    assert _release(book, "nothing").status is Status.UNKNOWN_ACCRUAL
    assert book.row(member)["pending"] == 100


def test_debt_is_no_more_than_everybody_can_count(book: Book) -> None:
    member, baskets = book.member(), [f"basket-{book.new_id()}" for _ in range(2)]
    for basket in baskets:
        book.accrue(member, 2**53 - 1, reference=basket)
        book.settle(member, book.hold(member, 2**53 - 1).op_id, 2**53 - 1)
    assert book.reverse(baskets[0], 2**53 - 1).debt == 2**53 - 1
    assert book.reverse(baskets[1], 1).status is Status.INVALID
    assert book.reverse(baskets[1], 1, policy="write_off").status is Status.OK
    assert book.row(member)["debt"] == 2**53 - 1

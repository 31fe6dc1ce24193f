"""F54: after a restore to an earlier instant points, money and orders come to one consistent end, whatever was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from loyalty.payments.provider import ChargeState, Money
from loyalty.reconciliation import readopting
from loyalty.reconciliation.readopting import Done
from tests.conftest import TestDatabase
from tests.domain.reconciliation.books import LAMP, TOWELS
from tests.domain.reconciliation.restored import Restorable, restorable
from tests.domain.redemptions.saga import Line


@pytest.fixture
def world(fresh_database: TestDatabase) -> Iterator[Restorable]:
    with restorable(fresh_database) as made:
        yield made
        assert made.violations() == {}
        with made.database.connect("auditor") as auditor:
            wrong = auditor.execute("select name from payments.invariants where violations > 0").fetchall()
        assert wrong == []


def redeemed(world: Restorable, *lines: Line, points: int | None = None, balance: int = 100_000) -> tuple[int, UUID]:
    member_id = world.member(balance)
    request = world.request(world.quote(member_id, *(lines or (LAMP,))), points)
    world.redeem(member_id, request)
    return member_id, request.redemption_id


def case_of(world: Restorable, subject: object) -> dict[str, object]:
    row = world.owner.execute(
        "select reason, evidence, state from casework.case where kind = 'reconciliation' and subject = %s",
        (str(subject),),
    ).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize("points", [9000, 4000], ids=["points only", "points and money"])
def test_an_order_placed_after_the_restore_point_is_taken_up_and_not_placed_again(
    world: Restorable, points: int
) -> None:
    member_id, redemption_id = redeemed(world, points=points)
    before = world.snapshot()
    world.run(redemption_id)
    assert world.row(redemption_id)["outcome"] == "completed"
    paid = world.bank.of(redemption_id)
    world.restore(before)
    assert world.row(redemption_id)["state"] == "held"
    assert world.readopt(before).counts["forward"] == 1
    world.go_on(redemption_id)
    row = world.row(redemption_id)
    assert (row["state"], row["outcome"], row["settled_points"]) == ("closed", "completed", points)
    assert world.balance(member_id) == (100_000 - points, 0)
    assert world.amazon.calls["place"] == 1
    assert world.bank.of(redemption_id) == paid
    assert sum(one.captured_minor for one in paid) == (9000 - points) // 2
    world.shipped(redemption_id)
    world.bill(redemption_id, LAMP)
    world.reconcile()
    assert world.verdict(redemption_id) == "matched"


def test_an_order_that_waited_to_be_sent_at_the_restore_point_is_looked_up_and_not_sent(world: Restorable) -> None:
    _, redemption_id = redeemed(world)
    world.orders_at_once = False
    world.run(redemption_id)
    before = world.snapshot()
    world.orders_at_once = True
    world.run(redemption_id)
    assert world.row(redemption_id)["state"] == "closed"
    world.restore(before)
    assert world.row(redemption_id)["state"] == "ordering"
    assert world.readopt(before).counts == {"forward": 1}
    world.go_on(redemption_id)
    assert world.row(redemption_id)["outcome"] == "completed"
    assert world.amazon.calls["place"] == 1


def test_money_that_was_reserved_and_not_taken_is_taken_once(world: Restorable) -> None:
    _, redemption_id = redeemed(world, points=4000)
    before = world.snapshot()
    world.run(redemption_id)
    (charge,) = world.bank.of(redemption_id)
    world.bank.made[charge.charge_id] = replace(charge, state=ChargeState.AUTHORISED, captured_minor=0)
    world.restore(before)
    world.readopt(before)
    world.go_on(redemption_id)
    (charge,) = world.bank.of(redemption_id)
    assert (charge.state, charge.captured_minor) == (ChargeState.CAPTURED, 2500)
    assert world.row(redemption_id, "payments.payment")["captured_minor"] == 2500


def test_without_a_list_the_same_key_brings_back_the_same_reservation(world: Restorable) -> None:
    world.bank.lists = False
    _, redemption_id = redeemed(world, points=4000)
    before = world.snapshot()
    world.run(redemption_id)
    world.restore(before)
    world.readopt(before)
    world.go_on(redemption_id)
    (charge,) = world.bank.of(redemption_id)
    assert (charge.state, charge.captured_minor) == (ChargeState.CAPTURED, 2500)
    assert world.row(redemption_id)["outcome"] == "completed"


def test_what_is_still_on_its_way_goes_on_by_itself(world: Restorable) -> None:
    member_id, redemption_id = redeemed(world)
    before = world.snapshot()
    world.restore(before)
    assert world.readopt(before).counts == {"none": 1}
    assert world.row(redemption_id)["state"] == "held"
    world.run(redemption_id)
    assert world.row(redemption_id)["outcome"] == "completed"
    assert world.balance(member_id) == (91_000, 0)


def test_what_was_cancelled_in_the_lost_time_is_not_ordered(world: Restorable) -> None:
    member_id, redemption_id = redeemed(world)
    before = world.snapshot()
    world.owner.execute("select redemptions.cancel(1, %s, %s)", (member_id, redemption_id))
    world.run(redemption_id)
    assert world.row(redemption_id)["outcome"] == "cancelled"
    world.restore(before)
    assert world.readopt(before).counts == {"over": 1}
    world.go_on(redemption_id)
    assert (world.row(redemption_id)["outcome"], world.balance(member_id)) == ("failed", (100_000, 0))
    assert world.amazon.calls["place"] == 0


def turned_back(world: Restorable, member_id: int, redemption_id: UUID) -> None:
    """Between the restore and the readoption somebody cancels what has long been ordered."""
    world.owner.execute("select redemptions.cancel(1, %s, %s)", (member_id, redemption_id))
    world.run(redemption_id)
    assert world.row(redemption_id)["state"] == "closed"
    assert world.balance(member_id) == (100_000, 0)


def test_an_order_found_after_the_points_were_given_back_takes_them_again(world: Restorable) -> None:
    member_id, redemption_id = redeemed(world)
    before = world.snapshot()
    world.run(redemption_id)
    world.restore(before)
    turned_back(world, member_id, redemption_id)
    assert world.readopt(before).counts == {"late": 1}
    assert world.balance(member_id) == (91_000, 0)
    case = case_of(world, redemption_id)
    assert (case["reason"], case["evidence"]["points_taken"]) == ("late_order", 9000)  # type: ignore[index]
    world.bill(redemption_id, LAMP)
    world.reconcile()
    assert set(world.differences(redemption_id)) == {"late_order"}
    assert world.verdict(redemption_id) == "explained"


def test_a_second_restore_soon_after_the_first_comes_to_its_end(world: Restorable) -> None:
    member_id, redemption_id = redeemed(world)
    before = world.snapshot()
    world.run(redemption_id)
    world.restore(before)
    turned_back(world, member_id, redemption_id)
    assert world.readopt(before).counts == {"late": 1}
    second = world.snapshot()
    world.restore(second)
    done = world.readopt(second)
    assert (done.over, done.counts) == (True, {"replay": 1})
    assert world.balance(member_id) == (91_000, 0)


def test_a_charge_that_is_more_than_was_asked_for_is_not_said_to_be_adopted(world: Restorable) -> None:
    _, redemption_id = redeemed(world, points=4000)
    before = world.snapshot()
    world.run(redemption_id)
    (charge,) = world.bank.of(redemption_id)
    world.bank.made[charge.charge_id] = replace(
        charge, state=ChargeState.AUTHORISED, captured_minor=0, amount=Money(9999, "USD")
    )
    world.restore(before)
    done = Done()
    world.readoption.execute("select from reconciliation.begin_readoption(%s)", (before.taken_at,))
    readopting._Work(world.readoption, world.outside(), before.taken_at, done).adopt_charges([])
    assert done.counts == {"not_adopted": 1}


def test_where_the_points_are_gone_the_house_bears_them_and_nobody_is_driven_below_zero(world: Restorable) -> None:
    member_id, redemption_id = redeemed(world)
    before = world.snapshot()
    world.run(redemption_id)
    world.restore(before)
    turned_back(world, member_id, redemption_id)
    request = world.request(world.quote(member_id, Line("B0SPENDS00", 1, 49_000)))
    world.redeem(member_id, request)
    world.run(request.redemption_id)
    assert world.balance(member_id) == (2000, 0)
    assert world.readopt(before).counts["late"] == 1
    assert world.balance(member_id) == (2000, 0)
    row = world.owner.execute("select account, points from reconciliation.house").fetchone()
    assert row == {"account": "exception", "points": 9000}
    assert case_of(world, redemption_id)["evidence"]["points_of_the_house"] == 9000  # type: ignore[index]


def test_a_redemption_that_the_database_does_not_know_is_a_case_with_all_there_is(world: Restorable) -> None:
    before = world.snapshot()
    _, redemption_id = redeemed(world, TOWELS, points=4000)
    world.run(redemption_id)
    (charge,) = world.bank.of(redemption_id)
    world.restore(before)
    assert world.readopt(before).counts == {"lost": 1, "kept": 1}
    case = case_of(world, redemption_id)
    evidence = case["evidence"]
    assert isinstance(evidence, dict)
    assert case["reason"] == "lost_redemption"
    assert evidence["lines"][0]["quantity"] == 3
    assert evidence["amazon_order_id"] == f"114-{redemption_id}-1"
    assert evidence["redeemed_at"]
    assert world.bank.made[charge.charge_id] == charge
    noted = world.owner.execute("select detail from casework.event where kind = 'charge'").fetchone()
    assert noted is not None
    assert (noted["detail"]["charge_id"], noted["detail"]["captured_minor"]) == (
        charge.charge_id,
        charge.captured_minor,
    )
    # Its transactions belong to the case.
    world.billing.bill(f"114-{redemption_id}-1", TOWELS.asin, 3, 5997, number=f"LOY-{redemption_id}")
    world.reconcile()
    assert world.orphans() == {}


def test_money_for_which_nothing_was_ordered_goes_back(world: Restorable) -> None:
    before = world.snapshot()
    _, reserved = redeemed(world, points=4000)
    _, taken = redeemed(world, points=4000)
    world.orders_at_once = False
    for one in (reserved, taken):
        world.run(one)
        world.messages.clear()
    (charge,) = world.bank.of(taken)
    world.bank.made[charge.charge_id] = replace(charge, state=ChargeState.CAPTURED, captured_minor=2500)
    world.restore(before)
    done = world.readopt(before)
    assert (done.over, done.counts) == (True, {"voided": 1, "refunded": 1})
    assert world.bank.of(reserved)[0].state is ChargeState.CANCELLED
    assert world.bank.of(taken)[0].refunded_minor == 2500


def test_charges_that_an_operator_found_are_given_back_where_the_provider_lists_none(world: Restorable) -> None:
    world.bank.lists = False
    before = world.snapshot()
    _, reserved = redeemed(world, points=4000)
    world.orders_at_once = False
    world.run(reserved)
    world.restore(before)
    assert world.readopt(before).counts == {}
    (charge,) = world.bank.of(reserved)
    assert world.readopt(before, (("amazon_pay", charge.charge_id),)).counts == {"voided": 1}


def test_said_twice_nothing_happens_twice(world: Restorable) -> None:
    before = world.snapshot()
    _, lost = redeemed(world, points=4000)
    world.run(lost)
    world.orders_at_once = False
    _, reserved = redeemed(world, points=4000)
    world.run(reserved)
    world.restore(before)
    world.readopt(before)
    stands = dict(world.bank.made)
    again = world.readopt(before)
    assert again.over
    assert set(again.counts) <= {"kept"}
    assert world.bank.made == stands
    row = world.owner.execute("select count(*) as n from casework.case where kind = 'reconciliation'").fetchone()
    assert row == {"n": 1}


def test_an_order_under_another_name_is_never_sent_again(world: Restorable) -> None:
    member_id, redemption_id = redeemed(world)
    before = world.snapshot()
    world.amazon.faults.append("card")
    world.run(redemption_id)
    world.database.shift_clock("2 minutes")
    world.work()
    assert len(world.amazon.orders) == 2
    placed = world.amazon.calls["place"]
    world.restore(before)
    assert world.readopt(before).counts == {"forward": 1}
    world.waits = True
    world.go_on(redemption_id)
    assert world.amazon.calls["place"] == placed
    assert world.balance(member_id) == (91_000, 9000)
    assert world.row(redemption_id)["review_reason"] == "order_unknown"

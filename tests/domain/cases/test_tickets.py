"""A ticket's outcome does what it says, with the decision or not at all; what was decided is not asked again."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.casework.deciding import Lost
from loyalty.refusal import Refusal
from tests.domain.cases.conftest import OLGA, SAM, SUE, Desk
from tests.domain.orders.deliveries import LAMP, TOWELS, Ordered


def refused(call: Any) -> str:
    with pytest.raises(Refusal) as raised:
        call()
    return raised.value.code


def tickets(desk: Desk, order: Ordered) -> list[dict[str, Any]]:
    return desk.world.owner.execute(
        "select * from casework.case where kind = 'shipment' and subject = %s order by opened_at, case_id",
        (str(order.redemption_id),),
    ).fetchall()


def given_back(desk: Desk, order: Ordered) -> list[tuple[int, int, str]]:
    rows = desk.world.owner.execute(
        "select line_number, quantity, reason from redemptions.units_back where redemption_id = %s"
        " order by line_number, given_back_at",
        (order.redemption_id,),
    ).fetchall()
    return [(row["line_number"], row["quantity"], row["reason"]) for row in rows]


def half_lost(desk: Desk, *lines: Any, points: int | None = None) -> Ordered:
    """One package of two could not be delivered: nobody knows which units were in it."""
    order = Ordered(desk.world, *(lines or (TOWELS,)), points=points)
    order.hear(order.details(1, {"S1": {1: 3}}, packages=2), order.tracking("UNDELIVERABLE", 9))
    return order


def test_points_back_gives_back_the_units_that_are_named(desk: Desk) -> None:
    order = half_lost(desk, points=6000)
    (ticket,) = tickets(desk, order)
    assert ticket["allowed_actions"] == ["points_back", "leave_as_it_is"]
    before = desk.world.balance(order.member_id)[0]
    line = desk.world.row(order.redemption_id, "redemptions.line")
    assert desk.decide(ticket["case_id"], "points_back", units=[Lost(1, 2)]) == "decided"
    assert desk.world.balance(order.member_id)[0] == before + 2 * line["unit_points"]
    assert given_back(desk, order) == [(1, 2, "undeliverable")]
    money = desk.world.row(order.redemption_id, "payments.money_back")
    assert money["amount_minor"] == 2 * line["unit_money_minor"]
    topics = desk.world.owner.execute(
        "select topic from outbox.event where subject = %s and topic like 'units.%%'", (str(order.redemption_id),)
    ).fetchall()
    assert [row["topic"] for row in topics] == ["units.cancelled"]
    assert desk.decide(ticket["case_id"], "points_back", units=[Lost(1, 2)]) == "decided", "said twice"
    assert given_back(desk, order) == [(1, 2, "undeliverable")]
    # The other package does not come either: only what is left of the shipment is given back for it.
    order.hear(order.tracking("UNDELIVERABLE", 20, package="2"))
    assert sum(quantity for _, quantity, _ in given_back(desk, order)) == 3
    assert desk.broken() == {}


def test_points_back_without_units_or_with_too_many_decides_nothing(desk: Desk) -> None:
    order = half_lost(desk)
    (ticket,) = tickets(desk, order)
    before = desk.world.balance(order.member_id)
    assert refused(lambda: desk.decide(ticket["case_id"], "points_back")) == "invalid-units"
    assert refused(lambda: desk.decide(ticket["case_id"], "points_back", units=[Lost(7, 1)])) == "invalid-units"
    gone = [Lost(1, 2), Lost(1, 2)]
    assert refused(lambda: desk.decide(ticket["case_id"], "points_back", units=gone)) == "units-gone"
    assert tickets(desk, order)[0]["state"] == "open"
    assert (desk.world.balance(order.member_id), given_back(desk, order)) == (before, [])


def test_above_the_refund_limits_a_ticket_is_business_operations_to_decide(own_desk: Desk) -> None:
    own_desk.policy(refund_limit_points=1000)
    order = half_lost(own_desk)
    (ticket,) = tickets(own_desk, order)
    assert refused(lambda: own_desk.decide(ticket["case_id"], "points_back", units=[Lost(1, 1)])) == "not-approver"
    assert given_back(own_desk, order) == []
    assert own_desk.decide(ticket["case_id"], "points_back", OLGA, units=[Lost(1, 1)]) == "decided"
    assert given_back(own_desk, order) == [(1, 1, "undeliverable")]


def test_what_was_decided_is_asked_again_only_where_more_is_lost(desk: Desk) -> None:
    order = half_lost(desk, TOWELS, LAMP)
    (ticket,) = tickets(desk, order)
    assert desk.decide(ticket["case_id"], "leave_as_it_is", SAM) == "decided"
    order.hear(order.tracking("UNDELIVERABLE", 10), order.tracking("DELAYED", 11, package="2"))
    assert len(tickets(desk, order)) == 1
    order.hear(order.details(12, {"S2": {2: 1}}, packages=2), order.tracking("UNDELIVERABLE", 13, "S2", line=2))
    assert [one["reason"] for one in tickets(desk, order)] == ["part_of_shipment_lost"] * 2
    assert [one["state"] for one in tickets(desk, order)] == ["decided", "open"]


def test_a_refused_give_back_is_a_case_of_its_own_whatever_the_order_had_before(desk: Desk) -> None:
    order = half_lost(desk, TOWELS, LAMP)
    desk.decide(tickets(desk, order)[0]["case_id"], "leave_as_it_is", SUE)
    # Nothing is left to give back, and not by a person: more is lost than there was.
    desk.world.owner.execute(
        "select redemptions.give_back(1, %s, 2, 'elsewhere', 1, 'ours', 'cancelled', 'test')", (order.redemption_id,)
    )
    order.hear(order.details(30, {"S1": {1: 3}}, packages=2, rejected={2: 1}))
    new = tickets(desk, order)[1]
    assert (new["reason"], new["state"]) == ("not_given_back", "open")
    assert (new["evidence"]["line_number"], new["evidence"]["refused"]) == (2, "over_accepted")


def test_what_came_although_it_was_given_back_offers_no_points(desk: Desk) -> None:
    order = Ordered(desk.world, TOWELS)
    order.hear(order.details(1, {"S1": {1: 3}}), order.tracking("UNDELIVERABLE", 9), order.push("DELIVERED", 20))
    (ticket,) = tickets(desk, order)
    assert (ticket["reason"], ticket["allowed_actions"]) == ("delivered_after_all", ["leave_as_it_is"])

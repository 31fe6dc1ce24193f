"""Money that has left and cannot be had: a person's word about it is the last, and the member pays once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain.payments.journey import Journey


@pytest.fixture
def order(aging_journey: Journey) -> Journey:
    """USD 25.99 reserved, of which USD 9.99 has left and was refused: a case is open. Tomorrow it would work."""
    journey = aging_journey
    journey.reopen(2599, "shipment")
    journey.authorised()
    journey.intend(2599)
    journey.stand_in.fault("captureCharge", "simulation", code="HardDeclined")
    journey.collect("s1", 999)
    journey.rest()
    assert journey.status()["state"] == "unpaid"
    return journey


def tickets(order: Journey) -> list[dict[str, Any]]:
    return order.rows("select * from casework.case where subject = %s order by opened_at", str(order.redemption_id))


def decide(order: Journey, decision: str, group: str = "support", case: int = 0) -> str:
    rows = order.rows(
        "select cases.settle_ticket(1, %s, %s, null, 'staff:7', array[%s]) as status",
        *(tickets(order)[case]["case_id"], decision, group),
    )
    return str(rows[0]["status"])


def weeks_pass(order: Journey, weeks: int = 10) -> None:
    for _ in range(weeks):
        order.turn_clock(days=7)
        order.rest(looks=4)


@pytest.mark.parametrize(("decision", "account"), [("collected", "collected_elsewhere"), ("written_off", "write_off")])
def test_what_a_person_has_collected_or_written_off_is_never_charged(
    order: Journey, decision: str, account: str
) -> None:
    assert decide(order, decision) == "ok"
    weeks_pass(order)
    assert (order.taken_minor(), order.reserved_minor()) == (0, 0)
    house = order.rows("select account, amount_minor from payments.house where redemption_id = %s", order.redemption_id)
    assert house == [{"account": account, "amount_minor": 999}]
    assert decide(order, decision) == "replay"
    order.collect("s2", 1600, is_last=True)
    weeks_pass(order, 2)
    assert order.taken_minor() == 1600, "what leaves later is paid for as ever"
    assert (order.standing()["open_minor"], order.status()["state"]) == (0, "captured")


def test_a_whole_order_that_was_collected_elsewhere_comes_to_rest(order: Journey) -> None:
    order.give_back("c1", 1600)
    assert decide(order, "collected") == "ok"
    weeks_pass(order, 3)
    assert (order.taken_minor(), order.standing()["open_minor"]) == (0, 0)
    assert order.status()["state"] == "voided"


def test_a_case_about_money_that_came_after_all_closes_by_itself(order: Journey) -> None:
    weeks_pass(order, 4)
    assert order.taken_minor() == 999
    assert [ticket["state"] for ticket in tickets(order)] == ["withdrawn"]
    assert decide(order, "collected") == "not_open"


def test_a_case_about_money_that_is_not_owed_any_more_closes_by_itself(order: Journey) -> None:
    order.give_back("r1", 2599)
    order.rest()
    assert [ticket["state"] for ticket in tickets(order)] == ["withdrawn"]
    assert order.taken_minor() == 0


def test_while_the_provider_is_asked_nobody_decides(order: Journey) -> None:
    order.rows(
        "update payments.payment set state = 'completing', step = 'reauthorise' where redemption_id = %s returning 1",
        order.redemption_id,
    )
    assert decide(order, "collected") == "under_way"
    assert tickets(order)[0]["state"] == "open"
    order.rows(
        "update payments.payment set state = 'unpaid', step = null where redemption_id = %s returning 1",
        order.redemption_id,
    )
    assert decide(order, "collected") == "ok"


def test_what_was_paid_elsewhere_goes_back_by_a_person(order: Journey) -> None:
    decide(order, "collected")
    order.collect("s2", 1600, is_last=True)
    weeks_pass(order, 2)
    order.give_back("r1", 2599)
    order.rest()
    assert order.refunded_minor() == 1600
    ticket = tickets(order)[1]
    assert (ticket["reason"], ticket["evidence"]["amount_minor"]) == ("paid_elsewhere", 999)
    assert decide(order, "paid_back", case=1) == "ok"
    told = order.rows(
        "select payload ->> 'amount_minor' as amount from outbox.event where subject = %s"
        " and topic = 'payment.refunded' order by lane",
        str(order.redemption_id),
    )
    assert [row["amount"] for row in told] == ["1600", "999"]


def test_a_large_amount_is_business_operations_to_write_off(order: Journey) -> None:
    limit = order.rows("select (cases.policy(1) ->> 'refund_limit_minor')::bigint as most")[0]["most"]
    order.rows(
        "update casework.case set evidence = jsonb_set(evidence, '{amount_minor}', %s::text::jsonb)"
        " where subject = %s returning 1",
        *(str(limit + 1), str(order.redemption_id)),
    )
    assert decide(order, "written_off") == "not_approver"
    assert decide(order, "written_off", "business-operator") == "ok"

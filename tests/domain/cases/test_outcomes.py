"""Each outcome of a case, once, by whoever may, and only for cases that have it."""

from __future__ import annotations

from threading import Barrier, Thread
from uuid import UUID

import pytest

from loyalty.casework import asking, deciding
from loyalty.casework.asking import Units
from loyalty.refusal import Refusal
from tests.domain.cases.conftest import NOBODY, OLGA, SAM, SUE, TOWELS, Desk
from tests.domain.orders.deliveries import Ordered
from tests.domain.redemptions.saga import Line


def code(call: object) -> str:
    """The code of the refusal that a call raises."""
    assert callable(call)
    with pytest.raises(Refusal) as refused:
        call()
    return refused.value.code


def test_a_refund_without_return_gives_points_and_money_back_and_ends_the_case(desk: Desk) -> None:
    member_id, redemption_id, case_id = desk.about_an_order(quantity=2, points=6000)
    before = desk.world.balance(member_id)[0]
    assert desk.decide(case_id, "refund_without_return") == "decided"
    assert desk.world.balance(member_id)[0] == before + 4000
    row = desk.row(case_id)
    assert (row["outcome"], row["points"], row["money_minor"]) == ("refund_without_return", 4000, 2000)
    back = desk.world.row(redemption_id, "redemptions.units_back")
    assert (back["kind"], back["reason"], back["caused_by"], back["quantity"]) == ("returned", "damaged", "ours", 2)
    assert desk.told(case_id) == ["case.opened", "case.decided"]
    assert desk.history(case_id) == [
        ("opened", f"member:{member_id}"), ("chosen", "staff:sue"), ("decided", "staff:sue"),
    ]  # fmt: skip
    assert desk.broken() == {}


def test_what_never_came_is_cancelled_for_the_books_and_the_member(desk: Desk) -> None:
    _, redemption_id, case_id = desk.about_an_order("not_received")
    desk.decide(case_id, "refund_without_return")
    assert desk.world.row(redemption_id, "redemptions.units_back")["kind"] == "cancelled"


@pytest.mark.parametrize(("kind", "caused_by"), [("changed_mind", "member"), ("wrong_item", "ours")])
def test_a_return_is_given_back_when_the_goods_are_here(desk: Desk, kind: str, caused_by: str) -> None:
    member_id, redemption_id, case_id = desk.about_an_order(kind, quantity=2)
    before = desk.world.balance(member_id)[0]
    assert code(lambda: desk.decide(case_id, "return_with_label")) == "no-label"
    desk.label(case_id, "bad")
    desk.label(case_id, "promised")
    assert code(lambda: desk.decide(case_id, "return_with_label")) == "no-label"
    desk.label(case_id)
    assert desk.decide(case_id, "return_with_label") == "return"
    assert desk.decide(case_id, "return_with_label") == "return", "said twice"
    assert desk.world.balance(member_id)[0] == before
    seen = asking.one(desk.world.member_api, 1, member_id, case_id)
    assert [file["purpose"] for file in seen["files"]] == ["label"]
    assert code(lambda: deciding.receive_return(desk.manager_api, 1, case_id, 3, SUE)) == "invalid-quantity"
    assert deciding.receive_return(desk.manager_api, 1, case_id, 1, SUE) == "decided"
    assert deciding.receive_return(desk.manager_api, 1, case_id, None, SAM) == "decided", "again"
    assert desk.world.balance(member_id)[0] == before + 4000
    back = desk.world.row(redemption_id, "redemptions.units_back")
    assert (back["reason"], back["caused_by"], back["quantity"]) == ("returned", caused_by, 1)
    assert desk.told(case_id)[-2:] == ["case.message", "case.decided"]
    assert desk.broken() == {}


def test_a_return_that_never_comes_may_end_otherwise(desk: Desk) -> None:
    member_id, _, case_id = desk.about_an_order()
    desk.label(case_id)
    desk.decide(case_id, "return_with_label")
    assert desk.decide(case_id, "refuse", reason="Nothing came back.") == "decided"
    assert code(lambda: deciding.receive_return(desk.manager_api, 1, case_id, None, SUE)) == "not-open"
    assert desk.world.balance(member_id)[0] == 100_000 - 12_000
    assert desk.broken() == {}


def test_goodwill_inside_the_months_budget_is_the_agents_own_and_beyond_it_a_second_persons(own_desk: Desk) -> None:
    desk = own_desk
    desk.policy(goodwill_monthly_points=1000)
    cases = [desk.about_an_order() for _ in range(5)]
    (member_id, _, first), (_, _, second), (_, _, third), (_, _, fourth), (_, _, fifth) = cases
    before = desk.world.balance(member_id)[0]
    assert desk.decide(first, "goodwill_points", points=700) == "decided"
    assert desk.world.balance(member_id)[0] == before + 700
    assert desk.decide(second, "goodwill_points", points=301) == "approval"
    assert desk.decide(third, "goodwill_points", points=300) == "decided"
    assert desk.decide(fourth, "goodwill_points", SAM, points=1000) == "decided", "another agent has a budget too"
    assert desk.decide(fifth, "goodwill_points", points=1) == "approval"
    assert desk.approve(second) == "decided"
    assert desk.world.balance(cases[1][0])[0] == before + 301
    assert desk.broken() == {}
    desk.world.database.shift_clock("1 month")
    desk.world.owner.execute("call points.ensure_partitions()")
    _, _, later = desk.about_an_order()
    assert desk.decide(later, "goodwill_points", points=1000) == "decided", "another month"
    assert desk.broken() == {}


def test_an_agent_at_two_desks_does_not_spend_the_budget_twice(own_desk: Desk) -> None:
    own_desk.policy(goodwill_monthly_points=1000)
    cases = [own_desk.about_an_order()[2] for _ in range(6)]
    start, states = Barrier(6), list[str]()

    def call(case_id: UUID) -> None:
        with own_desk.world.database.connect("manager_api") as connection:
            start.wait()
            states.append(deciding.decide(connection, 1, case_id, "goodwill_points", SUE, points=400))

    threads = [Thread(target=call, args=(case_id,)) for case_id in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == ["approval"] * 4 + ["decided"] * 2
    assert own_desk.broken() == {}


def test_a_missing_purchase_is_credited_once_whoever_asks(own_desk: Desk) -> None:
    desk = own_desk
    member_id, case_id, reference = desk.about_a_purchase()
    _, other, _ = desk.about_a_purchase(reference)
    before = desk.world.balance(member_id)[0]
    assert desk.decide(case_id, "credit_missing_accrual", points=250) == "decided"
    assert desk.world.balance(member_id)[0] == before + 250
    row = desk.world.owner.execute("select * from points.accrual where partner = 'system:casework'").fetchone()
    assert row is not None
    assert (row["partner_reference"], row["amount"], row["funder"]) == (str(case_id), 250, "programme")
    assert code(lambda: desk.decide(other, "credit_missing_accrual", points=250)) == "already-credited"
    assert desk.row(other)["state"] == "open"
    assert desk.broken() == {}


def test_a_purchase_whose_points_have_come_is_not_credited(desk: Desk) -> None:
    member_id, case_id, reference = desk.about_a_purchase()
    desk.world.owner.execute(
        "select points.accrue(1, %s, clock.new_id(), 5, null, clock.now(), 'shop', %s, 'shop', 0, 'x', 'test')",
        (member_id, reference),
    )
    assert code(lambda: desk.decide(case_id, "credit_missing_accrual", points=250)) == "already-credited"
    assert deciding.one(desk.manager_api, 1, case_id)["purchase_accrued"] is True


def test_a_credit_above_the_limit_needs_a_second_person(own_desk: Desk) -> None:
    desk = own_desk
    desk.policy(accrual_limit_points=100)
    member_id, case_id, _ = desk.about_a_purchase()
    before = desk.world.balance(member_id)[0]
    assert desk.decide(case_id, "credit_missing_accrual", points=101) == "approval"
    assert desk.world.balance(member_id)[0] == before
    assert code(lambda: desk.approve(case_id, agent=SUE)) == "not-approver"
    assert desk.approve(case_id) == "decided"
    assert desk.approve(case_id) == "decided", "said twice"
    assert desk.world.balance(member_id)[0] == before + 101
    assert (desk.row(case_id)["chosen_by"], desk.row(case_id)["approved_by"]) == ("staff:sue", "staff:olga")
    assert [kind for kind, _ in desk.history(case_id)] == ["opened", "proposed", "approved", "decided"]
    assert desk.broken() == {}


def test_a_refund_above_the_limit_needs_a_second_person_and_may_be_declined(own_desk: Desk) -> None:
    desk = own_desk
    desk.policy(refund_limit_points=3999)
    member_id, _, case_id = desk.about_an_order()
    before = desk.world.balance(member_id)[0]
    assert desk.decide(case_id, "refund_without_return", OLGA) == "approval"
    assert code(lambda: desk.approve(case_id, agent=OLGA)) == "same-person"
    seen = asking.one(desk.world.member_api, 1, member_id, case_id)
    assert (seen["outcome"], seen["points"]) == (None, None), "what is not decided is nobody's to count on"
    second = deciding.Agent("staff:otto", ("business-operator",))
    assert desk.approve(case_id, "decline", second) == "open"
    assert desk.world.balance(member_id)[0] == before
    assert desk.decide(case_id, "goodwill_points", points=10) == "decided"
    assert desk.broken() == {}


def test_money_above_the_limit_needs_a_second_person_too(own_desk: Desk) -> None:
    own_desk.policy(refund_limit_minor=999)
    _, _, case_id = own_desk.about_an_order(points=6000)
    assert own_desk.decide(case_id, "refund_without_return") == "approval"


def test_units_that_amazon_cancelled_meanwhile_are_not_refunded_twice(desk: Desk) -> None:
    order = Ordered(desk.world, TOWELS)
    case_id = desk.open(order.member_id, Units(order.redemption_id, 1, 2), "not_received")
    order.hear(order.details(2, rejected={1: 2}))
    stands = desk.world.balance(order.member_id)
    assert code(lambda: desk.decide(case_id, "refund_without_return")) == "units-gone"
    assert desk.world.balance(order.member_id) == stands
    assert desk.row(case_id)["state"] == "open"
    assert desk.decide(case_id, "refuse", reason="They were cancelled, and are paid back.") == "decided"
    assert desk.broken() == {}


def test_no_is_told_with_its_reason(desk: Desk) -> None:
    member_id, _, case_id = desk.about_an_order()
    assert code(lambda: desk.decide(case_id, "refuse")) == "invalid"
    assert code(lambda: desk.decide(case_id, "refuse", reason="  ")) == "invalid"
    assert desk.decide(case_id, "refuse", reason="It was used for a year.") == "decided"
    assert desk.decide(case_id, "refuse", reason="It was used for a year.") == "decided", "said twice"
    assert code(lambda: desk.decide(case_id, "refuse", reason="Another.")) == "not-open"
    seen = asking.one(desk.world.member_api, 1, member_id, case_id)
    assert (seen["state"], seen["outcome"], seen["reason"]) == ("decided", "refuse", "It was used for a year.")


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("not_received", {"refund_without_return", "goodwill_points", "refuse"}),
        ("damaged", {"return_with_label", "refund_without_return", "goodwill_points", "refuse"}),
        ("changed_mind", {"return_with_label", "goodwill_points", "refuse"}),
        ("missing_points", {"credit_missing_accrual", "goodwill_points", "refuse"}),
    ],
)
def test_a_case_has_the_outcomes_of_its_kind_and_no_others(desk: Desk, kind: str, allowed: set[str]) -> None:
    if kind == "missing_points":
        _, case_id, _ = desk.about_a_purchase()
    else:
        _, _, case_id = desk.about_an_order(kind)
    assert set(deciding.one(desk.manager_api, 1, case_id)["outcomes"]) == allowed
    for outcome in set(deciding.OUTCOMES) - allowed:
        assert code(lambda o=outcome: desk.decide(case_id, o, points=5, reason="x")) == "not-allowed"
    assert code(lambda: desk.decide(case_id, "pay_everything")) == "not-here"


def test_only_the_desk_decides_and_only_in_its_programme(desk: Desk) -> None:
    _, _, case_id = desk.about_an_order()
    for outcome in ("refund_without_return", "goodwill_points", "refuse"):
        assert code(lambda o=outcome: desk.decide(case_id, o, NOBODY, points=1, reason="x")) == "not-approver"
    assert code(lambda: deciding.decide(desk.manager_api, 2, case_id, "refund_without_return", SUE)) == "unknown-case"
    assert code(lambda: deciding.answer(desk.manager_api, 2, case_id, case_id, "hello", SUE)) == "unknown-case"
    assert code(lambda: deciding.one(desk.manager_api, 2, case_id)) == "unknown-case"
    assert code(lambda: deciding.assign(desk.manager_api, 2, case_id, SUE.actor, SUE)) == "unknown-case"


def test_twins_decide_once(desk: Desk) -> None:
    member_id, _, case_id = desk.about_an_order(quantity=1)
    before = desk.world.balance(member_id)[0]
    start, answers = Barrier(6), list[str]()

    def call(agent: deciding.Agent) -> None:
        with desk.world.database.connect("manager_api") as connection:
            start.wait()
            try:
                answers.append(deciding.decide(connection, 1, case_id, "refund_without_return", agent))
            except Refusal as refused:
                answers.append(refused.code)

    threads = [Thread(target=call, args=(agent,)) for agent in (SUE, SUE, SUE, SAM, SAM, SAM)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["decided"] * 3 + ["not-open"] * 3
    assert desk.world.balance(member_id)[0] == before + 4000
    assert desk.broken() == {}


def test_points_of_a_partner_are_the_partners_to_pay_for(own_desk: Desk) -> None:
    desk = own_desk
    desk.world.owner.execute(
        "select programme.publish(1, c.version, jsonb_set(c.document, '{points,partners}',"
        ' \'{"shop": {"funder": "shop-inc", "unit_cost_micros": 7000}}\'), \'t\', \'t\') from programme.current(1) c'
    )
    _, case_id, _ = desk.about_a_purchase()
    desk.decide(case_id, "credit_missing_accrual", points=10)
    row = desk.world.owner.execute(
        "select funder, unit_cost_micros from points.accrual where partner = 'system:casework'"
    )
    assert row.fetchone() == {"funder": "shop-inc", "unit_cost_micros": 7000}


def test_a_full_account_takes_no_points_and_the_budget_is_as_it_was(own_desk: Desk) -> None:
    desk = own_desk
    member_id, _, case_id = desk.about_an_order()
    desk.world.accrue(member_id, 2**53 - 1 - desk.world.balance(member_id)[0])
    assert code(lambda: desk.decide(case_id, "goodwill_points", points=100)) == "refused"
    assert desk.world.owner.execute("select count(*) as n from cases.goodwill").fetchone() == {"n": 0}
    assert desk.row(case_id)["state"] == "open"
    assert desk.broken() == {}


def test_a_line_of_several_units_has_its_cases_one_after_another(desk: Desk) -> None:
    member_id, redemption_id, case_id = desk.about_an_order(quantity=2)
    desk.decide(case_id, "refund_without_return")
    assert code(lambda: desk.open(member_id, Units(redemption_id, 1, 2))) == "too-many-units"
    again = desk.open(member_id, Units(redemption_id, 1, 1))
    desk.decide(again, "refund_without_return")
    assert desk.world.balance(member_id)[0] == 100_000
    assert desk.broken() == {}


def test_two_lines_of_an_order_have_cases_at_once(desk: Desk) -> None:
    member_id, redemption_id = desk.ordered(TOWELS, Line("B0LAMP0000", 1, 4500))
    cases = [desk.open(member_id, Units(redemption_id, line, 1)) for line in (1, 2)]
    assert {desk.decide(case_id, "refund_without_return") for case_id in cases} == {"decided"}
    assert desk.broken() == {}

"""Whole redemptions, by the real state machine definition: how each must end, to the point and to the cent."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from loyalty.redemptions import engine, sweeping
from tests.domain.redemptions.saga import Line, Saga
from tests.faults.interpreter import Execution

TOWELS = Line("B0TOWELS00", 3, 1999)
LAMP = Line("B0LAMP0000", 1, 4500)


def redeemed(world: Saga, *lines: Line, points: int | None = None, **quote: object) -> tuple[int, UUID]:
    """A member who has redeemed a quote of these lines: (member_id, redemption_id)."""
    member_id = world.member()
    request = world.request(world.quote(member_id, *lines, **quote), points)  # type: ignore[arg-type]
    assert not world.redeem(member_id, request).replay
    return member_id, request.redemption_id


def ended(execution: Execution) -> bool:
    return execution.ended and execution.failed is None


def dying_at(world: Saga, redemption_id: UUID, state: str) -> Execution:
    """An execution that is abandoned when it is about to enter `state`; not yet run."""
    execution = world.start(redemption_id)
    original = execution._step

    def dies() -> None:
        if execution.state == state:
            execution.ended = True
        else:
            original()

    execution._step = dies  # type: ignore[method-assign]
    return execution


def test_points_only_is_ordered_settled_and_closed(world: Saga) -> None:
    member_id, redemption_id = redeemed(world, TOWELS)
    execution = world.run(redemption_id)
    assert ended(execution)
    assert world.row(redemption_id)["outcome"] == "completed"
    assert world.balance(member_id) == (100_000 - 3 * 3998, 0)
    assert execution.visited == ["Begin", "Enter", "Place", "RecordOrder", "Recorded", "Settle", "Settled", "Done"]
    assert world.kinds(redemption_id) == ["redeemed", "ordering", "accepted", "closed"]
    assert world.violations() == {}


def test_points_and_money_are_authorised_before_the_order_and_captured_after_it(world: Saga) -> None:
    member_id, redemption_id = redeemed(world, TOWELS, LAMP, points=7000)
    execution = world.run(redemption_id)
    assert ended(execution)
    row, payment = world.row(redemption_id), world.row(redemption_id, "payments.payment")
    assert (row["outcome"], payment["state"]) == ("completed", "captured")
    assert payment["captured_minor"] == row["money_minor"] == row["accepted_money_minor"]
    assert world.balance(member_id) == (100_000 - row["points"], 0)
    tasks = [payload["task"] for payload in execution.payloads if "task" in payload]
    assert tasks == ["authorise", "place", "capture"]
    assert world.violations() == {}


def test_money_that_shipments_take_stays_reserved_when_the_redemption_closes(own_world: Saga) -> None:
    own_world.publish(capture_at="shipment")
    _, redemption_id = redeemed(own_world, TOWELS, LAMP, points=7000)
    execution = own_world.run(redemption_id)
    assert ended(execution)
    row, payment = own_world.row(redemption_id), own_world.row(redemption_id, "payments.payment")
    assert (row["outcome"], payment["state"]) == ("completed", "authorised")
    assert (payment["capture_minor"], payment["captured_minor"]) == (row["accepted_money_minor"], 0)
    assert payment["member_id"] == row["member_id"]
    tasks = [payload["task"] for payload in execution.payloads if "task" in payload]
    assert tasks == ["authorise", "place"]
    assert own_world.violations() == {}


def test_money_of_which_nothing_was_accepted_is_given_back_also_by_shipment(own_world: Saga) -> None:
    own_world.publish(capture_at="shipment")
    own_world.amazon.prices["B0LAMP0000"] = 6750
    _, redemption_id = redeemed(own_world, LAMP, points=4000)
    assert ended(own_world.run(redemption_id))
    assert own_world.row(redemption_id, "payments.payment")["state"] == "voided"
    assert own_world.violations() == {}


def test_of_three_units_two_are_accepted_and_exactly_two_thirds_are_paid(world: Saga) -> None:
    world.amazon.accepts["B0TOWELS00"] = 2
    member_id, redemption_id = redeemed(world, TOWELS, points=5000)
    assert ended(world.run(redemption_id))
    row, payment = world.row(redemption_id), world.row(redemption_id, "payments.payment")
    line = world.row(redemption_id, "redemptions.line")
    assert row["outcome"] == "partially_completed"
    assert row["settled_points"] == 2 * line["unit_points"]
    assert row["released_points"] == line["unit_points"]
    assert payment["captured_minor"] == 2 * line["unit_money_minor"]
    assert world.balance(member_id) == (100_000 - 2 * line["unit_points"], 0)
    assert world.violations() == {}


def test_all_rejected_gives_everything_back_and_says_why(world: Saga) -> None:
    world.amazon.prices["B0LAMP0000"] = 6750
    member_id, redemption_id = redeemed(world, LAMP, points=4000)
    execution = world.run(redemption_id)
    assert ended(execution)
    assert world.row(redemption_id)["outcome"] == "rejected"
    assert world.row(redemption_id, "payments.payment")["state"] == "voided"
    assert world.balance(member_id) == (100_000, 0)
    assert world.row(redemption_id, "orders.placement_line")["reasons"] == ["BrokenUnitPriceExpectation"]
    assert execution.visited.index("Void") < execution.visited.index("Release")
    assert world.violations() == {}


def test_a_price_that_rose_within_the_tolerance_is_the_programmes_to_pay(world: Saga) -> None:
    world.amazon.prices["B0LAMP0000"] = 4725
    member_id, redemption_id = redeemed(world, LAMP)
    world.run(redemption_id)
    assert world.row(redemption_id)["outcome"] == "completed"
    assert world.balance(member_id) == (100_000 - 9000, 0)
    assert world.row(redemption_id, "orders.placement_line")["variance_minor"] == 225


def test_a_declined_payment_returns_the_points_and_nothing_is_ordered(world: Saga) -> None:
    world.payments = "decline"
    member_id, redemption_id = redeemed(world, LAMP, points=4000)
    assert ended(world.run(redemption_id))
    assert world.row(redemption_id)["outcome"] == "payment_declined"
    assert world.balance(member_id) == (100_000, 0)
    assert not world.amazon.delivered(redemption_id)
    assert world.violations() == {}


def test_money_that_cannot_be_taken_after_the_order_is_a_persons_work_and_the_order_stands(world: Saga) -> None:
    world.payments = "not_capture"
    member_id, redemption_id = redeemed(world, TOWELS, points=5000)
    execution = world.run(redemption_id)
    assert ended(execution)
    assert execution.visited[-3:] == ["ReviewCapture", "Close", "Done"]
    row, payment = world.row(redemption_id), world.row(redemption_id, "payments.payment")
    assert (row["outcome"], row["review_reason"]) == ("completed", "money_not_captured")
    assert row["accepted_money_minor"] == row["money_minor"] > payment["captured_minor"] == 0
    assert world.balance(member_id) == (100_000 - row["points"], 0)
    case = world.owner.execute("select state from casework.case where case_id = %s", (row["case_id"],)).fetchone()
    assert case == {"state": "open"}
    assert world.violations() == {}


@pytest.mark.parametrize("by_timeout", [False, True])
def test_a_payment_nobody_approves_returns_the_points(world: Saga, by_timeout: bool) -> None:
    world.payments = "ignore" if by_timeout else "abandon"
    member_id, redemption_id = redeemed(world, LAMP, points=4000)
    execution = world.run(redemption_id)
    if by_timeout:
        world.payments = "abandon"
        world.pass_over(execution)
        world.work()
    assert ended(execution)
    assert world.row(redemption_id)["outcome"] == "payment_abandoned"
    assert world.balance(member_id) == (100_000, 0)
    assert world.violations() == {}


def test_money_only_holds_no_points(world: Saga) -> None:
    member_id, redemption_id = redeemed(world, LAMP, points=0)
    assert ended(world.run(redemption_id))
    assert world.row(redemption_id, "payments.payment")["captured_minor"] == 4500
    assert world.balance(member_id) == (100_000, 0)
    assert world.violations() == {}


def test_nothing_accepted_for_money_voids_the_reservation(world: Saga) -> None:
    """A line that is paid with points alone is accepted, the one with money is not: nothing is captured."""
    world.amazon.accepts["B0LAMP0000"] = 0
    cheap = Line("B0CHEAP000", 1, 1)
    _, redemption_id = redeemed(world, cheap, LAMP, points=9001)
    line = world.owner.execute(
        "select unit_money_minor from redemptions.line where redemption_id = %s and line_number = 1", (redemption_id,)
    ).fetchone()
    execution = world.run(redemption_id)
    row = world.row(redemption_id)
    assert row["outcome"] == "partially_completed"
    assert line is not None
    if line["unit_money_minor"] == 0:
        assert "VoidNothingAccepted" in execution.visited
    assert row["accepted_money_minor"] == line["unit_money_minor"]
    assert world.violations() == {}


def test_a_partial_order_against_the_members_wish_is_carried_out_and_told_to_a_person(world: Saga) -> None:
    world.amazon.accepts["B0TOWELS00"] = 1
    _, redemption_id = redeemed(world, TOWELS, policy="all_or_nothing")
    assert ended(world.run(redemption_id))
    row = world.row(redemption_id)
    assert (row["outcome"], row["review_reason"]) == ("partially_completed", "partial_against_wish")
    case = world.owner.execute(
        "select reason, subject from casework.case where case_id = %s", (row["case_id"],)
    ).fetchone()
    assert case == {"reason": "partial_against_wish", "subject": str(redemption_id)}


# ---- everything happens twice, everything dies ---------------------------------------------------------------------


def test_every_function_invoked_twice_ends_as_if_once(world: Saga) -> None:
    world.amazon.accepts["B0TOWELS00"] = 2
    twice, once = redeemed(world, TOWELS, points=5000), redeemed(world, TOWELS, points=5000)
    assert ended(world.run(twice[1], invocations=2))
    assert ended(world.run(once[1]))
    assert world.balance(twice[0]) == world.balance(once[0])
    assert world.kinds(twice[1]) == world.kinds(once[1])
    rows = [world.row(redemption_id) for _, redemption_id in (twice, once)]
    assert [row["outcome"] for row in rows] == ["partially_completed"] * 2
    journals = [
        world.owner.execute(
            "select kind::text, dr, cr, amount from points.journal where member_id = %s order by sequence", (member_id,)
        ).fetchall()
        for member_id, _ in (twice, once)
    ]
    assert journals[0] == journals[1]
    assert world.violations() == {}


@pytest.mark.parametrize("money", [False, True])
@pytest.mark.parametrize("step", ["begin", "settle", "go", "close"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_step_whose_answer_is_lost_is_done_once(world: Saga, step: str, when: str, money: bool) -> None:
    world.crash = f"{when} {step}"
    member_id, redemption_id = redeemed(world, TOWELS, points=5000 if money else None)
    assert ended(world.run(redemption_id))
    row = world.row(redemption_id)
    assert row["outcome"] == "completed"
    assert world.balance(member_id) == (100_000 - row["points"], 0)
    assert world.violations() == {}


@pytest.mark.parametrize("state", ["Begin", "Authorise", "Go", "Place", "RecordOrder", "Settle", "Capture", "Close"])
def test_a_second_execution_goes_on_where_the_first_one_died(world: Saga, state: str) -> None:
    """The row knows how far the first one came."""
    member_id, redemption_id = redeemed(world, TOWELS, points=5000)
    first = dying_at(world, redemption_id, state)
    first.run()
    world.work()
    assert first.ended
    second = world.run(redemption_id)
    assert ended(second)
    row = world.row(redemption_id)
    assert row["outcome"] == "completed"
    assert world.balance(member_id) == (100_000 - row["points"], 0)
    assert world.amazon.calls["place"] >= 1
    assert len(world.amazon.delivered(redemption_id)) == 1
    assert world.violations() == {}


@pytest.mark.parametrize("service", ["orders", "payments"])
def test_an_answer_that_went_to_a_token_of_nobody_is_found_by_another_execution(own_world: Saga, service: str) -> None:
    """The machine's message was sent twice, and the first one came last."""
    world = own_world
    member_id, redemption_id = redeemed(world, LAMP, points=5000)
    world.payments = "ignore"
    first = world.start(redemption_id)
    first.run()
    if service == "orders":
        world.payments = "authorise"
        world.orders_at_once = False
        world.work()
        world.owner.execute("select orders.enqueue(1, %s, 'the token of nobody')", (redemption_id,))
        world.messages.clear()
        world.service.place_next()
    else:
        world._payment(
            {"program_id": 1, "redemption_id": redemption_id},
            "state = 'authorised', charge_id = 'c', authorised_minor = amount_minor",
        )
    world.owner.execute("select redemptions.started(1, %s)", (redemption_id,))
    with world.connection("sweeper") as sweeper:
        assert sweeping.overlooked(sweeper) == []
        world.database.shift_clock("2 hours 1 minute")
        [found] = sweeping.overlooked(sweeper)
        sweeping.execution_died(sweeper, found)
        assert sweeping.overlooked(sweeper) == []
        [named] = sweeping.unstarted(sweeper)
        assert named.execution_name == f"{redemption_id}-1"
    world.payments, world.orders_at_once = "authorise", True
    world.messages.clear()
    assert ended(world.run(redemption_id))
    assert world.row(redemption_id)["outcome"] == "completed"
    world.pass_over(first)
    assert ended(first)
    row = world.row(redemption_id)
    assert world.balance(member_id) == (100_000 - row["points"], 0)
    assert len(world.amazon.delivered(redemption_id)) == 1
    assert world.violations() == {}


def test_an_execution_of_a_closed_redemption_does_nothing(world: Saga) -> None:
    _, redemption_id = redeemed(world, LAMP)
    world.run(redemption_id)
    before = world.kinds(redemption_id)
    assert world.run(redemption_id).visited == ["Begin", "Enter", "Done"]
    assert world.kinds(redemption_id) == before


def test_an_execution_that_comes_far_too_late_gives_back_instead_of_ordering(own_world: Saga) -> None:
    member_id, redemption_id = redeemed(own_world, LAMP)
    own_world.database.shift_clock("14 days")
    assert ended(own_world.run(redemption_id))
    assert own_world.row(redemption_id)["outcome"] == "expired"
    assert own_world.balance(member_id) == (100_000, 0)
    assert not own_world.amazon.delivered(redemption_id)


@pytest.mark.parametrize("state", ["RecordOrder", "Settle", "Capture", "Close"])
def test_an_execution_that_comes_far_too_late_goes_on_where_there_is_an_order(own_world: Saga, state: str) -> None:
    """The first one dies at `state`, after the order was placed; the second comes when every quote has run out."""
    world = own_world
    member_id, redemption_id = redeemed(world, TOWELS, points=5000)
    first = dying_at(world, redemption_id, state)
    first.run()
    world.work()
    world.database.shift_clock("14 days")
    assert ended(world.run(redemption_id))
    row = world.row(redemption_id)
    assert row["outcome"] == "completed"
    assert world.row(redemption_id, "payments.payment")["captured_minor"] == row["money_minor"]
    assert world.balance(member_id) == (100_000 - row["points"], 0)
    assert world.amazon.calls["place"] == 1
    assert world.violations() == {}


def test_a_step_that_cannot_be_is_no_outage_that_is_waited_for(world: Saga) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id))
    world.redeem(member_id, request)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        engine.step(world.engine_step, "settle", 1, request.redemption_id)
    assert world.balance(member_id) == (98_000, 2_000)


def test_a_step_that_a_lock_holds_up_too_long_is_done_again(own_world: Saga) -> None:
    world = own_world
    _, redemption_id = redeemed(world, LAMP)
    world.engine_step.execute("set lock_timeout = '20ms'")
    with world.database.owner() as other, other.transaction():
        other.execute("select from redemptions.redemption where redemption_id = %s for update", (redemption_id,))
        execution = world.start(redemption_id)
        execution.run()
        assert execution.waiting == "Begin"
    world.work()
    assert ended(execution)
    assert world.row(redemption_id)["outcome"] == "completed"
    assert world.violations() == {}


# ---- the order itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicates", ["replay", "reject"])
def test_a_time_out_after_accepting_is_found_and_not_ordered_again(world: Saga, duplicates: str) -> None:
    world.amazon.faults, world.amazon.duplicates = ["timeout_after"], duplicates
    _, redemption_id = redeemed(world, LAMP)
    assert ended(world.run(redemption_id))
    assert world.row(redemption_id)["outcome"] == "completed"
    assert len(world.amazon.delivered(redemption_id)) == 1
    assert world.amazon.calls["place"] == 1


@pytest.mark.parametrize("duplicates", ["replay", "reject"])
def test_a_time_out_without_an_order_is_sent_again_under_the_same_name(world: Saga, duplicates: str) -> None:
    world.amazon.faults, world.amazon.duplicates = ["timeout_before"], duplicates
    _, redemption_id = redeemed(world, LAMP)
    assert ended(world.run(redemption_id))
    assert world.row(redemption_id)["outcome"] == "completed"
    assert world.amazon.calls == {"place": 2, "look": 3}
    assert list(world.amazon.orders) == [str(redemption_id)]


@pytest.mark.parametrize("duplicates", ["replay", "reject"])
def test_an_order_that_shows_late_is_still_one_order(world: Saga, duplicates: str) -> None:
    """Amazon accepted, but says "not found" until we have sent it again: the repetition's refusal is not believed."""
    world.amazon.faults, world.amazon.duplicates = ["timeout_after"], duplicates
    world.amazon.look_faults = ["not_found"] * 3
    _, redemption_id = redeemed(world, LAMP)
    assert ended(world.run(redemption_id))
    assert world.row(redemption_id)["outcome"] == "completed"
    assert len(world.amazon.delivered(redemption_id)) == 1
    assert world.violations() == {}


def test_an_order_nobody_can_find_is_told_to_a_person_and_its_hold_is_kept(world: Saga) -> None:
    world.amazon.faults = ["timeout_before"] * 3
    world.amazon.look_faults = ["not_found"] * 9
    member_id, redemption_id = redeemed(world, LAMP)
    world.waits = True
    execution = world.run(redemption_id)
    assert execution.waiting == "WaitForAnswer"
    assert world.row(redemption_id)["review_reason"] == "order_unknown"
    assert world.balance(member_id) == (91_000, 9000)
    world.pass_over(execution)
    assert execution.waiting == "WaitForAnswer"


def test_a_person_who_has_seen_that_there_is_no_order_ends_the_waiting(world: Saga) -> None:
    world.amazon.faults = ["timeout_before"] * 3
    world.amazon.look_faults = ["not_found"] * 9
    member_id, redemption_id = redeemed(world, LAMP)
    world.waits = True
    execution = world.run(redemption_id)
    # As docs/operations/unknown-orders.md says.
    world.owner.execute(
        """select orders.conclude(1, %s, '{"signed": false, "lines": []}')""",
        (redemption_id,),
    )
    world.pass_over(execution)
    assert ended(execution)
    assert world.row(redemption_id)["outcome"] == "rejected"
    assert world.balance(member_id) == (100_000, 0)
    assert world.violations() == {}


def test_an_answer_that_comes_after_the_review_leads_on(world: Saga) -> None:
    _, redemption_id = redeemed(world, LAMP)
    world.orders_at_once = False
    execution = world.run(redemption_id)
    world.orders_at_once = True
    assert execution.token is not None
    assert execution.fail(execution.token, "OrderUnknown")
    execution.run()
    assert execution.waiting == "WaitForAnswer"
    world.messages.clear()
    world.owner.execute("select orders.enqueue(1, %s, 'a token of nobody')", (redemption_id,))
    world.work()
    assert ended(execution)
    assert world.row(redemption_id)["outcome"] == "completed"


def test_when_placing_times_out_before_its_turn_the_order_is_taken_back(world: Saga) -> None:
    world.orders_at_once = False
    member_id, redemption_id = redeemed(world, LAMP)
    execution = world.run(redemption_id)
    world.pass_over(execution)
    world.work()
    assert ended(execution)
    assert world.row(redemption_id)["outcome"] == "failed"
    assert world.balance(member_id) == (100_000, 0)
    world.orders_at_once = True
    world.work()  # the message comes at last: nothing is ordered for a redemption that went back
    assert not world.amazon.delivered(redemption_id)
    assert world.violations() == {}


def test_ids_and_amounts_are_all_that_passes_through_the_machine(world: Saga) -> None:
    _, redemption_id = redeemed(world, TOWELS, points=5000)
    execution = world.run(redemption_id)
    allowed = {
        "action", "program_id", "redemption_id", "reason", "next", "money", "delay_seconds", "task", "task_token",
        "outcome", "case_id", "released_points", "correlation_id",
    }  # fmt: skip
    for payload in execution.payloads:
        assert set(payload) <= allowed, payload

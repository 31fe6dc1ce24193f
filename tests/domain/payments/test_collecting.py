"""Money by shipment: what left is taken, to the cent, in any order of events; the rest stays reserved or goes back."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.payments.answers import Answer
from loyalty.payments.collecting import part_to_take
from tests.domain.payments.journey import Crash, Journey
from tests.domain.payments.test_faults import AFTER_EFFECT, BEFORE_EFFECT, CrashAfter
from tests.simulators.loopback import loopback


def placed(journey: Journey, amount_minor: int = 2599, accepted_minor: int | None = None) -> Journey:
    """Reserved, and so much of it accepted."""
    journey.reopen(amount_minor, "shipment")
    journey.authorised()
    assert journey.intend(amount_minor if accepted_minor is None else accepted_minor) == "ok"
    return journey


@pytest.fixture
def order(aging_journey: Journey) -> Journey:
    return placed(aging_journey)


def permission(journey: Journey) -> dict[str, Any]:
    rows = journey.stand_in.rows("select * from permissions where merchant_reference = ?", str(journey.redemption_id))
    return rows[0]


def test_nothing_is_taken_until_something_has_left(order: Journey) -> None:
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (0, 2599)
    assert order.status()["state"] == "authorised"


def test_a_task_of_the_state_machine_is_answered_without_taking_anything(order: Journey) -> None:
    answer = order.run("capture")
    assert answer == Answer("capture-token", {"state": "authorised", "captured_minor": 0})
    assert order.taken_minor() == 0


def test_each_shipment_takes_its_part_and_the_rest_stays_reserved(order: Journey) -> None:
    assert order.collect("s1", 999) == "ok"
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (999, 1600)
    assert order.collect("s2", 600) == "ok"
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (1599, 1000)
    assert order.collect("s3", 1000, is_last=True) == "ok"
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (2599, 0)
    assert [charge["captured_minor"] for charge in order.charges()] == [999, 600, 1000]
    assert order.status()["state"] == "captured"
    assert permission(order)["state"] == "Closed"


def test_the_last_shipment_takes_the_remainder_whatever_it_says(order: Journey) -> None:
    order.collect("s1", 999)
    order.rest()
    order.collect("s2", 1, is_last=True)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (2599, 0)


def test_a_shipment_is_collected_once(order: Journey) -> None:
    assert order.collect("s1", 999) == "ok"
    assert order.collect("s1", 999) == "replay"
    assert order.collect("s1", 998) == "key_reuse"
    order.rest()
    assert order.collect("s1", 999) == "replay"
    order.rest()
    assert order.taken_minor() == 999


def test_what_was_not_accepted_is_never_taken(aging_journey: Journey) -> None:
    order = placed(aging_journey, 2599, 2000)
    order.collect("s1", 2599, is_last=True)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (2000, 0)


def test_a_shipment_seen_before_the_order_is_settled_is_taken_then(aging_journey: Journey) -> None:
    aging_journey.reopen(2599, "shipment")
    aging_journey.authorised()
    assert aging_journey.collect("s1", 999) == "ok"
    aging_journey.rest()
    assert aging_journey.taken_minor() == 0
    aging_journey.intend(2599)
    aging_journey.rest()
    assert aging_journey.taken_minor() == 999


def test_nothing_is_collected_of_what_is_taken_at_acceptance(aging_journey: Journey) -> None:
    aging_journey.authorised()
    aging_journey.intend(2000)
    assert aging_journey.collect("s1", 999) == "not_needed"
    assert aging_journey.run("capture") == Answer("capture-token", {"state": "captured", "captured_minor": 2000})


def test_all_cancelled_before_anything_left_gives_the_reservation_back(order: Journey) -> None:
    order.give_back("c1", 1000)
    order.give_back("c2", 1599)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (0, 0)
    assert order.status()["state"] == "voided"
    assert permission(order)["state"] == "Closed"


def test_the_rest_cancelled_after_a_shipment_gives_its_reservation_back(order: Journey) -> None:
    order.collect("s1", 999)
    order.rest()
    assert order.reserved_minor() == 1600
    order.give_back("c1", 1600)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (999, 0)
    assert order.status()["state"] == "captured"


def test_a_return_takes_less_before_it_sends_anything_back(order: Journey) -> None:
    order.collect("s1", 999)
    order.rest()
    order.give_back("r1", 999)
    order.collect("s2", 1600, is_last=True)
    order.rest()
    assert order.taken_minor() - order.refunded_minor() == 1600
    assert order.refunded_minor() == 0


def test_money_goes_back_to_the_newest_capture_first(order: Journey) -> None:
    for key, amount in (("s1", 999), ("s2", 600), ("s3", 1000)):
        order.collect(key, amount)
        order.rest()
    order.give_back("r1", 1200)
    order.rest()
    sent = order.rows(
        "select capture_number, amount_minor from payments.refund where redemption_id = %s order by refund_number",
        order.redemption_id,
    )
    assert [tuple(row.values()) for row in sent] == [(3, 1000), (2, 200)]
    assert order.refunds() == {"r1": "refunded"}
    assert [charge["refunded_minor"] for charge in order.charges()] == [0, 200, 1000]


@pytest.mark.parametrize("kind", [*BEFORE_EFFECT, *AFTER_EFFECT, "duplicate"])
@pytest.mark.parametrize("operation", ["captureCharge", "createCharge"])
def test_a_part_whose_answer_is_lost_is_taken_once(order: Journey, operation: str, kind: str) -> None:
    order.impatient()
    order.stand_in.fault(operation, kind)
    order.collect("s1", 999)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (999, 1600)
    order.collect("s2", 1600)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (2599, 0)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("operation", ["capture", "authorise_again", "charge", "close"])
def test_a_worker_that_dies_while_collecting_is_followed_by_another(
    order: Journey, operation: str, before: bool
) -> None:
    good = order.provider
    order.provide(CrashAfter(good, operation, before=before))  # type: ignore[arg-type]
    order.collect("s1", 999)
    for key in ("s1", "s2"):
        order.collect(key, 1600 if key == "s2" else 999)
        try:
            order.look("collect")
        except Crash:
            order.provide(good)
    order.provide(good)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (2599, 0)
    assert order.status()["state"] == "captured"


def test_a_reservation_is_renewed_for_what_is_left_before_it_grows_old(order: Journey) -> None:
    order.collect("s1", 999)
    order.rest()
    order.turn_clock(days=6.5)
    order.rest()
    assert [charge["state"] for charge in order.charges()] == ["Captured", "Canceled", "Authorized"]
    assert order.reserved_minor() == 1600
    order.collect("s2", 1600)
    order.rest()
    assert order.taken_minor() == 2599


def test_renewals_leave_charges_for_shipments(order: Journey) -> None:
    """Half a year of renewals would need more charges than a permission has."""
    for _ in range(20):
        order.turn_clock(days=6.5)
        order.rest(looks=2)
    assert len(order.charges()) <= 13
    order.collect("s1", 999)
    order.rest()
    order.collect("s2", 1600)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (2599, 0)


@pytest.mark.large
def test_more_shipments_than_a_permission_has_charges_are_taken_together(aging_journey: Journey) -> None:
    order = placed(aging_journey, 4000)
    for number in range(40):
        order.collect(f"s{number}", 100)
        order.rest(seconds=1)
    order.rest()
    assert len(order.charges()) <= 25
    assert (order.taken_minor(), order.reserved_minor()) == (4000, 0)


def test_f29_what_has_left_and_cannot_be_taken_is_a_case_and_is_tried_again(order: Journey) -> None:
    order.stand_in.fault("captureCharge", "simulation", code="HardDeclined")
    order.stand_in.fault("createCharge", "simulation", 2, code="HardDeclined")
    order.collect("s1", 999)
    order.rest()
    assert order.status()["state"] == "unpaid"
    (case,) = order.rows("select * from casework.case where subject = %s", str(order.redemption_id))
    assert (case["reason"], case["evidence"]["amount_minor"]) == ("unpaid", 999)
    topics = order.rows("select topic from outbox.event where subject = %s", order.redemption_id)
    assert [row["topic"] for row in topics] == ["payment.failed"]
    for _ in range(5):
        order.turn_clock(days=4)
        order.rest(looks=4)
    assert (order.taken_minor(), order.reserved_minor()) == (999, 1600)
    order.collect("s2", 1600)
    order.rest()
    assert order.taken_minor() == 2599
    cases = order.rows("select 1 from casework.case where subject = %s", str(order.redemption_id))
    assert len(cases) == 1


def test_what_cannot_be_reserved_and_has_not_left_waits_for_its_shipment(order: Journey) -> None:
    order.stand_in.fault("createCharge", "simulation", code="HardDeclined")
    order.collect("s1", 999)
    order.rest()
    assert (order.taken_minor(), order.reserved_minor()) == (999, 0)
    assert order.rows("select 1 from casework.case where subject = %s", str(order.redemption_id)) == []
    order.collect("s2", 1600)
    order.rest()
    assert order.taken_minor() == 2599


def test_a_little_that_cannot_be_had_falls_to_the_programmes_account(aging_journey: Journey) -> None:
    order = placed(aging_journey, 1080)
    order.stand_in.fault("createCharge", "simulation", 3, code="HardDeclined")
    order.collect("s1", 1000)
    order.rest()
    order.collect("s2", 80, is_last=True)
    order.rest()
    house = order.rows(
        "select account, amount_minor, reason from payments.house where redemption_id = %s", order.redemption_id
    )
    assert house == [{"account": "write_off", "amount_minor": 80, "reason": "not_worth_collecting"}]
    assert order.status()["state"] == "captured"
    assert order.rows("select 1 from casework.case where subject = %s", str(order.redemption_id)) == []
    assert order.give_back("r1", 1080) == "ok"
    order.rest()
    assert order.refunded_minor() == 1000
    assert order.standing()["forgiven_minor"] == 80
    loopback.delete(f"{order.stand_in.base_url}/_simulator/faults").raise_for_status()


@given(
    amounts=st.lists(st.integers(1, 5000), min_size=1, max_size=8),
    smallest=st.integers(1, 200),
    parts=st.integers(1, 6),
    data=st.data(),
)
def test_parts_are_never_more_than_is_due_and_end_with_everything_or_too_little(
    amounts: list[int], smallest: int, parts: int, data: st.DataObject
) -> None:
    left, taken, due, used = sum(amounts), 0, 0, 0
    for number, amount in enumerate(amounts):
        due += amount
        part = part_to_take(
            due_minor=due,
            left_minor=left,
            taken_minor=taken,
            all_due=number == len(amounts) - 1 and data.draw(st.booleans()),
            smallest_minor=smallest,
            parts_left=parts - used,
        )
        assert part == 0 or smallest <= part <= left
        assert taken + part <= due
        left, taken, used = left - part, taken + part, used + (part > 0)
        assert left == 0 or left >= smallest or taken == 0
    assert used <= parts
    assert left == 0 or left < smallest


SEEDS = range(1, 11)


@pytest.mark.large
@pytest.mark.parametrize("first", [1])
def test_any_order_of_shipments_cancellations_returns_faults_and_repetitions_comes_out_to_the_cent(
    aging_journey: Journey, first: int
) -> None:
    aging_journey.impatient()
    for seed in SEEDS:
        try:
            one_order(aging_journey, random.Random(seed + first - 1))
        except Exception as error:
            error.add_note(f"seed {seed + first - 1}")
            raise


def one_order(journey: Journey, rng: random.Random) -> None:
    units = [rng.randrange(1, 2000) for _ in range(rng.randrange(1, 7))]
    order = placed(journey, sum(units) + rng.choice((0, 0, 500)), sum(units))
    events: list[tuple[str, str, int]] = []
    for number, amount in enumerate(units):
        fate = rng.choice(("ships", "ships", "ships", "cancelled", "returned"))
        if fate != "cancelled":
            events.append(("ship", f"s{number}", amount))
        if fate != "ships":
            events.append(("back", f"b{number}", amount))
    events += [rng.choice(events) for _ in range(rng.randrange(3))]
    rng.shuffle(events)
    back = sum({key: amount for kind, key, amount in events if kind == "back"}.values())
    for kind, key, amount in events:
        if rng.random() < 0.3:
            order.stand_in.fault(
                rng.choice(("captureCharge", "createCharge", "createRefund", "cancelCharge", "getCharge")),
                rng.choice((*BEFORE_EFFECT, *AFTER_EFFECT)),
            )
        said = order.collect(key, amount) if kind == "ship" else order.give_back(key, amount)
        assert said in ("ok", "replay", "not_needed")
        if rng.random() < 0.5:
            order.rest(looks=rng.randrange(1, 4))
        if rng.random() < 0.1:
            order.turn_clock(days=6.2)
        assert order.taken_minor() <= sum(units)
    loopback.delete(f"{order.stand_in.base_url}/_simulator/faults").raise_for_status()
    order.rest(looks=40)
    assert order.taken_minor() - order.refunded_minor() == sum(units) - back
    assert order.reserved_minor() == 0
    standing = order.standing()
    assert (standing["open_minor"], standing["refund_failed_minor"], standing["written_off_minor"]) == (0, 0, 0)
    assert standing["captured_minor"] == order.taken_minor()
    assert standing["refunded_minor"] == order.refunded_minor()

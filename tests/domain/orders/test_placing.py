"""Placing an order: what is known after each thing that can happen to a call, and that nothing is ordered twice."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from loyalty.orders.placing import Happened, Patience, Placing
from tests.conftest import TestDatabase
from tests.domain.redemptions.amazon import FakeAmazon
from tests.domain.redemptions.saga import Line, Saga, saga

LAMP = Line("B0LAMP0000", 1, 4500)


@pytest.fixture
def world(fresh_database: TestDatabase) -> Iterator[Saga]:
    with saga(fresh_database, orders_at_once=False) as made:
        yield made


def queued(world: Saga, *lines: Line) -> UUID:
    """A redemption whose order waits for its turn."""
    member_id = world.member()
    request = world.request(world.quote(member_id, *(lines or (LAMP,))))
    world.redeem(member_id, request)
    world.start(request.redemption_id).run()
    _, body = world.messages.pop()
    world.owner.execute("select orders.enqueue(1, %s, %s)", (request.redemption_id, body["task_token"]))
    return request.redemption_id


def step(world: Saga, patience: Patience | None = None) -> Happened:
    return Placing(world.amazon, "default", patience or world.patience).step(world.orders_worker)


def state(world: Saga, redemption_id: UUID) -> str:
    return str(world.row(redemption_id, "orders.placement")["state"])


def test_orders_leave_in_the_order_in_which_they_came(world: Saga) -> None:
    ids = [queued(world) for _ in range(4)]
    for _ in ids:
        assert step(world).kind == "accepted"
    assert [order.external_id for order in world.amazon.requests] == [str(one) for one in ids]


def test_the_name_and_the_state_are_stored_before_the_call(world: Saga) -> None:
    redemption_id = queued(world)
    seen: list[tuple[str, str]] = []

    class Watching(FakeAmazon):
        def place_order(self, order):  # type: ignore[no-untyped-def]
            row = world.row(redemption_id, "orders.placement")
            seen.append((row["state"], row["external_id"]))
            return super().place_order(order)

    Placing(Watching(), "default").step(world.orders_worker)
    assert seen == [("sent", str(redemption_id))]


def test_a_process_that_dies_before_the_call_or_after_it_is_followed_by_a_look_up(world: Saga) -> None:
    """Crash after `sent` was stored: whether the call was made is what the look-up tells."""
    for called in (False, True):
        redemption_id = queued(world)

        class Dying(FakeAmazon):
            def place_order(self, order):  # type: ignore[no-untyped-def]
                if called:  # noqa: B023
                    world.amazon.place_order(order)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Placing(Dying(), "default").step(world.orders_worker)
        assert state(world, redemption_id) == "sent"
        assert step(world).kind == "idle"  # somebody may still be at it
        world.database.shift_clock("2 minutes")
        kinds = [step(world).kind for _ in range(1 if called else 4)]
        assert kinds == (["accepted"] if called else ["not_found", "not_found", "resend", "accepted"])
        assert len(world.amazon.delivered(redemption_id)) == 1


def test_a_process_that_dies_before_it_has_answered_is_followed_by_one_that_answers(world: Saga) -> None:
    redemption_id = queued(world)
    execution = world.executions[str(redemption_id)]
    step(world)
    assert execution.token is not None
    world.orders_service().place_next()
    assert execution.ended
    assert world.row(redemption_id, "orders.placement")["answered_at"]


def test_not_found_is_believed_only_several_times_over_some_minutes(world: Saga) -> None:
    redemption_id = queued(world)
    world.amazon.faults = ["timeout_before"]
    patience = Patience()
    assert step(world, patience).kind == "unknown"
    kinds = []
    for _ in range(8):
        world.database.shift_clock("61 seconds")
        kinds.append(step(world, patience).kind)
        if kinds[-1] == "resend":
            break
    assert kinds == ["not_found", "not_found", "resend"]
    assert step(world, patience).kind == "accepted"
    assert world.row(redemption_id, "orders.placement")["external_id"] == str(redemption_id)


def test_a_429_keeps_the_place_in_the_queue_and_shuts_the_bucket(world: Saga) -> None:
    first, _second = queued(world), queued(world)
    world.amazon.faults = ["throttled"]
    assert step(world).kind == "throttled"
    assert state(world, first) == "queued"
    assert world.row(first, "orders.placement")["sends"] == 0
    bucket = "select tokens, closed_until is not null as shut from orders.bucket where operation = 'placeOrder'"
    assert world.owner.execute(bucket).fetchone() == {"tokens": 0, "shut": True}
    # However slow this test is: the wait that Amazon asked for is not over yet.
    world.owner.execute("update orders.bucket set closed_until = clock.now() + interval '1 minute'")
    assert step(world).kind == "idle"
    world.database.shift_clock("2 minutes")
    assert step(world).redemption_id == first


@pytest.mark.parametrize("answer", ["no_lines", "one_line", "short"])
def test_an_answer_that_leaves_units_out_is_not_believed(world: Saga, answer: str) -> None:
    redemption_id = queued(world, LAMP, Line("B0TOWELS00", 2, 1999))
    world.amazon.faults, world.amazon.look_faults = ["timeout_after"], [answer, answer]
    happened = [step(world) for _ in range(3)]
    assert [(one.kind, one.reason) for one in happened[1:]] == [("unknown", "incomplete")] * 2
    assert state(world, redemption_id) == "unknown"
    assert step(world).kind == "accepted", "until all of it is told"
    assert len(world.amazon.delivered(redemption_id)) == 1


def test_a_reply_to_the_order_itself_that_leaves_units_out_is_looked_up(world: Saga) -> None:
    redemption_id = queued(world, Line("B0TOWELS00", 2, 1999))
    world.amazon.faults = ["short"]
    assert (step(world).reason, step(world).kind) == ("incomplete", "accepted")
    assert state(world, redemption_id) == "accepted"


def test_an_order_whose_address_is_gone_is_not_rejected_while_a_first_call_may_have_placed_it(world: Saga) -> None:
    redemption_id = queued(world)
    world.amazon.faults, world.amazon.look_faults = ["timeout_after"], ["not_found"] * 3
    while step(world).kind != "resend":
        pass
    with world.owner.transaction():
        world.owner.execute("set local session_replication_role = replica")
        world.owner.execute(
            "delete from members.address where address_id = (select address_id from orders.placement"
            " where redemption_id = %s)",
            (redemption_id,),
        )
    assert step(world).reason == "repetition_without_address"
    assert step(world).kind == "accepted"


def test_a_limit_that_one_order_is_above_holds_up_nobody_else(world: Saga) -> None:
    dear = queued(world, Line("B0DEAR0000", 1, 40_000))
    others = [queued(world) for _ in range(3)]
    world.amazon.refuses = frozenset({"B0DEAR0000"})
    placed: list[UUID | None] = []
    for _ in range(6):
        while (happened := step(world)).kind == "accepted":
            placed.append(happened.redemption_id)
        world.database.shift_clock("61 seconds")
    assert placed == others
    tries = world.amazon.calls["place"] - len(others)
    assert tries <= 4, "and it is tried less and less often"
    assert state(world, dear) == "queued"
    world.amazon.refuses = frozenset()
    world.database.shift_clock("1 hour")
    assert (step(world).redemption_id, state(world, dear)) == (dear, "accepted")


def test_a_company_card_that_fails_is_seen_when_it_is_told_of_every_line(world: Saga) -> None:
    redemption_id = queued(world, LAMP, Line("B0TOWELS00", 2, 1999))
    world.amazon.faults = ["card_lines"]
    happened = step(world)
    assert (happened.kind, happened.reason) == ("paused", "Payment_method_declined")
    assert state(world, redemption_id) == "queued"


def test_what_is_told_of_one_line_only_is_about_that_line(world: Saga) -> None:
    redemption_id = queued(world, LAMP, Line("B0TOWELS00", 2, 1999))
    world.amazon.faults = ["card_line"]
    assert step(world).kind == "rejected"
    assert state(world, redemption_id) == "rejected"


@pytest.mark.parametrize(("fault", "reason"), [("revoked", "credentials:403"), ("card", "PAYMENT_METHOD_DECLINED")])
def test_what_is_wrong_with_the_programme_stops_it_and_keeps_the_queue(world: Saga, fault: str, reason: str) -> None:
    redemption_id, _other = queued(world), queued(world)
    world.amazon.faults = [fault]
    happened = step(world)
    assert (happened.kind, happened.reason) == ("paused", reason)
    assert state(world, redemption_id) == "queued"
    assert step(world).kind == "idle"
    world.database.shift_clock("61 seconds")
    assert [step(world).kind for _ in range(2)] == ["accepted", "accepted"]
    row = world.owner.execute("select state, reason from orders.connection").fetchone()
    assert row == {"state": "working", "reason": None}
    assert len(world.amazon.delivered(redemption_id)) == 1


def test_a_paused_connection_without_orders_is_probed(world: Saga) -> None:
    queued(world)
    step(world)
    world.owner.execute("select orders.pause('default', 'credentials:403')")
    world.amazon.look_faults = ["revoked"]
    world.database.shift_clock("61 seconds")
    assert step(world).kind == "idle"
    world.database.shift_clock("61 seconds")
    assert step(world).kind == "resumed"


def test_an_order_that_is_accepted_and_not_placed_pauses_and_is_not_settled(world: Saga) -> None:
    redemption_id = queued(world)
    world.amazon.faults = ["unsigned"]
    original = world.amazon._line

    def without_an_order_id(line, name):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        result = original(line, name)
        return replace(result, accepted=tuple(replace(item, order_id=None) for item in result.accepted))

    world.amazon._line = without_an_order_id  # type: ignore[method-assign]
    assert step(world).reason == "not_signed"
    assert state(world, redemption_id) == "unknown"


def test_what_amazon_refuses_outright_is_rejected(world: Saga) -> None:
    redemption_id = queued(world)
    world.amazon.faults = ["refused"]
    assert step(world).kind == "rejected"
    assert state(world, redemption_id) == "rejected"


def test_while_the_look_up_fails_it_stays_unknown_and_is_given_up_in_the_end(world: Saga) -> None:
    redemption_id = queued(world)
    world.amazon.faults, world.amazon.look_faults = ["timeout_after"], ["timeout"] * 5
    patience = Patience(first_look=0, longest_pause=0, give_up=3600)
    assert [step(world, patience).kind for _ in range(3)] == ["unknown"] * 3
    world.database.shift_clock("2 hours")
    assert step(world, patience).kind == "given_up"
    world.amazon.look_faults = []
    assert step(world, patience).kind == "accepted"
    assert len(world.amazon.delivered(redemption_id)) == 1


def test_a_message_that_comes_again_for_a_concluded_order_is_answered_again(world: Saga) -> None:
    redemption_id = queued(world)
    world.service.place_next()
    world.owner.execute("select orders.enqueue(1, %s, 'a second token')", (redemption_id,))
    rows = world.orders_worker.execute("select outcome, task_token from orders.unanswered('default', 9)").fetchall()
    assert rows == [{"outcome": "accepted", "task_token": "a second token"}]


def test_two_processes_never_take_the_same_order(world: Saga) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ids = [queued(world) for _ in range(8)]

    def works(_: int) -> list[UUID | None]:
        with world.connection("orders_worker") as connection:
            placing = Placing(world.amazon, "default")
            return [placing.step(connection).redemption_id for _ in range(8)]

    with ThreadPoolExecutor(4) as pool:
        taken = [one for found in pool.map(works, range(4)) for one in found if one]
    assert sorted(taken) == sorted(ids)
    assert world.amazon.calls["place"] == 8


@pytest.mark.parametrize("payment", ["completing", "declined"])
def test_an_order_whose_reservation_was_lost_in_the_queue_is_not_sent(world: Saga, payment: str) -> None:
    world.payments = "authorise"
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP), 2000)
    world.redeem(member_id, request)
    execution = world.start(request.redemption_id)
    execution.run()
    world.work()  # authorised; the order's message waits
    world.owner.execute(
        "update payments.payment set state = %s, step = 'reauthorise' where redemption_id = %s",
        (payment, request.redemption_id),
    )
    world.orders_at_once = True
    world.work()
    after = queued(world)  # whoever comes behind is not kept waiting
    while step(world).kind == "accepted":
        pass
    assert [order.external_id for order in world.amazon.requests] == [str(after)]
    if payment == "completing":
        world.owner.execute(
            "update payments.payment set state = 'authorised', step = null where redemption_id = %s",
            (request.redemption_id,),
        )
        world.owner.execute("update orders.placement set due_at = clock.now() where state = 'queued'")
        assert step(world).kind == "accepted"
        return
    world.work()
    row = world.row(request.redemption_id)
    assert (row["state"], row["outcome"]) == ("closed", "payment_declined")
    assert world.balance(member_id) == (100_000, 0)

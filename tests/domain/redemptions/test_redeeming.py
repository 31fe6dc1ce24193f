"""From a quote to held points: once, for the one who was promised it, at the price that was promised."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from loyalty.programme import switching
from loyalty.redemptions import overview, redeeming
from loyalty.redemptions.redeeming import Redeem, Redeemed
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain.people import changed_points
from tests.domain.redemptions.saga import Line, Saga

LAMP = Line("B0LAMP0000", 1, 4500)


def refused(world: Saga, member_id: int, request: Redeem, program_id: int = 1) -> Refusal:
    with pytest.raises(Refusal) as caught:
        world.redeem(member_id, request, program_id)
    return caught.value


def in_parallel(database: TestDatabase, member_id: int, requests: list[Redeem]) -> list[Redeemed | Refusal]:
    """Every request on a connection of its own, at once."""

    def one(request: Redeem) -> Redeemed | Refusal:
        with database.connect("member_api") as connection:
            try:
                return redeeming.redeem(connection, 1, member_id, request, "test")
            except Refusal as refusal:
                return refusal

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(one, requests))


def test_points_are_held_and_the_answer_says_what_is_left(world: Saga) -> None:
    member_id = world.member()
    done = world.redeem(member_id, world.request(world.quote(member_id, LAMP)))
    assert (done.state, done.replay, done.points, done.available) == ("held", False, 9000, 91_000)
    assert world.balance(member_id) == (91_000, 9000)


def test_the_same_request_again_is_the_same_redemption(world: Saga) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP))
    first, again = world.redeem(member_id, request), world.redeem(member_id, request)
    assert again == replace(first, replay=True)
    assert world.balance(member_id) == (91_000, 9000)


def test_twenty_of_the_same_request_at_once_are_one_redemption(world: Saga) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP, LAMP), 7000)
    answers = in_parallel(world.database, member_id, [request] * 20)
    assert Counter(isinstance(a, Redeemed) and a.replay for a in answers) == {True: 19, False: 1}
    assert world.balance(member_id)[0] == 100_000 - world.row(request.redemption_id)["points"]
    assert world.violations() == {}


def test_one_quote_is_redeemed_once_also_under_many_keys_at_once(world: Saga) -> None:
    member_id = world.member()
    quote_id = world.quote(member_id, LAMP)
    answers = in_parallel(world.database, member_id, [world.request(quote_id) for _ in range(8)])
    assert Counter(a.code if isinstance(a, Refusal) else "ok" for a in answers) == {"ok": 1, "quote-used": 7}
    assert world.balance(member_id) == (91_000, 9000)


def test_a_balance_that_affords_one_redemption_pays_for_one(world: Saga) -> None:
    member_id = world.member(points=10_000)
    requests = [world.request(world.quote(member_id, LAMP)) for _ in range(8)]
    answers = in_parallel(world.database, member_id, requests)
    assert Counter(a.code if isinstance(a, Refusal) else "ok" for a in answers) == {"ok": 1, "insufficient-points": 7}
    assert world.balance(member_id) == (1000, 9000)
    assert world.violations() == {}


def test_a_key_with_another_body_is_refused(world: Saga) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP))
    world.redeem(member_id, request)
    other = world.request(world.quote(member_id, LAMP), 5000)
    assert refused(world, member_id, replace(other, redemption_id=request.redemption_id)).code == "key-reuse"


def test_somebody_elses_key_is_refused_like_a_reused_one(world: Saga) -> None:
    member_id, other = world.member(), world.member()
    request = world.request(world.quote(member_id, LAMP))
    world.redeem(member_id, request)
    assert refused(world, other, request).code == "key-reuse"
    assert refused(world, other, request, program_id=2).code == "key-reuse"
    assert world.balance(other) == (100_000, 0)


def test_somebody_elses_quote_does_not_exist(world: Saga) -> None:
    member_id, other = world.member(), world.member()
    request = world.request(world.quote(member_id, LAMP))
    assert refused(world, other, request).code == "quote-not-found"


def test_a_redemption_that_was_refused_has_used_neither_key_nor_quote(world: Saga) -> None:
    member_id = world.member(points=0)
    request = world.request(world.quote(member_id, LAMP), 5000)
    assert refused(world, member_id, request).code == "insufficient-points"
    world.accrue(member_id, 5000)
    assert not world.redeem(member_id, request).replay


def test_a_member_redeems_no_more_in_a_day_than_the_programme_allows_however_many_ask_at_once(own_world: Saga) -> None:
    world = own_world
    with world.database.owner() as owner:
        changed_points(owner, held_daily_limit=20_000)
    member_id = world.member()
    requests = [world.request(world.quote(member_id, LAMP)) for _ in range(6)]
    answers = in_parallel(world.database, member_id, requests)
    assert Counter(a.code if isinstance(a, Refusal) else "ok" for a in answers) == {"ok": 2, "velocity": 4}
    assert world.balance(member_id) == (82_000, 18_000)
    done = next(r for r, a in zip(requests, answers, strict=True) if isinstance(a, Redeemed))
    assert world.redeem(member_id, done).replay
    refusal = refused(
        world, member_id, next(r for r, a in zip(requests, answers, strict=True) if isinstance(a, Refusal))
    )
    assert (refusal.kind, refusal.field) == (Kind.CONFLICT, "points")
    assert world.violations() == {}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"money_minor": 1}, "quote-mismatch"),
        ({"points": 9001}, "quote-mismatch"),
        ({"points": -1}, "quote-mismatch"),
        ({"points": 2**62, "money_minor": 2**62}, "quote-mismatch"),
    ],
)
def test_only_what_the_quote_offers_is_redeemed(world: Saga, change: dict[str, Any], code: str) -> None:
    member_id = world.member()
    request = replace(world.request(world.quote(member_id, LAMP)), **change)
    refusal = refused(world, member_id, request)
    assert (refusal.code, refusal.kind, refusal.field) == (code, Kind.INVALID, "points")
    assert world.balance(member_id) == (100_000, 0)


def test_money_that_the_provider_would_not_take_is_refused_before_anything_is_held(world: Saga) -> None:
    member_id = world.member()
    quote_id = world.quote(member_id, LAMP)
    with world.owner.transaction():
        world.owner.execute("alter table redemptions.quote disable trigger append_only")
        world.owner.execute("update redemptions.quote set money_min_minor = 50 where quote_id = %s", (quote_id,))
        world.owner.execute("alter table redemptions.quote enable trigger append_only")
    refusal = refused(world, member_id, world.request(quote_id, 8_902))
    assert (refusal.code, refusal.kind, refusal.field) == ("money-too-little", Kind.INVALID, "points")
    assert world.balance(member_id) == (100_000, 0)
    assert world.redeem(member_id, world.request(quote_id, 8_900)).money_minor == 50


def test_a_quote_is_a_promise_for_a_time(own_world: Saga) -> None:
    member_id = own_world.member()
    quote_id = own_world.quote(member_id, LAMP, minutes=15)
    own_world.database.shift_clock("15 minutes 1 second")
    assert refused(own_world, member_id, own_world.request(quote_id)).code == "quote-expired"


def test_a_key_is_taken_in_its_time_and_replayed_for_ever(own_world: Saga) -> None:
    member_id = own_world.member()
    request = own_world.request(own_world.quote(member_id, LAMP))
    old = own_world.request(own_world.quote(member_id, LAMP, minutes=10_000))
    own_world.redeem(member_id, request)
    own_world.database.shift_clock("49 hours")
    assert own_world.redeem(member_id, request).replay
    assert refused(own_world, member_id, old).code == "key-time"


def test_while_orders_are_paused_nothing_is_held(own_world: Saga) -> None:
    member_id = own_world.member()
    own_world.redeem(member_id, own_world.request(own_world.quote(member_id, LAMP)))
    own_world.owner.execute("select orders.pause('default', 'credentials')")
    refusal = refused(own_world, member_id, own_world.request(own_world.quote(member_id, LAMP)))
    assert (refusal.code, refusal.kind) == ("ordering-paused", Kind.UNAVAILABLE)
    assert refusal.retry_after_seconds
    assert own_world.balance(member_id) == (91_000, 9000)


def set_state(world: Saga, member_id: int, state: str) -> None:
    world.owner.execute(
        "update members.member set state = %s where program_id = 1 and member_id = %s", (state, member_id)
    )


@pytest.mark.parametrize("points", [9000, 0])
def test_a_blocked_member_redeems_nothing_and_is_told(world: Saga, points: int) -> None:
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP), points)
    set_state(world, member_id, "blocked")
    refusal = refused(world, member_id, request)
    assert (refusal.code, refusal.kind) == ("member-blocked", Kind.FORBIDDEN)
    assert world.balance(member_id) == (100_000, 0)
    set_state(world, member_id, "active")
    assert not world.redeem(member_id, request).replay


def test_a_member_who_is_blocked_before_the_order_leaves_gets_the_points_back(world: Saga) -> None:
    member_id, redemption_id = redeemed(world)
    set_state(world, member_id, "blocked")
    world.run(redemption_id)
    assert world.row(redemption_id)["outcome"] == "failed"
    assert not world.amazon.delivered(redemption_id)
    assert world.balance(member_id) == (100_000, 0)


def test_a_member_who_is_blocked_while_paying_gets_no_order(world: Saga) -> None:
    member_id, redemption_id = redeemed(world, 4000)
    world.payments = "ignore"
    world.run(redemption_id)
    assert world.row(redemption_id)["state"] == "awaiting_payment"
    world.owner.execute(
        "update payments.payment set state = 'authorised', charge_id = 'c', authorised_minor = amount_minor"
        " where redemption_id = %s",
        (redemption_id,),
    )
    set_state(world, member_id, "blocked")
    answer = world.owner.execute("select redemptions.go(1, %s) as answer", (redemption_id,)).fetchone()
    assert answer is not None
    assert answer["answer"]["next"] == "back"
    assert not world.amazon.delivered(redemption_id)


# ---- changing one's mind -------------------------------------------------------------------------------------------


def redeemed(world: Saga, points: int | None = None) -> tuple[int, UUID]:
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP), points)
    world.redeem(member_id, request)
    return member_id, request.redemption_id


def test_cancelled_in_time_the_points_return_at_once_and_the_machine_orders_nothing(world: Saga) -> None:
    member_id, redemption_id = redeemed(world)
    redeeming.cancel(world.member_api, 1, member_id, redemption_id)
    assert world.balance(member_id) == (100_000, 0)
    execution = world.run(redemption_id)
    assert execution.visited == ["Begin", "Enter", "VoidIfMoney", "Release", "Done"]
    assert world.row(redemption_id)["outcome"] == "cancelled"
    assert not world.amazon.delivered(redemption_id)
    assert world.violations() == {}


def test_cancelled_while_paying_the_reservation_is_given_back_before_the_points(world: Saga) -> None:
    member_id, redemption_id = redeemed(world, 4000)
    world.payments = "ignore"
    execution = world.start(redemption_id)
    execution.run()
    redeeming.cancel(world.member_api, 1, member_id, redemption_id)
    assert world.balance(member_id) == (96_000, 4000)
    world.payments = "authorise"  # the approval was under way
    world.work()
    assert execution.visited[-4:] == ["VoidIfMoney", "Void", "Release", "Done"]
    assert world.balance(member_id) == (100_000, 0)
    assert world.row(redemption_id, "payments.payment")["state"] == "voided"
    assert not world.amazon.delivered(redemption_id)
    assert world.violations() == {}


def test_cancelling_twice_is_cancelling_once(world: Saga) -> None:
    member_id, redemption_id = redeemed(world)
    for _ in range(2):
        redeeming.cancel(world.member_api, 1, member_id, redemption_id)
    assert world.balance(member_id) == (100_000, 0)


def test_what_is_being_ordered_cannot_be_cancelled(world: Saga) -> None:
    member_id, redemption_id = redeemed(world)
    world.run(redemption_id)
    with pytest.raises(Refusal, match="too-late"):
        redeeming.cancel(world.member_api, 1, member_id, redemption_id)


def test_cancel_and_go_at_the_same_instant_agree_on_one(world: Saga) -> None:
    """Whichever comes first wins: cancelled with nothing ordered, or ordered and refused to cancel."""
    for _ in range(6):
        member_id, redemption_id = redeemed(world)

        def cancels(member: int = member_id, redemption: UUID = redemption_id) -> bool:
            with world.connection("member_api") as connection:
                try:
                    redeeming.cancel(connection, 1, member, redemption)
                except Refusal:
                    return False
                return True

        execution = world.start(redemption_id)
        with ThreadPoolExecutor(2) as pool:
            cancelled = pool.submit(cancels)
            pool.submit(execution.run).result()
        world.work()
        delivered = bool(world.amazon.delivered(redemption_id))
        assert delivered != cancelled.result()
        assert world.balance(member_id) == ((91_000, 0) if delivered else (100_000, 0))
    assert world.violations() == {}


def test_somebody_elses_redemption_does_not_exist(world: Saga) -> None:
    _, redemption_id = redeemed(world)
    stranger = world.member()
    for attempt in (
        lambda: redeeming.cancel(world.member_api, 1, stranger, redemption_id),
        lambda: redeeming.approve(world.member_api, 1, stranger, redemption_id),
        lambda: redeeming.change_address(world.member_api, 1, stranger, redemption_id, redemption_id),
        lambda: overview.overview(world.member_api, 1, stranger, redemption_id),
        lambda: overview.overview(world.member_api, 2, stranger, redemption_id),
    ):
        with pytest.raises(Refusal, match="redemption-not-found"):
            attempt()


def test_another_address_in_the_same_region_is_where_it_goes(world: Saga) -> None:
    member_id, redemption_id = redeemed(world)
    near = world.address(member_id, postal_code="98121", default=False)
    redeeming.change_address(world.member_api, 1, member_id, redemption_id, near)
    world.run(redemption_id)
    [request] = [order for order in world.amazon.requests if order.external_id == str(redemption_id)]
    assert request.address.postal_code == "98121"


def test_an_address_whose_shipping_and_tax_differ_needs_another_quote(world: Saga) -> None:
    member_id, redemption_id = redeemed(world)
    far = world.address(member_id, postal_code="10001", state="NY", default=False)
    with pytest.raises(Refusal, match="other-price"):
        redeeming.change_address(world.member_api, 1, member_id, redemption_id, far)
    strangers = world.address(world.member())
    with pytest.raises(Refusal, match="address-not-found"):
        redeeming.change_address(world.member_api, 1, member_id, redemption_id, strangers)


# ---- reading -------------------------------------------------------------------------------------------------------


def test_the_overview_says_where_it_is_in_plain_words(world: Saga) -> None:
    member_id, redemption_id = redeemed(world, 4000)
    before = overview.overview(world.member_api, 1, member_id, redemption_id)
    assert (before["status"], before["may_cancel"]) == ("waiting", True)
    assert before["payment"]["amount_minor"] == before["money_minor"]
    world.run(redemption_id)
    after = overview.overview(world.member_api, 1, member_id, redemption_id)
    assert (after["status"], after["may_cancel"]) == ("completed", False)
    assert after["lines"][0]["orders"][0]["quantity"] == 1
    assert [event["words"] for event in after["timeline"]][-1] == "Closed"
    assert [row["redemption_id"] for row in overview.listed(world.member_api, 1, member_id)] == [str(redemption_id)]


def test_who_waits_in_the_queue_is_told_how_long(own_world: Saga) -> None:
    own_world.owner.execute("update orders.bucket set tokens = 0, closed_until = null, refilled_at = clock.now()")
    own_world.orders_at_once = False
    waiting = [redeemed(own_world) for _ in range(3)]
    for _, redemption_id in waiting:
        own_world.start(redemption_id).run()
    for queue, body in own_world.messages:
        assert queue == "${OrdersQueueUrl}"
        own_world.owner.execute("select orders.enqueue(1, %s, %s)", (body["redemption_id"], body["task_token"]))
    member_id, redemption_id = waiting[2]
    queue = overview.overview(own_world.member_api, 1, member_id, redemption_id)["queue"]
    assert queue["orders_ahead"] == 2
    assert queue["words"] == "It is your turn within a minute."


@pytest.mark.parametrize("before", [None, "first"])
def test_a_list_goes_on_where_its_last_page_ended(world: Saga, before: str | None) -> None:
    member_id = world.member()
    ids = []
    for _ in range(3):
        request = world.request(world.quote(member_id, LAMP))
        world.redeem(member_id, request)
        ids.append(str(request.redemption_id))
    newest_first = ids[::-1]
    start = UUID(newest_first[0]) if before else None
    rows = overview.listed(world.member_api, 1, member_id, start, 2)
    assert [row["redemption_id"] for row in rows] == (newest_first[1:] if before else newest_first[:2])


def test_a_redemption_outlives_its_hold(own_world: Saga) -> None:
    world = own_world
    member_id = world.member()
    request = world.request(world.quote(member_id, LAMP))
    world.redeem(member_id, request)
    world.run(request.redemption_id)
    with world.database.owner() as connection:
        assert connection.execute("select from points.hold").fetchall() == []
    assert world.violations() == {}
    assert world.redeem(member_id, request).replay


class TestSwitchedOff:
    """Of a database of its own: the switch is everybody's."""

    @staticmethod
    def switch(world: Saga, feature: str, *, on: bool = False, share: int | None = None) -> None:
        switching.switch(world.owner, 1, feature, on=on, share_percent=share, actor="test", why="test")

    def test_nobody_redeems_nothing_is_held_and_what_is_under_way_goes_on(self, own_world: Saga) -> None:
        world = own_world
        member_id = world.member()
        before = world.request(world.quote(member_id, LAMP))
        world.redeem(member_id, before)
        late = world.request(world.quote(member_id, LAMP))
        self.switch(world, "redemption")
        assert (refused(world, member_id, late).kind, refused(world, member_id, late).code) == (
            Kind.CONFLICT,
            "redemption-off",
        )
        assert world.balance(member_id) == (91_000, 9_000)
        assert world.redeem(member_id, before).replay
        world.run(before.redemption_id)
        assert world.row(before.redemption_id)["outcome"] == "completed"
        self.switch(world, "redemption", on=True)
        assert not world.redeem(member_id, late).replay

    def test_without_money_points_alone_still_do(self, own_world: Saga) -> None:
        world = own_world
        member_id = world.member()
        quote_id = world.quote(member_id, LAMP)
        self.switch(world, "money")
        assert refused(world, member_id, world.request(quote_id, 7000)).code == "money-off"
        assert world.redeem(member_id, world.request(quote_id)).points == 9000

    def test_a_share_of_the_members_redeems_the_others_are_told(self, own_world: Saga) -> None:
        world = own_world
        self.switch(world, "redemption", on=True, share=50)
        members = [world.member() for _ in range(12)]
        may = {
            row["member_id"]
            for row in world.owner.execute(
                "select m as member_id from unnest(%s::bigint[]) m, programme.current(1) v"
                " where programme.feature_on(v.document, 'redemption', m)",
                (members,),
            ).fetchall()
        }
        for member_id in members:
            request = world.request(world.quote(member_id, LAMP))
            if member_id in may:
                world.redeem(member_id, request)
            else:
                assert refused(world, member_id, request).code == "redemption-off"

    def test_in_the_canarys_programme_nobody_pays_money_for_what_is_not_sent(self, own_world: Saga) -> None:
        world = own_world
        member_id = world.member(program_id=2)
        request = world.request(world.quote(member_id, LAMP, program_id=2), 7000, program_id=2)
        assert request.money_minor > 0
        assert refused(world, member_id, request, 2).code == "money-off"

"""Whoever pays money pays at once; the release delay runs after that, and all of it is the member's."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from loyalty.members import freezing
from loyalty.redemptions import overview, redeeming
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import saga
from tests.domain.redemptions.test_screening import KEY, Desk
from tests.faults.interpreter import Execution

HALF = 4_500


@pytest.fixture
def desk(fresh_database: TestDatabase) -> Iterator[Desk]:
    with saga(fresh_database, waits=True) as world:
        opened = Desk(world)
        opened.rules(delay=600)
        yield opened


def paid(desk: Desk) -> tuple[int, UUID, Execution]:
    member_id = desk.member()
    redemption_id = desk.redeem(member_id, points=HALF)
    return member_id, redemption_id, desk.run(redemption_id)


def told(desk: Desk, member_id: int, redemption_id: UUID) -> dict[str, object]:
    return overview.overview(desk.world.member_api, 1, member_id, redemption_id)


def test_the_payment_is_asked_for_at_once_and_the_order_waits_for_the_delay(desk: Desk) -> None:
    member_id, redemption_id, execution = paid(desk)
    assert desk.state(redemption_id) == ("awaiting_payment", None)
    assert desk.world.row(redemption_id, "payments.payment")["state"] == "authorised"
    assert desk.world.amazon.orders == {}
    seen = told(desk, member_id, redemption_id)
    assert (seen["status"], seen["may_cancel"], seen["may_change_address"]) == ("waiting", True, True)
    assert overview.listed(desk.world.member_api, 1, member_id)[0]["status"] == "waiting"
    desk.later(seconds=601)
    desk.go_on(execution)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "completed")
    assert desk.world.violations() == {}


def test_the_approval_stands_once_in_the_timeline_however_often_the_machine_looks(desk: Desk) -> None:
    member_id, redemption_id, execution = paid(desk)
    for _ in range(4):
        desk.later(seconds=60)
        desk.go_on(execution)
    desk.run(redemption_id)  # another execution of the same redemption
    timeline = told(desk, member_id, redemption_id)["timeline"]
    assert isinstance(timeline, list)
    assert [event["kind"] for event in timeline] == ["redeemed", "payment_asked", "payment_approved"]


def test_what_is_paid_can_be_sent_elsewhere_until_the_delay_is_over(desk: Desk) -> None:
    member_id, redemption_id, execution = paid(desk)
    elsewhere = desk.world.address(member_id, default=False)
    redeeming.change_address(desk.world.member_api, 1, member_id, redemption_id, elsewhere)
    desk.later(seconds=601)
    desk.go_on(execution)
    desk.go_on(execution)
    assert desk.world.row(redemption_id)["address_id"] == elsewhere
    assert desk.state(redemption_id) == ("closed", "completed")


def test_what_is_paid_and_cancelled_gives_points_and_money_back_within_a_minute(desk: Desk) -> None:
    member_id, redemption_id, execution = paid(desk)
    before = desk.world.balance(member_id)
    assert redeeming.cancel(desk.world.member_api, 1, member_id, redemption_id)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "cancelled")
    assert desk.world.row(redemption_id, "payments.payment")["state"] == "voided"
    assert desk.world.balance(member_id) == (before[0] + HALF, 0)
    assert desk.world.amazon.orders == {}
    assert desk.world.violations() == {}


def test_spending_that_is_frozen_during_the_delay_stops_what_is_paid(desk: Desk) -> None:
    member_id, redemption_id, execution = paid(desk)
    freezing.stop(desk.world.member_api, KEY, desk.link(member_id))
    desk.later(seconds=601)
    desk.go_on(execution)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("review", None)
    assert desk.world.amazon.orders == {}


def test_points_alone_wait_for_the_delay_before_anything_else(desk: Desk) -> None:
    member_id = desk.member()
    redemption_id = desk.redeem(member_id)
    execution = desk.run(redemption_id)
    assert desk.state(redemption_id) == ("held", None)
    assert told(desk, member_id, redemption_id)["status"] == "waiting"
    desk.later(seconds=601)
    desk.go_on(execution)
    assert desk.state(redemption_id) == ("closed", "completed")


def test_the_sweeper_leaves_alone_what_is_paid_and_waits_for_a_long_delay(desk: Desk) -> None:
    desk.rules(delay=86_400)
    _, redemption_id, _ = paid(desk)
    redeeming.started(desk.world.member_api, 1, redemption_id)
    desk.later(hours=5)
    found = desk.world.owner.execute("select redemption_id from redemptions.overlooked(100)").fetchall()
    assert found == []
    desk.later(hours=22)
    found = desk.world.owner.execute("select redemption_id from redemptions.overlooked(100)").fetchall()
    assert [row["redemption_id"] for row in found] == [redemption_id]

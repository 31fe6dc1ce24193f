"""Following orders at the simulated Amazon Business: what is asked when, and that nothing is followed for ever."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from lambdas import order_information
from loyalty.orders import observing
from loyalty.orders.following import Follower, Habits, Stepped, following
from tests.conftest import TestDatabase
from tests.domain.redemptions.saga import Line, Saga, saga
from tests.simulators.amazon_business.running import Simulator, running

BUNDLE = "B0BUNDLE00"
HOURS = 3600


class Town:
    """Our side and Amazon's on one clock. `calls` counts what Amazon was asked."""

    def __init__(self, world: Saga, amazon: Simulator, clock: Path) -> None:
        self.world, self.amazon, self._clock = world, amazon, clock
        self.seconds = 0.0
        self.queue: list[dict[str, Any]] = []
        self.follower = self.new_follower()
        amazon.put("settings", ship_after_seconds=None, deliver_after_seconds=None)

    def new_follower(self, habits: Habits | None = None) -> Follower:
        """A new process: it knows only what the database knows."""
        return Follower(self.amazon.client(), "default", self.queue.extend, lambda: self.seconds, habits)

    def ordered(self, quantity: int = 3, points: int | None = None) -> UUID:
        member_id = self.world.member()
        # No sales tax: what the quotes of these tests expect.
        self.world.address(member_id, postal_code="97201", state="OR")
        quote_id = self.world.quote(member_id, Line(BUNDLE, quantity, 5200))
        request = self.world.request(quote_id, points)
        self.world.redeem(member_id, request)
        self.world.owner.execute("update orders.placement_line set offer_id = null")
        self.world.run(request.redemption_id)
        assert self.row(request.redemption_id)["units"] == quantity
        return request.redemption_id

    def row(self, redemption_id: UUID) -> dict[str, Any]:
        return self.world.row(redemption_id, "orders.follow")

    def ship(self, redemption_id: UUID, step: str = "ship", **more: Any) -> None:
        self.amazon.post(f"orders/{redemption_id}/{step}", **more)

    def hint(self, redemption_id: UUID) -> None:
        observing.observe(self.world.order_information, "hint", {"external_id": str(redemption_id)})

    def later(self, hours: float) -> None:
        """Time passes for everybody."""
        self.seconds += hours * HOURS
        self._clock.write_text(json.dumps({"shift_seconds": self.seconds}))
        self.world.owner.execute("update clock.setting set shift = make_interval(secs => %s)", (self.seconds,))

    def work(self, most: int = 40) -> Counter[str]:
        """Ask until nothing is due, and take in what was heard."""
        done: Counter[str] = Counter()
        for _ in range(most):
            stepped = self.step()
            if stepped.kind == "idle":
                return done
            done[f"{stepped.kind}"] += 1
        raise AssertionError("it never comes to rest")

    def step(self) -> Stepped:
        stepped = self.follower.step(self.world.orders_worker)
        self.deliver()
        return stepped

    def deliver(self) -> None:
        while self.queue:
            message = json.dumps(self.queue.pop(0), default=str)
            order_information._take(self.world.order_information, message)

    def asked(self, operation: str) -> int:
        """Times that Amazon answered."""
        return sum(request["status"] == 200 for request in self.amazon.requests(operation))


@pytest.fixture(scope="module")
def amazon_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(tmp_path_factory.mktemp("amazon")) as simulator:
        yield simulator


@pytest.fixture
def town(
    fresh_database: TestDatabase, amazon_of_module: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    clock = tmp_path / "clock.json"
    monkeypatch.setenv("LOCAL_CLOCK_FILE", str(clock))
    amazon_of_module.reset()
    with saga(fresh_database, amazon=amazon_of_module.client()) as world:
        yield Town(world, amazon_of_module, clock)


def test_an_order_is_followed_to_the_door_by_reports_alone(town: Town) -> None:
    redemption_id = town.ordered()
    assert town.work()["report"] == 0, "nothing is asked about an order of this minute"
    town.ship(redemption_id, packages=2)
    town.later(4.1)
    assert town.work()["report"] == 1
    assert (town.row(redemption_id)["progress"], town.row(redemption_id)["units_shipped"]) == ("shipped", 3)
    town.ship(redemption_id, "deliver")
    town.later(4.1)
    town.work()
    assert town.row(redemption_id)["progress"] == "delivered"
    assert (town.asked("orderDetails"), town.asked("packageTracking")) == (0, 0)


def test_a_hint_is_looked_at_now_and_once(town: Town) -> None:
    redemption_id = town.ordered()
    town.ship(redemption_id)
    town.hint(redemption_id)
    town.hint(redemption_id)
    assert town.work()["details"] == 1
    assert town.row(redemption_id)["progress"] == "shipped"
    assert town.row(redemption_id)["hinted_at"] is None
    town.hint(redemption_id)
    assert town.work()["details"] == 0, "not oftener than every minute"
    town.later(0.1)
    assert town.work()["details"] == 1


def test_a_push_that_says_not_what_is_in_it_asks_for_a_look(town: Town) -> None:
    redemption_id = town.ordered()
    town.ship(redemption_id)
    (package,) = town.amazon.rows("select * from packages join shipments using (shipment_id) where external_id = ?",
                                  str(redemption_id))  # fmt: skip
    push = {"orderId": package["amazon_order_id"], "shipmentId": package["shipment_id"], "packageId": "1",
            "deliveryStatus": "SHIPPED"}  # fmt: skip
    observing.observe(town.world.order_information, "push", observing.from_push(push))
    assert town.row(redemption_id)["progress"] == "partly_shipped"
    assert town.work()["details"] == 1
    assert town.row(redemption_id)["progress"] == "shipped"


def test_the_carrier_is_asked_only_when_a_package_is_overdue(town: Town) -> None:
    redemption_id = town.ordered()
    town.ship(redemption_id)
    town.hint(redemption_id)
    town.work()
    town.later(40)
    town.work()
    assert town.asked("packageTracking") == 0
    town.ship(redemption_id, "undeliverable")
    town.later(30)
    town.work()
    assert town.asked("packageTracking") == 1
    assert town.row(redemption_id)["progress"] == "cancelled"
    (lost,) = town.world.owner.execute("select cause, quantity from orders.lost_unit").fetchall()
    assert lost == {"cause": "undeliverable", "quantity": 3}


def test_units_that_amazon_cancels_are_lost_when_the_order_says_so(town: Town) -> None:
    redemption_id = town.ordered()
    town.ship(redemption_id, "cancel", units={"1": 2})
    town.hint(redemption_id)
    town.work()
    row = town.row(redemption_id)
    assert (row["units_lost"], row["progress"]) == (2, "ordered")
    town.ship(redemption_id)
    town.later(4.1)
    town.work()
    assert town.row(redemption_id)["progress"] == "shipped", "all that was left of it"


def test_an_order_that_was_cancelled_without_a_word_is_found_by_the_daily_pass(town: Town) -> None:
    redemption_id = town.ordered()
    town.work()
    town.ship(redemption_id, "cancel")
    town.later(24.5)
    done = town.work()
    assert done["pass"] >= 1
    assert town.row(redemption_id)["progress"] == "cancelled"
    looks = town.asked("orderDetails")
    town.later(24.5)
    town.work()
    assert town.asked("orderDetails") == looks, "known is not looked at again"


def test_a_cancellation_that_the_order_does_not_confirm_waits_a_day(town: Town) -> None:
    redemption_id = town.ordered()
    number = town.amazon.rows("select amazon_order_id from order_lines where external_id = ?", str(redemption_id))
    observing.observe(
        town.world.order_information,
        "report",
        {"amazon_order_id": number[0]["amazon_order_id"], "cancelled": [number[0]["amazon_order_id"]]},
    )
    town.work()
    assert town.row(redemption_id)["units_lost"] == 0
    town.later(25)
    town.work()
    assert town.row(redemption_id)["units_lost"] == 3


@pytest.mark.large
def test_many_orders_are_reported_thirty_a_call(town: Town) -> None:
    ids = [town.ordered(1) for _ in range(33)]
    for redemption_id in ids:
        town.ship(redemption_id)
    town.later(4.1)
    assert town.work()["report"] == 2
    assert {town.row(one)["progress"] for one in ids} == {"shipped"}
    assert town.asked("shipmentReports") == 2


def test_reports_of_several_pages_are_read_to_the_end(town: Town) -> None:
    town.amazon.put("settings", report_page_size=1)
    ids = [town.ordered(1) for _ in range(3)]
    for redemption_id in ids:
        town.ship(redemption_id)
    town.later(4.1)
    assert town.work()["report"] == 1
    assert {town.row(one)["progress"] for one in ids} == {"shipped"}


def test_following_leaves_tokens_to_those_who_place_orders(town: Town) -> None:
    redemption_id = town.ordered()
    town.work()
    town.hint(redemption_id)
    town.world.owner.execute(
        "insert into orders.bucket(connection, operation, tokens, refilled_at) values ('default', 'orderDetails', 3,"
        " clock.now() + interval '1 hour') on conflict (connection, operation) do update"
        " set tokens = 3, refilled_at = excluded.refilled_at"
    )
    stepped = town.step()
    assert (stepped.kind, town.asked("orderDetails")) == ("idle", 0)
    assert stepped.wait_seconds > 0


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("error_500", "Unknown"), ("malformed_reply", "Unknown"), ("error_429", "Throttled"),
        ("credentials_revoked", "CredentialsRevoked"),
    ],
)  # fmt: skip
def test_what_fails_is_asked_again_later_and_pauses_nobody(town: Town, fault: str, outcome: str) -> None:
    redemption_id = town.ordered()
    town.ship(redemption_id)
    town.hint(redemption_id)
    town.amazon.fault("orderDetails", fault, 2 if fault == "credentials_revoked" else 1)
    stepped = town.step()
    assert (stepped.kind, stepped.outcome) == ("details", outcome)
    assert town.row(redemption_id)["look_failures"] == 1
    state = town.world.owner.execute("select state from orders.connection").fetchone()
    assert state == {"state": "working"}
    town.later(0.3)
    assert town.work()["details"] == 1
    assert town.row(redemption_id)["progress"] == "shipped"
    assert town.row(redemption_id)["look_failures"] == 0


@pytest.mark.parametrize("fault", ["error_500", "malformed_reply"])
@pytest.mark.parametrize("operation", ["shipmentReports", "shipmentLineItemReports"])
def test_a_report_that_fails_comes_again_as_a_whole(town: Town, operation: str, fault: str) -> None:
    redemption_id = town.ordered()
    town.ship(redemption_id)
    town.later(4.1)
    town.amazon.fault(operation, fault)
    assert town.step().outcome == "Unknown"
    assert town.row(redemption_id)["progress"] == "ordered"
    town.later(0.1)
    town.work()
    assert town.row(redemption_id)["progress"] == "shipped"


def test_what_was_heard_is_handed_on_before_the_question_is_over(town: Town) -> None:
    redemption_id = town.ordered()
    town.ship(redemption_id)
    town.hint(redemption_id)

    def away(_: Any) -> None:
        raise OSError("the queue is away")

    dying = Follower(town.amazon.client(), "default", away, lambda: town.seconds)
    with pytest.raises(OSError, match="away"):
        dying.step(town.world.orders_worker)
    assert town.work()["details"] == 0, "somebody may be at it"
    town.later(0.1)
    assert town.work()["details"] == 1
    assert town.row(redemption_id)["progress"] == "shipped"


def test_two_processes_never_ask_the_same(town: Town) -> None:
    for _ in range(4):
        town.hint(town.ordered(1))
    other = town.new_follower()
    with town.world.connection("orders_worker") as connection:
        kinds = [town.follower.step(town.world.orders_worker).kind, other.step(connection).kind]
        kinds += [town.follower.step(town.world.orders_worker).kind, other.step(connection).kind]
    assert kinds == ["details"] * 4
    assert town.asked("orderDetails") == 4


def test_an_order_that_has_arrived_is_followed_until_it_can_no_longer_come_back(town: Town) -> None:
    redemption_id = town.ordered()
    town.ship(redemption_id)
    town.ship(redemption_id, "deliver")
    town.hint(redemption_id)
    town.later(4.1)
    town.work()
    assert town.row(redemption_id)["state"] == "open"
    town.later(24 * 36)
    town.work()
    assert (town.row(redemption_id)["state"], town.row(redemption_id)["close_reason"]) == ("closed", "delivered")
    reports = town.asked("shipmentReports")
    town.later(48)
    town.work()
    assert town.asked("shipmentReports") == reports
    # Whatever still comes by itself is heard.
    town.hint(redemption_id)
    assert town.row(redemption_id)["state"] == "open"


def test_an_order_of_which_nothing_is_heard_is_a_persons(town: Town) -> None:
    redemption_id = town.ordered()
    town.work()
    town.later(24 * 15)
    town.work()
    assert town.row(redemption_id)["case_id"] is None
    town.later(24 * 10)
    town.work()
    row = town.row(redemption_id)
    assert (row["state"], row["close_reason"]) == ("closed", "silent")
    case = town.world.owner.execute("select kind, reason, subject from casework.case").fetchone()
    assert case == {"kind": "shipment", "reason": "nothing_heard", "subject": str(redemption_id)}


def test_every_open_order_is_seen_every_day(town: Town) -> None:
    ids = [town.ordered(1) for _ in range(3)]
    for _ in range(3):
        town.later(23)
        town.work()
        assert following(town.world.orders_worker, "default") == {"open": 3, "hinted": 0, "unseen": 0, "strays": 0}
    assert all(town.row(one)["reported_at"] for one in ids)


def test_money_is_asked_for_by_shipment_and_once(town: Town) -> None:
    redemption_id = town.ordered(points=12_000)
    unit = town.world.row(redemption_id, "redemptions.line")["unit_money_minor"]
    town.world.owner.execute(
        "update payments.payment set capture_at = 'shipment', void_requested_at = null where redemption_id = %s",
        (redemption_id,),
    )
    town.ship(redemption_id, units={"1": 2})
    for _ in range(2):
        town.hint(redemption_id)
        town.work()
        town.later(0.1)
    town.ship(redemption_id)
    town.hint(redemption_id)
    town.work()
    asked = town.world.owner.execute(
        "select amount_minor, is_last from payments.collection order by created_at, is_last"
    ).fetchall()
    assert [(row["amount_minor"], row["is_last"]) for row in asked] == [(2 * unit, False), (unit, False), (0, True)]


def test_what_was_heard_before_the_redemption_was_settled_is_done_later(town: Town) -> None:
    redemption_id = town.ordered()
    town.world.owner.execute(
        "update redemptions.redemption set state = 'ordering', closed_at = null, outcome = null, settled_points = 0"
        " where redemption_id = %s",
        (redemption_id,),
    )
    town.ship(redemption_id)
    town.hint(redemption_id)
    town.work()
    collected = "select collected from orders.shipped_unit where redemption_id = %s"
    assert town.world.owner.execute(collected, (redemption_id,)).fetchone() == {"collected": 0}
    town.world.owner.execute(
        "update redemptions.redemption set state = 'settled' where redemption_id = %s", (redemption_id,)
    )
    town.later(0.2)
    town.work()
    assert town.world.owner.execute(collected, (redemption_id,)).fetchone() == {"collected": 3}

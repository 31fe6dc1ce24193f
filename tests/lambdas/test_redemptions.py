"""The redemption doors: what a member gets, what a bad request gets, and what a machine that is away changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest

from lambdas import machine, sweeper
from lambdas.member_routes import redemptions as routes
from loyalty.redemptions.engine import DatabaseUnavailable
from tests.domain.redemptions.saga import Line, Saga
from tests.lambdas.conftest import Answer, Doors, member_token

LAMP = Line("B0LAMP0000", 1, 4500)
KEY = "x" * 40


class FakeStepFunctions:
    """Starts executions, or is away; `forgets`: knows of none, as an emulator after a kill."""

    class exceptions:  # noqa: N801
        class ExecutionAlreadyExists(Exception):
            pass

        class ExecutionDoesNotExist(Exception):
            pass

    def __init__(self) -> None:
        self.started: list[dict[str, str]] = []
        self.away = False
        self.status = "RUNNING"
        self.forgets = False

    def start_execution(self, **arguments: str) -> None:
        if self.away:
            raise ConnectionError
        self.started.append(arguments)

    def describe_execution(self, **arguments: str) -> dict[str, str]:
        if self.forgets:
            raise self.exceptions.ExecutionDoesNotExist
        return {"status": self.status}


class Shop:
    """A member with a token at the doors, on a saga's database."""

    def __init__(
        self, doors: Doors, world: Saga, step_functions: FakeStepFunctions, told: list[tuple[Any, ...]]
    ) -> None:
        self.doors, self.world, self.step_functions, self.told = doors, world, step_functions, told
        self.member_id = world.member()
        self.subject = str(uuid4())
        world.owner.execute(
            "update members.member set subject = %s, claimed_at = clock.now() where member_id = %s",
            (self.subject, self.member_id),
        )

    def __call__(self, method: str, path: str, body: Any = None, key: UUID | str | None = None) -> Answer:
        headers = {"Idempotency-Key": str(key)} if key else {}
        return self.doors("member_api", method, path, body, token=member_token(self.subject), headers=headers)

    def redeem(self, part: int | None = None, **changes: Any) -> tuple[Answer, UUID]:
        body, redemption_id = self.wish(part)
        return self("POST", "/redemptions", body | changes, redemption_id), redemption_id

    def wish(self, part: int | None = None) -> tuple[dict[str, Any], UUID]:
        """What is sent to redeem a new quote, and under which key."""
        request = self.world.request(self.world.quote(self.member_id, LAMP), part)
        body = {
            "quote_id": str(request.quote_id),
            "quote_token": self.token(request.quote_id),
            "points": request.points,
            "money_minor": request.money_minor,
        }
        return body, request.redemption_id

    def token(self, quote_id: UUID) -> str:
        from loyalty.redemptions import quotes, signing

        with self.world.connection("member_api") as connection:
            promised = quotes._promised(quotes._quote(connection, 1, self.member_id, quote_id))
        return signing.token(KEY, promised)


@pytest.fixture
def shop(doors: Doors, world: Saga) -> Iterator[Shop]:
    step_functions, told = FakeStepFunctions(), []
    doors.variables.update(STATE_MACHINE_ARN="arn:aws:states:x:1:stateMachine:engine", PAYMENTS_QUEUE_URL="queue")
    with (
        mock.patch.object(machine, "step_functions", return_value=step_functions),
        mock.patch.object(machine, "tell_payments", lambda *task: told.append(task)),
        mock.patch.object(routes, "_signing_key", return_value=KEY),
    ):
        yield Shop(doors, world, step_functions, told)


@pytest.fixture
def world(published: Any) -> Iterator[Saga]:
    made = Saga(published)
    yield made
    made.close()


def test_a_redemption_is_accepted_and_its_execution_started_with_ids_only(shop: Shop) -> None:
    answer, redemption_id = shop.redeem()
    assert (answer.status, answer.body["status"]) == (202, "waiting")
    [started] = shop.step_functions.started
    assert started["name"] == str(redemption_id)
    correlation_id = answer.headers["x-correlation-id"]
    given = {"program_id": 1, "redemption_id": str(redemption_id), "correlation_id": correlation_id}
    assert json.loads(started["input"]) == given
    assert shop.world.row(redemption_id)["execution_started_at"]


def test_while_the_machine_is_away_the_redemption_stands_and_the_sweeper_starts_it(shop: Shop) -> None:
    shop.step_functions.away = True
    answer, redemption_id = shop.redeem()
    assert answer.status == 202
    assert shop.world.row(redemption_id)["execution_started_at"] is None
    shop.step_functions.away = False
    shop.world.database.shift_clock("10 seconds")
    done = shop.doors.invoke("sweeper", {"rules": ["start_left"]})
    assert done["start_left"] >= 1
    assert str(redemption_id) in [started["name"] for started in shop.step_functions.started]


@pytest.mark.parametrize("trouble", ["no connection is free", "the member is locked"])
def test_while_the_database_is_too_busy_nothing_is_held_and_the_member_is_told_when_to_come_back(
    shop: Shop, trouble: str
) -> None:
    """Once it is over, the same request is carried out once."""
    body, redemption_id = shop.wish()
    name = shop.world.database.name
    with shop.world.database.owner() as other:
        if trouble == "no connection is free":
            other.execute(f"alter database {name} connection limit 0".encode())
        else:
            other.execute(f"alter role member_api in database {name} set lock_timeout = '50ms'".encode())
            other.execute("begin")
            other.execute("select from points.member where member_id = %s for update", (shop.member_id,))
        try:
            answer = shop("POST", "/redemptions", body, redemption_id)
        finally:
            other.execute("rollback")
            other.execute(f"alter database {name} connection limit -1".encode())
            other.execute(f"alter role member_api in database {name} reset lock_timeout".encode())
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert shop.step_functions.started == []
    assert shop.world.balance(shop.member_id) == (100_000, 0)
    assert shop("POST", "/redemptions", body, redemption_id).status == 202
    assert shop("POST", "/redemptions", body, redemption_id).status == 202
    assert shop.world.balance(shop.member_id) == (91_000, 9000)


def test_an_execution_that_died_is_replaced_by_one_of_another_name(shop: Shop) -> None:
    _, redemption_id = shop.redeem()
    shop.step_functions.status = "FAILED"
    shop.world.database.shift_clock("100 seconds")
    shop.doors.invoke("sweeper", {})
    assert f"{redemption_id}-1" not in [started["name"] for started in shop.step_functions.started]
    shop.world.database.shift_clock("30 seconds")
    shop.doors.invoke("sweeper", {})
    assert f"{redemption_id}-1" in [started["name"] for started in shop.step_functions.started]


def test_an_execution_that_nobody_knows_any_more_is_replaced_and_one_that_runs_is_left_alone(shop: Shop) -> None:
    _, redemption_id = shop.redeem()
    shop.world.database.shift_clock("3 minutes")
    shop.doors.invoke("sweeper", {})
    assert f"{redemption_id}-1" not in [started["name"] for started in shop.step_functions.started]
    shop.step_functions.forgets = True
    shop.world.database.shift_clock("3 minutes")
    shop.doors.invoke("sweeper", {})
    assert f"{redemption_id}-1" in [started["name"] for started in shop.step_functions.started]


def test_the_sweepers_rules_all_run_and_one_that_fails_stops_no_other(shop: Shop) -> None:
    shop.step_functions.away = True
    shop.redeem()
    shop.world.database.shift_clock("10 seconds")
    done = shop.doors.invoke("sweeper", {})
    assert done.pop("start_left") == -1
    assert all(count >= 0 for count in done.values()), done
    assert {"start_left", *done} == set(sweeper.RULES)


def test_what_never_started_is_given_back_when_its_time_is_over(shop: Shop) -> None:
    shop.step_functions.away = True
    answer, redemption_id = shop.redeem()
    assert answer.status == 202
    shop.world.database.shift_clock("3 days")
    shop.doors.invoke("sweeper", {"rules": ["abandon_unstarted"]})
    assert shop.world.row(redemption_id)["outcome"] == "expired"
    assert shop.world.balance(shop.member_id) == (100_000, 0)


def test_the_same_request_again_is_answered_alike(shop: Shop) -> None:
    request = shop.world.request(shop.world.quote(shop.member_id, LAMP))
    body = {
        "quote_id": str(request.quote_id),
        "quote_token": shop.token(request.quote_id),
        "points": request.points,
        "money_minor": request.money_minor,
    }
    first, again = (shop("POST", "/redemptions", body, request.redemption_id) for _ in range(2))
    assert first.status == again.status == 202
    assert first.body == again.body
    assert len(shop.step_functions.started) == 1


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"points": -1}, 400, "points"),
        ({"points": 2**63}, 400, "points"),
        ({"points": 1.5}, 400, "points"),
        ({"points": "9000"}, 400, "points"),
        ({"points": True}, 400, "points"),
        ({"money_minor": 5}, 400, "points"),
        ({"quote_token": "forged"}, 400, "quote_token"),
        ({"quote_id": "nothing"}, 400, "quote_id"),
        ({"unknown": 1}, 400, "unknown"),
    ],
)
def test_a_bad_body_is_refused_by_the_name_of_its_field(
    shop: Shop, changes: dict[str, Any], status: int, field: str
) -> None:
    answer, _ = shop.redeem(**changes)
    assert answer.status == status
    assert [error["field"] for error in answer.body["errors"]] == [field]
    assert shop.world.balance(shop.member_id) == (100_000, 0)


@pytest.mark.parametrize("key", [None, "nothing", "5b3f0f2e-7c1d-4a6b-9c58-0d2f9a1be7c4"])
def test_a_missing_or_wrong_key_is_refused(shop: Shop, key: str | None) -> None:
    quote_id = shop.world.quote(shop.member_id, LAMP)
    body = {"quote_id": str(quote_id), "quote_token": shop.token(quote_id), "points": 9000, "money_minor": 0}
    answer = shop("POST", "/redemptions", body, key)
    assert answer.status == 400
    assert answer.body["errors"][0]["field"] == "Idempotency-Key"


def test_the_whole_way_is_told(shop: Shop) -> None:
    _, redemption_id = shop.redeem(4000)
    shop.world.run(redemption_id)
    answer = shop("GET", f"/redemptions/{redemption_id}")
    assert (answer.status, answer.body["status"]) == (200, "completed")
    payment = answer.body["payment"]
    # Shipments take it: until then it is reserved.
    assert (payment["authorised_minor"], payment["captured_minor"]) == (answer.body["money_minor"], 0)
    listed = shop("GET", "/redemptions?limit=1").body
    assert [row["redemption_id"] for row in listed["redemptions"]] == [str(redemption_id)]


def test_an_approval_is_handed_to_the_payments_service(shop: Shop) -> None:
    _, redemption_id = shop.redeem(4000)
    shop.world.payments = "ignore"
    shop.world.run(redemption_id)
    assert shop("GET", f"/redemptions/{redemption_id}").body["status"] == "awaiting_payment"
    assert shop("POST", f"/redemptions/{redemption_id}/payment-approval").status == 202
    assert shop.told == [("complete", 1, redemption_id)]


def test_an_approval_of_what_costs_no_money_is_a_conflict(shop: Shop) -> None:
    _, redemption_id = shop.redeem()
    assert shop("POST", f"/redemptions/{redemption_id}/payment-approval").body["code"] == "no-payment"


def test_cancelled_and_sent_elsewhere_in_time(shop: Shop) -> None:
    _, redemption_id = shop.redeem()
    near = shop.world.address(shop.member_id, postal_code="98121", default=False)
    moved = shop("PUT", f"/redemptions/{redemption_id}/address", {"address_id": str(near)})
    assert moved.body["address_id"] == str(near)
    cancelled = shop("POST", f"/redemptions/{redemption_id}/cancel")
    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    assert shop.told == []
    shop.world.run(redemption_id)
    assert shop("POST", f"/redemptions/{redemption_id}/cancel").status == 200


def test_somebody_elses_redemption_is_not_there(shop: Shop, doors: Doors, world: Saga) -> None:
    _, redemption_id = shop.redeem()
    other = Shop(doors, world, shop.step_functions, [])
    for method, path in (
        ("GET", ""),
        ("POST", "/cancel"),
        ("POST", "/payment-approval"),
    ):
        assert other(method, f"/redemptions/{redemption_id}{path}").status == 404


def test_the_steps_and_the_order_information_run_as_their_own_roles(shop: Shop) -> None:
    _, redemption_id = shop.redeem()
    event = {"program_id": 1, "redemption_id": str(redemption_id)}
    answer = shop.doors.invoke("engine_step", {"action": "begin", **event})
    assert (answer["next"], answer["money"], 590 < answer["delay_seconds"] <= 600) == ("wait", False, True)
    assert shop.doors.invoke("order_information", event) == {"outcome": "planned"}


def test_a_database_that_is_away_is_an_error_the_machine_retries_by_name(shop: Shop) -> None:
    shop.doors.variables["DATABASE_PORT"] = "1"
    with pytest.raises(DatabaseUnavailable):
        shop.doors.invoke("engine_step", {"action": "begin", "program_id": 1, "redemption_id": str(uuid4())})


def test_the_way_of_the_order_is_told_by_shipment_and_package(shop: Shop) -> None:
    from loyalty.orders import observing

    _, redemption_id = shop.redeem(9000)
    shop.world.run(redemption_id)
    assert shop("GET", f"/redemptions/{redemption_id}").body["shipments"] == []
    number = f"114-{redemption_id}-1"
    package = {"shipment_id": "S1", "package_id": "1", "tracking": "TBA1", "carrier": "UPS", "status": "SHIPPED",
               "occurred_at": "2025-11-20T08:00:00Z", "promised_to": "2025-11-22T20:00:00Z"}  # fmt: skip
    units = [{"shipment_id": "S1", "line_number": 1, "quantity": 1}]
    observation = {"amazon_order_id": number, "packages": [package], "units": units}
    observing.observe(shop.world.order_information, "details", observation)
    told = shop("GET", f"/redemptions/{redemption_id}").body
    assert (told["status"], told["words"]) == ("shipped", "It is on its way to you.")
    (shipment,) = told["shipments"]
    (parcel,) = shipment.pop("packages")
    assert (shipment["amazon_order_id"], shipment["units"]) == (number, [{"line_number": 1, "quantity": 1}])
    assert (parcel["status"], parcel["words"], parcel["carrier"]) == ("shipped", "On its way", "UPS")
    assert (parcel["tracking_number"], parcel["promised_to"]) == ("TBA1", "2025-11-22T20:00:00Z")
    for status, outward in (("DELAYED", "shipped"), ("AVAILABLE_FOR_PICKUP", "delivered"), ("TELEPORTED", "delivered")):
        observing.observe(
            shop.world.order_information,
            "tracking",
            {"amazon_order_id": number, "packages": [{"shipment_id": "S1", "package_id": "1", "status": status}]},
        )
        assert shop("GET", f"/redemptions/{redemption_id}").body["status"] == outward
    (parcel,) = shop("GET", f"/redemptions/{redemption_id}").body["shipments"][0]["packages"]
    assert (parcel["status"], parcel["words"]) == ("for_pickup", "Ready to be picked up")
    assert {event["status"] for event in parcel["events"]} == {
        "SHIPPED", "DELAYED", "AVAILABLE_FOR_PICKUP", "TELEPORTED",
    }  # fmt: skip
    assert shop("GET", "/redemptions?limit=1").body["redemptions"][0]["status"] == "delivered"

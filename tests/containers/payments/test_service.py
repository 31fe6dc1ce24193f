"""The payments service from the queue's message to the state machine's answer."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from containers.callbacks import Callbacks
from containers.payments.service import PaymentsService
from containers.telemetry import Telemetry
from containers.worker import Later, Message, ThreadConnections
from loyalty.payments.amazon_pay.adapter import AmazonPay
from loyalty.payments.tasks import Settings
from tests.conftest import TestDatabase
from tests.domain.payments.rows import new_redemption, open_payment
from tests.simulators.amazon_pay.running import AmazonPayStandIn, amazon_pay


class FakeMachine:
    """Remembers what the state machine was told; may be down for a while."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.down = False

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803
        self._tell(taskToken, json.loads(output))

    def send_task_failure(self, *, taskToken: str, error: str, cause: str) -> None:  # noqa: N803
        self._tell(taskToken, error)

    def send_task_heartbeat(self, *, taskToken: str) -> None:  # noqa: N803
        raise AssertionError("no heartbeat is asked for")

    def _tell(self, token: str, what: Any) -> None:
        if self.down:
            raise ConnectionError
        self.told.append((token, what))


class Running:
    """The service with a database, a stand-in and a machine that listens."""

    def __init__(self, database: TestDatabase, stand_in: AmazonPayStandIn) -> None:
        self.database, self.stand_in, self.machine, self.log = database, stand_in, FakeMachine(), io.StringIO()
        telemetry = Telemetry("payments", self.log)
        self.service = PaymentsService(
            ThreadConnections(database.settings("payments_worker")).connection,
            Settings({"amazon_pay": AmazonPay(stand_in.client(), "store")}, "http://portal.test"),
            Callbacks(self.machine, telemetry, pause=lambda _: None),
            telemetry,
        )
        self.redemption_id = open_payment(database)

    def message(self, task: str, *, receive_count: int = 1, **more: Any) -> Message:
        body = {"task": task, "program_id": 1, "redemption_id": str(self.redemption_id), **more}
        return Message("id", "receipt", body, receive_count)

    def deliver(self, task: str, **more: Any) -> None:
        self.service.handle(self.message(task, **more))

    def status(self) -> dict[str, Any]:
        with self.database.owner() as reader:
            row = reader.execute("select * from payments.status_of(1, %s)", (self.redemption_id,)).fetchone()
        assert row is not None
        return row


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmazonPayStandIn]:
    with amazon_pay(tmp_path_factory.mktemp("amazon-pay") / "amazon_pay.sqlite") as running:
        yield running


@pytest.fixture
def running(fresh_database: TestDatabase, stand_in: AmazonPayStandIn) -> Running:
    return Running(fresh_database, stand_in)


def test_a_payment_goes_from_message_to_answer(running: Running) -> None:
    running.deliver("authorise", task_token="a")
    assert running.machine.told == []
    running.stand_in.decide(running.status()["approval_url"], "pay")
    running.deliver("complete")
    with running.database.owner() as engine:
        engine.execute("select payments.intend_capture(1, %s, 600)", (running.redemption_id,))
    running.deliver("capture", task_token="c")
    assert running.machine.told == [
        ("a", {"state": "authorised"}),
        ("c", {"state": "captured", "captured_minor": 600}),
    ]


def test_a_declined_payment_fails_the_task_by_its_name(running: Running) -> None:
    running.deliver("authorise", task_token="a")
    running.stand_in.decide(running.status()["approval_url"], "decline")
    running.deliver("complete")
    running.deliver("void", task_token="v")
    assert running.machine.told == [("a", "PaymentDeclined"), ("v", {"state": "voided"})]


def test_a_member_whose_time_is_over_is_told_so_once(running: Running) -> None:
    running.deliver("authorise", task_token="a")
    url = running.status()["approval_url"]
    with running.database.connect("payments_worker") as worker:
        row = worker.execute("select payments.abandon(1, %s) as status", (running.redemption_id,)).fetchone()
    assert row == {"status": "ok"}
    running.service.look()
    running.stand_in.decide(url, "pay")
    running.deliver("complete")
    running.deliver("abandon")
    assert running.machine.told == [("a", "PaymentAbandoned")]
    assert running.status()["state"] == "voided"


def test_a_member_who_has_approved_is_not_abandoned(running: Running) -> None:
    running.deliver("authorise", task_token="a")
    running.stand_in.decide(running.status()["approval_url"], "pay")
    running.deliver("complete")
    running.deliver("abandon")
    assert running.machine.told == [("a", {"state": "authorised"})]
    assert running.status()["state"] == "authorised"


def test_an_answer_that_the_machine_did_not_take_is_given_by_the_next_look(running: Running) -> None:
    running.deliver("authorise", task_token="a")
    running.stand_in.decide(running.status()["approval_url"], "pay")
    running.machine.down = True
    with pytest.raises(ConnectionError):
        running.deliver("complete")
    running.machine.down = False
    running.database.shift_clock("30 seconds")
    running.service.look()
    assert running.machine.told == [("a", {"state": "authorised"})]
    running.service.look()
    assert len(running.machine.told) == 1


def test_a_message_that_cannot_be_decided_comes_again_until_the_row_takes_over(running: Running) -> None:
    running.stand_in.fault("createCheckoutSession", "error_429", times=3)
    for count in (1, 2):
        with pytest.raises(Later):
            running.deliver("authorise", task_token="a", receive_count=count)
    running.deliver("authorise", task_token="a", receive_count=3)
    assert running.status()["state"] == "opened"
    running.database.shift_clock("70 seconds")
    running.service.look()
    assert running.status()["state"] == "awaiting_approval"


def test_one_payment_that_needs_a_person_does_not_stop_the_others(running: Running) -> None:
    with running.database.owner() as owner:
        broken = new_redemption()
        owner.execute("select payments.open(1, %s, 'stripe', 5, 'USD', 'test')", (broken,))
        owner.execute("select payments.take_task(1, %s, 'authorise', 'x')", (broken,))
    running.stand_in.fault("createCheckoutSession", "error_429")
    with pytest.raises(Later):
        running.deliver("authorise", task_token="a")
    running.database.shift_clock("70 seconds")
    running.service.look()
    assert running.status()["state"] == "awaiting_approval"
    assert "look failed" in running.log.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"task": "refund"},
        {"task": "authorise", "program_id": 1, "redemption_id": "0193a1c0-0000-7000-8000-000000000000"},
        {"task": "complete", "program_id": "1", "redemption_id": "0193a1c0-0000-7000-8000-000000000000"},
        {"task": "complete", "program_id": True, "redemption_id": "0193a1c0-0000-7000-8000-000000000000"},
        {"task": "complete", "program_id": 1, "redemption_id": "not an id"},
    ],
)
def test_a_message_that_is_none_of_ours_goes_to_the_dead_letters(running: Running, body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        running.service.handle(Message("id", "receipt", body))


def test_nothing_personal_is_logged(running: Running) -> None:
    running.deliver("authorise", task_token="secret-token")
    running.stand_in.decide(running.status()["approval_url"], "pay")
    running.deliver("complete")
    log = running.log.getvalue()
    assert str(running.redemption_id) in log
    for word in ("secret-token", "Visa", "buyer", "PRIVATE"):
        assert word not in log

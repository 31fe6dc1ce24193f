"""The orders service follows beside placing, and what it hears goes out in whole batches."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from containers.callbacks import Callbacks
from containers.orders.service import FOLLOW_SECONDS, OrdersService
from containers.telemetry import Telemetry
from containers.worker import SEND_BYTES, Message, NotTaken, Outgoing
from loyalty.orders.following import Stepped
from loyalty.orders.placing import Happened


class Sqs:
    def __init__(self, failed: int = 0) -> None:
        self.batches: list[list[dict[str, str]]] = []
        self.failed = failed

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        self.batches.append(Entries)
        return {"Failed": Entries[: self.failed]}


def test_messages_go_out_ten_a_call_and_not_too_large() -> None:
    sqs = Sqs()
    Outgoing(sqs, "q").send([{"number": number} for number in range(23)])
    assert [len(batch) for batch in sqs.batches] == [10, 10, 3]
    sqs.batches.clear()
    Outgoing(sqs, "q").send([{"text": "x" * (SEND_BYTES // 2)} for _ in range(3)])
    assert [len(batch) for batch in sqs.batches] == [1, 1, 1]
    Outgoing(sqs, "q").send([])
    assert len(sqs.batches) == 3
    assert json.loads(sqs.batches[0][0]["MessageBody"])["text"][0] == "x"


def test_a_message_that_the_queue_does_not_take_is_an_error() -> None:
    with pytest.raises(NotTaken):
        Outgoing(Sqs(failed=1), "q").send([{}, {}])


class Follows:
    def __init__(self, stepped: Stepped) -> None:
        self.stepped = stepped

    def step(self, _: object) -> Stepped:
        return self.stepped


def service(log: io.StringIO, stepped: Stepped) -> OrdersService:
    telemetry = Telemetry("orders", log)
    callbacks = Callbacks(None, telemetry)  # type: ignore[arg-type]
    return OrdersService(lambda: None, None, "default", callbacks, telemetry, follower=Follows(stepped))  # type: ignore[arg-type]


def test_what_was_asked_is_told_and_a_hint_never_waits_long() -> None:
    log = io.StringIO()
    assert service(log, Stepped("idle", wait_seconds=600)).follow_next() == FOLLOW_SECONDS
    assert log.getvalue() == ""
    assert service(log, Stepped("details", "Throttled", wait_seconds=1)).follow_next() == 1
    assert '"asked":"details"' in log.getvalue()
    assert '"outcome":"Throttled"' in log.getvalue()


def test_what_becomes_of_the_canarys_orders_is_no_figure_but_one_that_was_bought() -> None:
    log = io.StringIO()
    one = service(log, Stepped("idle"))
    one._tell(Happened("rejected", trial=True))
    assert "Orders" not in log.getvalue()
    one._tell(Happened("trial_ordered", trial=True))
    assert '"TrialsOrdered":1' in log.getvalue()
    one._tell(Happened("rejected"))
    assert '"Orders":1' in log.getvalue()


def test_a_message_of_another_service_is_refused() -> None:
    with pytest.raises(ValueError, match="not a task"):
        service(io.StringIO(), Stepped("idle")).handle(Message("m", "r", {"task": "capture"}))

"""The queue worker's promises to a message: done once finished, back when not, kept while worked on."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from containers.callbacks import Answered, Callbacks
from containers.telemetry import Telemetry
from containers.worker import LONGEST_PAUSE_SECONDS, Later, Loop, Message, SqsQueue, Worker
from stacks.sections import Messaging


class FakeQueue:
    """Hands out what it was given, once, and remembers what was asked of it."""

    def __init__(self, *bodies: dict[str, Any], receive_count: int = 1) -> None:
        self.waiting = [Message(f"m{n}", f"r{n}", body, receive_count) for n, body in enumerate(bodies)]
        self.deleted: list[str] = []
        self.hidden: list[tuple[str, int]] = []
        self.idle = threading.Event()

    def receive(self, limit: int, wait_seconds: int, visibility_seconds: int) -> list[Message]:
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        if not taken:
            self.idle.set()
            threading.Event().wait(0.01)
        return taken

    def delete(self, receipt: str) -> None:
        self.deleted.append(receipt)

    def hide(self, receipt: str, seconds: int) -> None:
        self.hidden.append((receipt, seconds))


def running(worker: Worker) -> threading.Thread:
    thread = threading.Thread(target=worker.run)
    thread.start()
    return thread


def run_until_idle(queue: FakeQueue, handle: Callable[[Message], None], **settings: Any) -> io.StringIO:
    log = io.StringIO()
    worker = Worker(queue, handle, Telemetry("test", log), wait_seconds=0, stop_seconds=2, **settings)
    thread = running(worker)
    assert queue.idle.wait(5)
    worker.stop()
    thread.join(5)
    assert not thread.is_alive()
    return log


def test_a_handled_message_is_deleted() -> None:
    queue = FakeQueue({"task": "place"}, {"task": "place"})
    run_until_idle(queue, lambda message: None)
    assert sorted(queue.deleted) == ["r0", "r1"]
    assert queue.hidden == []


def test_a_message_that_asks_for_later_comes_again_then() -> None:
    def handle(message: Message) -> None:
        raise Later(17)

    queue = FakeQueue({"task": "place"})
    run_until_idle(queue, handle)
    assert queue.deleted == []
    assert queue.hidden == [("r0", 17)]


def test_a_failed_message_comes_again_with_growing_pauses_and_its_error_text_is_not_logged() -> None:
    def handle(message: Message) -> None:
        raise ValueError("Alex Member, 100 Example Ave")

    queue = FakeQueue({"task": "place", "address": "100 Example Ave"}, receive_count=3)
    log = run_until_idle(queue, handle).getvalue()
    assert queue.deleted == []
    [(receipt, seconds)] = queue.hidden
    assert receipt == "r0"
    assert 4 <= seconds <= 8
    assert "ValueError" in log
    assert "Example Ave" not in log


def test_a_message_outlives_an_hour_without_a_database_before_it_is_a_dead_letter() -> None:
    receives = Messaging.model_fields["max_receives"].default
    shortest = sum((min(2**count, LONGEST_PAUSE_SECONDS) + 1) // 2 for count in range(1, receives))
    assert shortest > 3600


def test_no_more_messages_are_in_hand_than_the_limit() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def handle(message: Message) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.02)
        with lock:
            now -= 1

    queue = FakeQueue(*({"n": n} for n in range(12)))
    run_until_idle(queue, handle, concurrency=3)
    assert most <= 3
    assert len(queue.deleted) == 12


def test_stopping_lets_a_handler_finish() -> None:
    begun, finish = threading.Event(), threading.Event()

    def handle(message: Message) -> None:
        begun.set()
        finish.wait(5)

    queue = FakeQueue({"task": "place"})
    worker = Worker(queue, handle, Telemetry("test", io.StringIO()), wait_seconds=0, stop_seconds=5)
    thread = running(worker)
    assert begun.wait(5)
    worker.stop()
    finish.set()
    thread.join(5)
    assert queue.deleted == ["r0"]


def test_stopping_gives_back_what_does_not_finish_in_time() -> None:
    begun, finish = threading.Event(), threading.Event()

    def handle(message: Message) -> None:
        begun.set()
        finish.wait(5)

    queue = FakeQueue({"task": "place"})
    worker = Worker(queue, handle, Telemetry("test", io.StringIO()), wait_seconds=0, stop_seconds=0.05)
    thread = running(worker)
    assert begun.wait(5)
    worker.stop()
    thread.join(5)
    finish.set()
    assert ("r0", 0) in queue.hidden


def test_a_long_message_is_kept_hidden_and_its_task_is_kept_alive() -> None:
    queue, client = FakeQueue(), FakeStepFunctions()
    log = Telemetry("test", io.StringIO())
    done = threading.Event()
    worker = Worker(
        queue,
        lambda message: done.wait(5) and None,
        log,
        wait_seconds=0,
        visibility_seconds=0,  # a third of it is the pause between two extensions
        callbacks=Callbacks(client, log, pause=lambda seconds: None),
    )
    queue.waiting.append(Message("m", "r", {"task_token": "token"}))
    thread = running(worker)
    assert client.beaten.wait(5)
    done.set()
    worker.stop()
    thread.join(5)
    assert ("r", 0) in queue.hidden


def test_a_loop_that_fails_is_called_again_and_can_be_woken() -> None:
    calls, again = [], threading.Event()

    def step() -> float:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError
        again.set()
        return 60.0

    loop = Loop("placing", step)
    worker = Worker(FakeQueue(), lambda message: None, Telemetry("test", io.StringIO()), loops=[loop], wait_seconds=0)
    thread = running(worker)
    while not again.is_set():
        loop.wake()
        threading.Event().wait(0.01)
    worker.stop()
    thread.join(5)
    assert not thread.is_alive()


class FakeClientError(Exception):
    def __init__(self, code: str) -> None:
        self.response = {"Error": {"Code": code}}


class FakeStepFunctions:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[dict[str, str]] = []
        self.beaten = threading.Event()

    def _call(self, **arguments: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(arguments)

    send_task_success = send_task_failure = _call

    def send_task_heartbeat(self, **arguments: str) -> None:
        self.beaten.set()


def test_an_answer_is_sent_again_when_the_network_fails() -> None:
    client = FakeStepFunctions(ConnectionError(), ConnectionError())
    callbacks = Callbacks(client, Telemetry("test", io.StringIO()), pause=lambda seconds: None)
    assert callbacks.success("token", {"state": "authorised"}) is Answered.DELIVERED
    assert client.sent == [{"taskToken": "token", "output": '{"state": "authorised"}'}]


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_an_answer_nobody_waits_for_is_no_error(code: str) -> None:
    callbacks = Callbacks(FakeStepFunctions(FakeClientError(code)), Telemetry("test", io.StringIO()))
    assert callbacks.failure("token", "OrderRejected", "all lines") is Answered.NOBODY_WAITS


def test_an_answer_that_cannot_be_sent_is_raised_so_that_the_caller_keeps_it() -> None:
    client = FakeStepFunctions(*(ConnectionError() for _ in range(9)))
    callbacks = Callbacks(client, Telemetry("test", io.StringIO()), pause=lambda seconds: None)
    with pytest.raises(ConnectionError):
        callbacks.success("token", {})


def test_a_metric_is_one_line_cloudwatch_understands() -> None:
    log = io.StringIO()
    Telemetry("orders", log).metric("OrdersPlaced", 1, outcome="accepted")
    line = json.loads(log.getvalue())
    [description] = line["_aws"]["CloudWatchMetrics"]
    assert line["OrdersPlaced"] == 1
    assert description["Dimensions"] == [["service", "outcome"]]


def test_a_message_that_is_no_json_object_is_left_to_the_dead_letters() -> None:
    class Client:
        def receive_message(self, **_: Any) -> dict[str, Any]:
            good = {"MessageId": "1", "ReceiptHandle": "a", "Body": '{"task": "place"}'}
            broken = {"MessageId": "2", "ReceiptHandle": "b", "Body": "[1]"}
            return {"Messages": [good, broken, {**broken, "Body": "\ufffd{"}]}

    queue = SqsQueue(Client(), "url", Telemetry("test", io.StringIO()))
    assert [message.message_id for message in queue.receive(10, 0, 30)] == ["1"]

"""A service that eats one SQS queue: long poll, bounded concurrency, messages kept invisible while they are worked on.

A handler returns (the message is deleted), raises Later (it comes again after some seconds), or fails (it comes again
with growing, uneven pauses until the queue's redrive policy moves it to the dead letters). Beside messages a service
may have loops of its own. SIGTERM finishes what runs, or gives it back, within `stop_seconds` (less than ECS waits).
"""

from __future__ import annotations

import json
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Protocol

from containers.callbacks import Callbacks
from containers.telemetry import Telemetry
from containers.tracing import work
from loyalty.database import Connection, Database, DatabaseSettings

RECEIVE_LIMIT = 10  # of SQS
SEND_LIMIT = 10
SEND_BYTES = 200_000  # of 262,144 a call; json.dumps writes ASCII, so characters are bytes
LONGEST_PAUSE_SECONDS = 300
LOOP_FAILURE_PAUSE_SECONDS = 5.0
UNHEALTHY_AFTER_SECONDS = 120.0
_CORRELATION_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery of one message. `body` is its JSON object; the same message may come more than once. `trace`: the
    header that X-Ray gave it on its way."""

    message_id: str
    receipt: str
    body: dict[str, Any]
    receive_count: int = 1
    trace: str | None = None

    @property
    def correlation_id(self) -> str | None:
        """Of the request that it goes back to, if it says one."""
        found = self.body.get("correlation_id")
        return found if isinstance(found, str) and _CORRELATION_ID.fullmatch(found) else None


class Later(Exception):
    """Not now: give the message back for `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class Queue(Protocol):
    """What a worker needs of a queue."""

    def receive(self, limit: int, wait_seconds: int, visibility_seconds: int) -> list[Message]: ...
    def delete(self, receipt: str) -> None: ...
    def hide(self, receipt: str, seconds: int) -> None: ...


class SqsQueue:
    """A queue behind boto3's `sqs` client."""

    def __init__(self, client: Any, queue_url: str, telemetry: Telemetry) -> None:
        self._client = client
        self._url = queue_url
        self._telemetry = telemetry

    def receive(self, limit: int, wait_seconds: int, visibility_seconds: int) -> list[Message]:
        """At most `limit` messages; one that is no JSON object stays hidden and ends in the dead letters."""
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(limit, RECEIVE_LIMIT),
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=visibility_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "AWSTraceHeader"],
        )
        messages = []
        for raw in answer.get("Messages", []):
            body = _parsed(raw["Body"])
            if body is None:
                self._telemetry.log("message is no JSON object", level="ERROR", message_id=raw["MessageId"])
                self._telemetry.metric("MessagesUnreadable", 1)
                continue
            said = raw.get("Attributes", {})
            count = int(said.get("ApproximateReceiveCount", 1))
            messages.append(Message(raw["MessageId"], raw["ReceiptHandle"], body, count, said.get("AWSTraceHeader")))
        return messages

    def delete(self, receipt: str) -> None:
        """The message is done."""
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)

    def hide(self, receipt: str, seconds: int) -> None:
        """Keep it invisible for `seconds` from now; 0 gives it back at once."""
        self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)


class NotTaken(Exception):
    """The queue did not take every message; those that it took may be sent again."""


class Outgoing:
    """A queue that this service writes to, behind boto3's `sqs` client."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._url = queue_url

    def send(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Send them all, in as few calls as size and number allow. Raises NotTaken, or what boto3 raises."""
        batch: list[str] = []
        for body in bodies:
            text = json.dumps(body, default=str)
            if batch and (len(batch) == SEND_LIMIT or sum(map(len, batch)) + len(text) > SEND_BYTES):
                self._send(batch)
                batch = []
            batch.append(text)
        if batch:
            self._send(batch)

    def _send(self, batch: list[str]) -> None:
        entries = [{"Id": str(number), "MessageBody": text} for number, text in enumerate(batch)]
        answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        if failed := answer.get("Failed"):
            raise NotTaken(f"{len(failed)} of {len(batch)}")


@dataclass(slots=True)
class Loop:
    """Work that is not a message: `step` does a little and returns the seconds until it wants to be called again.

    `wake()` calls it at once, e.g. when a message has put something into its queue.
    """

    name: str
    step: Callable[[], float]
    _woken: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        """Do not wait for the pause to end."""
        self._woken.set()

    def pause(self, seconds: float) -> None:
        """Wait, at most `seconds`, to be woken."""
        self._woken.wait(max(0.0, seconds))
        self._woken.clear()


class ThreadConnections:
    """One database connection a thread, because a connection runs one statement at a time."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._local = threading.local()

    def connection(self) -> Connection:
        """This thread's open connection."""
        if not hasattr(self._local, "database"):
            self._local.database = Database(self._settings)
        database: Database = self._local.database
        return database.connection()


@dataclass(slots=True)
class Worker:
    """Runs until `stop()`, which SIGTERM and SIGINT call. With `callbacks`, tasks in hand get heartbeats."""

    queue: Queue
    handle: Callable[[Message], None]
    telemetry: Telemetry
    loops: Sequence[Loop] = ()
    concurrency: int = 4
    wait_seconds: int = 5
    visibility_seconds: int = 60
    stop_seconds: float = 25.0
    callbacks: Callbacks | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _in_hand: dict[str, Message] = field(default_factory=dict)
    _last_poll: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Block until stopped and everything in hand is finished or given back."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
        threads = [threading.Thread(target=self._turn, args=(loop,), daemon=True) for loop in self.loops]
        threads.append(threading.Thread(target=self._keep_hidden, daemon=True))
        for thread in threads:
            thread.start()
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="message")
        self.telemetry.log("started", concurrency=self.concurrency)
        while not self._stopping.is_set():
            self._poll(pool)
        self._finish(pool, threads)

    def stop(self) -> None:
        """Take nothing new; `run` returns soon."""
        self._stopping.set()
        for loop in self.loops:
            loop.wake()

    @property
    def healthy(self) -> bool:
        """The queue was asked, with an answer, not long ago."""
        return time.monotonic() - self._last_poll < UNHEALTHY_AFTER_SECONDS

    def _poll(self, pool: ThreadPoolExecutor) -> None:
        free = self._wait_for_a_free_slot()
        if free == 0:
            return
        try:
            messages = self.queue.receive(free, self.wait_seconds, self.visibility_seconds)
            self._last_poll = time.monotonic()
        except Exception as error:
            self.telemetry.error("queue does not answer", error)
            self._stopping.wait(LOOP_FAILURE_PAUSE_SECONDS)
            return
        for message in messages:
            if self._stopping.is_set():
                self._give_back(message)
                continue
            with self._changed:
                self._in_hand[message.receipt] = message
            pool.submit(self._work, message)

    def _wait_for_a_free_slot(self) -> int:
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._in_hand) < self.concurrency or self._stopping.is_set(), timeout=1.0
            )
            if len(self._in_hand) >= self.concurrency:
                self._last_poll = time.monotonic()  # busy is healthy
                return 0
            return self.concurrency - len(self._in_hand)

    def _work(self, message: Message) -> None:
        task = str(message.body.get("task", ""))
        about = {"task": task, "redemption_id": str(message.body.get("redemption_id", ""))}
        with work(f"message {task}", message.correlation_id, message.trace, **about) as span:
            span.set_attribute("outcome", self._attempt(message, task))

    def _attempt(self, message: Message, task: str) -> str:
        started = time.monotonic()
        outcome = "done"
        try:
            self.handle(message)
            self.queue.delete(message.receipt)
        except Later as later:
            outcome = "later"
            self._hide(message, later.seconds)
        except Exception as error:
            outcome = "failed"
            self.telemetry.error("message failed", error, **_about(message))
            self._hide(message, _pause_seconds(message.receive_count))
        finally:
            with self._changed:
                self._in_hand.pop(message.receipt, None)
                self._changed.notify_all()
        elapsed_ms = round((time.monotonic() - started) * 1000)
        self.telemetry.log("message", outcome=outcome, elapsed_ms=elapsed_ms, **_about(message))
        self.telemetry.metric("Messages", 1, task=task, outcome=outcome)
        self.telemetry.metric("MessageMilliseconds", elapsed_ms, "Milliseconds", task=task)
        return outcome

    def _keep_hidden(self) -> None:
        while not self._stopping.wait(self.visibility_seconds / 3):
            self._extend_all()

    def _extend_all(self) -> None:
        with self._changed:
            in_hand = list(self._in_hand.values())
        for message in in_hand:
            self._hide(message, self.visibility_seconds)
            token = message.body.get("task_token")
            if self.callbacks is not None and isinstance(token, str):
                try:
                    self.callbacks.heartbeat(token)
                except Exception as error:
                    self.telemetry.error("heartbeat failed", error, **_about(message))

    def _hide(self, message: Message, seconds: int) -> None:
        try:
            self.queue.hide(message.receipt, seconds)
        except Exception as error:
            # It shows again when its time is over; every handler survives a second delivery.
            self.telemetry.error("visibility not changed", error, **_about(message))

    def _give_back(self, message: Message) -> None:
        self._hide(message, 0)

    def _turn(self, loop: Loop) -> None:
        while not self._stopping.is_set():
            try:
                pause_seconds = loop.step()
            except Exception as error:
                self.telemetry.error("loop failed", error, loop=loop.name)
                self.telemetry.metric("LoopFailures", 1, loop=loop.name)
                pause_seconds = LOOP_FAILURE_PAUSE_SECONDS
            if pause_seconds > 0 and not self._stopping.is_set():
                loop.pause(pause_seconds)

    def _finish(self, pool: ThreadPoolExecutor, threads: list[threading.Thread]) -> None:
        deadline = time.monotonic() + self.stop_seconds
        with self._changed:
            self._changed.wait_for(lambda: not self._in_hand, timeout=self.stop_seconds)
            unfinished = list(self._in_hand.values())
        for message in unfinished:
            self._give_back(message)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        pool.shutdown(wait=False, cancel_futures=True)
        self.telemetry.log("stopped", given_back=len(unfinished))


def serve_health(worker: Worker, port: int) -> None:
    """Answer 200 on any path while the worker is healthy, 503 otherwise. A port, because the root is read-only.

    Where the port is taken (two services on one laptop) the worker runs without it.
    """

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if worker.healthy else 503)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: every ten seconds somebody asks."""

    try:
        server = HTTPServer(("127.0.0.1", port), Health)
    except OSError as error:
        worker.telemetry.log("no health port", port=port, reason=type(error).__name__)
        return
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _pause_seconds(receive_count: int) -> int:
    # Between half and all of it, so that what failed together does not come again together.
    longest: int = min(2 ** min(receive_count, 16), LONGEST_PAUSE_SECONDS)
    return random.randint((longest + 1) // 2, longest)  # noqa: S311


def _about(message: Message) -> dict[str, Any]:
    known: dict[str, Any] = {
        name: message.body[name] for name in ("task", "program_id", "redemption_id") if name in message.body
    }
    return {"message_id": message.message_id, "receive_count": message.receive_count, **known}


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None

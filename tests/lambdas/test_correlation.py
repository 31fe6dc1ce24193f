"""One id from the portal's request to the call at Amazon: in every log line, message and span between them."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from unittest import mock

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from containers import tracing
from containers.callbacks import Callbacks
from containers.orders.service import OrdersService
from containers.telemetry import Telemetry
from containers.tracing import TracedPool, on_order
from containers.worker import Message
from containers.xray import segment
from lambdas.observed import logger
from loyalty.orders.placing import Placing
from tests.containers.test_worker import FakeQueue, run_until_idle
from tests.domain.redemptions.amazon import FakeAmazon
from tests.domain.redemptions.saga import SOON, Saga
from tests.lambdas.conftest import member_token
from tests.lambdas.test_redemptions import Shop, shop, world

__all__ = ["shop", "world"]

# As the portal makes it: seconds since 1970 and what is random; X-Ray's id of the trace is the same with hyphens.
CORRELATION_ID = "6ab1c0de9f8e7d6c5b4a392817060504"
TRACE = f"1-{CORRELATION_ID[:8]}-{CORRELATION_ID[8:]}"
HEADER = f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"


class Outside(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(429)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def outside() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Outside) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "orders"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", lambda: provider.get_tracer("test"))
    return exporter


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The functions' log."""
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    return log


class Calling(FakeAmazon):
    """Amazon, with a call on the way to it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def place_order(self, order: Any) -> Any:
        TracedPool().request("GET", f"{self.url}/orders/secret-path?token=secret", retries=False)
        return super().place_order(order)


def lines(text: str, **which: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if which.items() <= line.items()]


def worker_of(world: Saga, amazon: FakeAmazon, log: io.StringIO) -> OrdersService:
    telemetry = Telemetry("orders", log)
    return OrdersService(
        lambda: world.orders_worker,
        Placing(amazon, "default", SOON, on=on_order),
        "default",
        Callbacks(mock.Mock(), telemetry),
        telemetry,
    )


def test_one_id_goes_from_the_portals_request_to_the_call_at_amazon(
    shop: Shop,
    world: Saga,
    spans: InMemorySpanExporter,
    outside: str,
    written: io.StringIO,
) -> None:
    # The portal's request: the API's answer and log, the machine's input and trace.
    body, redemption_id = shop.wish()
    shop.doors.variables["_X_AMZN_TRACE_ID"] = HEADER
    headers = {"Idempotency-Key": str(redemption_id), "X-Correlation-Id": CORRELATION_ID}
    token = member_token(shop.subject)
    answer = shop.doors("member_api", "POST", "/redemptions", body, token=token, headers=headers)
    assert answer.headers["x-correlation-id"] == CORRELATION_ID
    [said] = lines(written.getvalue(), message="execution started")
    assert (said["correlation_id"], said["redemption_id"]) == (CORRELATION_ID, str(redemption_id))
    [started] = shop.step_functions.started
    assert started["traceHeader"] == HEADER
    given = json.loads(started["input"])
    assert given["correlation_id"] == CORRELATION_ID

    # The machine: what it tells its functions and the queue.
    world.orders_at_once = False
    payloads: list[dict[str, Any]] = []
    step = world._step
    world._step = lambda payload: payloads.append(payload) or step(payload)  # type: ignore[method-assign]
    world.start(redemption_id, correlation_id=given["correlation_id"]).run()
    while not world.messages:
        world.work()
    [(queue, message)] = world.messages
    assert queue == "${OrdersQueueUrl}"
    assert {payload["correlation_id"] for payload in (*payloads, message)} == {CORRELATION_ID}
    shop.doors.invoke("engine_step", {**payloads[0], "action": "look"})
    [said] = lines(written.getvalue(), message="step")
    assert said["correlation_id"] == CORRELATION_ID

    # The worker: its lines, its span in the trace that SQS brought, what it keeps with the order.
    log, amazon = io.StringIO(), Calling(outside)
    waiting = FakeQueue()
    waiting.waiting.append(Message("m", "r", message, trace=HEADER))
    handled = run_until_idle(waiting, worker_of(world, amazon, log).handle)
    [said] = lines(handled.getvalue(), message="message")
    assert (said["outcome"], said["correlation_id"]) == ("done", CORRELATION_ID)

    # Later, in another process: the order at Amazon.
    worker_of(world, amazon, log).place_next()
    [said] = lines(log.getvalue(), message="order")
    assert said["correlation_id"] == CORRELATION_ID
    took, call, placed = (span for span in spans.get_finished_spans())
    assert {f"{span.context.trace_id:032x}" for span in (took, call, placed)} == {CORRELATION_ID}
    assert {span.attributes["correlation_id"] for span in (took, call, placed)} == {CORRELATION_ID}
    assert f"{took.parent.span_id:016x}" == "53995c3f42cd8ad8"
    assert placed.parent.span_id == took.context.span_id
    assert call.parent.span_id == placed.context.span_id


def test_spans_become_xrays_documents_without_what_is_others(spans: InMemorySpanExporter, outside: str) -> None:
    with suppress(LookupError), tracing.work("message place", CORRELATION_ID, HEADER, task="place"):
        TracedPool().request("GET", f"{outside}/orders/secret-path?token=secret", retries=False)
        raise LookupError("jane.doe@example.com")
    call, work = (segment(span) for span in spans.get_finished_spans())
    assert (work["name"], work["trace_id"], work["parent_id"]) == ("orders", TRACE, "53995c3f42cd8ad8")
    assert work["annotations"] == {"correlation_id": CORRELATION_ID, "task": "place"}
    assert work["fault"] is True
    assert work["metadata"]["loyalty"]["status"] == "LookupError"
    assert (call["type"], call["namespace"], call["parent_id"]) == ("subsegment", "remote", work["id"])
    assert (call["http"]["response"], call["throttle"], call["error"], call["fault"]) == (
        {"status": 429},
        True,
        True,
        False,
    )
    assert work["start_time"] <= call["start_time"] <= call["end_time"] <= work["end_time"]
    everything = json.dumps([work, call])
    assert "secret" not in everything
    assert "jane" not in everything

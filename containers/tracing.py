"""OpenTelemetry in the services: spans that go on with the trace that a message came with, and calls outside as spans.

X-Ray's header comes with SQS messages of a state machine that is traced (AWSTraceHeader). What has no trace of its own,
a look of the worker by itself, begins one, of which few are kept. Without `start` nothing is recorded or sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import urllib3
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.aws.aws_xray_propagator import TRACE_HEADER_KEY
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from containers.telemetry import correlated, present_correlation_id
from loyalty.orders.placing import Origin

# Of what a worker begins by itself.
KEPT_SHARE = 0.05
CORRELATION_ID = "correlation_id"
REDEMPTION_ID = "redemption_id"

_propagator = AwsXRayPropagator()


def start(service: str, processor: SpanProcessor) -> TracerProvider:
    """Record spans of this process and hand them to `processor`. Once a process; shut it down at the end."""
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), sampler=ParentBased(TraceIdRatioBased(KEPT_SHARE))
    )
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    return provider


@contextmanager
def work(name: str, correlation_id: str | None, header: str | None, **about: str) -> Iterator[Span]:
    """One piece of work on behalf of a request: its lines carry the correlation id, its span goes on with `header`.

    What is raised is the span's failure by its type alone; its text may quote a row.
    """
    with (
        correlated(correlation_id),
        _tracer().start_as_current_span(
            name,
            _context(header),
            kind=SpanKind.CONSUMER,
            attributes=_known({CORRELATION_ID: correlation_id, **about}),
            record_exception=False,
            set_status_on_exception=False,
        ) as span,
        _told(span),
    ):
        yield span


def present_origin() -> Origin:
    """Of what this thread works on now, to be kept with what goes on later."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return Origin(present_correlation_id(), carrier.get(TRACE_HEADER_KEY))


def on_order(kind: str, redemption_id: UUID, origin: Origin) -> Any:
    """What the queue of orders does for one of them, long after its message has gone."""
    return work(f"order {kind}", origin.correlation_id, origin.trace, redemption_id=str(redemption_id))


class TracedPool(urllib3.PoolManager):
    """Calls outside, each a span: method, host and status. No path and no query, which have ids of others in them."""

    def urlopen(self, method: str, url: str, redirect: bool = True, **how: Any) -> urllib3.BaseHTTPResponse:  # type: ignore[override]
        host = urlsplit(url).hostname or ""
        attributes = {"http.request.method": method, "server.address": host, CORRELATION_ID: present_correlation_id()}
        with (
            _tracer().start_as_current_span(
                host,
                kind=SpanKind.CLIENT,
                attributes=_known(attributes),
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _told(span),
        ):
            answer = super().urlopen(method, url, redirect=redirect, **how)
            span.set_attribute("http.response.status_code", answer.status)
            if answer.status >= 400:
                span.set_status(Status(StatusCode.ERROR, str(answer.status)))
            return answer


@contextmanager
def _told(span: Span) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise


def _context(header: str | None) -> Context | None:
    return _propagator.extract({TRACE_HEADER_KEY: header}) if header else None


def _known(attributes: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value}


def _tracer() -> trace.Tracer:
    return trace.get_tracer("loyalty")

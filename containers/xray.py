"""Finished spans to AWS X-Ray, as its segment documents: no collector beside the service, no second way to sign."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any, Protocol

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

from containers import tracing
from loyalty import aws

# Of PutTraceSegments.
MOST_DOCUMENTS = 50
LONGEST_NAME = 200
# X-Ray searches by annotations; its names take no dots.
ANNOTATIONS = ("correlation_id", "redemption_id", "task", "outcome")


def start(service: str) -> TracerProvider:
    """Spans of this process to X-Ray; none with OTEL_SDK_DISABLED=true, OpenTelemetry's own switch."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return TracerProvider(shutdown_on_exit=False)
    return tracing.start(service, BatchSpanProcessor(XRayExporter(aws.client("xray", attempts=2))))


class XRay(Protocol):
    """The one call of boto3's `xray` client."""

    def put_trace_segments(self, *, TraceSegmentDocuments: list[str]) -> Any: ...  # noqa: N803


class XRayExporter(SpanExporter):
    """For a BatchSpanProcessor. What X-Ray does not take is lost: a trace is worth no work of a member's order."""

    def __init__(self, client: XRay) -> None:
        self._client = client

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send them all, a page at a time."""
        documents = [json.dumps(segment(span)) for span in spans]
        try:
            for start in range(0, len(documents), MOST_DOCUMENTS):
                self._client.put_trace_segments(TraceSegmentDocuments=documents[start : start + MOST_DOCUMENTS])
        except Exception:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


def segment(span: ReadableSpan) -> dict[str, Any]:
    """The span as X-Ray's document: a segment of the service, or, for a call outside, a subsegment of it."""
    attributes = dict(span.attributes or {})
    context, trace_id = span.context, f"{span.context.trace_id:032x}"
    # Only what has something around it may be a part.
    outside = span.kind is SpanKind.CLIENT and span.parent is not None
    failed = span.status.status_code is StatusCode.ERROR
    document: dict[str, Any] = {
        "name": (span.name if outside else str(span.resource.attributes["service.name"]))[:LONGEST_NAME],
        "id": f"{context.span_id:016x}",
        "trace_id": f"1-{trace_id[:8]}-{trace_id[8:]}",
        "start_time": (span.start_time or 0) / 1e9,
        "end_time": (span.end_time or 0) / 1e9,
        "annotations": {name: str(attributes[name]) for name in ANNOTATIONS if name in attributes},
        "metadata": {"loyalty": {"span": span.name, "status": span.status.description}},
    }
    if span.parent is not None:
        document["parent_id"] = f"{span.parent.span_id:016x}"
    if not outside:
        return document | ({"fault": True} if failed else {}) | {"origin": "AWS::ECS::Container"}
    status = int(str(attributes.get("http.response.status_code", 0)))
    request = {"method": attributes.get("http.request.method"), "url": f"https://{attributes.get('server.address')}/"}
    return document | {
        "type": "subsegment",
        "namespace": "remote",
        "http": {"request": request, **({"response": {"status": status}} if status else {})},
        "error": 400 <= status < 500,
        "throttle": status == 429,
        "fault": failed and not 400 <= status < 500,
    }

"""The one decorator around every function's handler: correlation id, structured log, metrics, nothing personal."""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import psycopg
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, Metrics, MetricUnit

type Handler = Callable[[dict[str, Any], Any], Any]

METRIC_NAMESPACE = "Loyalty"

logger = Logger(utc=True)
metrics = Metrics(namespace=METRIC_NAMESPACE)

_PERSONAL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+|\+\d[\d\s().-]{6,}\d")
_CORRELATION_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class _Mask(logging.Filter):
    """The last net: an address or telephone number that a message carries by mistake is blotted out."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = _PERSONAL.sub("•••", record.msg)
        return True


logger.addFilter(_Mask())


def observed(handler: Handler) -> Handler:
    """Wrap a Lambda handler: correlation id on every log line, count and duration as EMF, failures logged by place.

    The failure itself is raised on, so that Lambda's retries and the state machine's catchers see it.
    """

    @wraps(handler)
    def run(event: dict[str, Any], context: Any) -> Any:
        logger.clear_state()
        logger.set_correlation_id(correlation_id(event, context))
        started = time.perf_counter()
        outcome = "Failures"
        try:
            answer = handler(event, context)
            outcome = "Successes"
            return answer
        except Exception as failure:
            log_failure(failure)
            if isinstance(failure, psycopg.Error):
                # Lambda writes the message of what is raised into the log, and the database's quotes rows.
                failure.args = (f"SQLSTATE {failure.sqlstate}",)
            raise
        finally:
            metrics.add_metric(outcome, MetricUnit.Count, 1)
            metrics.add_metric("Duration", MetricUnit.Milliseconds, round((time.perf_counter() - started) * 1000, 3))
            metrics.flush_metrics()

    return run


def correlation_id(event: Any, context: Any) -> str:
    """The caller's x-correlation-id if it looks like one, or the state machine's; else the request's own id."""
    if isinstance(event, dict):
        handed_on = event.get("correlation_id")
        if isinstance(handed_on, str) and _CORRELATION_ID.fullmatch(handed_on):
            return handed_on
        for name, value in (event.get("headers") or {}).items():
            if name.lower() == "x-correlation-id" and isinstance(value, str) and _CORRELATION_ID.fullmatch(value):
                return value
        request_context = event.get("requestContext")
        if isinstance(request_context, dict) and request_context.get("requestId"):
            return str(request_context["requestId"])
    return str(getattr(context, "aws_request_id", "") or "-")


def present_correlation_id() -> str:
    """Of what is handled now: to be handed on to whoever goes on with it."""
    return str(logger.get_correlation_id() or "-")


def measured(values: Mapping[str, tuple[MetricUnit, float]], **dimensions: str) -> None:
    """Metrics of this service with dimensions of their own, each of which must have few values: CloudWatch takes money
    for every set of them that ever occurs."""
    apart = EphemeralMetrics(namespace=METRIC_NAMESPACE)
    for name, value in dimensions.items():
        apart.add_dimension(name=name, value=value)
    for name, (unit, amount) in values.items():
        apart.add_metric(name=name, unit=unit, value=amount)
    apart.add_metadata(key="correlation_id", value=present_correlation_id())
    apart.flush_metrics()


def log_failure(failure: BaseException) -> None:
    """Log what failed and where. Never its message: a database's or validator's message quotes the values."""
    logger.error(
        "failed",
        extra={
            "failure": type(failure).__name__,
            "sqlstate": failure.sqlstate if isinstance(failure, psycopg.Error) else None,
            "constraint": failure.diag.constraint_name if isinstance(failure, psycopg.Error) else None,
            "stack": [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(failure.__traceback__)
            ],
        },
    )

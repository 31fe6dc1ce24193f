"""What a service says about itself: one JSON line an event, one EMF line a metric, nothing personal in either."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Any

METRIC_NAMESPACE = "Loyalty"
_CORRELATION_ID: ContextVar[str | None] = ContextVar("correlation_id", default=None)


@contextmanager
def correlated(correlation_id: str | None) -> Iterator[None]:
    """Every line of this thread says within it which request it goes back to."""
    token = _CORRELATION_ID.set(correlation_id)
    try:
        yield
    finally:
        _CORRELATION_ID.reset(token)


def present_correlation_id() -> str | None:
    """Of what this thread works on now."""
    return _CORRELATION_ID.get()


class Telemetry:
    """Writes whole lines, also from several threads. Fields are ids, counts and states: never names or addresses."""

    def __init__(self, service: str, stream: IO[str] | None = None) -> None:
        self._service = service
        self._stream = stream
        self._level = os.environ.get("LOG_LEVEL", "INFO").upper()
        self._lock = threading.Lock()

    def log(self, message: str, *, level: str = "INFO", **fields: Any) -> None:
        """One event, e.g. log("order placed", redemption_id=…)."""
        if level != "DEBUG" or self._level == "DEBUG":
            correlation = {"correlation_id": found} if (found := _CORRELATION_ID.get()) else {}
            self._write({"level": level, "service": self._service, "message": message, **correlation, **fields})

    def error(self, message: str, error: BaseException, **fields: Any) -> None:
        """An error's type and stack. Its text stays out: a database error quotes the row it failed on."""
        frames = traceback.extract_tb(error.__traceback__, limit=-12)
        stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self.log(message, level="ERROR", error=type(error).__name__, stack=stack, **fields)

    def metric(self, name: str, value: float, unit: str = "Count", **dimensions: str) -> None:
        """One value in CloudWatch's embedded format; every set of dimensions is a metric of its own."""
        named = {"service": self._service, **dimensions}
        description = {
            "Namespace": METRIC_NAMESPACE,
            "Dimensions": [list(named)],
            "Metrics": [{"Name": name, "Unit": unit}],
        }
        # The time of a log line, not of a decision: telemetry follows the machine's clock.
        stamp = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [description]}
        self._write({"_aws": stamp, **named, name: value})

    def _write(self, line: dict[str, Any]) -> None:
        text = json.dumps(line, default=str, separators=(",", ":"))
        with self._lock:
            stream = self._stream or sys.stdout
            stream.write(text + "\n")
            stream.flush()

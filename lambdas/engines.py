"""Whose choice members are shown: the night's, or where PERSONALIZE says so, Amazon Personalize's over it."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import logger, metrics
from loyalty import aws
from loyalty.recommendations.answering import STORED
from loyalty.recommendations.candidates import Engine
from loyalty.recommendations.personalize import NotAnswered, Personalize, Runtime


def chosen() -> Engine:
    """One of a process."""
    return _made(os.environ.get("PERSONALIZE", ""))


@cache
def _made(told: str) -> Engine:
    """`told`: JSON {"program_id", "timeout_ms", "campaigns", "in_stock"}; empty: nobody is asked."""
    if not told:
        return STORED
    given = json.loads(told)
    client = _client(int(given["timeout_ms"]) / 1_000)
    service = Runtime(client, given["campaigns"], given["in_stock"])
    return Personalize(service, STORED, int(given["program_id"]), noted=_note)


def _client(seconds: float) -> Any:
    return aws.client("personalize-runtime", connect_seconds=seconds, read_seconds=seconds, attempts=1)


def _note(failure: NotAnswered) -> None:
    logger.warning("personalize did not answer", extra={"failure": str(failure)})
    metrics.add_metric("PersonalizeNotAnswered", MetricUnit.Count, 1)

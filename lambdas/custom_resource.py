"""A function behind a custom resource: whatever happens, CloudFormation gets its answer."""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import urllib3

# CloudFormation takes no more in an answer.
LONGEST_REASON = 1024
ANSWER_TRIES = 3

_log = logging.getLogger()
_log.setLevel(os.environ.get("LOG_LEVEL", "INFO"))


def answered(
    event: Mapping[str, Any],
    physical_id: str,
    work: Callable[[], Mapping[str, Any]],
    words: Callable[[Exception], str] = str,
) -> dict[str, Any]:
    """Do `work`, whose result are the resource's attributes, and tell CloudFormation; also returns what was told.

    A deleted resource does nothing. `words` puts a failure so that nothing private is in it.
    """
    try:
        done = {} if event["RequestType"] == "Delete" else work()
        answer = _answer(event, physical_id, "SUCCESS", "done", done)
    except Exception as error:  # an unanswered custom resource holds the deployment for an hour
        reason = f"{type(error).__name__}: {words(error)}"
        _log.error("%s failed: %s\n%s", physical_id, reason, "".join(traceback.format_tb(error.__traceback__)))
        answer = _answer(event, physical_id, "FAILED", reason, {})
    _send(event["ResponseURL"], answer)
    return answer


def _answer(
    event: Mapping[str, Any], physical_id: str, status: str, reason: str, data: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "Status": status,
        "Reason": reason[:LONGEST_REASON],
        "PhysicalResourceId": event.get("PhysicalResourceId", physical_id),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": data,
    }


def _send(url: str, answer: Mapping[str, Any]) -> None:
    response = urllib3.PoolManager().request(
        "PUT",
        url,
        body=json.dumps(answer).encode(),
        # An empty content type: the URL is signed without one.
        headers={"Content-Type": ""},
        retries=urllib3.Retry(ANSWER_TRIES, backoff_factor=1, allowed_methods=None, status_forcelist=(500, 502, 503)),
        timeout=10,
    )
    _log.info("answered %s: HTTP %s", answer["Status"], response.status)

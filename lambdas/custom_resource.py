"""A function behind a custom resource: whatever happens, CloudFormation gets its answer."""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3

# CloudFormation takes no more in an answer.
LONGEST_REASON = 1024
ANSWER_TRIES = 3

_log = logging.getLogger()
_log.setLevel(os.environ.get("LOG_LEVEL", "INFO"))


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that goes by `physical_id` from now on; if that is another one than before, CloudFormation deletes
    the one before."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


def answered(
    event: Mapping[str, Any],
    physical_id: str,
    work: Callable[[], Mapping[str, Any] | Made],
    words: Callable[[Exception], str] = str,
    undo: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Do `work`, whose result are the resource's attributes, and tell CloudFormation; also returns what was told.

    A deleted resource does nothing but `undo`. `words` puts a failure so that nothing private is in it.
    """
    try:
        if event["RequestType"] == "Delete":
            if undo:
                undo()
            done: Mapping[str, Any] | Made = {}
        else:
            done = work()
        if isinstance(done, Made):
            renamed = {**event, "PhysicalResourceId": done.physical_id}
            answer = _answer(renamed, physical_id, "SUCCESS", "done", done.attributes)
        else:
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
        retries=urllib3.Retry(
            ANSWER_TRIES, backoff_factor=1, backoff_jitter=1, allowed_methods=None, status_forcelist=(500, 502, 503)
        ),
        timeout=urllib3.Timeout(connect=5, read=10),
    )
    _log.info("answered %s: HTTP %s", answer["Status"], response.status)

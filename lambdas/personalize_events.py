"""Amazon Personalize hears what members do: looks from the portal's door, redemptions from the event bus, by a queue.

Messages are ids only; the database is asked who wants it now, and under which key. What cannot be told comes again,
and at last lies among the dead letters. Before the first run of the machine there is nobody to tell: then nothing is
lost, since the run brings all that was before it. Environment: DATASET_GROUP_ARN, PROGRAM_ID. May: ListEventTrackers
and DescribeEventTracker of the dataset group, PutEvents.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import log_failure, metrics, observed
from loyalty import aws
from loyalty.database import database
from loyalty.recommendations import telling

# Of a process: an event tracker is made once and stays.
_known: dict[str, str] = {}


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the queue: answers the records that must come again, each alone. {"forgotten": when a run began}, from
    the machine: that run has forgotten whom it had to; answers how many erasures are done by it."""
    if "forgotten" in event:
        return {"forgotten": telling.forgotten(database().connection(), datetime.fromisoformat(event["forgotten"]))}
    again, told = [], 0
    for record in event["Records"]:
        try:
            told += _tell(json.loads(record["body"]))
        except Exception as failure:
            log_failure(failure)
            metrics.add_metric("PersonalizeNotTold", MetricUnit.Count, 1)
            again.append(record["messageId"])
    metrics.add_metric("PersonalizeTold", MetricUnit.Count, told)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _tell(message: dict[str, Any]) -> int:
    """{"program_id", "member_id", "looks": [keys]}, or an event of the bus about a redemption. How many were told."""
    about = message.get("detail") or message
    program_id = int(about["program_id"])
    if program_id != int(os.environ["PROGRAM_ID"]):
        return 0
    connection = database().connection()
    if "looks" in about:
        keys = [UUID(key) for key in about["looks"]]
        happened = telling.looks(connection, program_id, int(about["member_id"]), keys)
    else:
        happened = telling.redeemed(connection, program_id, UUID(about["redemption_id"]))
    tracking_id = _tracking_id() if happened else None
    if tracking_id is None:
        return 0
    return telling.put_events(_client("personalize-events").put_events, tracking_id, happened)


def _tracking_id() -> str | None:
    """Of the dataset group's event tracker, which the machine makes; None: it has not yet."""
    group = os.environ["DATASET_GROUP_ARN"]
    if group not in _known:
        personalize = _client("personalize")
        trackers = personalize.list_event_trackers(datasetGroupArn=group)["eventTrackers"]
        active = [one["eventTrackerArn"] for one in trackers if one["status"] == "ACTIVE"]
        if not active:
            return None
        told = personalize.describe_event_tracker(eventTrackerArn=active[0])["eventTracker"]
        _known[group] = str(told["trackingId"])
    return _known[group]


@cache
def _client(service: str) -> Any:
    return aws.client(service, attempts=2)

"""Every minute: what happened goes from the outbox to the event bus. Ids, amounts and dates only.

By hand: `{"parked": true}` lists what was given up, `{"redrive": true}` or `{"redrive": ["<id>"]}` sends it again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.observed import logger, metrics, observed
from loyalty import aws
from loyalty.database import database
from loyalty.outbox import relaying
from loyalty.outbox.relaying import SOURCE, BusAway, Event, Refused

# The schedule comes again after a minute; the function's own limit is 60 s.
BUDGET_SECONDS = 45.0
# EventBridge's answers about itself, not about an event.
_ITS_OWN = {"ThrottlingException", "InternalFailure", "InternalException", "ServiceUnavailable"}


@cache
def _events() -> Any:
    # The outbox repeats; a second try here would only take its time.
    return aws.client("events", connect_seconds=3, attempts=1)


class EventBridge:
    """The bus named EVENT_BUS_NAME."""

    def put(self, events: Sequence[Event]) -> Mapping[UUID, Refused]:
        """PutEvents; an entry may fail alone."""
        from botocore.exceptions import BotoCoreError, ClientError

        entries = [
            {
                "EventBusName": os.environ["EVENT_BUS_NAME"],
                "Source": SOURCE,
                "DetailType": event.topic,
                "Detail": event.detail,
                "Time": event.occurred_at,
            }
            for event in events
        ]
        try:
            answers = _events().put_events(Entries=entries)["Entries"]
        except (BotoCoreError, ClientError) as failure:
            raise BusAway(type(failure).__name__) from None
        if len(answers) != len(events):
            raise BusAway("MalformedAnswer")
        return {
            event.event_id: Refused(answer["ErrorCode"], of_this_event=answer["ErrorCode"] not in _ITS_OWN)
            for event, answer in zip(events, answers, strict=True)
            if answer.get("ErrorCode")
        }


@observed
def handler(event: Any, context: Any) -> dict[str, Any]:
    """Relay, then say how much is left; or what was asked for by hand."""
    connection = database().connection()
    asked = event if isinstance(event, dict) else {}
    if asked.get("parked"):
        return {"parked": [{**row, "event_id": str(row["event_id"]), "occurred_at": row["occurred_at"].isoformat()}
                           for row in relaying.parked(connection)]}  # fmt: skip
    if again := asked.get("redrive"):
        return {"redriven": relaying.redrive(connection, None if again is True else [UUID(one) for one in again])}
    linger = min(float(os.environ.get("LINGER_SECONDS", "0")), BUDGET_SECONDS)
    done = relaying.relay(connection, EventBridge(), BUDGET_SECONDS, linger)
    relaying.purge(connection)
    left = relaying.standing(connection)
    metrics.add_metric("OutboxOldestSeconds", MetricUnit.Seconds, left.oldest_seconds)
    metrics.add_metric("OutboxParked", MetricUnit.Count, left.parked)
    metrics.add_metric("EventsSent", MetricUnit.Count, done.sent)
    logger.info("relayed", extra={"sent": done.sent, "failed": done.failed, "parked": left.parked})
    return {"sent": done.sent, "failed": done.failed, "waiting": left.waiting, "parked": left.parked}
